import * as fc from 'fast-check';
import type { LogRecord } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Unplaced } from '../src/lmdb/block.ts';
import { appendTimeOf, countOf, createBlockWriter, readBlock, roomFor } from '../src/lmdb/block.ts';
import { behind, dueKey, dueOf, fieldKey, fieldOf, logKey, offsetOf, slotKey } from '../src/lmdb/key-bytes.ts';
import { EMBEDDED_LIMITS } from '../src/lmdb/limits.ts';

const BLOCK_BYTES = 200;

const bytes = fc.uint8Array({ maxLength: 20 });
const large = fc.integer({ min: 100, max: 20_000 }).map((length) => new Uint8Array(length).fill(length % 251));
const record: fc.Arbitrary<Unplaced> = fc.record({
  key: fc.option(bytes),
  value: fc.option(fc.oneof({ weight: 4, arbitrary: bytes }, large)),
  headers: fc.array(
    fc.record({
      name: fc.oneof(fc.constantFrom('a', 'callfold-seq', ''), fc.string({ unit: 'grapheme' })),
      value: bytes,
    }),
    { maxLength: 4 },
  ),
});

function blocksOf(records: readonly Unplaced[], appendedAt = 7): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  createBlockWriter(BLOCK_BYTES).write(records, appendedAt, (block) => blocks.push(Uint8Array.from(block)));
  return blocks;
}

const hex = (view: Uint8Array | null): string | null => view && Buffer.from(view).toString('hex');

/** Only the bytes count, not the kind of view on them. */
const plain = ({ key, value, headers }: Unplaced): object => ({
  key: hex(key),
  value: hex(value),
  headers: headers.map((header) => [header.name, hex(header.value)]),
});

describe('a block', () => {
  it('gives back what was put in, whatever it was, in as many blocks as it takes', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), fc.nat(2 ** 40), (given, base) => {
        const read: LogRecord[] = [];
        for (const block of blocksOf(given, 1_767_225_600_123)) {
          expect(appendTimeOf(block)).toBe(1_767_225_600_123);
          const before = read.length;
          readBlock(block, base + before, 0, Number.POSITIVE_INFINITY, read);
          expect(read.length - before).toBe(countOf(block));
        }
        expect(read.map(plain)).toEqual(given.map(plain));
        expect(read.map(({ offset }) => offset)).toEqual(given.map((_, i) => base + i));
      }),
      { numRuns: 200 },
    );
  });

  it('is no larger than asked for unless one record is, and no record takes more than its room', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (given) => {
        for (const block of blocksOf(given)) {
          if (countOf(block) > 1) expect(block.length).toBeLessThanOrEqual(BLOCK_BYTES);
        }
        for (const one of given) expect(blocksOf([one])[0]!.length).toBeLessThanOrEqual(12 + roomFor(one));
      }),
    );
  });

  it('reads from any of its records on, up to so many', () => {
    const given = Array.from({ length: 9 }, (_, i) => ({ key: null, value: Uint8Array.of(i), headers: [] }));
    const [block] = blocksOf(given);
    for (let from = 0; from < 12; from += 1) {
      for (let most = 0; most < 12; most += 1) {
        const read: LogRecord[] = [];
        readBlock(block!, 100, 100 + from, most, read);
        expect(read.map(({ offset }) => offset)).toEqual(
          [...given.keys()].slice(from, from + most).map((i) => 100 + i),
        );
      }
    }
  });

  it('knows a header name that an earlier record of the block told, also when that one is passed over', () => {
    const headers = [{ name: 'told once', value: Uint8Array.of(1) }];
    const [block] = blocksOf([1, 2, 3].map((i) => ({ key: null, value: Uint8Array.of(i), headers })));
    const read: LogRecord[] = [];
    readBlock(block!, 0, 2, 10, read);
    expect(read.map((one) => one.headers.map(({ name }) => name))).toEqual([['told once']]);
    expect(Buffer.from(block!).toString('latin1').split('told once')).toHaveLength(2);
  });

  it('says so when it is cut short', () => {
    const [block] = blocksOf([{ key: null, value: new Uint8Array(50), headers: [] }]);
    expect(() => readBlock(block!.subarray(0, 40), 5, 5, 10, [])).toThrow(/offset 5 is cut short/);
  });
});

describe('keys', () => {
  const sorted = <T>(all: readonly T[], keyOf: (one: T) => Uint8Array): T[] =>
    [...all].sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)));

  it('of due times sort as the times do, and give them back', () => {
    const prefix = slotKey(3, 2);
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), (times) => {
        expect(sorted(times, (due) => dueKey(prefix, due)).map((due) => due + 0)).toEqual(
          [...times].sort((a, b) => a - b).map((due) => due + 0),
        );
        for (const due of times) expect(dueOf(dueKey(prefix, due), prefix.length)).toBe(due + 0);
      }),
    );
  });

  it('of a log sort by lane, then offset', () => {
    const places = [
      [65_536, 0],
      [65_536, 255],
      [65_536, 256],
      [65_536, 2 ** 32],
      [65_536, 2 ** 47],
      [65_537, 0],
    ] as const;
    expect(sorted([...places].reverse(), ([lane, offset]) => logKey(lane, offset))).toEqual(places);
    for (const [lane, offset] of places) expect(offsetOf(logKey(lane, offset))).toBe(offset);
  });

  it('of fields stay below the limit of the store, and tell long ones apart', () => {
    const prefix = slotKey(1, 1);
    const long = 'é'.repeat(5_000);
    const keys = [long, `${long}x`, `x${long}`].map((field) => fieldKey(prefix, field));
    for (const key of keys) {
      expect(key.length).toBe(prefix.length + EMBEDDED_LIMITS.keyTailBytes);
      expect(fieldOf(key, prefix.length)).toBeNull();
    }
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(3);
    const short = 'e'.repeat(EMBEDDED_LIMITS.keyTailBytes - 1);
    expect(fieldOf(fieldKey(prefix, short), prefix.length)).toBe(short);
  });

  it('behind a prefix stand after all that begin with it', () => {
    const prefix = slotKey(1, 1);
    const last = Buffer.concat([prefix, Buffer.alloc(100, 0xff)]);
    expect(Buffer.compare(last, behind(prefix))).toBeLessThan(0);
    expect(Buffer.compare(behind(prefix), slotKey(1, 2))).toBe(0);
  });
});
