import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../src/kafka/crc32c.ts';
import { decompress } from '../src/kafka/compression.ts';
import { decompressLz4 } from '../src/kafka/lz4.ts';
import { decodeFetched, decodeProduced, encodeProduce } from '../src/kafka/messages.ts';
import type { Aborted } from '../src/kafka/record-decode.ts';
import { decodeRecords } from '../src/kafka/record-decode.ts';
import type { Stamp, Writable } from '../src/kafka/record-encode.ts';
import { BATCH_BYTES, encodeBatch, recordBytes, UNSTAMPED } from '../src/kafka/record-encode.ts';
import { decompressSnappy } from '../src/kafka/snappy.ts';

const NOW = 1_700_000_000_000;
const record = (text: string): Writable => ({ key: null, value: Buffer.from(text), headers: [] });
const plain = ({ key, value, headers }: Writable): unknown => ({
  key: key && Buffer.from(key).toString('hex'),
  value: value && Buffer.from(value).toString('hex'),
  headers: headers.map((header) => [header.name, Buffer.from(header.value).toString('hex')]),
});
/** As the broker does: it gives a batch its place in the log. */
function placed(batch: Buffer, offset: number): Buffer {
  const copy = Buffer.from(batch);
  copy.writeBigInt64BE(BigInt(offset), 0);
  return copy;
}
/** Bits that the client never sets itself; the sum is not looked at when reading. */
function flagged(batch: Buffer, bits: number): Buffer {
  const copy = Buffer.from(batch);
  copy.writeInt16BE(copy.readInt16BE(21) | bits, 21);
  return copy;
}
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

const bytes = fc.uint8Array({ maxLength: 300 });
const records: fc.Arbitrary<Writable[]> = fc.array(
  fc.record({
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(fc.record({ name: fc.string({ maxLength: 20, unit: 'grapheme' }), value: bytes }), {
      maxLength: 4,
    }),
  }),
  { minLength: 1, maxLength: 200 },
);

describe('crc32c', () => {
  it('gives the known sum', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.from('xx123456789x'), 2, 11)).toBe(0xe3069283);
  });
});

