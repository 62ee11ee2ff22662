import { readFileSync, writeFileSync } from 'node:fs';
import {
  AGENT_INTERVALS,
  AGENT_OFFERS,
  CALL_OUTCOMES,
  CALL_RULES,
  CALL_WORDS,
  CHAT_HANDOFFS,
  CHAT_OUTCOMES,
} from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';
import { ATLAS, CALLCENTER24, CHATTERFY, VONAGE } from '@callfold/sources';
import { describe, expect, test } from 'vitest';
import { candidates, examplesIn, expectationsIn, fieldOf, foldExample } from './outcomes-examples.ts';

/**
 * The tables of docs/outcomes.md are the code's own; with WRITE_DOCS=1 this test renews them. Its examples are folded,
 * and every value of every closed list stands in one.
 */

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
  ranks: CALL_WORDS.map((word) => `\`${word}\``).join(', '),
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

const page = readFileSync(PAGE, 'utf8');
const examples = examplesIn(page);

test('there are examples of every source', () => {
  expect(new Set(examples.map(({ source }) => source))).toEqual(
    new Set(['callcenter24', 'atlas', 'chatterfy', 'vonage']),
  );
});

describe.each(examples.map((example) => [example.line, example] as const))('the example in line %s', (_, example) => {
  const folded = foldExample(example);
  const expectations = expectationsIn(example);

  test('expects something', () => {
    expect(expectations).not.toEqual([]);
  });

  test.each(expectations.map((one) => [one.text, one] as const))('%s', (_text, one) => {
    const names = [...one.fields.keys()];
    const came = candidates(one, folded).map((record) =>
      Object.fromEntries(names.map((name) => [name, fieldOf(record, name)])),
    );
    expect(names).not.toEqual([]);
    expect(came).toContainEqual(Object.fromEntries(one.fields));
  });
});

/** Every label of Atlas is an example of its own: the table's row beside what is folded. */
describe('the labels of Atlas', () => {
  test.each(ATLAS.rows.map(({ status }) => [status] as const))('%s', (status) => {
    const row = labels.split('\n').find((line) => line.startsWith(`| \`${status}\` |`)) ?? '';
    const [record] = foldExample({ source: 'atlas', line: 0, text: `09:00:00  ${status}` }).standing;
    const said = record ?? {};
    const outcome = `${fieldOf(said, 'outcome')}${said['transferred'] === true ? ', transferred' : ''}`;
    const rest = ['reason', 'personReached', 'fault', 'hungUpBy'].map((field) =>
      said[field] === null ? '–' : fieldOf(said, field),
    );
    expect([`\`${status}\``, outcome, ...rest].join(' | ')).toBe(row.slice(2, -2));
  });
});

type Field = { readonly name: string; readonly 'callfold.values'?: readonly string[] };
const KIND_WORDS: Readonly<Record<string, string>> = { kind: 'kind', source: 'source' };

/** Every value that a record may have, and every rule. */
const VALUES = [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS].flatMap((topic) =>
  (SCHEMAS[topic as typeof CALL_OUTCOMES].fields as readonly Field[])
    .filter(({ name }) => !(name in KIND_WORDS))
    .flatMap(({ name, ...field }) => (field['callfold.values'] ?? []).map((value) => [topic, name, value] as const)),
);
const RULES = [
  ...CALL_RULES.map(({ rule }) => rule),
  'label-unknown',
  'agent-joined',
  'requested-again',
  'shown-too-long',
  'another-agent-joined',
  'nothing-closed-it',
  'finished',
  'blocked',
  'stopped',
  'waiting-too-long',
];

/** `outcome=abandoned`, of every field that an example expects or a row of Atlas's table says; lists taken apart. */
const EXPECTED: ReadonlySet<string> = new Set([
  ...examples
    .flatMap(expectationsIn)
    .flatMap(({ fields: stated }) =>
      [...stated].flatMap(([field, value]) => value.split(',').map((one) => `${field}=${one}`)),
    ),
  ...ATLAS.rows.flatMap(({ label }) =>
    Object.entries(label ?? {}).map(([field, value]) => `${field}=${String(value)}`),
  ),
]);

test('there are values', () => {
  expect(VALUES.length).toBeGreaterThan(60);
});

test.each(VALUES)('%s: %s %s is in an example', (_topic, name, value) => {
  expect(EXPECTED).toContain(`${name}=${value}`);
});

test.each(RULES)('the rule %s is in an example', (rule) => {
  expect(EXPECTED).toContain(`rule=${rule}`);
});

test('every section of an outcome has its definition, its source and what it does not say', () => {
  const sections = page.split(/^###? /m).slice(1);
  const named = (name: string): string => sections.find((text) => text.toLowerCase().startsWith(`${name}\n`)) ?? '';
  const values = VALUES.filter(([, field]) => field === 'outcome').map(([, , value]) => value);
  for (const value of new Set(values)) {
    expect(page, value).toContain(`(#${value})`);
    for (const part of ['**Means:**', '**Source:**', '**Does not say:**']) expect(named(value), value).toContain(part);
    expect(examplesIn(named(value)), value).not.toEqual([]);
  }
});
