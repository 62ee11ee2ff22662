/** docs/security.md, held to the code. */

import { readFileSync } from 'node:fs';
import { LIMITS } from '@callfold/core';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');

/** Rows of the table under a heading: the cells of each. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test('the table of limits is that of the code', () => {
  const said = rowsOf('Limits').map(([name, value]) => [name, Number(value)]);
  expect(said).toEqual(Object.entries(LIMITS));
});
