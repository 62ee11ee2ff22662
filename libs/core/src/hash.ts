/**
 * A fast 64-bit hash in 32-bit arithmetic, for ids and fingerprints; nothing secret may rest on it.
 * Its values are part of event ids that live in logs and states for years, so they never change:
 * the frozen vectors in the tests hold them. A better hash would come beside this one, under another name.
 *
 * Two lanes as in MurmurHash3 x86_128, each fed by every word and by the other lane. For a given word a step is a
 * bijection of the state, so a difference never cancels within one word.
 */

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;
const SEED_1 = 0x6a09e667;
const SEED_2 = 0xbb67ae85 | 0;

/** The codes of the digits 0-9 and a-v, five bits each. */
const DIGITS = Uint8Array.from('0123456789abcdefghijklmnopqrstuv', (digit) => digit.charCodeAt(0));

/** What the lanes hold between two fields. Filled and emptied within one call. */
const lanes = new Int32Array(2);

const NULL_TAG = 0;
const TEXT_TAG = 1;
const INTEGER_TAG = 2;
const TAG_BITS = 2;
const TWO_32 = 4_294_967_296;

/** @returns 13 characters of 0-9 and a-v. */
export function hash64(text: string): string {
  start();
  addText(text);
  return finish(text.length);
}

/** @returns as `hash64`; equal bytes and only they (but for chance) give equal hashes. */
export function hashBytes(bytes: Uint8Array): string {
  start();
  addBytes(bytes);
  return finish(bytes.length);
}

/**
 * Hashes a list of fields such that no two lists look alike: each is preceded by its type and length, so ('ab', 'c')
 * differs from ('a', 'bc'), null from '' and 1 from '1'.
 * @param fields numbers must be safe integers.
 */
export function hashFields(fields: readonly (string | number | null)[]): string {
  start();
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] as string | number | null;
    if (field === null) {
      addWord(NULL_TAG);
    } else if (typeof field === 'string') {
      addWord((field.length << TAG_BITS) | TEXT_TAG);
      addText(field);
    } else {
      if (!Number.isSafeInteger(field)) throw new RangeError(`Only safe integers can be hashed; got ${field}`);
      addWord(INTEGER_TAG);
      addWord(field | 0);
      addWord(Math.floor(field / TWO_32));
    }
  }
  return finish(fields.length);
}

function start(): void {
  lanes[0] = SEED_1;
  lanes[1] = SEED_2;
}

function addWord(word: number): void {
  const one = first(lanes[0] as number, lanes[1] as number, word);
  lanes[1] = second(lanes[1] as number, one, word);
  lanes[0] = one;
}

function addText(text: string): void {
  let one = lanes[0] as number;
  let two = lanes[1] as number;
  const pairs = text.length & ~1;
  for (let at = 0; at < pairs; at += 2) {
    const word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
    one = first(one, two, word);
    two = second(two, one, word);
  }
  if (pairs < text.length) {
    const word = text.charCodeAt(pairs);
    one = first(one, two, word);
    two = second(two, one, word);
  }
  lanes[0] = one;
  lanes[1] = two;
}

function addBytes(bytes: Uint8Array): void {
  let one = lanes[0] as number;
  let two = lanes[1] as number;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const word = low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    one = first(one, two, word);
    two = second(two, one, word);
  }
  if (whole < bytes.length) {
    let word = 0;
    for (let at = bytes.length - 1; at >= whole; at--) word = (word << 8) | (bytes[at] as number);
    one = first(one, two, word);
    two = second(two, one, word);
  }
  lanes[0] = one;
  lanes[1] = two;
}

function first(one: number, two: number, word: number): number {
  const k = Math.imul(word, C1);
  const mixed = one ^ Math.imul((k << 15) | (k >>> 17), C2);
  return (Math.imul(((mixed << 19) | (mixed >>> 13)) + two, 5) + 0x561ccd1b) | 0;
}

function second(two: number, one: number, word: number): number {
  const k = Math.imul(word, C3);
  const mixed = two ^ Math.imul((k << 17) | (k >>> 15), C4);
  return (Math.imul(((mixed << 13) | (mixed >>> 19)) + one, 5) + 0x32ac3b17) | 0;
}

function finish(length: number): string {
  let one = (lanes[0] as number) ^ length;
  let two = (lanes[1] as number) ^ length;
  one = (one + two) | 0;
  two = (two + one) | 0;
  one = avalanche(one);
  two = avalanche(two);
  one = (one + two) | 0;
  two = (two + one) | 0;
  return digits(one, two);
}

/** One call for all thirteen: joining shorter texts costs as much again as the hash. */
function digits(one: number, two: number): string {
  return String.fromCharCode(
    digit(one >>> 27),
    digit((one >>> 22) & 31),
    digit((one >>> 17) & 31),
    digit((one >>> 12) & 31),
    digit((one >>> 7) & 31),
    digit((one >>> 2) & 31),
    digit(((one & 3) << 3) | (two >>> 29)),
    digit((two >>> 24) & 31),
    digit((two >>> 19) & 31),
    digit((two >>> 14) & 31),
    digit((two >>> 9) & 31),
    digit((two >>> 4) & 31),
    digit(two & 15),
  );
}

function digit(bits: number): number {
  return DIGITS[bits] as number;
}

/** MurmurHash3's finaliser: every bit of the lane depends on every other. */
function avalanche(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
