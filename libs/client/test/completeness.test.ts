import { createContext, runInContext } from 'node:vm';
import { DERIVED_OF, utf8Bytes } from '@callfold/core';
import type { Published } from '@callfold/engine';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocksOf, printedIn } from '../../../infra/test/page-blocks.ts';
import { createCompletenessReader } from '../src/index.ts';

/** Records of two raw topics that share a derived one, as a consumer gets them: partitions mixed, each in its order. */

const [CALLS = ''] = DERIVED_OF.atlas;
const ORIGINS = ['callfold.raw.callcenter24', 'callfold.raw.atlas'];

function published(origin: string, partition: number, seq: number, offset = seq): Published {
  const headers = { 'callfold-origin': `${origin}/${partition}/${offset * 7}`, 'callfold-seq': String(seq) };
  return {
    topic: CALLS,
    offset,
    key: utf8Bytes(`key ${seq}`),
    value: new Uint8Array([1]),
    headers: Object.entries(headers).map(([name, value]) => ({ name, value: utf8Bytes(value) })),
  };
}

const chains = ORIGINS.flatMap((origin) => [0, 1].map((partition) => ({ origin, partition })));

/** Lengths of the chains, and which of them has the next record. */
const histories = fc.array(fc.integer({ min: 0, max: chains.length - 1 }), { minLength: 1, maxLength: 60 });

function recordsOf(turns: readonly number[]): Published[] {
  const next = chains.map(() => 0);
  return turns.map((turn) => {
    const { origin, partition } = chains[turn]!;
    const seq = next[turn]!;
    next[turn] = seq + 1;
    return published(origin, partition, seq);
  });
}

const findingsOf = (records: readonly Published[], from = createCompletenessReader()) =>
  records.flatMap((record) => from.take(record));

describe('the completeness reader', () => {
  it('finds nothing in a whole history, in one reading or with a restart in between', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (turns, at) => {
        const records = recordsOf(turns);
        const half = at % (records.length + 1);
        const first = createCompletenessReader();
        expect(findingsOf(records.slice(0, half), first)).toEqual([]);
        const second = createCompletenessReader(first.positions());
        expect(findingsOf(records.slice(half), second)).toEqual([]);
        const read = second.positions().reduce((sum, { next }) => sum + next, 0);
        expect(read).toBe(records.length);
      }),
    );
  });

  it('finds every record that is missing, unless it is the last of its chain, and every one that comes twice', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (turns, at) => {
        const records = recordsOf(turns);
        const victim = at % records.length;
        const hasFollower = turns.slice(victim + 1).includes(turns[victim]!);
        const missing = findingsOf(records.toSpliced(victim, 1)).map(({ fault }) => fault);
        expect(missing).toEqual(hasFollower ? ['gap'] : []);
        const twice = findingsOf(records.toSpliced(victim, 0, records[victim]!)).map(({ fault }) => fault);
        expect(twice).toEqual(['duplicated']);
      }),
    );
  });

  it('finds an older revision behind a newer one', () => {
    const reader = createCompletenessReader();
    const id = 'call-outcome default/atlas/a';
    expect(reader.take(published(ORIGINS[0]!, 0, 0), { id, revision: 2 })).toEqual([]);
    expect(reader.take(published(ORIGINS[0]!, 0, 1), { id, revision: 1 })).toMatchObject([{ fault: 'disordered' }]);
  });

  it('counts a tombstone as every other record', () => {
    const reader = createCompletenessReader();
    expect(reader.take(published(ORIGINS[0]!, 0, 0))).toEqual([]);
    expect(reader.take({ ...published(ORIGINS[0]!, 0, 1), value: null })).toEqual([]);
    expect(reader.take({ ...published(ORIGINS[0]!, 0, 3), value: null })).toMatchObject([{ fault: 'gap' }]);
  });

  it('passes over tombstones that somebody else wrote, and tells of records that are not of callfold', () => {
    const reader = createCompletenessReader();
    const one = published(ORIGINS[0]!, 0, 0);
    expect(reader.take({ ...one, value: null, headers: [] })).toEqual([]);
    expect(reader.take({ ...one, headers: [] })).toMatchObject([{ fault: 'surplus' }]);
    expect(reader.take({ ...one, headers: one.headers.slice(0, 1) })).toMatchObject([{ fault: 'surplus' }]);
    expect(reader.take(one)).toEqual([]);
  });
});

it('does what docs/consuming.md shows', () => {
  const [code = ''] = blocksOf('consuming.md', 'javascript');
  const lines: string[] = [];
  const log = (...words: string[]): void => void lines.push(words.join(' '));
  const [imported, ...rest] = code.split('\n');
  expect(imported).toBe("import { createCompletenessReader } from '@callfold/client';");
  runInContext(rest.join('\n'), createContext({ createCompletenessReader, Buffer, console: { log } }));
  expect(`${lines.join('\n')}\n`).toBe(printedIn('consuming.md'));
});
