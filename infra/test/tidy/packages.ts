/** The packages of the tree and which may use which. */

import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import type { Node, Tree, TreeFile } from './tree.ts';
import { codeFiles, isNode, lineAt, walk } from './tree.ts';

/** Lower ones first; a package may use those above it in this list. One more needs a reason, and a line here. */
export const LAYERS: readonly (readonly string[])[] = [
  ['schemas'],
  ['libs/core'],
  ['libs/sources'],
  ['libs/engine'],
  ['libs/adapters'],
  // What upstreams publish with: it connects them by the same adapters that the services have.
  ['libs/client'],
  ['services/projector', 'services/outcomes', 'services/gateway', 'services/console'],
  ['services/cli'],
];

export type Manifest = {
  /** Folder; `.` for the root. */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
  /** Files that something outside the package names: bin and exports. */
  readonly entries: readonly string[];
  readonly text: string;
};

export function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

export function manifestsOf(tree: Tree): Manifest[] {
  return [...tree.values()]
    .filter(({ path }) => posix.basename(path) === 'package.json')
    .map(({ path, text }) => {
      const json = JSON.parse(text) as Record<string, unknown>;
      return {
        folder: posix.dirname(path),
        name: String(json['name']),
        dependencies: new Set(Object.keys((json['dependencies'] as object | undefined) ?? {})),
        devDependencies: new Set(Object.keys((json['devDependencies'] as object | undefined) ?? {})),
        entries: stringsIn([json['bin'], json['exports']]).map((entry) => posix.join(posix.dirname(path), entry)),
        text,
      };
    });
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** A name that a file takes from elsewhere: import, export from, import(), require(), new URL(name, base). */
export type Use = {
  readonly file: TreeFile;
  readonly line: number;
  readonly specifier: string;
  readonly kind: 'static' | 'dynamic' | 'url';
};

export function usesOf(tree: Tree): Use[] {
  return codeFiles(tree).flatMap(({ file, program }) => {
    const uses: Use[] = [];
    walk(program, (node) => {
      const found = useOf(node);
      if (found !== null) uses.push({ file, line: lineAt(file, node.start), ...found });
    });
    return uses;
  });
}

function useOf(node: Node): Pick<Use, 'specifier' | 'kind'> | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return named(node['source'], 'static');
    case 'ImportExpression':
    case 'TSImportType':
      return named(node['source'] ?? node['argument'], 'dynamic');
    case 'CallExpression':
      return /(^|\.)(require|require\.resolve|import\.meta\.resolve)$/.test(calleeOf(node))
        ? named((node['arguments'] as unknown[])[0], 'dynamic')
        : null;
    case 'NewExpression': {
      const [first, second] = node['arguments'] as unknown[];
      return calleeOf(node) === 'URL' && second !== undefined ? named(first, 'url') : null;
    }
    default:
      return null;
  }
}

function calleeOf(node: Node): string {
  const callee = node['callee'];
  if (!isNode(callee)) return '';
  if (callee.type === 'Identifier') return String(callee['name']);
  const { object, property } = callee as { object?: unknown; property?: unknown };
  if (!isNode(object) || !isNode(property)) return '';
  return `${object.type === 'MetaProperty' ? 'import.meta' : String(object['name'])}.${String(property['name'])}`;
}

function named(source: unknown, kind: Use['kind']): Pick<Use, 'specifier' | 'kind'> | null {
  return isNode(source) && typeof source['value'] === 'string' ? { specifier: source['value'], kind } : null;
}

export const isRelative = (specifier: string): boolean => specifier.startsWith('.');

const BUILTIN = new Set(builtinModules);
export const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || BUILTIN.has(specifier);

/** `@scope/name/deep/file.js` to `@scope/name`. */
export function packageNameOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** A relative specifier as a path from the root. */
export function targetOf(use: Use): string {
  return posix.join(posix.dirname(use.file.path), use.specifier);
}
