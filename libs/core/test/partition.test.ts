import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { encodeUtf8, murmur2, partitionOf, subjectKey } from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const require = createRequire(import.meta.url);
const kafkajsMurmur2 = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number;

/** From the Java client's own tests (UtilsTest). */
const JAVA_VECTORS: readonly (readonly [string, number])[] = [
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
];

const unicode = fc.string({ unit: 'binary', maxLength: 80 });
/** Half surrogate pairs too. */
const anyText = fc.oneof(unicode, fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }));

test.each(JAVA_VECTORS)('murmur2 of %s is the Java client’s', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('murmur2 is the Java client’s, as kafkajs has it, for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(murmur2(bytes)).toBe(kafkajsMurmur2(Buffer.from(bytes)));
    }),
    { numRuns: 2_000 },
  );
});

test('a partition is that of the key’s UTF-8 bytes, for any text', () => {
  fc.assert(
    fc.property(anyText, anyText, fc.integer({ min: 1, max: 1_000 }), (tenantId, subjectId, partitions) => {
      const key = Buffer.from(subjectKey(tenantId, subjectId), 'utf8');
      expect(partitionOf(tenantId, subjectId, partitions)).toBe((kafkajsMurmur2(key) & 0x7fffffff) % partitions);
    }),
    { numRuns: 2_000 },
  );
});

test('keys longer than the scratch, and the tenants around them, are placed alike', () => {
  const partitions = 1_009;
  for (const subjectId of ['x'.repeat(5_000), 'ж'.repeat(5_000), 'short', '100%/2']) {
    for (const tenantId of ['a', 'a'.repeat(3_000), 'b', 'a']) {
      const key = Buffer.from(subjectKey(tenantId, subjectId), 'utf8');
      expect(partitionOf(tenantId, subjectId, partitions)).toBe((kafkajsMurmur2(key) & 0x7fffffff) % partitions);
    }
  }
});

test('UTF-8 is what the platform’s encoder writes', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const room = new Uint8Array(text.length * 3 + 2);
      const end = encodeUtf8(text, room, 2);
      expect(Buffer.from(room.subarray(2, end))).toEqual(Buffer.from(text, 'utf8'));
    }),
    { numRuns: 2_000 },
  );
});

test('February’s kind of ids spread evenly', () => {
  const counts = Array.from({ length: 16 }, () => 0);
  for (let call = 0; call < 32_000; call++) {
    const partition = partitionOf('bank', `feb1999-AA0101-${call}-99201`, 16);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(300);
});

test.each([0, -1, 1.5, Number.NaN])('%s partitions are refused', (partitions) => {
  expect(() => partitionOf('default', 'c-1', partitions)).toThrow(RangeError);
});
