/** What `npm ci` would refuse elsewhere, found here: a lock that is stale, or made for one platform only. */

import { posix } from 'node:path';
import { manifestsOf } from './packages.ts';
import type { Finding, Tree, TreeFile } from './tree.ts';

type Names = Readonly<Record<string, string>>;
type Locked = {
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly version?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
};

/**
 * Packages that may bring a script to run at install. Both native ones bring their binaries and fall back to a
 * compiler; protobufjs only says something about versions.
 */
const SCRIPTS_ALLOWED: ReadonlySet<string> = new Set(['lmdb', 'msgpackr-extract', 'protobufjs']);

export function lockRules(tree: Tree): Finding[] {
  const file = tree.get('package-lock.json');
  if (file === undefined) return [];
  const { packages } = JSON.parse(file.text) as { packages: Readonly<Record<string, Locked>> };
  return [...staleEntries(tree, file, packages), ...missingPlatforms(file, packages), ...untrusted(file, packages)];
}

function staleEntries(tree: Tree, file: TreeFile, packages: Readonly<Record<string, Locked>>): Finding[] {
  return manifestsOf(tree).flatMap(({ folder, text }) => {
    const locked = packages[folder === '.' ? '' : folder];
    const wanted = JSON.parse(text) as Locked;
    if (
      sameNames(wanted.dependencies, locked?.dependencies) &&
      sameNames(wanted.devDependencies, locked?.devDependencies)
    ) {
      return [];
    }
    const what = `${posix.join(folder, 'package.json')} asks for other packages than the lock has`;
    return [finding(file, `"${folder === '.' ? '' : folder}": {`, what, 'Run `npm install --package-lock-only`.')];
  });
}

function sameNames(a: Names = {}, b: Names = {}): boolean {
  const text = (names: Names): string => JSON.stringify(Object.entries(names).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

/** A registry that serves only some platforms leaves the others out of a lock that is made with it. */
function missingPlatforms(file: TreeFile, packages: Readonly<Record<string, Locked>>): Finding[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !foldersAbove(path).some((folder) => posix.join(folder, 'node_modules', name) in packages))
      .map(([name, version]) => {
        const mend = 'Give it an entry like those of its neighbours: version, os, cpu, libc, optional.';
        return finding(file, `"${name}": "`, `${name} ${version} has no entry, and npm ci refuses the lock`, mend);
      }),
  );
}

/** What is not the package that was looked at, or does more at install than lie there. */
function untrusted(file: TreeFile, packages: Readonly<Record<string, Locked>>): Finding[] {
  return Object.entries(packages).flatMap(([path, locked]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!path.includes('node_modules/') || locked.link) return [];
    const found: Finding[] = [];
    // Binaries of other platforms, which a registry may not have when the lock is made; npm takes them by name alone.
    if (locked.version !== undefined && locked.integrity === undefined && !locked.optional) {
      found.push(finding(file, `"${path}": {`, `${name} has no hash`, 'Run `npm install --package-lock-only`.'));
    }
    if (locked.hasInstallScript && !SCRIPTS_ALLOWED.has(name)) {
      const mend = 'Read the script, then name the package in SCRIPTS_ALLOWED with the reason, or do without it.';
      found.push(finding(file, `"${path}": {`, `${name} runs a script at install`, mend));
    }
    return found;
  });
}

/** The folders in whose node_modules a package finds its own: itself, then outwards to the root. */
function foldersAbove(path: string): string[] {
  const outer = path.lastIndexOf('/node_modules/');
  if (path === '') return [''];
  return [path, ...foldersAbove(outer === -1 ? '' : path.slice(0, outer))];
}

function finding(file: TreeFile, near: string, what: string, mend: string): Finding {
  const line = file.lines.findIndex((text) => text.includes(near)) + 1;
  return { rule: 'lock', file: file.path, line: Math.max(line, 1), what, mend };
}
