/**
 * Numbers and texts one after the other in one text, fast to write and to read: numbers in base 36 up to a comma, texts
 * behind their length, so that nothing in them needs to be escaped or looked for. Absent: a comma alone, a dash.
 */

const BASE = 36;
const ABSENT = '-';

export function numberText(value: number | null): string {
  return value === null ? ',' : `${value.toString(BASE)},`;
}

export function textText(value: string | null): string {
  return value === null ? ABSENT : `${value.length.toString(BASE)}:${value}`;
}

/** Where a text is being read. */
export type Cursor = { readonly text: string; at: number };

export function readOptionalNumber(cursor: Cursor): number | null {
  const end = cursor.text.indexOf(',', cursor.at);
  const digits = cursor.text.slice(cursor.at, end);
  cursor.at = end + 1;
  return digits === '' ? null : Number.parseInt(digits, BASE);
}

export function readNumber(cursor: Cursor): number {
  return readOptionalNumber(cursor) ?? 0;
}

export function readOptionalText(cursor: Cursor): string | null {
  if (cursor.text[cursor.at] === ABSENT) {
    cursor.at += 1;
    return null;
  }
  const colon = cursor.text.indexOf(':', cursor.at);
  const start = colon + 1;
  cursor.at = start + Number.parseInt(cursor.text.slice(cursor.at, colon), BASE);
  return cursor.text.slice(start, cursor.at);
}

export function readText(cursor: Cursor): string {
  return readOptionalText(cursor) ?? '';
}
