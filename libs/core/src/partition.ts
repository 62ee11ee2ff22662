import { subjectKey } from './key.ts';

/**
 * Where a subject stands: murmur2, as the Java client hashes keys, of its key's UTF-8 bytes, modulo partitions.
 * Producers in any language that use the Java client's default partitioner on the same key agree with it.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Keys of the usual length are encoded here: the bytes are read before anyone else can write them. */
const SCRATCH_BYTES = 4_096;
const scratch = new Uint8Array(SCRATCH_BYTES);
/** The most bytes that UTF-8 takes for one UTF-16 code unit; a pair of surrogates takes four together. */
const BYTES_PER_UNIT = 3;

/** @returns a signed 32-bit integer, as Java's `Utils.murmur2` does. */
export function murmur2(bytes: Uint8Array): number {
  return murmur2Of(bytes, bytes.length);
}

/**
 * @param partitions of the topic, at least 1; all topics have the same number.
 * @returns the partition, from 0.
 */
export function partitionOf(tenantId: string, subjectId: string, partitions: number): number {
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new RangeError(`A topic has a whole number of partitions, at least 1; got ${partitions}`);
  }
  const key = subjectKey(tenantId, subjectId);
  const most = key.length * BYTES_PER_UNIT;
  const bytes = most <= SCRATCH_BYTES ? scratch : new Uint8Array(most);
  const hash = murmur2Of(bytes, encodeUtf8(key, bytes));
  return (hash & 0x7fffffff) % partitions;
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

/** Writes the text's UTF-8 bytes, U+FFFD for half a surrogate pair as every encoder of the platform does. */
function encodeUtf8(text: string, into: Uint8Array): number {
  let end = 0;
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
