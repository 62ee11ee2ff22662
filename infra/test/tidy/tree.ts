/**
 * The tree that the house rules look at: paths and texts, with a parsed program for each code file.
 * It is a value, so that the rules' own tests can build a bad tree out of a few strings.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** An ESTree node, as far as the rules need to know one. */
export type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;

export type TreeFile = {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** The parsed program; null when the file is not code, or does not parse (the compiler says that better). */
  readonly program: Node | null;
};

export type Tree = ReadonlyMap<string, TreeFile>;

/** What a rule found. `mend` says what to do about it, as an order. */
export type Finding = {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly mend: string;
};

export type Rule = (tree: Tree) => Finding[];

const CODE = /\.(ts|mjs|js)$/;

export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(texts).map(([path, text]) => [path, fileOf(path, text)]));
}

function fileOf(path: string, text: string): TreeFile {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return { path, text, lines, program: CODE.test(path) ? parse(path, text) : null };
}

function parse(path: string, text: string): Node | null {
  try {
    // A launcher's first line is for the shell; blanks keep the offsets.
    const code = text.replace(/^#!.*/, (line) => ' '.repeat(line.length));
    // oxlint-disable-next-line typescript/no-deprecated -- its successor is not passed on by vitest/node
    return parseAst(code, { lang: path.endsWith('.ts') ? 'ts' : 'js' }) as unknown as Node;
  } catch {
    return null;
  }
}

/** Reads every file that .gitignore does not name; works without git, so also in an unpacked archive. */
export function readTree(root: string): Tree {
  const ignored = ignoredBy(readFileSync(join(root, '.gitignore'), 'utf8'));
  const texts: Record<string, string> = {};
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.name === '.git' || ignored(entry.name, entry.isDirectory())) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) texts[path] = readFileSync(join(root, path), 'utf8');
    }
  };
  visit('.');
  return treeOf(texts);
}

/** Two shapes of pattern are enough for this repository; another one stops here rather than being misread. */
function ignoredBy(gitignore: string): (name: string, isFolder: boolean) => boolean {
  const patterns = gitignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const odd = patterns.find((pattern) => !/^[\w.-]+\/$|^\*\.[\w.]+$/.test(pattern));
  if (odd !== undefined) {
    throw new Error(`.gitignore: the tidy test reads only \`name/\` and \`*.ending\`, not \`${odd}\`.`);
  }
  return (name, isFolder) =>
    patterns.some((pattern) =>
      pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : isFolder && pattern === `${name}/`,
    );
}

export function lineAt(file: TreeFile, offset: number): number {
  let line = 1;
  for (let i = file.text.indexOf('\n'); i !== -1 && i < offset; i = file.text.indexOf('\n', i + 1)) line += 1;
  return line;
}

/** Every node of a program, parents before children, each with its ancestors from the root down. */
export function walk(root: Node, visit: (node: Node, ancestors: readonly Node[]) => void): void {
  const ancestors: Node[] = [];
  const go = (node: Node): void => {
    visit(node, ancestors);
    ancestors.push(node);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) if (isNode(child)) go(child);
    }
    ancestors.pop();
  };
  go(root);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** `a.b` as `['a', 'b']`, `a['b']` likewise; null when the node is no such pair of plain names. */
export function memberOf(node: unknown): readonly [object: string, property: string] | null {
  if (!isNode(node) || node.type !== 'MemberExpression') return null;
  const { object, property } = node as { object?: unknown; property?: unknown };
  const name = nameOf(property, node['computed'] === true);
  return isNode(object) && object.type === 'Identifier' && name !== null ? [String(object['name']), name] : null;
}

function nameOf(property: unknown, computed: boolean): string | null {
  if (!isNode(property)) return null;
  if (property.type === 'Identifier') return computed ? null : String(property['name']);
  return property.type === 'Literal' ? String(property['value']) : null;
}

export function codeFiles(tree: Tree): { file: TreeFile; program: Node }[] {
  return [...tree.values()].flatMap((file) => (file.program === null ? [] : [{ file, program: file.program }]));
}

/** What does not parse is hidden from the other rules, so it is a finding itself. */
export function unparsed(tree: Tree): Finding[] {
  return [...tree.values()]
    .filter((file) => CODE.test(file.path) && file.program === null)
    .map(({ path }) => ({
      rule: 'parse',
      file: path,
      line: 1,
      what: 'this does not parse',
      mend: 'Ask the compiler where.',
    }));
}

/** The folder of a package and what it is made of; null for what belongs to the root or to infra. */
export function packageOf(path: string): string | null {
  return /^(schemas|libs\/[^/]+|services\/[^/]+)\//.exec(path)?.[1] ?? null;
}

export const isSource = (path: string): boolean => /^(schemas|libs\/[^/]+|services\/[^/]+)\/src\//.test(path);
export const isTest = (path: string): boolean => /(^|\/)test\//.test(path);

export const PURE = ['schemas', 'libs/core', 'libs/sources', 'libs/engine'];
