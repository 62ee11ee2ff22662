/** Each rule of the house is broken here once, so that none of them can fall asleep. */

import { describe, expect, test } from 'vitest';
import { rulesOf } from './tidy/rules.ts';
import { longFiles, longFunctions } from './tidy/size.ts';
import type { Rule } from './tidy/tree.ts';
import { treeOf } from './tidy/tree.ts';

type Texts = Readonly<Record<string, string>>;

type Case = {
  /** Trees with something wrong, and the findings they must give: `rule file:line`. */
  readonly bad: readonly (readonly [texts: Texts, ...findings: string[]])[];
  /** Near misses, all in one tree: no finding. */
  readonly good: Texts;
};

const rules = rulesOf({ longFiles: {}, longFunctions: {}, topics: ['callfold.calls'] });

const lines = (count: number, text = '// x'): string => `${Array<string>(count).fill(text).join('\n')}\n`;
const body = (count: number): string => `export function f(): void {\n${lines(count, '  g();')}}\n`;
const manifest = (name: string, dependencies: readonly string[], rest: object = {}): string =>
  JSON.stringify(
    { name, dependencies: Object.fromEntries(dependencies.map((dep) => [dep, '1.0.0'])), ...rest },
    null,
    1,
  );

const lock = (entries: object): string => JSON.stringify({ packages: entries }, null, 1);
const stale = { 'libs/core': { devDependencies: { a: '1.0.0' } } };
const native = { optionalDependencies: { '@turbo/linux': '1.0.0' } };
const elsewhere = { 'node_modules/x/node_modules/@turbo/linux': {} };

/** Words are put together here, or this file would break the rule that it tests. */
const word = (...parts: string[]): string => parts.join('');

const packages = {
  'package.json': JSON.stringify({ name: 'root', devDependencies: { vitest: '1.0.0' } }),
  'schemas/package.json': manifest('@callfold/schemas', []),
  'libs/core/package.json': manifest('@callfold/core', ['@callfold/schemas']),
  'libs/engine/package.json': manifest('@callfold/engine', ['@callfold/core']),
  'libs/adapters/package.json': manifest('@callfold/adapters', ['kafkajs']),
};

