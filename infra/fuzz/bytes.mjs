// @ts-check
/** Mutations that know nothing of what the bytes mean. */

import { pick } from './corpus.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/** Bytes that lengths, counts, tags and encodings break at. */
const TELLING = [0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xed, 0xf4, 0xfe, 0xff, 0x0a, 0x0d, 0x22, 0x5c];
const INSERTED_MOST = 64;

/** @type {readonly ((random: Random, bytes: Buffer, other: Buffer) => Buffer)[]} */
const MUTATIONS = [
  function flipBit(random, bytes) {
    const at = random.whole(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.whole(0, 7));
    return bytes;
  },
  function setByte(random, bytes) {
    bytes[random.whole(0, bytes.length - 1)] = pick(random, TELLING);
    return bytes;
  },
  function cut(random, bytes) {
    return bytes.subarray(0, random.whole(0, bytes.length - 1));
  },
  function cutHead(random, bytes) {
    return bytes.subarray(random.whole(1, bytes.length));
  },
  function remove(random, bytes) {
    const from = random.whole(0, bytes.length - 1);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + random.whole(1, 8))]);
  },
  function insert(random, bytes) {
    const at = random.whole(0, bytes.length);
    const run = Buffer.alloc(random.whole(1, INSERTED_MOST), pick(random, TELLING));
    return Buffer.concat([bytes.subarray(0, at), run, bytes.subarray(at)]);
  },
  function repeat(random, bytes) {
    const from = random.whole(0, bytes.length - 1);
    const part = bytes.subarray(from, from + random.whole(1, INSERTED_MOST));
    return Buffer.concat([bytes.subarray(0, from), part, part, bytes.subarray(from)]);
  },
  function splice(random, bytes, other) {
    return Buffer.concat([
      bytes.subarray(0, random.whole(0, bytes.length)),
      other.subarray(random.whole(0, other.length)),
    ]);
  },
  function append(random, bytes, other) {
    return Buffer.concat([bytes, other.subarray(0, random.whole(1, other.length))]);
  },
];

/**
 * @param {Random} random
 * @param {Uint8Array} bytes
 * @param {Uint8Array} other to take parts of
 * @returns {Buffer} another one, changed in one to four places
 */
export function mutateBytes(random, bytes, other) {
  /** @type {Buffer} */
  let changed = Buffer.from(bytes);
  for (let left = random.whole(1, 4); left > 0 && changed.length > 0; left -= 1) {
    changed = pick(random, MUTATIONS)(random, changed, Buffer.from(other));
  }
  return changed;
}
