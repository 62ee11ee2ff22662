/**
 * A fast 64-bit hash in 32-bit arithmetic, for ids and fingerprints; nothing secret may rest on it.
 * Its values are part of event ids that live in logs and states for years, so they never change:
 * the frozen vectors in the tests hold them. A better hash would come beside this one, under another name.
 *
 * Two lanes take every 32-bit word in turn. For a given word a step is a bijection of both lanes, and for a given state
 * it is injective in the word: what differs in one word only never collides. MurmurHash3's finaliser mixes the end.
 */

const SEED_1 = 0x6a09e667;
const SEED_2 = 0x3c6ef372;
const M1 = 0x9e3779b1;
const M2 = 0x85ebca77;

const NULL_TAG = 0;
const TEXT_TAG = 1;
const INTEGER_TAG = 2;
/** Lists and maps; with a size of its own, true and false. */
const NEST_TAG = 3;
const TAG_BITS = 2;
const TRUE_HEAD = (-1 << TAG_BITS) | NEST_TAG;
const FALSE_HEAD = (-2 << TAG_BITS) | NEST_TAG;
const TWO_32 = 4_294_967_296;

/** The codes of the digits 0-9 and a-v, five bits each. */
const DIGITS = Uint8Array.from('0123456789abcdefghijklmnopqrstuv', (digit) => digit.charCodeAt(0));

/** @returns 13 characters of 0-9 and a-v. */
export function hash64(text: string): string {
  let one = SEED_1;
  let two = SEED_2;
  for (let at = 0; at < text.length; at += 2) {
    const word = wordAt(text, at);
    one = stepOne(one, word);
    two = stepTwo(two, word, one);
  }
  return finish(one, two, text.length);
}

/** @returns 13 characters, as `hash64`. */
export function hashBytes(bytes: Uint8Array): string {
  let one = SEED_1;
  let two = SEED_2;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const word = low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    one = stepOne(one, word);
    two = stepTwo(two, word, one);
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | (bytes[at] as number);
  one = stepOne(one, rest);
  two = stepTwo(two, rest, one);
  return finish(one, two, bytes.length);
}

/**
 * Hashes a list such that no two lists look alike: each field is preceded by its type and length, so ('ab', 'c')
 * differs from ('a', 'bc'), null from '', and 1 from '1'.
 * @param fields numbers must be safe integers, else a RangeError.
 * @returns 13 characters, as `hash64`.
 */
export function hashFields(fields: readonly (string | number | null)[]): string {
  let one = SEED_1;
  let two = SEED_2;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as string | number | null;
    const text = typeof field === 'string' ? field : '';
    const tag = field === null ? NULL_TAG : typeof field === 'string' ? TEXT_TAG : INTEGER_TAG;
    const head = (text.length << TAG_BITS) | tag;
    one = stepOne(one, head);
    two = stepTwo(two, head, one);
    for (let at = 0; at < text.length; at += 2) {
      const word = wordAt(text, at);
      one = stepOne(one, word);
      two = stepTwo(two, word, one);
    }
    if (typeof field === 'number') {
      if (!Number.isSafeInteger(field)) throw new RangeError(`Only safe integers can be hashed; got ${field}`);
      one = stepOne(one, field | 0);
      two = stepTwo(two, field | 0, one);
      const high = Math.floor(field / TWO_32);
      one = stepOne(one, high);
      two = stepTwo(two, high, one);
    }
  }
  return finish(one, two, fields.length);
}

// The lanes of the one hash that is being made: a walk through nested data would else hand them on and back.
let walkOne = 0;
let walkTwo = 0;

/**
 * Hashes fields of plain data: texts, safe integers, booleans, null, and lists and maps of them with their sizes, so
 * that no two look alike. Maps count in the order in which they stand.
 * @returns 13 characters, as `hash64`.
 */
export function hashOf(data: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  walkOne = SEED_1;
  walkTwo = SEED_2;
  for (const field of fields) take(data[field]);
  return finish(walkOne, walkTwo, fields.length);
}

function take(value: unknown): void {
  if (typeof value === 'string') takeText(value);
  else if (typeof value === 'number') takeInteger(value);
  else if (value === null) takeWord(NULL_TAG);
  else if (typeof value === 'boolean') takeWord(value ? TRUE_HEAD : FALSE_HEAD);
  else if (Array.isArray(value)) {
    takeWord((value.length << TAG_BITS) | NEST_TAG);
    for (const item of value) take(item);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value);
    takeWord((entries.length << TAG_BITS) | NEST_TAG);
    for (const [name, item] of entries) {
      takeText(name);
      take(item);
    }
  } else throw new TypeError(`Only plain data can be hashed; got ${typeof value}`);
}

function takeWord(word: number): void {
  walkOne = stepOne(walkOne, word);
  walkTwo = stepTwo(walkTwo, word, walkOne);
}

function takeText(text: string): void {
  const { length } = text;
  const head = (length << TAG_BITS) | TEXT_TAG;
  let one = stepOne(walkOne, head);
  let two = stepTwo(walkTwo, head, one);
  for (let at = 0; at < length; at += 2) {
    const word = wordAt(text, at);
    one = stepOne(one, word);
    two = stepTwo(two, word, one);
  }
  walkOne = one;
  walkTwo = two;
}

function takeInteger(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`Only safe integers can be hashed; got ${value}`);
  const high = Math.floor(value / TWO_32);
  takeWord((high << TAG_BITS) | INTEGER_TAG);
  takeWord((value - high * TWO_32) | 0);
}

/** Two UTF-16 code units; the last of an odd number stands alone. */
function wordAt(text: string, at: number): number {
  const low = text.charCodeAt(at);
  return at + 1 < text.length ? low | (text.charCodeAt(at + 1) << 16) : low;
}

function stepOne(one: number, word: number): number {
  const mixed = Math.imul(one ^ word, M1);
  return mixed ^ (mixed >>> 15);
}

function stepTwo(two: number, word: number, one: number): number {
  const mixed = Math.imul(((two << 13) | (two >>> 19)) ^ word, M2);
  return (((mixed << 11) | (mixed >>> 21)) + one) | 0;
}

function finish(laneOne: number, laneTwo: number, length: number): string {
  let one = laneOne ^ length;
  let two = laneTwo ^ length;
  one = (one + two) | 0;
  two = (two + one) | 0;
  one = avalanche(one);
  two = avalanche(two);
  one = (one + two) | 0;
  two = (two + one) | 0;
  return digits(one, two);
}

/** MurmurHash3's finaliser: every bit of the lane depends on every other. */
function avalanche(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
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
