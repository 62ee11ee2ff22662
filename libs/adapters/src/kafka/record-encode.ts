/** Records to one record batch (format 2), with a producer's id, epoch and sequence of our own choosing. */

import type { Header } from '@callfold/engine';
import { GZIP, gzip } from './compression.ts';
import { crc32c } from './crc32c.ts';

export type Writable = {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

/** Who writes, and which of its writes this is: the broker takes each (id, epoch, partition, sequence) once. */
export type Stamp = { readonly producerId: bigint; readonly epoch: number; readonly sequence: number };

/** Records without any of that: a repeat is a second record. */
export const UNSTAMPED: Stamp = { producerId: -1n, epoch: -1, sequence: -1 };

/** What a batch takes beside its records, at most. */
export const BATCH_BYTES = 61;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const PREFIX = 12;
const MAGIC = 2;

/** @returns an upper bound of the bytes that one record takes. */
export function recordBytes(record: Writable): number {
  // Lengths: of the record, time, offset delta, key, value, header count: 5 bytes each at most, and the attributes.
  let size = 31 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const { name, value } of record.headers) size += 10 + Buffer.byteLength(name) + value.length;
  return size;
}

/**
 * @param records at least one.
 * @param now epoch ms: every record's create time.
 */
export function encodeBatch(records: readonly Writable[], stamp: Stamp, now: number, packed: boolean): Buffer {
  const sizes = records.map(bodySize);
  let size = BATCH_BYTES;
  for (const one of sizes) size += varintSize(one) + one;
  const batch = Buffer.allocUnsafe(size);
  let at = BATCH_BYTES;
  for (let index = 0; index < records.length; index += 1) {
    at = writeRecord(batch, at, records[index] as Writable, index, sizes[index] as number);
  }
  const body = packed ? gzip(batch.subarray(BATCH_BYTES)) : null;
  // Small records may grow by packing; then they are sent as they are.
  if (body === null || body.length >= size - BATCH_BYTES) return seal(batch, records.length, stamp, now, 0);
  return seal(Buffer.concat([batch.subarray(0, BATCH_BYTES), body]), records.length, stamp, now, GZIP);
}

function seal(batch: Buffer, count: number, stamp: Stamp, now: number, attributes: number): Buffer {
  batch.fill(0, 0, BATCH_BYTES);
  batch.writeInt32BE(batch.length - PREFIX, 8);
  batch.writeInt32BE(-1, 12); // leader epoch: the broker's
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(attributes, ATTRIBUTES_AT);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(now), 27);
  batch.writeBigInt64BE(BigInt(now), 35);
  batch.writeBigInt64BE(stamp.producerId, 43);
  batch.writeInt16BE(stamp.epoch, 51);
  batch.writeInt32BE(stamp.sequence, 53);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
  return batch;
}

function bodySize(record: Writable, index: number): number {
  // Attributes and time delta are one byte each.
  let size = 2 + varintSize(index) + blobSize(record.key) + blobSize(record.value) + varintSize(record.headers.length);
  for (const { name, value } of record.headers) {
    const length = Buffer.byteLength(name);
    size += varintSize(length) + length + blobSize(value);
  }
  return size;
}

function writeRecord(into: Buffer, start: number, record: Writable, index: number, size: number): number {
  let at = writeVarint(into, start, size);
  into[at] = 0; // attributes
  into[at + 1] = 0; // time delta
  at = writeVarint(into, at + 2, index);
  at = writeBlob(into, at, record.key);
  at = writeBlob(into, at, record.value);
  at = writeVarint(into, at, record.headers.length);
  for (const { name, value } of record.headers) {
    at = writeVarint(into, at, Buffer.byteLength(name));
    at += into.write(name, at);
    at = writeBlob(into, at, value);
  }
  return at;
}

function blobSize(blob: Uint8Array | null): number {
  return blob === null ? 1 : varintSize(blob.length) + blob.length;
}

function writeBlob(into: Buffer, at: number, blob: Uint8Array | null): number {
  if (blob === null) return writeVarint(into, at, -1);
  const start = writeVarint(into, at, blob.length);
  into.set(blob, start);
  return start + blob.length;
}

function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = start;
  while (zigzag >= 0x80) {
    into[at] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
    at += 1;
  }
  into[at] = zigzag;
  return at + 1;
}
