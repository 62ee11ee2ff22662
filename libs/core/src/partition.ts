import { part } from './key.ts';

/**
 * Where a subject stands: murmur2, as the Java client hashes keys, of its key's UTF-8 bytes, modulo partitions.
 * Producers in any language that use the Java client's default partitioner on the same key agree with it.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The most bytes that UTF-8 takes for one UTF-16 code unit; a pair of surrogates takes four together. */
export const BYTES_PER_UNIT = 3;
/** Keys of the usual length are encoded here, longer ones elsewhere. */
const SCRATCH_BYTES = 4_096;
const scratch = new Uint8Array(SCRATCH_BYTES);
/** The tenant whose `tenant/` begins the scratch, since most records have their predecessor's, and where it ends. */
let scratchTenant: string | null = null;
let scratchPrefix = 0;

/** @returns a signed 32-bit integer, as Java's `Utils.murmur2` does. */
export function murmur2(bytes: Uint8Array): number {
  return murmur2Of(bytes, bytes.length);
}

/**
 * The partition of the text that `subjectKey` gives, from 0.
 * @param partitions of the topic, at least 1; all topics have the same number.
 */
export function partitionOf(tenantId: string, subjectId: string, partitions: number): number {
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new RangeError(`A topic has a whole number of partitions, at least 1; got ${partitions}`);
  }
  return (hashOfKey(tenantId, part(subjectId)) & 0x7fffffff) % partitions;
}

function hashOfKey(tenantId: string, subject: string): number {
  const most = (tenantId.length + 1 + subject.length) * BYTES_PER_UNIT;
  if (most > SCRATCH_BYTES) {
    const bytes = new Uint8Array(most);
    return murmur2Of(bytes, encodeUtf8(subject, bytes, encodeUtf8(`${tenantId}/`, bytes, 0)));
  }
  if (tenantId !== scratchTenant) {
    scratchPrefix = encodeUtf8(`${tenantId}/`, scratch, 0);
    scratchTenant = tenantId;
  }
  return murmur2Of(scratch, encodeUtf8(subject, scratch, scratchPrefix));
}

function murmur2Of(bytes: Uint8Array, length: number): number {
  let hash = SEED ^ length;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let k = byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = length - whole;
  if (rest === 3) hash ^= byte(bytes, whole + 2) << 16;
  if (rest >= 2) hash ^= byte(bytes, whole + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ byte(bytes, whole), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/**
 * Writes the text as UTF-8 from a place on and answers where it ends; U+FFFD for half a surrogate pair, as every
 * encoder of the platform does. There must be room for three bytes a UTF-16 code unit.
 */
export function encodeUtf8(text: string, into: Uint8Array, from: number): number {
  let end = from;
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at);
    if (code < 0x80) {
      into[end++] = code;
      continue;
    }
    if (code < 0x800) {
      into[end++] = 0xc0 | (code >> 6);
      into[end++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const low = text.charCodeAt(at + 1);
      if (code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at++;
        into[end++] = 0xf0 | (code >> 18);
        into[end++] = 0x80 | ((code >> 12) & 0x3f);
        into[end++] = 0x80 | ((code >> 6) & 0x3f);
        into[end++] = 0x80 | (code & 0x3f);
        continue;
      }
      code = 0xfffd;
    }
    into[end++] = 0xe0 | (code >> 12);
    into[end++] = 0x80 | ((code >> 6) & 0x3f);
    into[end++] = 0x80 | (code & 0x3f);
  }
  return end;
}
