/** docs/security.md, held to the code. */

import { readFileSync } from 'node:fs';
import { ACLS, aclCommands } from '@callfold/adapters';
import { LIMITS } from '@callfold/core';
import { GATEWAY_LIMITS } from '@callfold/gateway';
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
  const said = rowsOf('Limits').flatMap(([name, value]) => (name === 'limit' ? [] : [[name, Number(value)]]));
  expect(said).toEqual([...Object.entries(LIMITS), ...Object.entries(GATEWAY_LIMITS)]);
});

test('the access lists are those of the code, and the tool prints each of them', () => {
  const rows = Object.entries(ACLS).flatMap(([user, acls]) =>
    acls.map(({ resource, name, pattern, operations, why }) => [
      user,
      resource,
      pattern === 'prefixed' ? `${name}…` : name,
      operations.join(', '),
      why.replaceAll('`', ''),
    ]),
  );
  expect(rowsOf('Access lists')).toEqual(rows);
  const lines = aclCommands();
  expect(lines).toHaveLength(rows.length);
  expect(lines[0]).toBe(
    'kafka-acls.sh --bootstrap-server "$BROKERS" --add --force --allow-principal User:callfold-projector --operation Read --topic callfold.raw. --resource-pattern-type prefixed',
  );
});
