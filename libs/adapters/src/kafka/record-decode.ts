/**
 * Record batches (format 2, Kafka 0.11 and later) to records. kafkajs has a decoder too; this one makes the engine's
 * records at once instead of copying its own, keeps headers in order and twice the same name, takes a batch of any
 * number of records, and knows where a batch ends when its last records were compacted away.
 */

import type { Header, LogRecord } from '@callfold/engine';
import { decompress } from './compression.ts';
import { int64At } from './wire.ts';

export type Aborted = { readonly producerId: bigint; readonly firstOffset: number };

export type Decoded = {
  readonly records: LogRecord[];
  /** The offset after the last batch that was there whole; `from` when there was none. */
  readonly next: number;
};

const LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const FIRST_TIME_AT = 27;
const MAX_TIME_AT = 35;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
/** Offset and length: what the length does not count. */
const PREFIX = 12;
const MAGIC = 2;

const CODEC = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT_MARKER = 0;

const NO_HEADERS: readonly Header[] = Object.freeze([]);

export type RecordReader = {
  /** The records of the next batches, at least so many while there are; null: there is nothing more. */
  read(least: number): Decoded | null;
};

/**
 * What a fetch brought is read in parts: its records in memory all at once would outlive the young generation, and the
 * collector would be busy with them.
 * @param bytes batches one after the other, as a fetch answers them; the last may be cut off.
 * @param from records below this offset are left out: a fetch answers the whole batch that holds it.
 * @param aborted transactions whose records are left out, as the fetch answered them; none to read everything.
 * @param where said in errors: topic and partition.
 */
export function openRecords(bytes: Buffer, from: number, aborted: readonly Aborted[], where: string): RecordReader {
  const isDropped = abortedFilter(aborted);
  let next = from;
  let at = 0;

  function batchEnd(): number | null {
    if (at + PREFIX > bytes.length) return null;
    const end = at + PREFIX + bytes.readInt32BE(at + LENGTH_AT);
    return end > bytes.length ? null : end;
  }

  return {
    read(least) {
      const records: LogRecord[] = [];
      let end = batchEnd();
      if (end === null) return null;
      for (; end !== null && records.length < least; end = batchEnd()) {
        const base = int64At(bytes, at);
        const magic = bytes.readInt8(at + MAGIC_AT);
        if (magic !== MAGIC || end < at + RECORDS_AT) {
          throw new Error(
            `${where}, offset ${base}: record format ${magic} cannot be read, only format ${MAGIC}: ` +
              'have the topic written by a client of Kafka 0.11 or later',
          );
        }
        const after = base + bytes.readInt32BE(at + LAST_DELTA_AT) + 1;
        if (!isDropped(bytes, at, after) && after > from) decodeBatch(bytes, at, end, from, records, where);
        if (after > next) next = after;
        at = end;
      }
      return { records, next };
    },
  };
}

/** All at once; as `openRecords`. */
export function decodeRecords(bytes: Buffer, from: number, aborted: readonly Aborted[], where: string): Decoded {
  return openRecords(bytes, from, aborted, where).read(Infinity) ?? { records: [], next: from };
}

type Dropped = (bytes: Buffer, at: number, after: number) => boolean;

/** Control batches always; batches of transactions from where they began up to their abort marker. */
function abortedFilter(aborted: readonly Aborted[]): Dropped {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<bigint>();
  return (bytes, at, after) => {
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
    const isControl = (attributes & CONTROL) !== 0;
    if ((attributes & TRANSACTIONAL) === 0) return isControl;
    for (let first = waiting[0]; first !== undefined && first.firstOffset < after; first = waiting[0]) {
      open.add(first.producerId);
      waiting.shift();
    }
    if (open.size === 0) return isControl;
    const producer = bytes.readBigInt64BE(at + PRODUCER_AT);
    if (!isControl) return open.has(producer);
    if (markerType(bytes, at) === ABORT_MARKER) open.delete(producer);
    return true;
  };
}

/** A marker batch holds one record of fixed shape, whose key is version and type (int16 each). */
function markerType(bytes: Buffer, at: number): number {
  // length, attributes, time delta, offset delta, key length: all of one byte here, but for the time.
  let key = at + RECORDS_AT + 2;
  while ((bytes[key] as number) >= 0x80) key += 1;
  return bytes.readInt16BE(key + 5);
}

function decodeBatch(bytes: Buffer, at: number, end: number, from: number, into: LogRecord[], where: string): void {
  const base = int64At(bytes, at);
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
  const codec = attributes & CODEC;
  const spot = `${where}, offset ${base}`;
  const packed = codec !== 0;
  const body = packed ? decompress(codec, bytes.subarray(at + RECORDS_AT, end), spot) : bytes;
  const batch = {
    base,
    from,
    count: bytes.readInt32BE(at + COUNT_AT),
    // A topic with append times has one for the whole batch.
    appendedAt: (attributes & APPEND_TIME) === 0 ? null : int64At(bytes, at + MAX_TIME_AT),
    firstTime: int64At(bytes, at + FIRST_TIME_AT),
  };
  const stopped = readRecords(body, packed ? 0 : at + RECORDS_AT, batch, into);
  if (stopped !== (packed ? body.length : end)) throw new Error(`${spot}: the record batch is damaged`);
}

type BatchFacts = {
  readonly base: number;
  readonly from: number;
  readonly count: number;
  readonly appendedAt: number | null;
  readonly firstTime: number;
};

/** @returns where reading stopped; -1 when a record does not end where its length says. */
function readRecords(bytes: Buffer, start: number, batch: BatchFacts, into: LogRecord[]): number {
  const { base, from, count, appendedAt, firstTime } = batch;
  let at = start;

  const varint = (): number => {
    let byte = bytes[at++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  };
  // Times may need more than 32 bits: by multiplication, which is exact up to 2^53.
  const varlong = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * factor;
      if (!(byte >= 0x80)) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  };
  const blob = (): Buffer | null => {
    const size = varint();
    if (size < 0) return null;
    at += size;
    return bytes.subarray(at - size, at);
  };
  const header = (): Header => {
    const size = varint();
    at += size;
    return { name: bytes.toString('utf8', at - size, at), value: blob() ?? bytes.subarray(at, at) };
  };

  for (let index = 0; index < count; index += 1) {
    const size = varint();
    const end = at + size;
    if (size < 0 || end > bytes.length) return -1;
    at += 1; // attributes: none are defined
    const delta = varlong();
    const offset = base + varint();
    if (offset < from) {
      at = end;
      continue;
    }
    const key = blob();
    const value = blob();
    const headerCount = varint();
    let headers = NO_HEADERS;
    if (headerCount > 0) {
      if (headerCount > end - at) return -1;
      headers = Array.from({ length: headerCount }, header);
    }
    if (at !== end) return -1;
    into.push({ offset, appendedAt: appendedAt ?? firstTime + delta, key, value, headers });
  }
  return at;
}
