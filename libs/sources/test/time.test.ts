import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { parseTime } from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const DAY_MS = 86_400_000;

test('every day of four centuries is where the calendar has it', () => {
  for (let day = Date.UTC(1600, 0, 1); day < Date.UTC(2101, 0, 1); day += DAY_MS) {
    const text = new Date(day).toISOString();
    if (parseTime(text) !== day) expect(parseTime(text), text).toBe(day);
  }
  expect(parseTime('0000-01-01T00:00:00Z')).toBe(Date.parse('0000-01-01T00:00:00Z'));
  expect(parseTime('9999-12-31T23:59:59.999Z')).toBe(Date.parse('9999-12-31T23:59:59.999Z'));
});

test('what it takes, it takes as the platform does', () => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = fc.record({
    at: fc.integer({ min: 0, max: 4_133_980_799_999 }),
    fraction: fc.constantFrom('', '.1', '.12', '.123', '.123456', '.999999999'),
    sign: fc.constantFrom('+', '-'),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    colon: fc.constantFrom(':', ''),
  });
  fc.assert(
    fc.property(time, ({ at, fraction, sign, hour, minute, colon }) => {
      const local = new Date(at).toISOString().slice(0, 19);
      const text = `${local}${fraction}${sign}${two(hour)}${colon}${two(minute)}`;
      const cut = fraction.slice(0, 4);
      expect(parseTime(text), text).toBe(Date.parse(`${local}${cut}${sign}${two(hour)}:${two(minute)}`));
      expect(parseTime(`${local}${fraction}Z`)).toBe(Date.parse(`${local}${cut}Z`));
    }),
    { numRuns: 2_000 },
  );
});

test('any other text is none, without a throw', () => {
  const almost = fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d*)?)?(Z|[+-]\d\d:?\d*)?$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost, fc.string({ unit: 'binary' })), (text) => {
      const at = parseTime(text);
      if (at === null) return;
      // The platform is laxer, but must agree on what both take (it knows no commas and no leap seconds, and misreads a
      // fraction of more than nine digits that begins with zeros: .0003000000 is 3 ms to V8).
      const short = text.replace(',', '.').replace(/(\.\d{9})\d+/, '$1');
      const platform = Date.parse(short.replace(/([+-]\d\d)(\d\d)?$/, (_, h, m) => `${h}:${m ?? '00'}`));
      if (!Number.isNaN(platform)) expect(at).toBe(platform);
      expect(Number.isSafeInteger(at)).toBe(true);
    }),
    { numRuns: 2_000, examples: [['0000-05-09T00:00:00,0003000000Z']] },
  );
});
