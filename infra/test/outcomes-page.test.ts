import { readFileSync, writeFileSync } from 'node:fs';
import { CALL_OUTCOMES } from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';
import { ATLAS, CALLCENTER24, CHATTERFY, VONAGE } from '@callfold/sources';
import { expect, test } from 'vitest';

/** The tables of docs/outcomes.md are the code's own; with WRITE_DOCS=1 this test renews them. */

const PAGE = new URL('../../docs/outcomes.md', import.meta.url);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const words = ({ rows }: typeof CALLCENTER24 | typeof CHATTERFY | typeof VONAGE): string =>
  table(
    ['status', 'read as', 'meaning'],
    rows.map(({ status, word, meaning }) => [`\`${status}\``, word, meaning]),
  );

const labels = table(
  ['label', 'outcome', 'reason', 'person reached', 'fault', 'hung up by'],
  ATLAS.rows.map(({ status, label }) => [
    `\`${status}\``,
    `${label?.outcome ?? 'unknown'}${label?.transferred ? ', transferred' : ''}`,
    label?.reason ?? 'unknown',
    label?.personReached ?? 'unknown',
    label?.fault ?? '–',
    label?.hungUpBy ?? '–',
  ]),
);

const fields = table(
  ['field', 'what it says'],
  (SCHEMAS[CALL_OUTCOMES].fields as readonly { name: string; doc?: string }[]).map(({ name, doc }) => [
    `\`${name}\``,
    (doc ?? '').replaceAll('|', '\\|'),
  ]),
);

const TABLES: Readonly<Record<string, string>> = {
  'call-outcome fields': fields,
  callcenter24: words(CALLCENTER24),
  atlas: labels,
  chatterfy: words(CHATTERFY),
  vonage: words(VONAGE),
};

function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, rows]) => {
    const [open, close] = [`<!-- table: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from < 0 || to < from)
      throw new Error(`docs/outcomes.md has no place for the table ${name}: ${open} … ${close}`);
    return `${text.slice(0, from + open.length)}\n\n${rows}\n\n${text.slice(to)}`;
  }, page);
}

test('the tables of docs/outcomes.md are those of the code', () => {
  const page = readFileSync(PAGE, 'utf8');
  const fresh = withTables(page);
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(PAGE, fresh);
  else expect(page, 'renew it: WRITE_DOCS=1 npx vitest run infra/test/outcomes-page.test.ts').toBe(fresh);
});
