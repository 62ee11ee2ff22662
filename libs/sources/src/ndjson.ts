import type { RawEvent, Rejection } from '@callfold/core';
import { LIMITS, isRejection, reject } from '@callfold/core';
import { readEvent } from './fields.ts';

/**
 * NDJSON as it comes in chunks of any size: lines end at `\n` only (the `\r` of a Windows line is white space of JSON),
 * lines of nothing but white space are skipped but counted. At most one line is held, and never more than the limit.
 */

export type NdjsonItem =
  | { readonly line: number; readonly event: RawEvent }
  | { readonly line: number; readonly rejection: Rejection };

/** Of lines that are no raw events: derived records, dead letters. */
export type JsonItem =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly rejection: Rejection };

export type NdjsonOptions = {
  /**
   * Bytes to text, or null when they are not UTF-8: strict, and a byte order mark stays in the text (of `TextDecoder`
   * the options `fatal` and `ignoreBOM`).
   */
  readonly decodeUtf8: (bytes: Uint8Array) => string | null;
  /** Of one line, without its `\n`. */
  readonly maxLineBytes?: number;
  /** Lines at the start that are counted and not read: an earlier reader had them. */
  readonly skipLines?: number;
};

type LineReader<Item> = {
  /** What the lines that end in this chunk hold, in order. The chunk may be written over afterwards. */
  push(chunk: Uint8Array): Item[];
  /** The last line, when no `\n` ended it. Nothing may be pushed after. */
  end(): Item[];
};

export type NdjsonReader = LineReader<NdjsonItem>;

/** A line of a rejects file. */
export type RejectedLine = { readonly line: number; readonly code: Rejection['rejected']; readonly reason: string };

const NEWLINE = 10;
const FIRST_TAIL_BYTES = 4_096;
const BYTE_ORDER_MARK = '\ufeff';
const NOTHING = /^[ \t\r]*$/;

export function createNdjsonReader(options: NdjsonOptions): NdjsonReader {
  const reader = createJsonLineReader(options);
  return { push: (chunk) => reader.push(chunk).map(readItem), end: () => reader.end().map(readItem) };
}

function readItem(item: JsonItem): NdjsonItem {
  if ('rejection' in item) return item;
  const event = readEvent(item.value);
  return isRejection(event) ? { line: item.line, rejection: event } : { line: item.line, event };
}

export function createJsonLineReader(options: NdjsonOptions): LineReader<JsonItem> {
  const { decodeUtf8, maxLineBytes = LIMITS.recordBytes, skipLines = 0 } = options;
  let line = 1;
  let tail = new Uint8Array(FIRST_TAIL_BYTES);
  let tailLength = 0;
  /** The line under way is past the limit: what is left of it is dropped. */
  let overlong = false;

  function keep(part: Uint8Array): void {
    if (overlong || tailLength + part.length > maxLineBytes) {
      overlong = true;
      tailLength = 0;
      return;
    }
    if (tailLength + part.length > tail.length) {
      const grown = new Uint8Array(Math.max(tail.length * 2, tailLength + part.length));
      grown.set(tail.subarray(0, tailLength));
      tail = grown;
    }
    tail.set(part, tailLength);
    tailLength += part.length;
  }

  function finishLine(bytes: Uint8Array, items: JsonItem[]): void {
    if (line > skipLines) {
      const isTooLarge = overlong || bytes.length > maxLineBytes;
      const item = isTooLarge ? tooLarge(line, maxLineBytes) : readLine(line, decodeUtf8(bytes));
      if (item !== null) items.push(item);
    }
    overlong = false;
    tailLength = 0;
    line++;
  }

  return {
    push(chunk) {
      const items: JsonItem[] = [];
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        const part = chunk.subarray(from, end);
        if (tailLength > 0 || overlong) {
          keep(part);
          finishLine(tail.subarray(0, tailLength), items);
        } else {
          finishLine(part, items);
        }
        from = end + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
      return items;
    },
    end() {
      const items: JsonItem[] = [];
      if (tailLength > 0 || overlong) finishLine(tail.subarray(0, tailLength), items);
      return items;
    },
  };
}

/** What a rejects file says of a refused line. */
export function rejectedLine(line: number, rejection: Rejection): RejectedLine {
  return { line, code: rejection.rejected, reason: rejection.reason };
}

function tooLarge(line: number, maxLineBytes: number): JsonItem {
  return { line, rejection: reject('too-large', `the line has more than ${maxLineBytes} bytes`) };
}

function readLine(line: number, decoded: string | null): JsonItem | null {
  if (decoded === null) return { line, rejection: reject('not-utf8', '') };
  // Some editors put the mark before the first line; anywhere else it is no white space of JSON.
  const text = line === 1 && decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded;
  if (NOTHING.test(text)) return null;
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { line, rejection: reject('not-json', error instanceof Error ? error.message : '') };
  }
}
