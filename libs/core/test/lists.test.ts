import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AGENT_WORDS, CALL_RULES, CALL_WORDS, CHAT_WORDS } from '../src/index.ts';
import type { Case } from './spec-text.ts';
import { casesIn } from './spec-text.ts';

/** Every value of every closed list has a case that expects it. */

const folder = new URL('cases/', import.meta.url);
const CASES: readonly Case[] = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .flatMap((file) => casesIn(file, readFileSync(new URL(file, folder), 'utf8')));

/** The word that names a topic's records in a case. */
const SUBJECT_OF: Readonly<Record<string, string>> = {
  'call-outcomes': 'call',
  'agent-offers': 'offer',
  'chat-outcomes': 'episode',
  'chat-handoffs': 'handoff',
  'agent-intervals': 'interval',
};
/** The same in every record of a source. */
const PASSED_OVER = new Set(['kind', 'source']);
const RULES: Readonly<Record<string, readonly string[]>> = {
  call: [...CALL_RULES.map(({ rule }) => rule), 'label', 'label-unknown'],
  offer: [
    'agent-joined',
    'no-answer',
    'requested-again',
    'redirected',
    'shown-too-long',
    'another-agent-joined',
    'contact-left',
    'call-ended',
    'nothing-closed-it',
  ],
  episode: ['finished', 'blocked', 'stopped', 'waiting-too-long', 'silent'],
};

type Field = { readonly name: string; readonly type: unknown; readonly 'callfold.values'?: readonly string[] };

function valuesInSchemas(): [subject: string, field: string, value: string][] {
  return Object.entries(SUBJECT_OF).flatMap(([topic, subject]) => {
    const file = new URL(`../../../schemas/avro/${topic}.avsc`, import.meta.url);
    const { fields } = JSON.parse(readFileSync(file, 'utf8')) as { readonly fields: readonly Field[] };
    return fields
      .filter(({ name }) => !PASSED_OVER.has(name))
      .flatMap(({ name, ...field }) =>
        (field['callfold.values'] ?? []).map((value): [string, string, string] => [subject, name, value]),
      );
  });
}

/** `call outcome answered`, of every value that a case expects of a record; lists taken apart. */
const EXPECTED: ReadonlySet<string> = new Set(
  CASES.flatMap(({ lines }) => lines).flatMap((line) => {
    if (line.what !== 'last' && line.what !== 'said') return [];
    return line.fields.flatMap(([field, value]) => value.split(',').map((one) => `${line.subject[0]} ${field} ${one}`));
  }),
);

const values = valuesInSchemas();

test('the schemas have lists', () => {
  expect(values.length).toBeGreaterThan(60);
  for (const list of ['call outcome', 'call reason', 'call anomalies', 'offer result', 'interval flags']) {
    expect(values.map(([subject, field]) => `${subject} ${field}`)).toContain(list);
  }
});

test.each(values)('%s %s %s has a case', (subject, field, value) => {
  expect(EXPECTED).toContain(`${subject} ${field} ${value}`);
});

test.each(Object.entries(RULES).flatMap(([subject, rules]) => rules.map((rule) => [subject, rule] as const)))(
  '%s rule %s has a case',
  (subject, rule) => {
    expect(EXPECTED).toContain(`${subject} rule ${rule}`);
  },
);

test.each([...CALL_WORDS, 'record', ...CHAT_WORDS, ...AGENT_WORDS])('the word %s is in a case', (word) => {
  const words = CASES.flatMap(({ lines }) => lines).map((line) => (line.what === 'event' ? line.word : ''));
  expect(words).toContain(word);
});

test('no two cases have one name, and none is empty', () => {
  const names = CASES.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
