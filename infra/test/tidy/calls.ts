/** What may not be called or declared: hidden clocks, chance and zones; narrowed tests; default exports; classes. */

import type { Finding, Node, Tree, TreeFile } from './tree.ts';
import { codeFiles, isNode, isSource, isTest, lineAt, memberOf, packageOf, PURE, walk } from './tree.ts';

const LOCAL_TIME =
  /^(get|set)(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds)$|^getTimezoneOffset$|^toLocale\w*String$/;
const LOCAL_WORDS = /^(localeCompare|toLocale(Lower|Upper)Case)$/;

/** Pure packages are functions of their arguments: no clock, no chance, no zone or language of the machine. */
export function hiddenInputs(tree: Tree): Finding[] {
  return codeFiles(tree)
    .filter(({ file }) => isSource(file.path) && PURE.includes(packageOf(file.path) ?? ''))
    .flatMap(({ file, program }) => {
      const findings: Finding[] = [];
      walk(program, (node) => {
        const what = hiddenInput(node);
        const mend =
          'Take it as an argument: time from the log, a zone or a seed from the caller; UTC getters for dates.';
        if (what !== null) findings.push(at(file, node, 'pure', `${what} in a pure package`, mend));
      });
      return findings;
    });
}

function hiddenInput(node: Node): string | null {
  if (node.type === 'NewExpression' || node.type === 'CallExpression') return dateOf(node);
  if (node.type === 'Identifier' && node['name'] === 'Intl') return 'Intl';
  if (node.type !== 'MemberExpression') return null;
  const [object, property] = memberOf(node) ?? ['', String((node['property'] as Record<string, unknown>)['name'])];
  if (object === 'Date' && property === 'now') return 'Date.now';
  if (object === 'Math' && property === 'random') return 'Math.random';
  return LOCAL_TIME.test(property) || LOCAL_WORDS.test(property) ? property : null;
}

/** `new Date()` is the clock, `new Date(y, m)` the machine's zone, `Date()` both. */
function dateOf(node: Node): string | null {
  const callee = node['callee'];
  if (!isNode(callee) || callee.type !== 'Identifier' || callee['name'] !== 'Date') return null;
  if (node.type === 'CallExpression') return 'Date()';
  const count = (node['arguments'] as unknown[]).length;
  return count === 1 ? null : `new Date() with ${count} arguments`;
}

const RUNNERS = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const NARROWED = new Set(['skip', 'skipIf', 'runIf', 'todo', 'fails']);

/**
 * `.only` never; a test that may not run says why, in a comment with "because" beside it. A contract suite
 * that asks for a declared feature (`it.runIf(features.durable)`) has said it.
 */
export function narrowedTests(tree: Tree): Finding[] {
  return codeFiles(tree)
    .filter(({ file }) => isTest(file.path))
    .flatMap(({ file, program }) => {
      const findings: Finding[] = [];
      walk(program, (node, ancestors) => {
        const [object, property] = memberOf(node) ?? ['', ''];
        if (!RUNNERS.has(object)) return;
        if (property === 'only')
          findings.push(at(file, node, 'only', `${object}.only`, 'Take it off: the others must run too.'));
        if (NARROWED.has(property) && !asksFeature(file, ancestors.at(-1)) && !saysBecause(file, node)) {
          const mend = 'Make it run, or say above it in a comment why it cannot: "... because ...".';
          findings.push(at(file, node, 'skip', `${object}.${property} without a reason`, mend));
        }
      });
      return findings;
    });
}

function asksFeature(file: TreeFile, call: Node | undefined): boolean {
  const condition = call?.type === 'CallExpression' ? (call['arguments'] as unknown[])[0] : undefined;
  return isNode(condition) && /^!?(\w+\.)*features\.\w+$/.test(file.text.slice(condition.start, condition.end));
}

function saysBecause(file: TreeFile, node: Node): boolean {
  const line = lineAt(file, node.start);
  let first = line - 1;
  while (first > 0 && /^\s*(\/\/|\*|\/\*)/.test(file.lines[first - 1] ?? '')) first -= 1;
  return file.lines.slice(first, line).some((text) => /(\/\/|\*).*\bbecause\b/.test(text));
}

/** Named exports only, so that a thing has one name; a tool's config file has no choice. */
export function defaultExports(tree: Tree): Finding[] {
  return codeFiles(tree)
    .filter(({ file }) => !/(^|\/)[\w-]+\.config\.(ts|mjs|js)$/.test(file.path))
    .flatMap(({ file, program }) =>
      (program['body'] as Node[])
        .filter((node) => node.type === 'ExportDefaultDeclaration')
        .map((node) => at(file, node, 'default-export', 'a default export', 'Export it by its name.')),
    );
}

/** Functions and types, not classes; but errors, to be told apart, and what a library wants derived from its own. */
export function classes(tree: Tree): Finding[] {
  return codeFiles(tree).flatMap(({ file, program }) => {
    const findings: Finding[] = [];
    walk(program, (node) => {
      if (!isSource(file.path) || !/^Class(Declaration|Expression)$/.test(node.type)) return;
      const parent = node['superClass'];
      if (isNode(parent) && (/(Error|Refused)$/.test(String(parent['name'])) || isOfLibrary(program, parent))) return;
      const mend = 'Write a function that returns an object of functions, or a type and functions over it.';
      findings.push(at(file, node, 'class', 'a class that is no error', mend));
    });
    return findings;
  });
}

/** Whether a name, or what it is taken from (`avsc.types.LongType`), is imported from a library. */
function isOfLibrary(program: Node, value: Node): boolean {
  let root: unknown = value;
  while (isNode(root) && root.type === 'MemberExpression') root = root['object'];
  const name = isNode(root) ? root['name'] : undefined;
  return (program['body'] as Node[]).some((node) => {
    if (node.type !== 'ImportDeclaration' || String((node['source'] as Node)['value']).startsWith('.')) return false;
    return (node['specifiers'] as Node[]).some((specifier) => (specifier['local'] as Node)['name'] === name);
  });
}

function at(file: TreeFile, node: Node, rule: string, what: string, mend: string): Finding {
  return { rule, file: file.path, line: lineAt(file, node.start), what, mend };
}
