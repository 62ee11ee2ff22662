import type { DerivedRecord } from '@callfold/core';
import { CALL_OUTCOMES, COMPACTION_LAG_MS, DEAD_LETTERS } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import type { StoodRecord } from '../src/index.ts';
import { orderOf } from '../src/index.ts';

/** What compaction and retention take is no loss; what they cannot have taken is one. */

const NOW = 100 * 86_400_000;
const LONG_AGO = NOW - COMPACTION_LAG_MS - 1;
const ORIGIN = 'callfold.raw.callcenter24/0';

const at = (seq: number, outcomeId: string, revision: number, ingestedAt = LONG_AGO): StoodRecord => ({
  stood: { topic: CALL_OUTCOMES, seq, origin: `${ORIGIN}/${seq}`, key: outcomeId, value: new Uint8Array() },
  record: { kind: 'call-outcome', outcomeId, revision, ingestedAt } as unknown as DerivedRecord,
});

const letter = (seq: number): StoodRecord => ({
  stood: { topic: DEAD_LETTERS, seq, origin: `${ORIGIN}/${seq * 10}`, key: 'k', value: new Uint8Array() },
  record: null,
});

const faults = (records: readonly StoodRecord[], options = {}): string[] =>
  orderOf(records, options).findings.map(({ fault, where }) => `${fault} ${where.replace(/^.* seq/, 'seq')}`);

describe('a topic that was compacted', () => {
  // a: 0 and 2, b: 1, c: 3 and 4. The first revisions of a and c are gone.
  const left = [at(1, 'b', 1), at(2, 'a', 2), at(4, 'c', 2)];

  it('has no gap where later revisions account for what is missing', () => {
    expect(faults(left, { logTime: NOW })).toEqual([]);
    const { isTaken } = orderOf(left, { logTime: NOW });
    expect(isTaken(at(0, 'a', 1).record!)).toBe(true);
    expect(isTaken(at(2, 'a', 2).record!)).toBe(false);
    expect(isTaken(at(9, 'z', 1).record!)).toBe(false);
  });

  it('has them where more is missing than compaction can have taken', () => {
    expect(faults([at(1, 'b', 1), at(2, 'a', 2), at(5, 'c', 2)], { logTime: NOW })).toEqual(['gap seq 1', 'gap seq 5']);
  });

  it('has them where what is missing is young, and where nobody says how late it is', () => {
    const young = [at(1, 'b', 1), at(2, 'a', 2), at(4, 'c', 2, NOW)];
    expect(faults(young, { logTime: NOW })).toEqual(['gap seq 4']);
    expect(faults(left)).toEqual(['gap seq 1', 'gap seq 4']);
    expect(orderOf(left).isTaken(at(0, 'a', 1).record!)).toBe(false);
  });
});

describe('a topic from which an erasure took something', () => {
  // x: 1, and its tombstone 2, both gone; b: 0, c: 3, which is young.
  const left = [at(0, 'b', 1), at(3, 'c', 1, NOW)];

  it('has no gap where erasures account for what is missing, however young what follows it is', () => {
    expect(faults(left, { logTime: NOW, erasedSeqs: { [CALL_OUTCOMES]: 2 } })).toEqual([]);
  });

  it('has them where more is missing, and where it is of another topic', () => {
    expect(faults(left, { logTime: NOW, erasedSeqs: { [CALL_OUTCOMES]: 1 } })).toEqual(['gap seq 3']);
    expect(faults(left, { logTime: NOW, erasedSeqs: { [DEAD_LETTERS]: 9 } })).toEqual(['gap seq 3']);
  });
});

