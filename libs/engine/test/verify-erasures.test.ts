import { AGENT_OFFERS, CALL_OUTCOMES } from '@callfold/core';
import type { DerivedTopic } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import type { StoodRecord } from '../src/index.ts';
import { compareErasures } from '../src/index.ts';

/** What stands behind an erasure is found; what went with it is no loss. */

const ORIGIN = 'callfold.raw.callcenter24/0';
const one = (topic: DerivedTopic, key: string, offset: number, isTombstone: boolean): StoodRecord => ({
  stood: { topic, seq: offset, origin: `${ORIGIN}/${offset}`, key, value: isTombstone ? null : new Uint8Array(1) },
  record: null,
});
const says = (key: string, offset: number, topic: DerivedTopic = CALL_OUTCOMES) => [one(topic, key, offset, false)];
const erased = (key: string, offset: number) => [one(CALL_OUTCOMES, key, offset, true)];
const due = (outcomeId: string, origin: number) => ({ topic: CALL_OUTCOMES, outcomeId, revision: 1, origin }) as const;

const faults = (...[records, tombstones, start]: [StoodRecord[], ReturnType<typeof due>[], number?]): string[] =>
  compareErasures(records, {
    tombstones,
    horizon: start === undefined ? null : { start, firstAt: 0, until: 0 },
    begun: undefined,
    erasedMet: new Map(),
  }).findings.map(({ fault, where }) => `${fault} ${where}`);

describe('an erasure', () => {
  it('is right with its tombstone behind what it took, or where nothing stands any more', () => {
    expect(faults([...says('a', 1), ...erased('a', 5)], [due('a', 5)])).toEqual([]);
    expect(faults([...erased('a', 5)], [due('a', 5)])).toEqual([]);
    expect(faults([], [due('a', 5)])).toEqual([]);
  });

  it('is lost where what it took stands, in front of no tombstone or behind it', () => {
    const lost = ['lost call-outcome a erased at offset 5'];
    expect(faults(says('a', 1), [due('a', 5)])).toEqual(lost);
    expect(faults([...erased('a', 5), ...says('a', 6)], [due('a', 5)])).toEqual(lost);
    expect(faults(says('a', 1, AGENT_OFFERS), [due('a', 5)])).toEqual([]);
  });

  it('is none that the log does not give, unless the log may have forgotten it', () => {
    expect(faults(erased('a', 5), [])).toEqual(['surplus call-outcome a erased at offset 5']);
    expect(faults(erased('a', 5), [due('a', 6)])).toEqual(['surplus call-outcome a erased at offset 5']);
    expect(faults(erased('a', 5), [], 6)).toEqual([]);
  });
});
