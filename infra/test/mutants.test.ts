/** What the mutants name is there, and the page has their table. The mutants themselves: `npm run mutants`. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MUTANTS } from '../mutants/mutants.mjs';
import { page } from '../mutants/page.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

test.each(MUTANTS.map((mutant) => [mutant.guard, mutant] as const))('%s: its text stands once', (_guard, mutant) => {
  expect(read(mutant.file).split(mutant.from)).toHaveLength(2);
  expect(() => read(mutant.test)).not.toThrow();
});

test('no two mutants have one name', () => {
  expect(new Set(MUTANTS.map(({ guard }) => guard)).size).toBe(MUTANTS.length);
});

test('the page has the table; else: node infra/mutants/page.mjs', () => {
  const { text, wanted } = page();
  expect(text).toBe(wanted);
});