describe('record batches', () => {
  it('come back as they were written, whatever they hold', () => {
    fc.assert(
      fc.property(records, fc.boolean(), fc.integer({ min: 0, max: 2 ** 40 }), (written, packed, offset) => {
        const batch = placed(encodeBatch(written, UNSTAMPED, NOW, packed), offset);
        const { records: read, next } = decodeRecords(batch, offset, [], 'here');
        expect(read.map(plain)).toEqual(written.map(plain));
        expect(read.map((one) => one.offset)).toEqual(written.map((_, index) => offset + index));
        expect(read.every((one) => one.appendedAt === NOW)).toBe(true);
        expect(next).toBe(offset + written.length);
        const bound = written.reduce((sum, one) => sum + recordBytes(one), BATCH_BYTES);
        expect(encodeBatch(written, UNSTAMPED, NOW, false).length).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('are read by kafkajs as they were written, and the other way round', async () => {
    const load = createRequire(import.meta.url);
    const kafkajs = 'kafkajs/src/protocol/recordBatch';
    type Theirs = { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null; headers: object };
    const decode = load(`${kafkajs}/v0/decoder`) as (decoder: object) => Promise<{ records: Theirs[] }>;
    const Decoder = load('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => object;
    const one: Writable = {
      key: Buffer.from('key'),
      value: Buffer.from('value'),
      headers: [{ name: 'name', value: Buffer.from('v') }],
    };
    for (const packed of [false, true]) {
      const ours = encodeBatch([one, { key: null, value: null, headers: [] }], UNSTAMPED, NOW, packed);
      const theirs = await decode(new Decoder(ours));
      expect(theirs.records.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp }))).toEqual([
        { key: one.key, value: one.value, headers: { name: Buffer.from('v') }, timestamp: String(NOW) },
        { key: null, value: null, headers: {}, timestamp: String(NOW) },
      ]);
    }
    const { RecordBatch } = load(`${kafkajs}/v0`) as {
      readonly RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>;
    };
    const Record = load(`${kafkajs}/record/v0`) as (fields: object) => object;
    const theirs = await RecordBatch({
      records: [
        Record({ offsetDelta: 0, timestampDelta: 0, key: 'key', value: 'value', headers: { name: 'v' } }),
        Record({ offsetDelta: 1, timestampDelta: 5_000_000_000, key: null, value: null }),
        Record({ offsetDelta: 2, timestampDelta: -7, key: null, value: 'x' }),
      ],
      firstTimestamp: NOW,
      maxTimestamp: NOW,
      lastOffsetDelta: 2,
    });
    const { records: read } = decodeRecords(theirs.buffer, 0, [], 'here');
    expect(read.map(plain)).toEqual([
      plain(one),
      plain({ key: null, value: null, headers: [] }),
      plain({ key: null, value: Buffer.from('x'), headers: [] }),
    ]);
    expect(read.map((each) => each.appendedAt - NOW)).toEqual([0, 5_000_000_000, -7]);
  });

  it('leave out what stands before the offset asked for, packed or not', () => {
    for (const packed of [false, true]) {
      const batch = placed(
        encodeBatch(
          ['a', 'b', 'c'].map((text) => record(text.repeat(50))),
          UNSTAMPED,
          NOW,
          packed,
        ),
        7,
      );
      expect(decodeRecords(batch, 8, [], 'here').records.map(({ offset }) => offset)).toEqual([8, 9]);
    }
  });

  it('take the append time of the batch when the topic gives one', () => {
    const batch = flagged(encodeBatch([record('a')], UNSTAMPED, NOW, false), 0x08);
    batch.writeBigInt64BE(BigInt(NOW + 5), 35);
    expect(decodeRecords(batch, 0, [], 'here').records[0]?.appendedAt).toBe(NOW + 5);
  });

  it('end after the records that were compacted away', () => {
    const batch = encodeBatch([record('a'), record('b')], UNSTAMPED, NOW, false);
    batch.writeInt32BE(9, 23);
    expect(decodeRecords(batch, 0, [], 'here')).toMatchObject({ next: 10 });
    expect(decodeRecords(batch, 5, [], 'here')).toEqual({ records: [], next: 10 });
  });

  it('stop before one that is cut off, and are refused when one is damaged', () => {
    const first = encodeBatch([record('a')], UNSTAMPED, NOW, false);
    const second = placed(encodeBatch([record('b')], UNSTAMPED, NOW, false), 1);
    const both = Buffer.concat([first, second]);
    for (let cut = first.length; cut < both.length; cut += 1) {
      expect(decodeRecords(both.subarray(0, cut), 0, [], 'here')).toMatchObject({ next: 1, records: [{ offset: 0 }] });
    }
    const damaged = Buffer.from(first);
    damaged.writeInt8(60, BATCH_BYTES + 5);
    expect(() => decodeRecords(damaged, 0, [], 'raw/3')).toThrow(/raw\/3, offset 0: the record batch is damaged/);
    const old = Buffer.from(first);
    old.writeInt8(1, 16);
    expect(() => decodeRecords(old, 0, [], 'raw/3')).toThrow(/record format 1/);
  });

  it('of any size do not overflow a stack', () => {
    const many = Array.from({ length: 300_000 }, () => record('x'));
    expect(decodeRecords(encodeBatch(many, UNSTAMPED, NOW, false), 0, [], 'here').records.length).toBe(300_000);
  });
});

describe('transactions', () => {
  const stamp = (producerId: bigint): Stamp => ({ producerId, epoch: 0, sequence: 0 });
  const batchOf = (text: string, producer: bigint, offset: number): Buffer =>
    placed(flagged(encodeBatch([record(text)], stamp(producer), NOW, false), TRANSACTIONAL), offset);
  const marker = (type: number, producer: bigint, offset: number): Buffer => {
    const key = Buffer.from([0, 0, 0, type]);
    const control = encodeBatch([{ key, value: Buffer.alloc(6), headers: [] }], stamp(producer), NOW, false);
    return placed(flagged(control, TRANSACTIONAL | CONTROL), offset);
  };
  const log = Buffer.concat([
    batchOf('a1', 1n, 0),
    batchOf('b1', 2n, 1),
    batchOf('a2', 1n, 2),
    marker(0, 1n, 3),
    batchOf('a3', 1n, 4),
    marker(1, 2n, 5),
    marker(1, 1n, 6),
    placed(encodeBatch([record('plain')], UNSTAMPED, NOW, false), 7),
    marker(0, 1n, 8),
  ]);
  const texts = (aborted: readonly Aborted[], from = 0): string[] =>
    decodeRecords(log, from, aborted, 'here').records.map(({ value }) => String(value));

  it('are left out from where an aborted one began up to its marker', () => {
    expect(texts([{ producerId: 1n, firstOffset: 0 }])).toEqual(['b1', 'a3', 'plain']);
    expect(texts([{ producerId: 1n, firstOffset: 0 }], 2)).toEqual(['a3', 'plain']);
  });

  it('are all there for those who read everything, and markers never are', () => {
    expect(texts([])).toEqual(['a1', 'b1', 'a2', 'a3', 'plain']);
    expect(decodeRecords(log, 0, [], 'here').next).toBe(9);
    expect(decodeRecords(log, 8, [], 'here')).toEqual({ records: [], next: 9 });
  });
});

describe('compression', () => {
  it('refuses what unpacks to too much, and what is no known codec', () => {
    expect(() => decompress(7, Buffer.alloc(1), 'raw/0, offset 3')).toThrow(/raw\/0, offset 3.*codec 7/);
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    expect(() => decompress(1, bomb, 'raw/0, offset 3')).toThrow(/unpacks to more than/);
  });

  it('reads snappy blocks: literals, and copies of every kind', () => {
    // 'abcd' as a literal, then a copy of 4 from 4 back, and a copy of 6 from 1 back (one byte of offset, then two).
    const block = Buffer.from([14, 3 << 2, 97, 98, 99, 100, 0b000_000_01, 4, (5 << 2) | 2, 1, 0]);
    expect(decompressSnappy(block, 100).toString()).toBe('abcdabcddddddd');
    const frame = Buffer.concat([
      Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
      Buffer.from([0, 0, 0, block.length]),
      block,
      Buffer.from([0, 0, 0, block.length]),
      block,
    ]);
    expect(decompressSnappy(frame, 100).toString()).toBe('abcdabcddddddd'.repeat(2));
    expect(() => decompressSnappy(block, 10)).toThrow(/more than/);
    expect(() => decompressSnappy(Buffer.from([4, 1, 9]), 100)).toThrow(/out of bounds/);
  });

  it('reads lz4 frames: stored blocks, and matches that reach over blocks', () => {
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0]);
    const stored = Buffer.from([4, 0, 0, 0x80, 97, 98, 99, 100]);
    // No literals, a match of 6 from 4 back; then two last literals.
    const packed = Buffer.from([6, 0, 0, 0, 0x02, 4, 0, 0x20, 120, 121]);
    const frame = Buffer.concat([header, stored, packed, Buffer.alloc(4)]);
    expect(decompressLz4(frame, 100).toString()).toBe('abcdabcdabxy');
    expect(() => decompressLz4(frame, 10)).toThrow(/more than/);
  });
});

describe('messages', () => {
  it('name each topic once in a produce request', () => {
    const batch = encodeBatch([record('a')], UNSTAMPED, NOW, false);
    const payload = encodeProduce(
      [
        { topic: 'x', partition: 1, batch },
        { topic: 'y', partition: 2, batch },
        { topic: 'x', partition: 3, batch },
      ],
      5,
    );
    expect(payload.readInt16BE(2)).toBe(-1);
    expect(payload.readInt32BE(8)).toBe(2);
    expect(payload.length).toBe(12 + 2 * (2 + 1 + 4) + 3 * (4 + 4 + batch.length));
  });

  it('are read with every partition that an answer names', () => {
    const answer = Buffer.alloc(4 + 3 + 4 + 30 + 4);
    answer.writeInt32BE(1, 0);
    answer.writeInt16BE(1, 4);
    answer.write('x', 6);
    answer.writeInt32BE(1, 7);
    answer.writeInt32BE(4, 11);
    answer.writeInt16BE(47, 15);
    answer.writeBigInt64BE(-1n, 17);
    answer.writeInt32BE(12, 41);
    expect(decodeProduced(answer)).toEqual({
      produced: [{ topic: 'x', partition: 4, code: 47, base: -1 }],
      throttleMs: 12,
    });
    expect(decodeFetched(Buffer.alloc(14))).toEqual({ fetched: [], throttleMs: 0 });
  });
});