const CASES: Readonly<Record<string, Case>> = {
  'code parses': {
    bad: [[{ 'libs/core/src/a.ts': 'export const = 1;' }, 'parse libs/core/src/a.ts:1']],
    good: { 'services/cli/bin/a.js': '#!/usr/bin/env node\nexport const a = 1;\n' },
  },
  'a file has at most 400 lines': {
    bad: [[{ 'libs/core/test/a.test.ts': lines(401) }, 'file-length libs/core/test/a.test.ts:1']],
    good: { 'libs/core/src/a.ts': lines(400), 'schemas/src/g.ts': `\n// Generated from avro/.\n${lines(500)}` },
  },
  'a line has at most 120 columns': {
    bad: [[{ 'libs/core/src/a.ts': `\n// ${'x'.repeat(118)}\n` }, 'line-length libs/core/src/a.ts:2']],
    good: { 'libs/core/src/a.ts': `// ${'ф'.repeat(117)}\n`, 'libs/core/test/cases.jsonl': 'x'.repeat(500) },
  },
  'a function has at most 70 lines': {
    bad: [
      [{ 'libs/core/src/a.ts': `\n${body(69)}` }, 'function-length libs/core/src/a.ts:2'],
      [
        { 'libs/adapters/src/a.ts': `function open() {\n${Array(4).fill(body(50)).join('')}}\n` },
        'factory-length libs/adapters/src/a.ts:1',
      ],
      [{ 'libs/core/src/a.ts': `list.map(() => {\n${lines(69, 'g();')}});\n` }, 'function-length libs/core/src/a.ts:1'],
      [{ 'infra/a.mjs': `const f = () => {\n${lines(69, 'g();')}};\n` }, 'function-length infra/a.mjs:1'],
    ],
    good: {
      'libs/core/src/a.ts': body(68),
      'libs/core/test/a.test.ts': `export function cases() {\n${lines(90, 'test.each([1])();')}}\n`,
      'libs/adapters/src/a.ts': `function open() {\n${body(66)}const a = () => {\n${lines(60, 'g();')}};\n}\n`,
    },
  },
  'pure packages have no hidden inputs': {
    bad: [
      [
        { 'libs/core/src/a.ts': 'Date.now();\nMath.random();' },
        'pure libs/core/src/a.ts:1',
        'pure libs/core/src/a.ts:2',
      ],
      [{ 'libs/engine/src/a.ts': 'const at = new Date();' }, 'pure libs/engine/src/a.ts:1'],
      [{ 'libs/engine/src/a.ts': 'const clock = Date["now"];' }, 'pure libs/engine/src/a.ts:1'],
      [{ 'schemas/src/a.ts': 'new Date(2020, 1);' }, 'pure schemas/src/a.ts:1'],
      [{ 'libs/sources/src/a.ts': 'new Intl.DateTimeFormat();' }, 'pure libs/sources/src/a.ts:1'],
      [{ 'libs/sources/src/a.ts': 'at.getHours(); a.localeCompare(b);' }, ...twice('pure libs/sources/src/a.ts:1')],
    ],
    good: {
      'libs/core/src/a.ts': 'new Date(0).toISOString(); at.getUTCHours(); Math.max(1, 2); // Date.now()',
      'libs/adapters/src/clock.ts': 'Date.now();',
      'libs/core/test/a.test.ts': 'Math.random();',
    },
  },
  'imports point downwards and are declared': {
    bad: [
      [{ ...packages, 'libs/core/src/a.ts': "import '@callfold/engine';" }, 'import-up libs/core/src/a.ts:1'],
      [
        { ...packages, 'libs/engine/src/a.ts': "export * from '@callfold/schemas';" },
        'import-undeclared libs/engine/src/a.ts:1',
      ],
      [{ ...packages, 'libs/engine/src/a.ts': "await import('kafkajs');" }, 'import-undeclared libs/engine/src/a.ts:1'],
      [
        { ...packages, 'libs/engine/src/a.ts': "type A = import('vitest').A;" },
        'import-undeclared libs/engine/src/a.ts:1',
      ],
      [{ ...packages, 'libs/engine/src/a.ts': "require('ioredis/x.js');" }, 'import-undeclared libs/engine/src/a.ts:1'],
      [{ ...packages, 'infra/a.mjs': "import 'yaml';" }, 'import-undeclared infra/a.mjs:1'],
      [{ ...packages, 'libs/core/src/a.ts': "import 'node:fs';" }, 'pure libs/core/src/a.ts:1'],
      [{ ...packages, 'libs/adapters/src/a.ts': "import 'fs';" }, 'import-node libs/adapters/src/a.ts:1'],
      [{ ...packages, 'libs/core/src/a.ts': "import './b';" }, 'import-missing libs/core/src/a.ts:1'],
      [
        { ...packages, 'libs/engine/src/a.ts': "import '../../core/src/b.ts';", 'libs/core/src/b.ts': '' },
        'import-across libs/engine/src/a.ts:1',
      ],
      [
        { ...packages, 'libs/engine/src/a.ts': "import '../../../infra/b.mjs';", 'infra/b.mjs': '' },
        'import-across libs/engine/src/a.ts:1',
      ],
      [
        { ...packages, 'libs/core/src/a.ts': "import '../test/b.ts';", 'libs/core/test/b.ts': '' },
        'import-up libs/core/src/a.ts:1',
      ],
      [
        { ...packages, 'libs/core/test/a.ts': "import '../../engine/test/b.ts';", 'libs/engine/test/b.ts': '' },
        'import-across libs/core/test/a.ts:1',
      ],
    ],
    good: {
      ...packages,
      'libs/core/src/a.ts': "import '@callfold/schemas'; import './b.ts'; const text = \"import 'kafkajs'\";",
      'libs/core/src/b.ts': '',
      'libs/core/test/a.test.ts': "import 'vitest'; import 'kafkajs'; import 'node:fs'; import '@callfold/core';",
      'libs/adapters/src/a.ts': "import 'node:fs'; import 'kafkajs/src/b.js'; new URL('./c.lua', import.meta.url);",
      'libs/adapters/test/a.test.ts': "import '../../core/test/spec.ts'; import '../../../infra/a.mjs';",
      'libs/core/test/spec.ts': '',
      'services/cli/bin/a.js': "await import('../dist/main.js');",
      'infra/a.mjs': "import '@callfold/engine'; import 'vitest';",
    },
  },
  'each client is named in one file': {
    bad: [
      [
        { 'libs/adapters/src/a.ts': "import 'kafkajs';", 'libs/adapters/src/b.ts': "require('kafkajs/src/deep.js');" },
        'client libs/adapters/src/b.ts:1',
      ],
      [{ 'services/projector/src/main.ts': "\nimport 'ioredis';" }, 'client services/projector/src/main.ts:2'],
      [{ 'libs/adapters/src/a.ts': "import 'commander';" }, 'client libs/adapters/src/a.ts:1'],
    ],
    good: {
      'libs/adapters/src/a.ts': "import 'kafkajs'; import type { B } from 'kafkajs';",
      'libs/adapters/test/a.system.test.ts': "import 'kafkajs';",
      'services/cli/src/a.ts': "import 'commander';",
      'services/cli/src/b.ts': "import 'commander';",
    },
  },
  'a package has a layer and uses what it declares': {
    bad: [
      [{ 'libs/extra/package.json': manifest('@callfold/extra', []) }, 'layer libs/extra/package.json:1'],
      [{ 'libs/core/package.json': manifest('@callfold/core', ['zod']) }, 'dependency-unused libs/core/package.json:4'],
    ],
    good: { 'libs/core/package.json': manifest('@callfold/core', ['zod']), 'libs/core/src/a.ts': "import 'zod/mini';" },
  },
  'src/index.ts is the only barrel': {
    bad: [
      [{ 'libs/core/src/call/index.ts': "export * from './a.ts';" }, 'barrel libs/core/src/call/index.ts:1'],
      [{ 'libs/core/src/all.ts': "export { a } from './a.ts';" }, 'barrel libs/core/src/all.ts:1'],
    ],
    good: {
      'libs/core/src/index.ts': "export * from './a.ts';",
      'infra/parts/index.mjs': "export * from './a.mjs';",
      'libs/core/src/a.ts': "export { b } from './b.ts';\nexport const a = 1;",
      'libs/core/src/empty.ts': '',
    },
  },
  'there are no default exports': {
    bad: [[{ 'infra/test/run.mjs': '\nexport default 1;' }, 'default-export infra/test/run.mjs:2']],
    good: { 'vitest.config.ts': 'export default {};', 'libs/core/src/a.ts': 'export const a = "export default";' },
  },
  'only errors are classes': {
    bad: [
      [{ 'libs/core/src/a.ts': '\nexport class Call {}' }, 'class libs/core/src/a.ts:2'],
      [{ 'libs/core/src/a.ts': 'const A = class extends Map {};' }, 'class libs/core/src/a.ts:1'],
      [{ 'libs/core/src/a.ts': "import { B } from './b.ts'; class A extends B {}" }, 'class libs/core/src/a.ts:1'],
    ],
    good: {
      'libs/core/src/a.ts': 'export class Refused extends Error {}',
      'libs/core/test/a.ts': 'class Fake {}',
      'libs/adapters/src/a.ts': "import avsc from 'avsc'; class Long extends avsc.types.LongType {}",
    },
  },
  'no test is narrowed, none skipped without a reason': {
    bad: [
      [{ 'libs/core/test/a.test.ts': "// because\ntest.only('x', f);" }, 'only libs/core/test/a.test.ts:2'],
      [{ 'libs/core/test/a.test.ts': "describe['skip']('x', f);" }, 'skip libs/core/test/a.test.ts:1'],
      [{ 'libs/core/test/a.test.ts': "\n// no time\nit.skipIf(odd)('x', f);" }, 'skip libs/core/test/a.test.ts:3'],
    ],
    good: {
      'libs/core/test/a.test.ts':
        "// Not here, because\n// it takes the broker down.\ntest.skip('x', f);\ntest.each([1])('y', f);",
      'libs/adapters/test/contract.ts': "it.runIf(harness.features.durable)('x', f);",
      'libs/core/test/b.test.ts': "expect('test.only').toBe(list.only);",
    },
  },
  'no file is dead': {
    bad: [
      [{ 'libs/core/src/main.ts': '', 'libs/core/src/a.ts': '' }, 'dead-file libs/core/src/a.ts:1'],
      [
        { 'libs/core/src/a.ts': '', 'libs/core/test/a.test.ts': "import '../src/a.ts';" },
        'dead-file libs/core/src/a.ts:1',
      ],
      [{ 'libs/core/test/spec.ts': '' }, 'dead-file libs/core/test/spec.ts:1'],
      [{ 'libs/adapters/src/old.lua': '-- x' }, 'dead-file libs/adapters/src/old.lua:1'],
      [{ 'infra/up.mjs': '' }, 'dead-file infra/up.mjs:1'],
    ],
    good: {
      'package.json': JSON.stringify({ name: 'root', scripts: { up: 'node infra/up.mjs' } }),
      'infra/up.mjs': "import './parts/kafka.mjs';",
      'infra/parts/kafka.mjs': '',
      'libs/core/package.json': manifest('@callfold/core', [], { exports: { '.': { source: './src/index.ts' } } }),
      'libs/core/src/index.ts': "export * from './a.ts';",
      'libs/core/src/a.ts': "import type { B } from './b.ts'; new URL('./c.lua', import.meta.url);",
      'libs/core/src/b.ts': 'export type B = 1;',
      'libs/core/src/c.lua': '-- x',
      'services/projector/src/main.ts': '',
    },
  },
  'names say a subject': {
    bad: [
      [{ 'libs/core/src/utils/text.ts': '' }, 'name libs/core/src/utils/text.ts:1'],
      [{ 'libs/core/src/helpers.ts': '' }, 'name libs/core/src/helpers.ts:1'],
      [{ 'libs/core/src/callState.ts': '' }, 'name libs/core/src/callState.ts:1'],
    ],
    good: { 'libs/core/src/call-state.ts': '', 'libs/adapters/test/kafka-redis.system.test.ts': '' },
  },
  'a page has one title': {
    bad: [
      [{ 'README.md': 'x\n## y\n' }, 'title README.md:1'],
      [{ 'README.md': '# x\n\n# y\n' }, 'title README.md:3'],
    ],
    good: { 'README.md': '# x\n```sh\n# a comment\n```\n## y\n' },
  },
  'links lead somewhere': {
    bad: [
      [{ 'docs/a.md': '# a\n[b](b.md)\n' }, 'link docs/a.md:2'],
      [{ 'docs/a.md': '# a\n[b](../README.md#setup)', 'README.md': '# x\n## Set up' }, 'link docs/a.md:2'],
      [{ 'docs/a.md': '# a\n[b]: gone.md\n' }, 'link docs/a.md:2'],
    ],
    good: {
      'README.md': '# x\n[x](#x) [a](docs/a.md#what-is-it) [w](https://example.org) `[no](x.md)` [d](docs/)',
      'docs/a.md': '# a\n## What *is* it?\n[up](../README.md "title")\n```\n[no](x.md)\n```\n',
      'docs/b.md': '# b\n## Set up\n## Set up\n[s](#set-up-1)',
    },
  },
  'every topic has a schema, and the reverse': {
    bad: [
      [{}, 'topic-schema libs/core/src/topics.ts:1'],
      [{ 'schemas/avro/calls.avsc': '{}', 'schemas/avro/chats.avsc': '{}' }, 'topic-schema schemas/avro/chats.avsc:1'],
    ],
    good: { 'schemas/avro/calls.avsc': '{}', 'schemas/frozen/chats.1.avsc': '{}' },
  },
  'compilers are strict, pure packages see no node': {
    bad: [
      [
        { 'libs/core/tsconfig.json': '{ "compilerOptions": {\n"types": ["node"], "lib": ["DOM"] } }' },
        ...twice('compiler libs/core/tsconfig.json:2'),
      ],
      [
        { 'libs/adapters/tsconfig.json': '{ "compilerOptions": { "strict": false } }' },
        'compiler libs/adapters/tsconfig.json:1',
      ],
      [{ 'tsconfig.base.json': baseWithout('noUnusedLocals') }, 'compiler tsconfig.base.json:1'],
      [{ 'tsconfig.base.json': baseWithout('types') }, 'compiler tsconfig.base.json:1'],
    ],
    good: {
      'tsconfig.base.json': baseWithout(''),
      'libs/adapters/tsconfig.json': '{ "compilerOptions": { "types": ["node"] } }',
      'libs/core/tsconfig.json': '{ "extends": "../../tsconfig.base.json" }',
    },
  },
  'npm ci takes the lock on every platform': {
    bad: [
      [{ 'package.json': manifest('root', ['a']), 'package-lock.json': lock({ '': {} }) }, 'lock package-lock.json:3'],
      [{ 'libs/core/package.json': manifest('c', []), 'package-lock.json': lock(stale) }, 'lock package-lock.json:3'],
      [{ 'package-lock.json': lock({ 'node_modules/turbo': native }) }, 'lock package-lock.json:5'],
      [{ 'package-lock.json': lock({ 'node_modules/turbo': native, ...elsewhere }) }, 'lock package-lock.json:5'],
      [{ 'package-lock.json': lock({ 'node_modules/a': { version: '1.0.0' } }) }, 'lock package-lock.json:3'],
      [{ 'package-lock.json': lock({ 'node_modules/a': { hasInstallScript: true } }) }, 'lock package-lock.json:3'],
    ],
    good: {
      'package.json': manifest('root', []),
      'libs/core/package.json': manifest('core', ['b', 'a']),
      'package-lock.json': lock({
        '': {},
        'libs/core': { dependencies: { a: '1.0.0', b: '1.0.0' } },
        'node_modules/x/node_modules/turbo': native,
        'node_modules/@turbo/linux': {},
      }),
    },
  },
  'npm test runs every suite': {
    bad: [[{ 'infra/month/run.mjs': '', 'infra/test/suites.mjs': '' }, 'suite infra/month/run.mjs:1']],
    good: {
      'infra/month/run.mjs': '',
      'infra/test/suites.mjs': "script('infra/month/run.mjs')",
      'infra/test/run.mjs': '',
    },
  },
  'no word stands here that is not ours': {
    bad: [
      [{ 'docs/a.md': `\n${word('FIX', 'ME')} later` }, 'leftover docs/a.md:2'],
      [{ '.ci/run': `cd ${word('/wo', 'rk/main')}` }, 'machine-path .ci/run:1'],
      [{ 'a.json': `"${word('/ro', 'ot/.npm')}"` }, 'machine-path a.json:1'],
      [{ 'a.md': word('fa', 'rm-x') }, 'foreign-word a.md:1'],
      [{ 'a.md': word('see .lib', 'rary/x') }, 'foreign-word a.md:1'],
      [{ 'package-lock.json': `"${word('resol', 'ved')}": "https://x"` }, 'registry-host package-lock.json:1'],
      [{ '.npmrc': word('registry', '=https://registry', '.npmjs.org') }, 'registry-host .npmrc:1'],
      [{ 'a.md': word('<<<<', '<<< a') }, 'merge-mark a.md:1'],
    ],
    good: {
      'a.md': 'a todo-list of network/path homes, node_modules/.bin, libs/work/x',
      'package-lock.json': '"resolved": "libs/core", "link": true',
    },
  },
  'a silenced rule says why': {
    bad: [
      [{ 'libs/core/src/a.ts': word('\n// @ts', '-expect-error') }, 'silenced libs/core/src/a.ts:2'],
      [{ 'libs/core/src/a.ts': word('// ox', 'lint-disable-next-line no-console') }, 'silenced libs/core/src/a.ts:1'],
    ],
    good: {
      'libs/core/src/a.ts': word('// ox', 'lint-disable-next-line no-console -- the CLI talks here'),
      'docs/a.md': word('ox', 'lint-disable'),
    },
  },
};

