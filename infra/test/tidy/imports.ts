/** Who may use what: downwards only, declared only, each client in one file, one barrel a package, no file unused. */

import { posix } from 'node:path';
import type { Manifest, Use } from './packages.ts';
import { isBuiltin, isRelative, LAYERS, layerOf, manifestsOf, packageNameOf, targetOf, usesOf } from './packages.ts';
import type { Finding, Node, Tree } from './tree.ts';
import { codeFiles, isSource, isTest, packageOf, PURE } from './tree.ts';

/** Where a client may be imported: files in all, and packages. A swap of one must be a change of one file. */
export const CLIENTS: Readonly<Record<string, { readonly filesMax: number; readonly within: readonly string[] }>> = {
  kafkajs: { filesMax: 1, within: ['libs/adapters'] },
  ioredis: { filesMax: 1, within: ['libs/adapters'] },
  lmdb: { filesMax: 1, within: ['libs/adapters'] },
  avsc: { filesMax: 1, within: ['libs/adapters'] },
  aws4fetch: { filesMax: 1, within: ['libs/adapters'] },
  '@kafkajs/confluent-schema-registry': { filesMax: 1, within: ['libs/adapters'] },
  fastify: { filesMax: 1, within: ['libs/adapters', 'services/gateway', 'services/console'] },
  'prom-client': { filesMax: 1, within: ['libs/adapters'] },
  '@opentelemetry/api': { filesMax: 1, within: ['libs/adapters'] },
  pino: { filesMax: 1, within: ['libs/adapters'] },
  zod: { filesMax: 1, within: ['libs/adapters'] },
  commander: { filesMax: Number.POSITIVE_INFINITY, within: ['services/cli'] },
};

export function importRules(tree: Tree): Finding[] {
  const manifests = manifestsOf(tree);
  return usesOf(tree).flatMap((use) => {
    const home = packageOf(use.file.path);
    const problem = isRelative(use.specifier) ? relativeProblem(tree, use, home) : packageProblem(manifests, use, home);
    return problem === null ? [] : [found(use, ...problem)];
  });
}

type Problem = readonly [rule: string, what: string, mend: string];

function relativeProblem(tree: Tree, use: Use, home: string | null): Problem | null {
  const target = targetOf(use);
  if (use.kind === 'url') return null;
  if (!tree.has(target)) {
    // What a build makes is not in the tree: only launchers and scripts look there.
    if (target.includes('/dist/') && !isSource(use.file.path)) return null;
    return ['import-missing', `${use.specifier} is no file`, 'Imports name files in full, with `.ts`.'];
  }
  const other = packageOf(target);
  if (home === null || other === home) {
    const leavesSource = isSource(use.file.path) && !isSource(target);
    return leavesSource ? ['import-up', `src imports ${use.specifier}`, 'What src needs stands in src.'] : null;
  }
  const downwards = other === null || layerOf(other) <= layerOf(home);
  if (isTest(use.file.path) && !isSource(target) && downwards) return null;
  const mend = 'Import the package by its name; tests may take tests and scripts of lower packages and of infra.';
  return ['import-across', `${use.specifier} reaches into ${other ?? 'the root'}`, mend];
}

