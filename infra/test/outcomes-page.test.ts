import { readFileSync, writeFileSync } from 'node:fs';
import { CALL_RULES, CALL_WORDS } from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';
import { ATLAS, CALLCENTER24, CHATTERFY, VONAGE } from '@callfold/sources';
import { describe, expect, test } from 'vitest';

/** The tables of docs/outcomes.md are the code's own, and the page defines every value that a record can have. */

const ROOT = new URL('../../', import.meta.url);
const PAGE = new URL('docs/outcomes.md', ROOT);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const RECORDS = ['call-outcomes', 'agent-offers', 'chat-outcomes', 'chat-handoffs', 'agent-intervals'] as const;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const words = ({ rows }: typeof CALLCENTER24 | typeof CHATTERFY | typeof VONAGE): string =>
  table(
    ['status', 'read as', 'meaning'],
    rows.map(({ status, word, meaning }) => [`\`${status}\``, `\`${word}\``, meaning]),
  );

const labels = table(
  ['label', 'meaning', 'outcome', 'reason', 'person reached', 'fault', 'hung up by'],
  ATLAS.rows.map(({ status, meaning, label }) => [
    `\`${status}\``,
    meaning,
    `${label.outcome}${label.transferred ? ', transferred' : ''}`,
    label.reason,
    label.personReached,
    label.fault ?? '–',
    label.hungUpBy ?? '–',
  ]),
);

type Documented = { readonly name: string; readonly doc?: string; readonly 'callfold.values'?: readonly string[] };

function documented(record: string): readonly Documented[] {
  return (JSON.parse(read(`schemas/avro/${record}.avsc`)) as { readonly fields: readonly Documented[] }).fields;
}

const fields = (record: string): string =>
  table(
    ['field', 'what it says'],
    documented(record).map(({ name, doc }) => [`\`${name}\``, doc ?? '']),
  );

const SOURCE_OF: Readonly<Record<string, string>> = {
  calls: 'CallCenter24',
  offers: 'CallCenter24',
  records: 'Atlas',
  chats: 'Chatterfy',
  agents: 'Vonage',
};
const MARK = '# ambiguous: ';

/** What an upstream's words leave open has a case of its own, whose name says how it is settled. */
const ambiguities = Object.entries(SOURCE_OF).flatMap(([file, source]) =>
  read(`libs/core/test/cases/${file}.txt`)
    .split('\n')
    .filter((line) => line.startsWith(MARK))
    .map((line) => [source, line.slice(MARK.length)]),
);

const TABLES: Readonly<Record<string, string>> = {
  atlas: labels,
  callcenter24: words(CALLCENTER24),
  chatterfy: words(CHATTERFY),
  vonage: words(VONAGE),
  ranks: CALL_WORDS.map((word) => `\`${word}\``).join(', '),
  ambiguities: table(['source', 'settled so'], ambiguities),
  ...Object.fromEntries(RECORDS.map((record) => [`${record} fields`, fields(record)])),
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

/** What a person wrote: the page without the tables that are made. */
function written(page: string): string {
  return page.replaceAll(/<!-- table: (.*?) -->[^]*?<!-- end: \1 -->/g, '');
}

test('the tables of docs/outcomes.md are those of the code', () => {
  const page = readFileSync(PAGE, 'utf8');
  const fresh = withTables(page);
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(PAGE, fresh);
  else expect(page, 'renew it: WRITE_DOCS=1 npx vitest run infra/test/outcomes-page.test.ts').toBe(fresh);
});

describe('what a person wrote defines', () => {
  const text = written(readFileSync(PAGE, 'utf8'));
  const SAME_EVERYWHERE = new Set(['kind', 'source']);
  const values = RECORDS.flatMap((record) =>
    documented(record)
      .filter(({ name }) => !SAME_EVERYWHERE.has(name))
      .flatMap((field) => (field['callfold.values'] ?? []).map((value) => [record, field.name, value] as const)),
  );
  const named = RECORDS.flatMap((record) => documented(record).map(({ name }) => [record, name] as const));
  const SELF_TOLD = new Set([
    'kind',
    'tenantId',
    'source',
    'callId',
    'chatId',
    'agentId',
    'agent',
    'state',
    'start',
    'end',
  ]);

  const isDefined = (pattern: string | RegExp): boolean =>
    typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);

  test.each(values)('%s %s %s', (record, field, value) => {
    expect(isDefined(`\`${value}\``), `docs/outcomes.md does not define ${record} ${field} ${value}`).toBe(true);
  });

  test.each(named.filter(([, name]) => !SELF_TOLD.has(name)))('the field of %s named %s', (record, name) => {
    expect(isDefined(new RegExp(`\`${name}[\`.]`)), `docs/outcomes.md does not define ${record} ${name}`).toBe(true);
  });

  test.each(CALL_RULES.map(({ rule, outcome }) => [rule, outcome]))('the rule %s for %s', (rule, outcome) => {
    expect(isDefined(`| \`${outcome}\` | \`${rule}\` |`), `docs/outcomes.md has no row for ${rule}`).toBe(true);
  });

  test.each(['agent-offer', 'chat-outcome', 'agent-interval', 'chat-handoff'])('the record %s', (record) => {
    expect(isDefined(`\`${record}\``), `docs/outcomes.md does not name ${record}`).toBe(true);
  });
});

test('every schema that is derived is on the page', () => {
  const derived = Object.keys(SCHEMAS).filter((topic) => !topic.includes('.raw.') && !topic.endsWith('dead-letters'));
  expect(derived.map((topic) => topic.replace('callfold.', '')).sort()).toEqual([...RECORDS].sort());
});
