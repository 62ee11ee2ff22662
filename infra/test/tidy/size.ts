/** Size: a file, a line, a function that one can take in at once. */

import type { Finding, Node, Tree, TreeFile } from './tree.ts';
import { codeFiles, isNode, isTest, lineAt, walk } from './tree.ts';

export const FILE_LINES_MAX = 400;
export const FILE_LINES_AIM = 200;
export const LINE_COLUMNS_MAX = 120;
/** Of a function's own; named functions inside it count by themselves. */
export const FUNCTION_LINES_MAX = 70;
/** Of a function with all that is in it: an adapter's factory is as long as a good file at most. */
export const FACTORY_LINES_MAX = 200;

/** What was too long when the rule came, with its length then. Entries may only shrink: one that is too high fails. */
export type Ratchet = Readonly<Record<string, number>>;

const WRITTEN = /\.(ts|mjs|js|lua|sh|css|html)$|^\.ci\/run$/;

/** A file that a script of ours writes says so in its first comment; a test of its own says when it is stale. */
export function isGenerated(file: TreeFile): boolean {
  return file.lines.slice(0, 3).some((line) => /^\W+Generated (from|by)\b/.test(line));
}

function written(tree: Tree): TreeFile[] {
  return [...tree.values()].filter((file) => WRITTEN.test(file.path) && !isGenerated(file));
}

/** A message stands in one piece, so that it can be searched for: what is long by its text alone is not broken. */
const TEXTS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

function isTooLong(line: string): boolean {
  return line.length > LINE_COLUMNS_MAX && line.replace(TEXTS, "''").length > LINE_COLUMNS_MAX;
}

export function longLines(tree: Tree): Finding[] {
  return written(tree).flatMap((file) =>
    file.lines.flatMap((text, i) =>
      !isTooLong(text)
        ? []
        : [
            {
              rule: 'line-length',
              file: file.path,
              line: i + 1,
              what: `${text.length} columns, ${LINE_COLUMNS_MAX} is the limit`,
              mend: 'Run `npm run format`; what it leaves (comments, long texts) break by hand.',
            },
          ],
    ),
  );
}

export function longFiles(tree: Tree, ratchet: Ratchet): Finding[] {
  const lengths = new Map(
    written(tree).map((file) => [file.path, { file: file.path, line: 1, lines: file.lines.length }]),
  );
  return overLimit('file-length', lengths, FILE_LINES_MAX, ratchet, 'Split it by subject.');
}

export function longFunctions(tree: Tree, ratchet: Ratchet): Finding[] {
  const own = new Map<string, Length>();
  const whole = new Map<string, Length>();
  for (const { file, program } of codeFiles(tree)) {
    if (isGenerated(file)) continue;
    walk(program, (node, ancestors) => {
      if (!isFunction(node) || (isTest(file.path) && isSuite(node))) return;
      const name = `${file.path}:${functionName(node, ancestors)}`;
      const line = lineAt(file, node.start);
      const lines = lineAt(file, node.end) - line + 1;
      const inner = innerLines(file, node);
      if (lines > (whole.get(name)?.lines ?? 0)) whole.set(name, { file: file.path, line, lines });
      if (lines - inner > (own.get(name)?.lines ?? 0)) own.set(name, { file: file.path, line, lines: lines - inner });
    });
  }
  const mend = 'Take out the part that has a name of its own.';
  return [
    ...overLimit('function-length', own, FUNCTION_LINES_MAX, ratchet, mend),
    ...overLimit('factory-length', whole, FACTORY_LINES_MAX, {}, mend),
  ];
}

/** Lines of named functions inside: each is read, and counted, by itself. Callbacks are read in place. */
function innerLines(file: TreeFile, outer: Node): number {
  let lines = 0;
  walk(outer, (node, ancestors) => {
    const functions = ancestors.filter((ancestor) => ancestor !== outer && isFunction(ancestor));
    const parent = ancestors.at(-1);
    if (node === outer || !isFunction(node) || functions.length > 0) return;
    const named =
      node.type === 'FunctionDeclaration' ||
      /^(VariableDeclarator|Property|MethodDefinition)$/.test(parent?.type ?? '');
    if (named) lines += lineAt(file, node.end) - lineAt(file, node.start);
  });
  return lines;
}

type Length = { readonly file: string; readonly line: number; readonly lines: number };

function overLimit(
  rule: string,
  lengths: ReadonlyMap<string, Length>,
  max: number,
  ratchet: Ratchet,
  mend: string,
): Finding[] {
  const findings: Finding[] = [];
  for (const [name, { file, line, lines }] of lengths) {
    const limit = Math.max(ratchet[name] ?? max, max);
    if (lines > limit)
      findings.push({ rule, file, line, what: `${name} has ${lines} lines, ${limit} is the limit`, mend });
  }
  for (const [name, listed] of Object.entries(ratchet)) {
    const found = lengths.get(name);
    const lines = found?.lines ?? 0;
    if (lines >= listed && lines > max) continue;
    const order = lines > max ? `Lower its entry from ${listed} to ${lines}` : 'Take its entry off';
    findings.push({
      rule: `${rule}-ratchet`,
      file: found?.file ?? name,
      line: found?.line ?? 1,
      what: `${name} shrank to ${lines} lines`,
      mend: `${order} in infra/test/tidy.test.ts: the list may only shrink.`,
    });
  }
  return findings;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

export function isFunction(node: Node): boolean {
  return FUNCTIONS.has(node.type);
}

/** A body that lists tests is not read as one function is. */
function isSuite(node: Node): boolean {
  const body: unknown = (node['body'] as Node)['body'];
  return (
    Array.isArray(body) &&
    body.some((statement) => isNode(statement) && /^(describe|it|test)$/.test(calledIn(statement)))
  );
}

/** The first name of a call: `describe` of `describe.each(rows)('...', f)`. */
function calledIn(statement: Node): string {
  let callee: unknown = statement.type === 'ExpressionStatement' ? statement['expression'] : null;
  while (isNode(callee) && callee.type !== 'Identifier') callee = callee['callee'] ?? callee['object'];
  return isNode(callee) ? String(callee['name']) : '';
}

function functionName(node: Node, ancestors: readonly Node[]): string {
  for (const candidate of [node, ...[...ancestors].reverse()]) {
    const id: unknown = candidate['id'] ?? (candidate === node ? null : candidate['key']);
    if (isNode(id) && typeof id['name'] === 'string') return id['name'];
  }
  return 'anonymous';
}
