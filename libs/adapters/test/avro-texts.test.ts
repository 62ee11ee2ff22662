import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TextBytes } from '../src/avro/texts.ts';
import { REMEMBERED_BYTES, textAt } from '../src/avro/texts.ts';

const read = (bytes: Buffer, from = 0): string => textAt(bytes as TextBytes, from, bytes.length);

it('reads every text as it is, the first time, again, and after all the others', () => {
  const texts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 24 }), { maxLength: 200 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 7 }), (list, shift) => {
      const wanted = list
        .map((text) => text.toWellFormed())
        .filter((one) => Buffer.byteLength(one) <= REMEMBERED_BYTES);
      for (let round = 0; round < 3; round += 1) {
        for (const text of wanted)
          expect(read(Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]), shift)).toBe(text);
      }
    }),
  );
});

it('makes no text of broken bytes, however often they come', () => {
  const broken = Buffer.from([0x61, 0xff, 0x62]);
  for (let round = 0; round < 4; round += 1) expect(() => read(broken)).toThrow(/not UTF-8/);
  expect(read(Buffer.from('a\uFFFDb'))).toBe('a\uFFFDb');
});
