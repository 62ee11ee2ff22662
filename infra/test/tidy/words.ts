/** Words that may not stand in any file, and marks that say somebody meant to come back. */

import type { Finding, Tree, TreeFile } from './tree.ts';

type Banned = { readonly rule: string; readonly pattern: RegExp; readonly what: string; readonly mend: string };

/** Words are put together here, so that this file may stand in the tree that it reads. */
const joined = (...parts: string[]): string => parts.join('');

const WORDS: readonly Banned[] = [
  {
    rule: 'leftover',
    pattern: new RegExp(
      String.raw`\b(${[joined('TO', 'DO'), joined('FIX', 'ME'), joined('XX', 'X'), joined('HA', 'CK')].join('|')})\b`,
    ),
    what: 'a note to come back',
    mend: 'Do it, or write an issue and say here what holds today.',
  },
  {
    rule: 'machine-path',
    pattern: new RegExp(
      `(^|[^\\w.-])/(${[joined('wo', 'rk'), joined('ro', 'ot'), joined('ho', 'me'), joined('Us', 'ers')].join('|')})/`,
    ),
    what: 'an absolute path of one machine',
    mend: 'Use a path from the root of the clone, or take it as an argument.',
  },
  {
    rule: 'foreign-word',
    pattern: new RegExp([joined('fa', 'rm-'), String.raw`\.lib` + 'rary', joined('Co-Auth', 'ored-By')].join('|'), 'i'),
    what: "a word that is not the project's",
    mend: "Say it in the project's own terms, or leave it out.",
  },
  {
    rule: 'registry-host',
    pattern: new RegExp(`(registry\\.[\\w-]*npm[\\w-]*\\.|registry\\.yarnpkg\\.|"resolved":\\s*"https?:)`),
    what: 'where one machine takes its packages from',
    mend: "Leave it out: the user's npm settings say it (npm install --omit-lockfile-registry-resolved).",
  },
  {
    rule: 'merge-mark',
    pattern: /^(<{7}|>{7}|\|{7})( |$)/,
    what: 'a conflict that was not settled',
    mend: 'Settle it.',
  },
];

/** A picture has every word sooner or later. */
const hasWords = ({ lines }: TreeFile): boolean => !lines.some((line) => line.includes('\0'));

export function bannedWords(tree: Tree): Finding[] {
  return [...tree.values()].filter(hasWords).flatMap((file) =>
    file.lines.flatMap((text, i) =>
      WORDS.filter(({ pattern }) => pattern.test(text)).map(({ rule, pattern, what, mend }) => ({
        rule,
        file: file.path,
        line: i + 1,
        what: `${what}: ${(pattern.exec(text)?.[0] ?? '').trim()}`,
        mend,
      })),
    ),
  );
}

/** A rule of the linter or compiler may be put aside for a line, with the reason beside it. */
export function silencedWithoutReason(tree: Tree): Finding[] {
  const silence = new RegExp(
    `(${['oxlint', 'eslint', 'biome', '@ts'].map((tool) => `${tool}-`).join('|')})(disable|ignore|expect)`,
  );
  return [...tree.values()]
    .filter(({ path }) => /\.(ts|mjs|js)$/.test(path))
    .flatMap((file) =>
      file.lines.flatMap((text, i) =>
        !/\/[/*]/.test(text) || !silence.test(text) || /(\s--|:)\s\S+\s\S+/.test(text)
          ? []
          : [
              {
                rule: 'silenced',
                file: file.path,
                line: i + 1,
                what: 'a rule is put aside without a reason',
                mend: 'Write why behind it: `-- the reason in a few words`.',
              },
            ],
      ),
    );
}

const DRAWERS = new Set(['utils', 'util', 'common', 'helpers', 'helper', 'misc']);

/** Names say the subject: kebab-case, and no drawer that takes anything. */
export function oddNames(tree: Tree): Finding[] {
  return [...tree.keys()]
    .filter((path) => /^(schemas|libs|services|infra)\/.*\.(ts|mjs|js)$/.test(path))
    .flatMap((path) => {
      const parts = path.split('/');
      const drawer = parts.slice(1).find((part) => DRAWERS.has(part.replace(/\..*/, '')));
      const odd = parts.find((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part));
      if (drawer === undefined && odd === undefined) return [];
      const what = drawer === undefined ? `${odd} is not kebab-case` : `${drawer} says a kind, not a subject`;
      return [
        {
          rule: 'name',
          file: path,
          line: 1,
          what,
          mend: 'Name it by what it is about; a helper goes where it is used.',
        },
      ];
    });
}
