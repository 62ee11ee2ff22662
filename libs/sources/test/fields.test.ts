import type { RawEvent, Source } from '@callfold/core';
import { CODES, FUTURE_MS, isRejection, KIND_OF, SOURCES } from '@callfold/core';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { checkAgainstLog, readEvent, readFields } from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const AT = Date.UTC(2024, 1, 29, 10);

function read(fields: Readonly<Record<string, unknown>>): RawEvent {
  const event = readEvent(fields);
  if (isRejection(event)) throw new Error(event.reason);
  return event;
}

const source = fc.constantFrom(...SOURCES);
const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 30 }));
const instant = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2100, 0, 1) });
const attributes = fc.option(fc.dictionary(fc.string({ maxLength: 10 }), fc.string(), { noNullPrototype: true }));

/** An event as Avro decodes it: every field there, times as numbers, absent values null. */
const avro = fc.record({
  source,
  tenantId: fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/),
  subject: fc.string({ minLength: 1, maxLength: 20 }).filter((id) => id.trim() !== ''),
  at: instant,
  text,
  attributes: attributes.filter((map) => map === null || !Object.hasOwn(map, '__proto__')),
  other: fc.option(instant),
  version: fc.option(fc.maxSafeInteger()),
  duration: fc.option(fc.nat()),
});
type AvroShaped = typeof avro extends fc.Arbitrary<infer T> ? T : never;

function subjectField(of: Source): string {
  return `${KIND_OF[of]}Id`;
}

function decoded(one: AvroShaped): Record<string, unknown> {
  const common = {
    tenantId: one.tenantId,
    eventId: null,
    [subjectField(one.source)]: one.subject,
    attributes: one.attributes,
    payload: null,
    adapter: null,
  };
  if (one.source === 'vonage') {
    return { ...common, start: one.at, duration: one.duration, state: one.text, description: one.text };
  }
  if (one.source !== 'atlas') return { ...common, occurredAt: one.at, status: one.text };
  return {
    ...common,
    occurredAt: one.at,
    status: one.text,
    startedAt: null,
    endedAt: one.other,
    recordVersion: one.version,
  };
}

/** The same as an upstream writes JSON: no nulls, times as text. */
function asJson(one: AvroShaped): Record<string, unknown> {
  const said = Object.entries(decoded(one)).filter(([, value]) => value !== null);
  const times = new Set(['start', 'occurredAt', 'startedAt', 'endedAt']);
  const fields = said.map(([name, value]) => [name, times.has(name) ? new Date(value as number).toISOString() : value]);
  return JSON.parse(JSON.stringify({ source: one.source, ...Object.fromEntries(fields) })) as Record<string, unknown>;
}

test('an event is the same from Avro and from JSON, its id included', () => {
  fc.assert(
    fc.property(avro, (one) => {
      const event = readFields(one.source, decoded(one));
      expect(isRejection(event)).toBe(false);
      expect(readEvent(asJson(one))).toEqual(event);
    }),
    { numRuns: 2_000 },
  );
});

test('what was read, written with its id and read again, is the same', () => {
  fc.assert(
    fc.property(avro, (one) => {
      const event = readFields(one.source, decoded(one)) as RawEvent;
      expect(readFields(one.source, { ...decoded(one), eventId: event.eventId })).toEqual(event);
    }),
  );
});

