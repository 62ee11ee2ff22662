/** What configuration must go on saying: strict compilers, no node in pure packages, a schema for each topic. */

import type { Finding, Tree, TreeFile } from './tree.ts';
import { PURE } from './tree.ts';

const STRICT = [
  'strict',
  'noUncheckedIndexedAccess',
  'exactOptionalPropertyTypes',
  'noImplicitOverride',
  'noImplicitReturns',
  'noFallthroughCasesInSwitch',
  'noPropertyAccessFromIndexSignature',
  'noUnusedLocals',
  'noUnusedParameters',
  'isolatedModules',
  'verbatimModuleSyntax',
  'erasableSyntaxOnly',
];

type Options = Readonly<Record<string, unknown>>;

export function compilerSettings(tree: Tree): Finding[] {
  const configs = [...tree.values()].filter(({ path }) => /(^|\/)tsconfig[\w.]*\.json$/.test(path));
  return configs.flatMap((file) => {
    const options = optionsOf(file);
    const folder = file.path.replace(/\/?tsconfig[\w.]*\.json$/, '');
    const base = file.path === 'tsconfig.base.json';
    return [
      ...(base
        ? STRICT.filter((flag) => options[flag] !== true)
        : STRICT.filter((flag) => options[flag] === false)
      ).map((flag) => finding(file, flag, `${flag} is not on`, 'Leave every strict flag on; mend the code.')),
      ...(base || PURE.includes(folder) ? purityOf(file, options, base) : []),
    ];
  });
}

function purityOf(file: TreeFile, options: Options, base: boolean): Finding[] {
  const mend = 'Pure packages see the language and nothing else, so that IO does not compile there.';
  const wrong = (key: string, want: RegExp): boolean =>
    (base || options[key] !== undefined) && !want.test(JSON.stringify(options[key]) ?? '');
  return [
    ...(wrong('types', /^\[\]$/) ? [finding(file, 'types', '"types" is not []', mend)] : []),
    ...(wrong('lib', /^\["ES20\d\d"\]$/) ? [finding(file, 'lib', '"lib" is not the language alone', mend)] : []),
  ];
}

function optionsOf(file: TreeFile): Options {
  return (JSON.parse(file.text) as { compilerOptions?: Options }).compilerOptions ?? {};
}

function finding(file: TreeFile, key: string, what: string, mend: string): Finding {
  const line = file.lines.findIndex((text) => text.includes(`"${key}"`)) + 1;
  return { rule: 'compiler', file: file.path, line: Math.max(line, 1), what, mend };
}

/** Today's schemas: one file a topic, named by it without `callfold.`; frozen/ has what was shipped. */
export function topicSchemas(tree: Tree, topics: readonly string[]): Finding[] {
  const files = [...tree.keys()].filter((path) => /^schemas\/(?!frozen\/).*\.avsc$/.test(path));
  const named = new Map(files.map((path) => [path.replace(/^.*\/|\.avsc$/g, ''), path]));
  const wanted = topics.map((topic) => topic.replace(/^callfold\./, ''));
  const rule = 'topic-schema';
  return [
    ...wanted
      .filter((name) => !named.has(name))
      .map((name) => {
        const mend = `Add schemas/avro/${name}.avsc, or take the topic off TOPICS.`;
        return { rule, file: 'libs/core/src/topics.ts', line: 1, what: `callfold.${name} has no schema`, mend };
      }),
    ...[...named]
      .filter(([name]) => !wanted.includes(name))
      .map(([name, file]) => ({
        rule,
        file,
        line: 1,
        what: `${name} is no topic of TOPICS`,
        mend: 'Name the file by its topic, or delete it.',
      })),
  ];
}

/** Every infra/NAME/run.mjs is a suite, and a suite that `npm test` does not know is never run. */
export function unlistedSuites(tree: Tree): Finding[] {
  const listed = tree.get('infra/test/suites.mjs')?.text ?? '';
  return [...tree.keys()]
    .filter((path) => /^infra\/[\w-]+\/run\.mjs$/.test(path) && path !== 'infra/test/run.mjs' && !listed.includes(path))
    .map((path) => {
      const mend = 'Add a line for it to infra/test/suites.mjs.';
      return { rule: 'suite', file: path, line: 1, what: 'no suite of npm test runs this', mend };
    });
}
