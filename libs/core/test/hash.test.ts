import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { hash64, hashBytes, hashFields } from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

/** These stand in event ids of logs and states: a change here is a break of the format, never a fix of the test. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['', 'nelibpqfdtkg8'],
  ['a', 'bet1kvs0s6kg5'],
  ['b', 'jvherh198qeu1'],
  ['ab', 't3gjv4uikji64'],
  ['Call ended', '2cevd3nqngm45'],
  ['Participant join (Анна Иванова)', 'hs8fg7ohv8nd1'],
  ['x'.repeat(1_000), '0ghvq4g5dtqi9'],
  ['\ud800', 'qicpr6asn4b88'],
];

const MAX = Number.MAX_SAFE_INTEGER;
const FIELDS: readonly (readonly [readonly (string | number | null)[], string])[] = [
  [[], 'nelibpqfdtkg8'],
  [[null], '8l9ihdr38n4t5'],
  [[''], 's7jj40b3ms233'],
  [['a'], '0011kpkbsfp40'],
  [[0], 'snioffcsuhco1'],
  [[-1], 'i0b4u80bm3bu3'],
  [[1], '0rae9qahncpq4'],
  [['1'], 'b7r0uqc5mfafd'],
  [['ab', 'c'], 'nclqdaahjtjo4'],
  [['a', 'bc'], 'hmh6gr9rjvola'],
  [[1_700_000_000_000], 'qd8cr3816m5kf'],
  [[MAX], '04ksflobbtnt9'],
  [[-MAX], '7r4afhrr948l6'],
  [['callcenter24', 'default', 'c-1', 1_700_000_000_000, 'Call ended', null, null, null, null, null], '90oilj603r973'],
];

const BYTES: readonly (readonly [readonly number[], string])[] = [
  [[], 'nq93lpqlofn35'],
  [[0], '8l9ihdr38n4t5'],
  [[0, 0], 'ukafocn55ott3'],
  [[1, 2, 3], '9vjk1bpj31fm4'],
  [[1, 2, 3, 4], 'oh7arf1iqola8'],
  [[1, 2, 3, 4, 5], '0ea8v1n1scfhd'],
  [[255, 255, 255, 255, 255, 255, 255], 'dfc8lp0prllme'],
];

const DIGITS = '0123456789abcdefghijklmnopqrstuv';

/** The two 32-bit halves that the thirteen digits spell. */
function halves(hash: string): readonly [number, number] {
  let bits = 0n;
  for (const digit of hash.slice(0, 12)) bits = (bits << 5n) | BigInt(DIGITS.indexOf(digit));
  bits = (bits << 4n) | BigInt(DIGITS.indexOf(hash.slice(12)));
  return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
}

function repeats(values: Float64Array): number {
  values.sort();
  let count = 0;
  for (let at = 1; at < values.length; at++) if (values[at] === values[at - 1]) count++;
  return count;
}

test.each(TEXTS)('hash64 of %j is frozen', (text, hash) => {
  expect(hash64(text)).toBe(hash);
});

test.each(FIELDS)('hashFields of %j is frozen', (fields, hash) => {
  expect(hashFields(fields)).toBe(hash);
});

test.each(BYTES)('hashBytes of %j is frozen', (bytes, hash) => {
  expect(hashBytes(Uint8Array.from(bytes))).toBe(hash);
});

test('a hash is thirteen digits of 0-9 and a-v', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
      for (const hash of [hash64(text), hashBytes(bytes), hashFields([text, 1, null])]) {
        expect(hash).toMatch(/^[0-9a-v]{13}$/);
      }
    }),
  );
});

/** Inputs as alike as ids and events are, a quarter of a million each. */
const FAMILIES: readonly (readonly [string, (index: number) => string])[] = [
  ['padded numbers', (index) => hash64(`call-${String(index).padStart(12, '0')}`)],
  ['binary texts', (index) => hash64(index.toString(2).padStart(40, '0'))],
  ['a grid of integers', (index) => hashFields([index % 1_000, Math.floor(index / 1_000)])],
  [
    'events of a thousand calls',
    (index) => hashFields(['atlas', 'default', `c${index % 1_000}`, 1_700_000_000_000 + index, 'Voicemail', null]),
  ],
];

test.each(FAMILIES)(
  '%s by the quarter million: no two hashes are equal, and either half looks random',
  (_name, hashOf) => {
    const count = 250_000;
    const seen = new Set<string>();
    const high = new Float64Array(count);
    const low = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const hash = hashOf(index);
      seen.add(hash);
      high[index] = Number.parseInt(hash.slice(0, 6), 32);
      low[index] = Number.parseInt(hash.slice(6, 12), 32);
    }
    expect(seen.size).toBe(count);
    // Thirty bits each: of a random function 29 repeats are expected, with a standard deviation of 5.4.
    expect(Math.abs(repeats(high) - 29)).toBeLessThan(28);
    expect(Math.abs(repeats(low) - 29)).toBeLessThan(28);
  },
  60_000,
);

test('each bit of the input turns each bit of the hash half of the time', () => {
  const bits = 96;
  const rounds = 1_500;
  const turned = Array.from({ length: bits }, () => new Uint32Array(64));
  for (let round = 0; round < rounds; round++) {
    // Bases that differ, made without chance so that a failure is the same tomorrow.
    const units = Array.from(
      { length: bits / 16 },
      (_, at) => (Math.imul(round * 31 + at, 0x9e3779b1) >>> 11) & 0xffff,
    );
    const [high, low] = halves(hash64(String.fromCharCode(...units)));
    for (let bit = 0; bit < bits; bit++) {
      const other = units.with(bit >> 4, (units[bit >> 4] ?? 0) ^ (1 << (bit & 15)));
      const [otherHigh, otherLow] = halves(hash64(String.fromCharCode(...other)));
      const row = turned[bit] ?? new Uint32Array(64);
      for (let out = 0; out < 32; out++) {
        row[out] = (row[out] ?? 0) + (((high ^ otherHigh) >>> out) & 1);
        row[out + 32] = (row[out + 32] ?? 0) + (((low ^ otherLow) >>> out) & 1);
      }
    }
  }
  // Six standard deviations.
  const allowed = 3 / Math.sqrt(rounds);
  for (const row of turned) {
    for (const count of row) expect(Math.abs(count / rounds - 0.5)).toBeLessThan(allowed);
  }
});

test('two lists of fields are hashed alike only when they are alike', () => {
  const field = fc.oneof(fc.string({ maxLength: 3, unit: fc.constantFrom('a', '1', '\0') }), fc.maxSafeInteger());
  const list = fc.array(fc.option(field), { maxLength: 5 });
  fc.assert(
    fc.property(list, list, (one, other) => {
      const alike = JSON.stringify(one) === JSON.stringify(other);
      expect(hashFields(one) === hashFields(other)).toBe(alike);
    }),
    { numRuns: 5_000 },
  );
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%s cannot be hashed as a field', (field) => {
  expect(() => hashFields([field])).toThrow(RangeError);
});

test('-0 is 0', () => {
  expect(hashFields([-0])).toBe(hashFields([0]));
});
