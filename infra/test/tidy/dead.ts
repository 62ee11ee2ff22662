/** Files that nothing reaches: a stranger reads them all the same. */

import { posix } from 'node:path';
import { isRelative, manifestsOf, targetOf, usesOf } from './packages.ts';
import type { Finding, Tree } from './tree.ts';
import { isSource, isTest, packageOf } from './tree.ts';

/** Tools find these by their names. */
const FOUND_BY_TOOLS = /(\.test\.ts|\.bench\.ts|\.config\.(ts|mjs|js))$/;
/** A thread is started from a file that nobody imports. */
const THREAD = /new Worker\(\s*new URL\('(\.[^']+)\.js', import\.meta\.url\)/g;
const CODE = /\.(ts|mjs|js|lua|sql)$/;

export function deadFiles(tree: Tree): Finding[] {
  const edges = new Map<string, string[]>();
  for (const use of usesOf(tree)) {
    if (isRelative(use.specifier)) edges.set(use.file.path, [...(edges.get(use.file.path) ?? []), targetOf(use)]);
  }
  for (const { path, text } of tree.values()) {
    const started = [...text.matchAll(THREAD)].map(([, file = '']) => posix.join(posix.dirname(path), `${file}.ts`));
    edges.set(path, [...(edges.get(path) ?? []), ...started]);
  }
  const fromSource = reachable(entriesOf(tree).filter(isSource), edges);
  const fromAll = reachable(entriesOf(tree), edges);
  return [...tree.keys()]
    .filter((path) => CODE.test(path) && !(isSource(path) ? fromSource : fromAll).has(path))
    .map((path) => ({
      rule: 'dead-file',
      file: path,
      line: 1,
      what: fromAll.has(path) ? 'only tests use it' : 'nothing imports it, and it is no entry',
      mend: fromAll.has(path) ? 'Move it to test/.' : 'Delete it, or import it where it is meant to be used.',
    }));
}

function reachable(entries: readonly string[], edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    queue.push(...(edges.get(path) ?? []));
  }
  return reached;
}

/** Package entries (exports, bin, a service's main), what tools find by name, and scripts that somebody types. */
function entriesOf(tree: Tree): string[] {
  const declared = new Set(manifestsOf(tree).flatMap(({ entries }) => entries));
  const speakers = [...tree.values()].filter(({ path }) =>
    /(^|\/)package\.json$|^\.ci\/|^infra\/.*\.mjs$|\.md$/.test(path),
  );
  return [...tree.keys()].filter((path) => {
    if (declared.has(path) || FOUND_BY_TOOLS.test(path) || path.endsWith('/src/main.ts')) return true;
    if (packageOf(path) !== null && !isTest(path) && isSource(path)) return false;
    const names = [path, posix.relative(packageOf(path) ?? '.', path)];
    return (
      /\.(mjs|js|sql)$/.test(path) &&
      speakers.some((file) => file.path !== path && names.some((name) => file.text.includes(name)))
    );
  });
}
