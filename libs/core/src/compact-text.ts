/**
 * Numbers, times and texts one after the other in one text, fast to write and to read: numbers up to a comma, times in
 * seven digits, texts behind their length, so that nothing in them needs to be escaped or looked for. Absent: a comma
 * alone for a number, a dash for the others.
 */

const ABSENT = '-';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_~';
const DIGIT_BITS = 6;
const DIGIT_MASK = 63;
const TIME_DIGITS = 7;
/** Half of a time's 42 bits is a small integer, which is much faster to take apart than a large one. */
const HALF = 2 ** 21;
const HALF_DIGITS_UP = 15;
const CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const VALUES = new Uint8Array(128);
CODES.forEach((code, value) => {
  VALUES[code] = value;
});

export function numberText(value: number | null): string {
  return value === null ? ',' : `${value},`;
}

export function textText(value: string | null): string {
  return value === null ? ABSENT : `${value.length}:${value}`;
}

const code = (bits: number): number => CODES[bits & DIGIT_MASK] as number;

/**
 * @param ms epoch milliseconds, up to the year 2109
 * @throws RangeError on anything else
 */
export function timeText(ms: number | null): string {
  if (ms === null) return ABSENT;
  const high = Math.floor(ms / HALF);
  const low = ms - high * HALF;
  if (!(Number.isInteger(low) && high >= 0 && high < HALF)) throw new RangeError(`${ms} is no time that can be kept`);
  return String.fromCharCode(
    code(high >> HALF_DIGITS_UP),
    code(high >> 9),
    code(high >> 3),
    code(((high & 7) << 3) | (low >> 18)),
    code(low >> 12),
    code(low >> DIGIT_BITS),
    code(low),
  );
}

/** Where a text is being read. */
export type Cursor = { readonly text: string; at: number };

export function readOptionalNumber(cursor: Cursor): number | null {
  const end = cursor.text.indexOf(',', cursor.at);
  const digits = cursor.text.slice(cursor.at, end);
  cursor.at = end + 1;
  return digits === '' ? null : Number(digits);
}

export function readNumber(cursor: Cursor): number {
  return readOptionalNumber(cursor) ?? 0;
}

export function readOptionalTime(cursor: Cursor): number | null {
  const { text, at } = cursor;
  if (text[at] === ABSENT) {
    cursor.at = at + 1;
    return null;
  }
  let ms = 0;
  for (let place = at; place < at + TIME_DIGITS; place += 1) {
    ms = ms * (DIGIT_MASK + 1) + (VALUES[text.charCodeAt(place)] ?? 0);
  }
  cursor.at = at + TIME_DIGITS;
  return ms;
}

export function readTime(cursor: Cursor): number {
  return readOptionalTime(cursor) ?? 0;
}

export function readOptionalText(cursor: Cursor): string | null {
  if (cursor.text[cursor.at] === ABSENT) {
    cursor.at += 1;
    return null;
  }
  const colon = cursor.text.indexOf(':', cursor.at);
  const start = colon + 1;
  cursor.at = start + Number(cursor.text.slice(cursor.at, colon));
  return cursor.text.slice(start, cursor.at);
}

export function readText(cursor: Cursor): string {
  return readOptionalText(cursor) ?? '';
}
