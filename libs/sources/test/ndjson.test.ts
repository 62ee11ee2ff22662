import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { NdjsonItem } from '../src/index.ts';
import { createNdjsonReader, rejectedLine } from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Each chunk is written over once it was read: the reader may not lean on it. */
function readAll(chunks: readonly Uint8Array[], maxLineBytes?: number): NdjsonItem[] {
  const reader = createNdjsonReader(maxLineBytes === undefined ? { decodeUtf8 } : { decodeUtf8, maxLineBytes });
  const items = chunks.flatMap((chunk) => {
    const copy = chunk.slice();
    const got = reader.push(copy);
    copy.fill(0xff);
    return got;
  });
  return [...items, ...reader.end()];
}

/** line: subject or code. */
function summary(items: readonly NdjsonItem[]): string[] {
  return items.map((item) => `${item.line}: ${'event' in item ? item.event.subjectId : item.rejection.rejected}`);
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf8'));
const eventOf = (id: string): string =>
  JSON.stringify({ source: 'atlas', callId: id, occurredAt: 1_700_000_000_000, status: 'Voicemail' });

test('lines end at \\n only; blank ones are skipped and counted; the last needs no end', () => {
  const text = [eventOf('a'), '', `${eventOf('b')}\r`, '\r', ' \t', `\u2028`, '{', '[]', eventOf('c')].join('\n');
  expect(summary(readAll([bytesOf(text)]))).toEqual([
    '1: a',
    '3: b',
    '6: not-json',
    '7: not-json',
    '8: not-an-object',
    '9: c',
  ]);
});

test('other line ends are part of the line', () => {
  const text = `${eventOf('a')}\r${eventOf('b')}\n${eventOf('c\u2028d\u0085e')}\n`;
  expect(summary(readAll([bytesOf(text)]))).toEqual(['1: not-json', '2: c\u2028d\u0085e']);
});

test('bytes that are not UTF-8 refuse their own line only', () => {
  const bad = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xd0]];
  const chunks = bad.flatMap((bytes) => [
    bytesOf('{"callId":"'),
    Uint8Array.from(bytes),
    bytesOf(`"}\n${eventOf('ж')}\n`),
  ]);
  expect(summary(readAll(chunks))).toEqual(
    bad.flatMap((_, index) => [`${index * 2 + 1}: not-utf8`, `${index * 2 + 2}: ж`]),
  );
});

test('a byte order mark is skipped before the first line, and nowhere else', () => {
  const mark = '\ufeff';
  expect(summary(readAll([bytesOf(`${mark}${eventOf('a')}\n${mark}${eventOf('b')}\n`)]))).toEqual([
    '1: a',
    '2: not-json',
  ]);
  expect(summary(readAll([bytesOf(mark)]))).toEqual([]);
});

test('a line past the limit is refused without being held, and the next is read', () => {
  const limit = 200;
  const fitting = eventOf('x'.repeat(limit - eventOf('').length));
  const long = eventOf('x'.repeat(limit - eventOf('').length + 1));
  const text = `${fitting}\n${long}\n${eventOf('b')}\n${long}`;
  const expected = [`1: ${'x'.repeat(limit - eventOf('').length)}`, '2: too-large', '3: b', '4: too-large'];
  expect(bytesOf(fitting).length).toBe(limit);
  expect(summary(readAll([bytesOf(text)], limit))).toEqual(expected);
  expect(
    summary(
      readAll(
        [...bytesOf(text)].map((byte) => Uint8Array.of(byte)),
        limit,
      ),
    ),
  ).toEqual(expected);
});

test('ten megabytes without a line end take no ten megabytes', () => {
  const reader = createNdjsonReader({ decodeUtf8 });
  const chunk = new Uint8Array(65_536).fill(0x5b);
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 160; count++) expect(reader.push(chunk)).toEqual([]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(6 * 1_048_576);
  expect(summary(reader.push(bytesOf(`\n${eventOf('a')}\n`)))).toEqual(['1: too-large', '2: a']);
});

test('a megabyte of opened brackets is not JSON, and no stack overflows', () => {
  expect(summary(readAll([bytesOf('['.repeat(1_000_000))]))).toEqual(['1: not-json']);
  expect(summary(readAll([bytesOf(`${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`)]))).toEqual([
    '1: unknown-source',
  ]);
});

test('the chunks do not matter', () => {
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((id) => bytesOf(eventOf(id))),
    fc.string({ unit: 'binary', maxLength: 20 }).map(bytesOf),
    fc.uint8Array({ maxLength: 20 }),
    fc.constant(bytesOf('')),
    fc.constant(bytesOf('\r')),
  );
  const input = fc.array(line, { maxLength: 8 }).map((lines) => {
    const bytes = lines.flatMap((one) => [...one, 10]);
    return Uint8Array.from(bytes.slice(0, -1));
  });
  fc.assert(
    fc.property(input, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (bytes, sizes) => {
      const chunks: Uint8Array[] = [];
      let from = 0;
      for (const size of sizes) {
        chunks.push(bytes.subarray(from, from + size));
        from += size;
      }
      chunks.push(bytes.subarray(from));
      expect(readAll(chunks, 150)).toEqual(readAll([bytes], 150));
    }),
    { numRuns: 300 },
  );
});

test('a rejects file says line, code and reason', () => {
  const [item] = readAll([bytesOf('\n{"source":"telex"}')]);
  if (item === undefined || 'event' in item) throw new Error('expected a refusal');
  expect(rejectedLine(item.line, item.rejection)).toEqual({
    line: 2,
    code: 'unknown-source',
    reason: expect.stringContaining('telex') as string,
  });
});
