import { isUtf8 } from 'node:buffer';

/**
 * Texts that were read lately, by their bytes: a log repeats its statuses, tenants and ids all the time, and finding
 * one here costs a third of making it. It is also the very same text each time, so that whoever looks something up by
 * it compares no characters, and what is kept of thousands of events keeps it once.
 */

/** Longer ones are made each time. */
export const REMEMBERED_BYTES = 128;
/** Two mebibytes of bytes, and the texts. */
const SLOTS = 16_384;
const SEED = 0x2f0b4a27;
const FACTOR = 0x5bd1e995;

const REPLACEMENT = '\uFFFD';

/** What cannot be read as its schema says. */
export class BadBytes extends Error {
  override readonly name = 'BadBytes';
}

export type TextBytes = Buffer & { utf8Slice(from: number, to: number): string };

const bytesOf = new Uint8Array(SLOTS * REMEMBERED_BYTES);
const texts: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
const lengths = new Uint8Array(SLOTS);
/** Of the text that stands in a slot, and of the last one that did not get it. */
const hashes = new Int32Array(SLOTS);
const knocked = new Int32Array(SLOTS);

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const four =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash = Math.imul(hash ^ four, FACTOR);
    hash ^= hash >>> 15;
  }
  for (; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), FACTOR);
  return hash ^ (hash >>> 13);
}

function isAt(slot: number, bytes: Uint8Array, from: number, length: number): boolean {
  if (lengths[slot] !== length) return false;
  const start = slot * REMEMBERED_BYTES;
  for (let at = 0; at < length; at += 1) if (bytesOf[start + at] !== bytes[from + at]) return false;
  return true;
}

/** The text of these bytes. Throws when they are none. */
export function checkedText(bytes: TextBytes, from: number, to: number): string {
  const text = bytes.utf8Slice(from, to);
  // Else two ids that differ in their broken bytes would become one.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, to))) throw new BadBytes('a text that is not UTF-8');
  return text;
}

/** The same, of at most `REMEMBERED_BYTES`. */
export function textAt(bytes: TextBytes, from: number, to: number): string {
  const length = to - from;
  const hash = hashOf(bytes, from, to);
  const slot = hash & (SLOTS - 1);
  if (hashes[slot] === hash && isAt(slot, bytes, from, length)) return texts[slot] as string;
  const text = checkedText(bytes, from, to);
  // Half of all texts are ids of events, and come once: they must not push out what comes again.
  if (knocked[slot] !== hash) {
    knocked[slot] = hash;
    return text;
  }
  hashes[slot] = hash;
  const start = slot * REMEMBERED_BYTES;
  for (let at = 0; at < length; at += 1) bytesOf[start + at] = bytes[from + at] as number;
  lengths[slot] = length;
  texts[slot] = text;
  return text;
}