describe('a topic from which an erasure will let compaction take something', () => {
  const tombstone = (seq: number, outcomeId: string): StoodRecord => {
    const { stood } = at(seq, outcomeId, 1);
    return { stood: { ...stood, value: null }, record: null };
  };
  const erasedSeqs = { [CALL_OUTCOMES]: 3 };

  it('has every gap as long as all of it stands', () => {
    const all = [at(0, 'x', 1), at(1, 'x', 2), tombstone(2, 'x')];
    expect(faults([...all, at(3, 'b', 1, NOW)], { logTime: NOW, erasedSeqs })).toEqual([]);
    expect(faults([...all, at(4, 'b', 1, NOW)], { logTime: NOW, erasedSeqs })).toEqual(['gap seq 4']);
    expect(faults([...all, at(4, 'b', 1)], { logTime: NOW, erasedSeqs })).toEqual(['gap seq 4']);
  });

  it('has no gap where what is missing of it is all that is missing', () => {
    const left = [at(1, 'x', 2), tombstone(2, 'x')];
    expect(faults([...left, at(3, 'b', 1, NOW)], { logTime: NOW, erasedSeqs })).toEqual([]);
    expect(faults([...left, at(4, 'b', 1)], { logTime: NOW, erasedSeqs })).toEqual(['gap seq 1', 'gap seq 4']);
    expect(faults([tombstone(2, 'x'), at(3, 'b', 1)], { logTime: NOW, erasedSeqs })).toEqual([]);
    expect(faults([tombstone(3, 'x'), at(4, 'b', 1)], { logTime: NOW, erasedSeqs })).toEqual(['gap seq 3']);
  });

  it('counts what came behind its tombstone for itself', () => {
    const again = [tombstone(2, 'x'), at(3, 'x', 1)];
    expect(faults(again, { logTime: NOW, erasedSeqs })).toEqual([]);
    expect(faults([...again, at(5, 'b', 1)], { logTime: NOW, erasedSeqs })).toEqual(['gap seq 2', 'gap seq 5']);
  });

  it('is told by its revisions alone where the checkpoint does not know of the erasure', () => {
    expect(faults([at(1, 'x', 2), tombstone(2, 'x'), at(3, 'b', 1)], { logTime: NOW })).toEqual([]);
  });
});

describe('a topic whose beginning has expired', () => {
  const cut = new Set([DEAD_LETTERS]);

  it('begins where it begins, and has no other gap', () => {
    expect(faults([letter(3), letter(4)], { cut })).toEqual([]);
    expect(faults([letter(3), letter(5)], { cut })).toEqual(['gap seq 5']);
    expect(faults([letter(3)])).toEqual(['gap seq 3']);
  });

  it('says that letters are missing at its beginning', () => {
    expect(orderOf([letter(3), letter(4)], { cut }).lettersCut).toBe(true);
    expect(orderOf([letter(3)]).lettersCut).toBe(false);
  });
});

describe('a topic that subjects of another partition have moved to', () => {
  const OTHER = 'callfold.raw.callcenter24/2';
  const moved = (seq: number, outcomeId: string, revision: number): StoodRecord => {
    const { stood, record } = at(seq, outcomeId, revision);
    return { stood: { ...stood, origin: `${OTHER}/${seq}` }, record };
  };
  const placeOf = (partition: number) => ({ topic: 'callfold.raw.callcenter24', partition });
  // a: 0 here, 2 there; b: 1 here; c: 2 here and 0 there; d: 1 there. What compaction took: a 1, c 1.
  const left = [at(1, 'b', 1), at(3, 'e', 1), moved(0, 'c', 2), moved(1, 'd', 1), moved(2, 'a', 2)];
  const told = (records: readonly StoodRecord[], partition: number): string[] =>
    faults(records, { logTime: NOW, own: placeOf(partition) });

  it('has no gap of what was revised since where they are', () => {
    expect(told(left, 0)).toEqual([]);
    expect(told(left, 2)).toEqual([]);
    expect(orderOf(left, { logTime: NOW, own: placeOf(0) }).isTaken(at(0, 'a', 1).record!)).toBe(true);
  });

  it('has those that earlier revisions in the other partition do not account for', () => {
    const lost = [...left.slice(0, 4), moved(3, 'a', 2)];
    expect(told(lost, 2)).toEqual(['gap seq 3']);
    // One is missing somewhere: it may be here.
    expect(told(lost, 0)).toEqual(['gap seq 1', 'gap seq 3']);
  });
});