test('no JSON value makes it throw; what it takes is within the contract', () => {
  const names =
    'tenantId eventId callId chatId agentId occurredAt start status state duration description attributes startedAt ' +
    'endedAt recordVersion payload __proto__ toString';
  const key = fc.constantFrom(...names.split(' '));
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    instant,
    instant.map((at) => new Date(at).toISOString()),
    fc.string(),
    fc.constantFrom('default', 'x', '', null),
  );
  const object = fc.array(fc.tuple(key, value)).map((pairs) => Object.fromEntries(pairs) as Record<string, unknown>);
  const input = fc.oneof(
    fc.jsonValue(),
    fc.tuple(source, object).map(([name, fields]) => ({ ...fields, source: name })),
    fc
      .tuple(source, object)
      .map(([name, fields]) => ({ callId: 'x', chatId: 'x', agentId: 'x', occurredAt: AT, ...fields, source: name })),
  );
  let taken = 0;
  fc.assert(
    fc.property(input, (given) => {
      const event = readEvent(given);
      if (isRejection(event)) {
        expect(CODES).toHaveProperty(event.rejected);
        expect(event.reason.length).toBeLessThan(500);
        return;
      }
      taken++;
      expect(event.tenantId).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      expect(event.subjectId.trim()).not.toBe('');
      expect(event.eventId.trim()).not.toBe('');
      for (const at of [event.occurredAt, event.startedAt, event.endedAt, event.occurredAt + (event.duration ?? 0)]) {
        if (at !== null)
          expect(new Date(at).getUTCFullYear()).toSatisfy((year: number) => year >= 1990 && year <= 2100);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(200);
});

const CALL = { source: 'callcenter24', callId: 'c-1', occurredAt: AT, status: 'Call ended' };
const RECORD = { source: 'atlas', callId: 'c-1', occurredAt: AT, status: 'Voicemail' };
const STAY = { source: 'vonage', agentId: 'g-1', start: AT, state: 'Away' };

/** The ids stand in logs: these never change. */
const FROZEN: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [CALL, '4spdb2ttqgbsb'],
  [{ ...CALL, tenantId: 'bank' }, 'e8864d9ju7342'],
  [{ ...RECORD, startedAt: AT - 5, endedAt: AT, recordVersion: 2 }, 'joidmgv142831'],
  [{ source: 'chatterfy', chatId: 'h-1', occurredAt: AT, status: null }, 't5g31bv06rs88'],
  [{ ...STAY, duration: 60_000, description: 'Обед' }, '2pbovbn9rqlda'],
];

test.each(FROZEN)('the id that stands in for none in %j is frozen', (fields, id) => {
  expect(read(fields).eventId).toBe(id);
});

test.each([
  ['the tenant', CALL, { tenantId: 'other' }],
  ['the source', CALL, { source: 'atlas' }],
  ['the subject', CALL, { callId: 'c-2' }],
  ['the time', CALL, { occurredAt: AT + 1 }],
  ['the status', CALL, { status: 'call ended' }],
  ['a null status', CALL, { status: null }],
  ['the start', RECORD, { startedAt: AT }],
  ['the end', RECORD, { endedAt: AT }],
  ['the version', RECORD, { recordVersion: 1 }],
  ['the duration', STAY, { duration: 0 }],
  ['the description', STAY, { description: '' }],
])('another id stands in when %s differs', (_what, fields, change) => {
  expect(read({ ...fields, ...change }).eventId).not.toBe(read(fields).eventId);
});

test.each([
  ['attributes', { attributes: { queue: 'x' } }],
  ['payload and adapter', { payload: 'eA==', adapter: 'hook-1' }],
  ['the writing of the time', { occurredAt: '2024-02-29T13:00:00.0004+03:00' }],
  ['an empty event id', { eventId: '' }],
  ['a blank event id', { eventId: ' ' }],
  ['a null event id', { eventId: null }],
  ['the default tenant', { tenantId: 'default' }],
])('the same id stands in whatever is said about %s', (_what, change) => {
  expect(read({ ...CALL, ...change }).eventId).toBe(read(CALL).eventId);
});

test('Avro may hand integers over as bigint', () => {
  const fields = { callId: 12n, occurredAt: BigInt(AT), recordVersion: 3n };
  expect(readFields('atlas', fields)).toMatchObject({ subjectId: '12', occurredAt: AT, recordVersion: 3 });
  expect(readFields('atlas', { ...fields, recordVersion: 2n ** 60n })).toMatchObject({ rejected: 'bad-field' });
});

test('clean attributes are the ones given, mended ones are new', () => {
  const clean = { queue: 'x' };
  expect(read({ ...CALL, attributes: clean }).attributes).toBe(clean);
  const torn = { queue: 'x\ud83c', 'n\udf00': 'y', line: null };
  expect(read({ ...CALL, attributes: torn }).attributes).toEqual({ queue: 'x\ufffd', 'n\ufffd': 'y' });
  expect(torn.queue).toBe('x\ud83c');
});

test('a hostile __proto__ in JSON changes nothing', () => {
  const json = '{"source":"chatterfy","__proto__":{"chatId":"evil","tenantId":"evil"},"occurredAt":1700000000000}';
  expect(readEvent(JSON.parse(json))).toMatchObject({ rejected: 'missing-id' });
  expect(({} as Record<string, unknown>)['chatId']).toBeUndefined();
});

test('a reason says what to do, and never holds a whole payload', () => {
  const reasonOf = (fields: object): string => {
    const event = readEvent({ ...CALL, ...fields });
    return isRejection(event) ? event.reason : '';
  };
  expect(reasonOf({ occurredAt: '2024-02-29T10:00:00' })).toMatch(/no zone: add Z or an offset/);
  expect(reasonOf({ occurredAt: String(AT) })).toMatch(/send a number/);
  expect(reasonOf({ callId: 2 ** 60 })).toMatch(/send it as a string/);
  expect(reasonOf({ source: 'x'.repeat(100_000) }).length).toBeLessThan(300);
  expect(reasonOf({ tenantId: 'x'.repeat(100_000) }).length).toBeLessThan(300);
  expect(reasonOf({ attributes: { ['x'.repeat(100_000)]: 1 } }).length).toBeLessThan(300);
});

test('an event may be a day later than its place in the log, and no more', () => {
  expect(checkAgainstLog(AT + FUTURE_MS, AT)).toBeNull();
  expect(checkAgainstLog(AT - 10 * FUTURE_MS, AT)).toBeNull();
  expect(checkAgainstLog(AT + FUTURE_MS + 1, AT)).toMatchObject({
    rejected: 'time-out-of-range',
    reason: expect.stringContaining('2024-03-01T10:00:00.001Z') as string,
  });
});
