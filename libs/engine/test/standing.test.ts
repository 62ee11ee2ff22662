import type { DerivedRecord, Settings } from '@callfold/core';
import {
  AGENT_INTERVALS,
  CALL_OUTCOMES,
  DEAD_LETTERS,
  DEFAULT_SETTINGS,
  isRejection,
  utf8Bytes,
  utf8Text,
} from '@callfold/core';
import type { Codec, Horizon, Stood } from '@callfold/engine';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { describe, expect, it } from 'vitest';
import { createStanding } from '../src/standing.ts';

/** Hand-made standing records against hand-made derivations: the rules of `place` one by one. */

const START = Date.UTC(2026, 0, 5, 9);
const HOUR = 3_600_000;
const MANY = 50_000;

const asJson = { decodeDerived: (_topic: string, value: Uint8Array) => JSON.parse(utf8Text(value)) as object };
const codec = asJson as unknown as Codec;

function foldedCall(callId: string, talkedMs: number, settings: Settings = DEFAULT_SETTINGS): DerivedRecord {
  const offline = createOfflineFold(fileRules(settings), true);
  const words: readonly (readonly [number, string])[] = [
    [0, 'Participant join (Contact)'],
    [1_000, 'Participant join ([Anna])'],
    [1_000 + talkedMs, 'Participant leave (Contact)'],
    [1_000 + talkedMs, 'Call ended'],
  ];
  for (const [ms, status] of words) {
    const event = readEvent({ source: 'callcenter24', callId, occurredAt: START + ms, status });
    if (isRejection(event)) throw new Error(event.reason);
    offline.push(event, START + ms);
  }
  const [record] = offline.end();
  if (!record) throw new Error('a call gives an outcome');
  return record;
}

function foldedStay(agentId: string, startMs: number): DerivedRecord {
  const offline = createOfflineFold(fileRules(DEFAULT_SETTINGS), true);
  const start = new Date(START + startMs).toISOString();
  const event = readEvent({ source: 'vonage', agentId, start, duration: 5_000, state: 'Ready' });
  if (isRejection(event)) throw new Error(event.reason);
  offline.push(event, START + startMs);
  const [record] = offline.end();
  if (!record) throw new Error('a stay gives an interval');
  return record;
}

const revised = (record: DerivedRecord, revision: number): DerivedRecord => ({ ...record, revision });

function stood(record: DerivedRecord, origin: number, topic: string = CALL_OUTCOMES): Stood {
  const value = utf8Bytes(JSON.stringify(record));
  return { topic, seq: origin, origin: `callfold.raw.callcenter24/0/${origin}`, key: record.outcomeId, value };
}

const LETTER_AT = START + 1;

function letter(origin: number, code: string): Stood {
  const value = utf8Bytes(JSON.stringify({ code, originAppendedAt: LETTER_AT }));
  return { topic: DEAD_LETTERS, seq: origin, origin: `callfold.raw.callcenter24/0/${origin}`, key: '', value };
}

function standingOf(records: readonly Stood[], horizon: Horizon | null = null) {
  const standing = createStanding(codec, horizon, 1_000_000);
  for (const record of records) standing.add(record);
  return standing;
}

const A = foldedCall('one', 10_000);
const B = foldedCall('one', 20_000);
const C = foldedCall('one', 30_000);

