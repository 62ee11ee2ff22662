/**
 * The rules of the house, held by a test: each failure names file, line, rule and what to do.
 * The rules themselves stand in tidy/, and tidy-rules.test.ts shows that each of them can fail.
 */

import { fileURLToPath } from 'node:url';
import { TOPICS } from '@callfold/core';
import { expect, test } from 'vitest';
import { rulesOf, said } from './tidy/rules.ts';
import { FILE_LINES_AIM, isGenerated } from './tidy/size.ts';
import { codeFiles, readTree } from './tidy/tree.ts';

const tree = readTree(fileURLToPath(new URL('../..', import.meta.url)));

const rules = rulesOf({
  // What was longer than the rule when the rule came. Entries may only shrink and go.
  longFiles: {},
  longFunctions: {
    'services/cli/test/explain-text-others.test.ts:anonymous': 98,
    'services/cli/test/explain-text.test.ts:anonymous': 102,
  },
  topics: TOPICS.map(({ name }) => name),
});

test.each(Object.entries(rules))('%s', (_name, rule) => {
  const findings = rule(tree);
  expect(findings.length, `to mend:\n${said(findings)}\n`).toBe(0);
});

test('the rules see the whole tree; most files are short (printed, not enforced)', () => {
  const files = codeFiles(tree).map(({ file }) => file);
  const long = files.filter((file) => file.lines.length > FILE_LINES_AIM && !isGenerated(file));
  const list = long.map(({ path, lines }) => `  ${path}: ${lines.length}`).join('\n');
  console.info(`${files.length} code files, ${long.length} of them over ${FILE_LINES_AIM} lines\n${list}`);
  for (const path of ['README.md', 'package.json', 'libs/core/src/step.ts', 'infra/test/run.mjs', '.ci/run']) {
    expect(tree.has(path), path).toBe(true);
  }
});
