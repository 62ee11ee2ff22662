import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../src/base64.ts';
import type { Topic } from '../src/index.ts';
import { fromJson, isTopic, NotARecord, SCHEMAS, TIME_FIELDS, toJson } from '../src/index.ts';
import { fromIsoTime, isoTime } from '../src/time.ts';
import { anyRecord, anyTime } from './any-record.ts';

describe.each(Object.keys(SCHEMAS) as Topic[])('%s', (topic) => {
  const schema = SCHEMAS[topic];

  test('to JSON, through text and back is the same record', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(anyRecord(schema), (record) => {
        const text = JSON.stringify(toJson(topic, record));
        expect(fromJson(topic, JSON.parse(text))).toEqual(record);
      }),
      { numRuns: 40 },
    );
  });

  test('its JSON has the schema’s names in the schema’s order', () => {
    const record = fc.sample(anyRecord(schema), { numRuns: 1, seed: 7 })[0]!;
    const shuffled = Object.fromEntries(Object.entries(record).reverse());
    expect(Object.keys(toJson(topic, shuffled))).toEqual(schema.fields.map(({ name }) => name));
  });

  test('a field that is missing or of a wrong type is named; nulls and lists have their defaults', () => {
    const json = toJson(topic, fc.sample(anyRecord(schema), { numRuns: 1, seed: 11 })[0]!);
    for (const { name, default: given } of schema.fields) {
      const { [name]: _gone, ...rest } = json;
      if (given === undefined) expect(() => fromJson(topic, rest), name).toThrow(`${topic}: ${name} is missing`);
      else expect(fromJson(topic, rest), name).toHaveProperty([name], given);
      const wrong = typeof json[name] === 'string' ? 7.5 : 'never';
      if (JSON.stringify(schema.fields.find((field) => field.name === name)?.type).includes('string')) continue;
      expect(() => fromJson(topic, { ...json, [name]: wrong }), name).toThrow(NotARecord);
    }
  });
});

test('times are ISO 8601 in UTC with milliseconds, nested ones too; bytes are base64', () => {
  const offer = { offeredAt: 917_861_400_000, screenShownAt: null, occurredAt: 917_861_400_007, ingestedAt: null };
  expect(toJson('callfold.agent-offers', offer)).toMatchObject({
    offeredAt: '1999-02-01T09:30:00.000Z',
    screenShownAt: null,
    occurredAt: '1999-02-01T09:30:00.007Z',
  });
  const agents = [{ agent: 'Anna Lee', joinedAt: 917_861_400_000, leftAt: null }];
  expect(
    toJson('callfold.call-outcomes', {
      agents,
      ingestedAt: null,
      startedAt: null,
      queuedAt: null,
      answeredAt: null,
      endedAt: null,
      occurredAt: 0,
    }),
  ).toMatchObject({
    agents: [{ agent: 'Anna Lee', joinedAt: '1999-02-01T09:30:00.000Z', leftAt: null }],
  });
  const letter = {
    originAppendedAt: 0,
    key: Uint8Array.of(1, 2),
    value: null,
    headers: [{ name: 'h', value: Uint8Array.of(255) }],
  };
  expect(toJson('callfold.dead-letters', letter)).toMatchObject({
    key: 'AQI=',
    headers: [{ name: 'h', value: '/w==' }],
  });
});

test('what it cannot be is refused with the field’s path', () => {
  const chat = {
    kind: 'chat-handoff',
    outcomeId: 'x',
    revision: 1,
    tenantId: 't',
    source: 'chatterfy',
    chatId: 'c',
    n: 1,
    episode: 1,
  };
  const times = { occurredAt: '1999-02-01T09:30:00.000Z', enteredAt: '1999-02-01T09:30:00.000Z' };
  const good = { ...chat, ...times, someday: 'a newer version’s field' };
  expect(fromJson('callfold.chat-handoffs', good)).not.toHaveProperty('someday');
  expect(() => fromJson('callfold.chat-handoffs', { ...good, enteredAt: '1999-02-01T09:30:00Z' })).toThrow(
    'enteredAt is not such a time',
  );
  expect(() => fromJson('callfold.chat-handoffs', { ...good, enteredAt: '1999-02-30T09:30:00.000Z' })).toThrow(
    'enteredAt is not such a time',
  );
  expect(() => fromJson('callfold.chat-handoffs', { ...good, n: 2 ** 31 })).toThrow(
    'n is not a whole number of 32 bits',
  );
  expect(() => fromJson('callfold.chat-handoffs', [])).toThrow('is not an object: []');
  expect(() => toJson('callfold.nothing', {})).toThrow('no schema for topic callfold.nothing');
  expect(isTopic('callfold.chat-handoffs')).toBe(true);
  expect(isTopic('toString')).toBe(false);
});

test('every time field is told as text', () => {
  for (const [topic, paths] of Object.entries(TIME_FIELDS)) {
    const [record] = fc.sample(anyRecord(SCHEMAS[topic as Topic]), { numRuns: 1, seed: 3 });
    const json = toJson(topic, record!);
    const told = paths.filter((path) => path in json && json[path] !== null && typeof json[path] !== 'string');
    expect(told, topic).toEqual([]);
  }
});

test('isoTime is toISOString, over days, signs and years of five digits', () => {
  fc.assert(
    fc.property(fc.array(anyTime, { maxLength: 6 }), (times) => {
      for (const ms of times) {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString());
        expect(fromIsoTime(isoTime(ms))).toBe(ms);
      }
    }),
  );
  expect(() => isoTime(Number.NaN)).toThrow(RangeError);
});

test('base64 is what every other program calls so', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(toBase64(bytes)).toBe(text);
      expect(fromBase64(text)).toEqual(bytes);
    }),
  );
  const long = new Uint8Array(100_001).fill(171);
  expect(toBase64(long)).toBe(Buffer.from(long).toString('base64'));
  expect(['A', 'A===', 'AA=A', 'AAA*', '=AAA'].map(fromBase64)).toEqual([null, null, null, null, null]);
});
