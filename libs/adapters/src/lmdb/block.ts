/**
 * Records as bytes. A block holds records that were appended together, so that a read is one look-up for hundreds:
 *
 *   append time (float64 LE, epoch ms), count (uint32 LE), then each record:
 *   key bytes + 1, value bytes + 1 (0 is null), number of headers, headers, key, value
 *   a header: 0 and a new name with its length, or n for the block's n-th name; then its value with its length
 *
 * All numbers but the first two are varints: seven bits a byte, low ones first.
 */

import type { Header, LogRecord } from '@callfold/engine';
import { asBuffer } from './key-bytes.ts';

export type Unplaced = {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

const HEAD_BYTES = 12;
const VARINT_BYTES = 5;
const NO_HEADERS: readonly Header[] = [];

type Cursor = { bytes: Buffer; at: number };

export type BlockWriter = {
  /** Hands each block to `put`; its bytes are good until `put` returns. */
  write(records: readonly Unplaced[], appendedAt: number, put: (block: Uint8Array, count: number) => void): void;
};

/** Keeps one buffer of `blockBytes` and writes every block into it. */
export function createBlockWriter(blockBytes: number): BlockWriter {
  const home = Buffer.allocUnsafe(blockBytes);
  return {
    write(records, appendedAt, put) {
      const out: Cursor = { bytes: home, at: HEAD_BYTES };
      const names = new Map<string, number>();
      let count = 0;
      const flush = (): void => {
        if (count === 0) return;
        out.bytes.writeDoubleLE(appendedAt, 0);
        out.bytes.writeUInt32LE(count, 8);
        put(out.bytes.subarray(0, out.at), count);
        out.bytes = home;
        out.at = HEAD_BYTES;
        names.clear();
        count = 0;
      };
      for (const record of records) {
        const room = roomFor(record);
        if (out.at + room > blockBytes) flush();
        if (out.at + room > blockBytes) out.bytes = Buffer.allocUnsafe(out.at + room);
        writeRecord(out, record, names);
        count += 1;
      }
      flush();
    },
  };
}

/** No record takes more than this. */
export function roomFor(record: Unplaced): number {
  let room = 3 * VARINT_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const { name, value } of record.headers) room += 3 * VARINT_BYTES + name.length * 3 + value.length;
  return room;
}

function writeRecord(out: Cursor, { key, value, headers }: Unplaced, names: Map<string, number>): void {
  writeVarint(out, key === null ? 0 : key.length + 1);
  writeVarint(out, value === null ? 0 : value.length + 1);
  writeVarint(out, headers.length);
  for (const header of headers) {
    const known = names.get(header.name);
    writeVarint(out, known ?? 0);
    if (known === undefined) {
      names.set(header.name, names.size + 1);
      writeVarint(out, Buffer.byteLength(header.name));
      out.at += out.bytes.write(header.name, out.at, 'utf8');
    }
    writeVarint(out, header.value.length);
    writeBytes(out, header.value);
  }
  if (key !== null) writeBytes(out, key);
  if (value !== null) writeBytes(out, value);
}

function writeBytes(out: Cursor, bytes: Uint8Array): void {
  out.bytes.set(bytes, out.at);
  out.at += bytes.length;
}

function writeVarint(out: Cursor, value: number): void {
  let rest = value;
  while (rest > 127) {
    out.bytes[out.at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out.bytes[out.at++] = rest;
}

function readVarint(from: Cursor): number {
  let byte = from.bytes[from.at++] ?? 0;
  if (byte < 128) return byte;
  let value = byte & 127;
  for (let shift = 7; byte > 127; shift += 7) {
    byte = from.bytes[from.at++] ?? 0;
    value += (byte & 127) * 2 ** shift;
  }
  return value;
}

export function countOf(block: Uint8Array): number {
  return asBuffer(block).readUInt32LE(8);
}

export function appendTimeOf(block: Uint8Array): number {
  return asBuffer(block).readDoubleLE(0);
}

/** Adds the block's records from offset `from` on to `into`, until that holds `most`. They share the block's bytes. */
export function readBlock(block: Uint8Array, base: number, from: number, most: number, into: LogRecord[]): void {
  const cursor: Cursor = { bytes: asBuffer(block), at: HEAD_BYTES };
  const { buffer, byteOffset } = cursor.bytes;
  const appendedAt = appendTimeOf(block);
  const end = base + countOf(block);
  const names: string[] = [];
  for (let offset = base; offset < end && into.length < most; offset += 1) {
    const keyBytes = readVarint(cursor) - 1;
    const valueBytes = readVarint(cursor) - 1;
    const headers = readHeaders(cursor, names);
    const keyAt = cursor.at;
    const valueAt = keyAt + Math.max(keyBytes, 0);
    cursor.at = valueAt + Math.max(valueBytes, 0);
    if (cursor.at > cursor.bytes.length)
      throw new Error(`the block at offset ${base} is cut short at offset ${offset}`);
    if (offset < from) continue;
    into.push({
      offset,
      appendedAt,
      // A plain view costs a third of a Buffer's subarray; decoders want the value, and that as a Buffer.
      key: keyBytes < 0 ? null : new Uint8Array(buffer, byteOffset + keyAt, keyBytes),
      value: valueBytes < 0 ? null : Buffer.from(buffer, byteOffset + valueAt, valueBytes),
      headers,
    });
  }
}

/** Also of records that are passed over: a name is told once a block, by the first that has it. */
function readHeaders(cursor: Cursor, names: string[]): readonly Header[] {
  const count = readVarint(cursor);
  if (count === 0) return NO_HEADERS;
  const headers: Header[] = [];
  for (let i = 0; i < count; i += 1) {
    const known = readVarint(cursor);
    if (known === 0) {
      const bytes = readVarint(cursor);
      names.push(cursor.bytes.toString('utf8', cursor.at, cursor.at + bytes));
      cursor.at += bytes;
    }
    const name = (known === 0 ? names.at(-1) : names[known - 1]) ?? '';
    const bytes = readVarint(cursor);
    headers.push({ name, value: new Uint8Array(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.at, bytes) });
    cursor.at += bytes;
  }
  return headers;
}
