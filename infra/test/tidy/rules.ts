/** All rules of the house by name. */

import { classes, defaultExports, hiddenInputs, narrowedTests } from './calls.ts';
import { compilerSettings, topicSchemas, unlistedSuites } from './config.ts';
import { deadFiles } from './dead.ts';
import { barrels, clientFiles, importRules, manifestRules } from './imports.ts';
import { lockRules } from './lock.ts';
import { pageLinks, pageTitles } from './pages.ts';
import type { Ratchet } from './size.ts';
import { longFiles, longFunctions, longLines } from './size.ts';
import type { Rule } from './tree.ts';
import { unparsed } from './tree.ts';
import { bannedWords, oddNames, silencedWithoutReason } from './words.ts';

export type House = {
  /** `path`: lines. */
  readonly longFiles: Ratchet;
  /** `path:function`: lines. */
  readonly longFunctions: Ratchet;
  readonly topics: readonly string[];
};

export function rulesOf(house: House): Readonly<Record<string, Rule>> {
  return {
    'code parses': unparsed,
    'a file has at most 400 lines': (tree) => longFiles(tree, house.longFiles),
    'a line has at most 120 columns': longLines,
    'a function has at most 70 lines': (tree) => longFunctions(tree, house.longFunctions),
    'pure packages have no hidden inputs': hiddenInputs,
    'imports point downwards and are declared': importRules,
    'each client is named in one file': clientFiles,
    'a package has a layer and uses what it declares': manifestRules,
    'src/index.ts is the only barrel': barrels,
    'there are no default exports': defaultExports,
    'only errors are classes': classes,
    'no test is narrowed, none skipped without a reason': narrowedTests,
    'no file is dead': deadFiles,
    'names say a subject': oddNames,
    'a page has one title': pageTitles,
    'links lead somewhere': pageLinks,
    'every topic has a schema, and the reverse': (tree) => topicSchemas(tree, house.topics),
    'compilers are strict, pure packages see no node': compilerSettings,
    'npm ci takes the lock on every platform': lockRules,
    'npm test runs every suite': unlistedSuites,
    'no word stands here that is not ours': bannedWords,
    'a silenced rule says why': silencedWithoutReason,
  };
}

const SAID_MAX = 40;

/** `file:line: [rule] what. mend`, one line each. */
export function said(findings: ReturnType<Rule>): string {
  const lines = findings.map(({ file, line, rule, what, mend }) => `${file}:${line}: [${rule}] ${what}. ${mend}`);
  const rest = lines.length - SAID_MAX;
  return [...lines.slice(0, SAID_MAX), ...(rest > 0 ? [`... and ${rest} more`] : [])].join('\n');
}