function twice(finding: string): [string, string] {
  return [finding, finding];
}

function baseWithout(left: string): string {
  const flags =
    'strict noUncheckedIndexedAccess exactOptionalPropertyTypes noImplicitOverride noImplicitReturns ' +
    'noFallthroughCasesInSwitch noPropertyAccessFromIndexSignature noUnusedLocals noUnusedParameters ' +
    'isolatedModules verbatimModuleSyntax erasableSyntaxOnly';
  const options = { ...Object.fromEntries(flags.split(' ').map((flag) => [flag, true])), types: [], lib: ['ES2023'] };
  return JSON.stringify({
    compilerOptions: Object.fromEntries(Object.entries(options).filter(([name]) => name !== left)),
  });
}

test('every rule is tested here', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(rules).sort());
});

const found = (rule: Rule | undefined, texts: Texts): string[] =>
  (rule?.(treeOf(texts)) ?? ['no such rule']).map((finding) =>
    typeof finding === 'string' ? finding : `${finding.rule} ${finding.file}:${finding.line}`,
  );

describe.each(Object.entries(CASES))('%s', (name, { bad, good }) => {
  test.each(bad.map(([texts, ...expected]) => ({ texts, expected })))('finds $expected', ({ texts, expected }) => {
    expect(found(rules[name], texts)).toEqual(expected);
  });

  test('lets pass what is allowed', () => {
    expect(found(rules[name], good)).toEqual([]);
  });
});

describe('a ratchet', () => {
  const path = 'libs/core/src/old.ts';
  const files = (count: number): string[] =>
    found((tree) => longFiles(tree, { [path]: 450 }), { [path]: lines(count) });
  const functions = (count: number): string[] =>
    found((tree) => longFunctions(tree, { [`${path}:f`]: 90 }), { [path]: body(count - 2) });

  test('lets stand what is listed, at its length', () => {
    expect(files(450)).toEqual([]);
    expect(functions(90)).toEqual([]);
  });

  test('does not let it grow', () => {
    expect(files(451)).toEqual([`file-length ${path}:1`]);
    expect(functions(91)).toEqual([`function-length ${path}:1`]);
  });

  test.each([449, 400])('asks for a lower entry, or none, when %i lines are left', (count) => {
    expect(files(count)).toEqual([`file-length-ratchet ${path}:1`]);
    expect(functions(count - 360)).toEqual([`function-length-ratchet ${path}:1`]);
  });

  test('asks for its entry when the function is gone', () => {
    expect(found((tree) => longFunctions(tree, { [`${path}:g`]: 90 }), { [path]: body(10) })).toEqual([
      `function-length-ratchet ${path}:g:1`,
    ]);
  });
});