describe('what is derived again', () => {
  it('stands as it is, revision by revision', () => {
    const standing = standingOf([stood(A, 5), stood(revised(B, 2), 6), stood(revised(A, 3), 7)]);
    const placed = [A, revised(B, 2), revised(A, 3)].map((record) => standing.place(CALL_OUTCOMES, record, START));
    expect(placed).toEqual([1, 2, 3].map((revision) => ({ what: 'stands', revision })));
    expect(standing.left(CALL_OUTCOMES)).toEqual({ surplus: 0, beforeHorizon: 0 });
  });

  it('is not known when nothing of its id stands', () => {
    expect(standingOf([stood(A, 5)]).place(CALL_OUTCOMES, foldedCall('two', 1), START)).toBeNull();
  });

  it('goes out as the next revision when something else stands, and what follows it counts on from there', () => {
    const standing = standingOf([stood(A, 5), stood(revised(B, 2), 6)]);
    expect(standing.place(CALL_OUTCOMES, C, START)).toEqual({ what: 'next', revision: 3, correctionOf: null });
    expect(standing.place(CALL_OUTCOMES, revised(A, 4), START)).toMatchObject({ what: 'next', revision: 4 });
    expect(standing.tally(CALL_OUTCOMES)).toMatchObject({ changed: 2, same: 0 });
  });

  it('stands under the later revision that says the same, when earlier ones are not derived any more', () => {
    const standing = standingOf([stood(A, 5), stood(revised(B, 2), 6)]);
    expect(standing.place(CALL_OUTCOMES, B, START)).toEqual({ what: 'stands', revision: 2 });
  });

  it('is let pass when compaction took it for a later revision, and the later one is then met', () => {
    const standing = standingOf([stood(revised(B, 2), 6)]);
    expect(standing.place(CALL_OUTCOMES, A, START)).toEqual({ what: 'superseded', revision: 1 });
    expect(standing.place(CALL_OUTCOMES, revised(B, 2), START)).toEqual({ what: 'stands', revision: 2 });
  });

  it('leaves and counts what it does not give', () => {
    const standing = standingOf([stood(A, 5), stood(foldedCall('gone', 1), 6), letter(7, 'not-avro')]);
    standing.place(CALL_OUTCOMES, A, START);
    expect(standing.left(CALL_OUTCOMES)).toEqual({ surplus: 1, beforeHorizon: 0 });
    expect(standing.left(DEAD_LETTERS)).toEqual({ surplus: 1, beforeHorizon: 0 });
    expect(standing.takeLetter(7, 'not-avro', LETTER_AT + 1)).toBe(false);
    expect(standing.takeLetter(7, 'not-avro', LETTER_AT)).toBe(true);
    expect(standing.takeLetter(7, 'not-avro', LETTER_AT)).toBe(false);
  });

  it('is refused beyond the limit, by its name', () => {
    const standing = createStanding(codec, null, 1);
    standing.add(stood(A, 5));
    expect(() => standing.add(stood(B, 6))).toThrow(/More than 1 records .* `standingRecords`/);
  });
});

describe('before the horizon', () => {
  const horizon: Horizon = { start: 100, firstAt: START, until: START + HOUR };
  const afterIt = START + 2 * HOUR;

  it('a call is left alone in all that it says, when anything of it came of a record below the start', () => {
    const standing = standingOf([stood(A, 99)], horizon);
    expect(standing.place(CALL_OUTCOMES, C, afterIt)).toEqual({ what: 'before', revision: 1 });
    expect(standing.place(CALL_OUTCOMES, revised(B, 2), afterIt)).toEqual({ what: 'before', revision: 2 });
  });

  it('so it is when what decided it was appended before the first record, as of a timer that fired after', () => {
    const before = { ...A, ingestedAt: START - 1 };
    expect(standingOf([stood(before, 100)], horizon).place(CALL_OUTCOMES, C, afterIt)).toMatchObject({
      what: 'before',
    });
  });

  it('a call met within the longest timer is not corrected; met later it is', () => {
    const record = { ...A, ingestedAt: afterIt };
    const met = standingOf([stood(record, 100)], horizon).place(CALL_OUTCOMES, C, START + HOUR);
    expect(met).toMatchObject({ what: 'before' });
    expect(standingOf([stood(record, 100)], horizon).place(CALL_OUTCOMES, C, START + HOUR + 1)).toMatchObject({
      what: 'next',
      revision: 2,
    });
  });

  it('one that says the same is the same, and one of which nothing stands is published', () => {
    const standing = standingOf([stood(A, 100)], horizon);
    expect(standing.place(CALL_OUTCOMES, A, START)).toMatchObject({ what: 'stands' });
    expect(standing.place(CALL_OUTCOMES, foldedCall('new', 1), START)).toBeNull();
  });

  it("an agent's stay is on its own: one of before says nothing of the next", () => {
    const [first, second] = [foldedStay('anna', -HOUR), foldedStay('anna', 3 * HOUR)];
    const standing = standingOf([stood(first, 99, AGENT_INTERVALS)], horizon);
    expect(standing.place(AGENT_INTERVALS, second, START)).toBeNull();
    expect(standing.left(AGENT_INTERVALS)).toEqual({ surplus: 0, beforeHorizon: 1 });
  });

  it('dead letters of below the start are not missed, nor those that came too late for what is gone', () => {
    const standing = standingOf([letter(99, 'not-avro'), letter(100, 'too-late'), letter(101, 'not-avro')], horizon);
    expect(standing.left(DEAD_LETTERS)).toEqual({ surplus: 1, beforeHorizon: 2 });
  });
});

describe('the memory of it', () => {
  it.each([
    ['without a horizon', null, 76],
    ['with one', { start: 1, firstAt: START, until: START + HOUR }, 92],
  ] as const)('%s: some tens of bytes a record', (_name, horizon, most) => {
    let count = 0;
    const counting = { decodeDerived: () => ({ ...A, outcomeId: `default/callcenter24/call-${(count += 1)}` }) };
    const standing = createStanding(counting as unknown as Codec, horizon, MANY);
    const one = stood(A, 1);
    for (let n = 0; n < MANY; n += 1) standing.add(one);
    expect(standing.size).toBe(MANY);
    expect(standing.bytes / standing.size).toBeLessThan(most);
  });
});
