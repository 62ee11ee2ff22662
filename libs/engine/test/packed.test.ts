import { hash64 } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import { createColumn, createPackedIndex, wordsOf } from '../src/packed.ts';

const MANY = 100_000;

describe('a hash in two words', () => {
  it('is another for another hash, over its whole length', () => {
    const base = 'aaaaaaaaaaaa0';
    const seen = new Set([JSON.stringify(wordsOf(base))]);
    for (let at = 0; at < base.length; at += 1) {
      for (let bit = 0; bit < (at === base.length - 1 ? 4 : 5); bit += 1) {
        const digit = (Number.parseInt(base.charAt(at), 32) ^ (1 << bit)).toString(32);
        seen.add(JSON.stringify(wordsOf(base.slice(0, at) + digit + base.slice(at + 1))));
      }
    }
    expect(seen.size).toBe(1 + 12 * 5 + 4);
  });

  it('is two numbers of 32 bits without a sign', () => {
    for (const hash of ['0000000000000', 'vvvvvvvvvvvvf', hash64('one'), hash64('two')]) {
      const { high, low } = wordsOf(hash);
      expect([high, low]).toEqual([high >>> 0, low >>> 0]);
    }
    expect(wordsOf('vvvvvvvvvvvvf')).toEqual({ high: 0xffffffff, low: 0xffffffff });
  });
});

describe('the packed index', () => {
  it('answers as a map does, through all of its growth', () => {
    const index = createPackedIndex();
    for (let n = 0; n < MANY; n += 1) index.set(wordsOf(hash64(`id-${n}`)), n);
    for (let n = 0; n < MANY; n += 2) index.set(wordsOf(hash64(`id-${n}`)), n + 1);
    expect(index.size).toBe(MANY);
    const wrong = Array.from({ length: MANY }, (_, n) => n).filter(
      (n) => index.get(wordsOf(hash64(`id-${n}`))) !== (n % 2 === 0 ? n + 1 : n),
    );
    expect(wrong).toEqual([]);
    expect(index.get(wordsOf(hash64('never')))).toBe(-1);
  });

  it('takes few bytes for each, however many', () => {
    const index = createPackedIndex();
    for (let n = 0; n < MANY; n += 1) index.set(wordsOf(hash64(`id-${n}`)), n);
    expect(index.bytes / index.size).toBeLessThan(36);
  });

  it('keeps the key of zeros apart from an empty place', () => {
    const index = createPackedIndex();
    const zeros = { high: 0, low: 0 };
    expect(index.get(zeros)).toBe(-1);
    index.set(zeros, 0);
    expect([index.get(zeros), index.size]).toEqual([0, 1]);
  });
});

describe('a column', () => {
  it('keeps what was set, through its growth', () => {
    const column = createColumn();
    for (let n = 0; n < MANY; n += 1) column.set(n, n * 7);
    expect([column.get(0), column.get(MANY - 1), column.get(MANY * 9)]).toEqual([0, (MANY - 1) * 7, 0]);
  });
});