function packageProblem(manifests: readonly Manifest[], use: Use, home: string | null): Problem | null {
  const source = isSource(use.file.path);
  if (use.kind === 'url') return null;
  if (isBuiltin(use.specifier)) {
    if (!use.specifier.startsWith('node:')) return ['import-node', use.specifier, 'Write it with `node:` in front.'];
    const pure = source && PURE.includes(home ?? '');
    return pure ? ['pure', `${use.specifier} in a pure package`, 'Do the IO in adapters and pass the value in.'] : null;
  }
  const name = packageNameOf(use.specifier);
  const workspace = manifests.find((manifest) => manifest.name === name && manifest.folder !== '.');
  if (workspace !== undefined) {
    const upwards = home !== null && workspace.folder !== home && layerOf(workspace.folder) >= layerOf(home);
    if (upwards) {
      const mend = `The order is ${LAYERS.flat().join(' <- ')}: move the code down, or take it as an argument.`;
      return ['import-up', `${home} imports ${name}, which stands above or beside it`, mend];
    }
    // Tests may speak to their own package by its name, as its users do.
    if (workspace.folder === home || home === null) return null;
  }
  const own = manifests.find(({ folder }) => folder === home);
  if (own?.dependencies.has(name) === true) return null;
  // Tests and scripts may use what any package declares: it is there, and in one version.
  const declared = manifests.some((other) => other.dependencies.has(name) || other.devDependencies.has(name));
  if (!source && (declared || workspace !== undefined)) return null;
  return [
    'import-undeclared',
    `${name} is not declared`,
    `Add it to ${home ?? '.'}/package.json with an exact version.`,
  ];
}

function found(use: Use, rule: string, what: string, mend: string): Finding {
  return { rule, file: use.file.path, line: use.line, what, mend };
}

export function clientFiles(tree: Tree): Finding[] {
  const uses = usesOf(tree).filter(
    (use) => isSource(use.file.path) && !isRelative(use.specifier) && use.kind !== 'url',
  );
  return Object.entries(CLIENTS).flatMap(([client, { filesMax, within }]) => {
    const own = uses.filter((use) => packageNameOf(use.specifier) === client);
    const files = [...new Set(own.map((use) => use.file.path))];
    const [first = ''] = files;
    const mend = `Name ${client} in one file of ${within.join(' or ')} and give the others a function of that file.`;
    return own.flatMap((use) => {
      if (!within.includes(packageOf(use.file.path) ?? ''))
        return [found(use, 'client', `${client} is not for this package`, mend)];
      const extra = files.indexOf(use.file.path) >= filesMax;
      return extra ? [found(use, 'client', `${client} is named here and in ${first}`, mend)] : [];
    });
  });
}

/** A package in no layer, and a dependency that is declared but never used. */
export function manifestRules(tree: Tree): Finding[] {
  const uses = usesOf(tree);
  return manifestsOf(tree).flatMap((manifest) => {
    const { folder } = manifest;
    const file = posix.join(folder, 'package.json');
    if (folder === '.') return [];
    if (layerOf(folder) === -1) {
      const mend =
        'One more package needs a reason: say it in ARCHITECTURE.md, and a layer in infra/test/tidy/packages.ts.';
      return [{ rule: 'layer', file, line: 1, what: `${folder} stands in no layer`, mend }];
    }
    const used = new Set(
      uses.filter((use) => packageOf(use.file.path) === folder).map((use) => packageNameOf(use.specifier)),
    );
    return [...manifest.dependencies]
      .filter((name) => !used.has(name))
      .map((name) => ({
        rule: 'dependency-unused',
        file,
        line: manifest.text.slice(0, manifest.text.indexOf(`"${name}"`)).split('\n').length,
        what: `${name} is declared and never imported`,
        mend: 'Take it off the dependencies.',
      }));
  });
}

/** src/index.ts is what a package shows, index.mjs what a folder of infra shows; others that pass on are detours. */
export function barrels(tree: Tree): Finding[] {
  return codeFiles(tree)
    .filter(({ file }) => !/^([^.]*\/src\/index\.ts|infra\/[\w-]+\/index\.mjs)$/.test(file.path))
    .flatMap(({ file, program }) => {
      const body = program['body'] as Node[];
      const passesOn = (node: Node): boolean =>
        /^Export(All|Named)Declaration$/.test(node.type) && node['source'] !== null;
      const all = body.find((node) => node.type === 'ExportAllDeclaration');
      if (all === undefined && (body.length === 0 || !body.every(passesOn))) return [];
      const mend = 'Import from the file that has the thing; a package passes on only in src/index.ts.';
      return [{ rule: 'barrel', file: file.path, line: 1, what: 'a barrel', mend }];
    });
}
