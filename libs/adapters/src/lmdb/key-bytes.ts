/** Keys of the tables: bytes whose order is the order in which ranges are read. */

import { createHash } from 'node:crypto';
import { EMBEDDED_LIMITS } from './limits.ts';

const HASH_BYTES = 32;
const MOST_OFFSET = 2 ** 48 - 1;

/** `lane` numbers a partition of a log. */
export function logKey(lane: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(lane, 0);
  key.writeUIntBE(Math.min(offset, MOST_OFFSET), 4, 6);
  return key;
}

export function offsetOf(key: Uint8Array): number {
  return asBuffer(key).readUIntBE(4, 6);
}

export const SLOT_KEY_BYTES = 5;

/** `slot` numbers a partition as one group sees it; `kind` what stands there. */
export function slotKey(slot: number, kind: number): Buffer {
  const key = Buffer.allocUnsafe(SLOT_KEY_BYTES);
  key.writeUInt32BE(slot, 0);
  key.writeUInt8(kind, 4);
  return key;
}

export function numberKey(slot: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(slot, 0);
  key.writeUIntBE(Math.min(number, MOST_OFFSET), 4, 6);
  return key;
}

/** A field under a prefix. What is too long for a key keeps its beginning and ends in its hash. */
export function fieldKey(prefix: Uint8Array, field: string): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + field.length * 3);
  key.set(prefix, 0);
  const bytes = key.write(field, prefix.length, 'utf8');
  if (bytes < EMBEDDED_LIMITS.keyTailBytes) return key.subarray(0, prefix.length + bytes);
  const hash = createHash('sha256')
    .update(key.subarray(prefix.length, prefix.length + bytes))
    .digest();
  key.set(hash, prefix.length + EMBEDDED_LIMITS.keyTailBytes - HASH_BYTES);
  return key.subarray(0, prefix.length + EMBEDDED_LIMITS.keyTailBytes);
}

/** The field that a key holds after `prefixBytes`, or null when it is too long to stand in a key. */
export function fieldOf(key: Uint8Array, prefixBytes: number): string | null {
  if (key.length - prefixBytes >= EMBEDDED_LIMITS.keyTailBytes) return null;
  return asBuffer(key).toString('utf8', prefixBytes);
}

/** A field too long for its key stands in front of the text. */
export function pack(key: Uint8Array, prefixBytes: number, field: string, text: string): string {
  return fieldOf(key, prefixBytes) === null ? `${field.length}\n${field}${text}` : text;
}

export function unpack(
  key: Uint8Array,
  prefixBytes: number,
  packed: string,
): { readonly field: string; readonly text: string } {
  const field = fieldOf(key, prefixBytes);
  if (field !== null) return { field, text: packed };
  const at = packed.indexOf('\n') + 1;
  const end = at + Number(packed.slice(0, at));
  return { field: packed.slice(at, end), text: packed.slice(end) };
}

/** What two keys may have alike when a field of theirs is too long: their order is not that of the fields. */
export function plainTail(key: Uint8Array, prefixBytes: number): Buffer | null {
  const plainBytes = EMBEDDED_LIMITS.keyTailBytes - HASH_BYTES;
  return key.length - prefixBytes < plainBytes ? null : asBuffer(key).subarray(0, prefixBytes + plainBytes);
}

/** Eight bytes that sort as the numbers do: the sign turned over, and below zero every other bit too. */
export function dueKey(prefix: Uint8Array, due: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + 8);
  key.set(prefix, 0);
  // Plus nothing: so that there is only one zero.
  key.writeDoubleBE(due + 0, prefix.length);
  if (due < 0) for (let i = prefix.length; i < key.length; i += 1) key.writeUInt8(255 - key.readUInt8(i), i);
  else key.writeUInt8(key.readUInt8(prefix.length) | 0x80, prefix.length);
  return key;
}

export function dueOf(key: Uint8Array, prefixBytes: number): number {
  const bytes = Buffer.from(key.subarray(prefixBytes, prefixBytes + 8));
  const first = bytes.readUInt8(0);
  if (first < 0x80) for (let i = 0; i < bytes.length; i += 1) bytes.writeUInt8(255 - bytes.readUInt8(i), i);
  else bytes.writeUInt8(first & 0x7f, 0);
  return bytes.readDoubleBE(0);
}

/** The first key behind all that begin with `prefix`. The prefixes used here never end in 0xff. */
export function behind(prefix: Uint8Array): Buffer {
  const key = Buffer.from(prefix);
  key.writeUInt8(key.readUInt8(key.length - 1) + 1, key.length - 1);
  return key;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
