/**
 * ISO 8601 in its extended form, as upstreams write it: `2024-02-29T23:05:09.123Z`, seconds and their fraction may be
 * missing, the zone may not: `Z`, `+03:00`, `+0300` or `+03`. Nothing is guessed: `new Date(text)` would take
 * `2024-1-1`, read a text without a zone as the machine's own time, and turn the 30th of February into March.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A time with nanoseconds and an offset has 35 characters. */
const MAX_LENGTH = 64;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const COLON = 58;
const T = 84;
const Z = 90;

/**
 * Epoch ms, or null when the text is no such time. What is finer than a millisecond is cut off.
 * A leap second (only at 23:59:60 UTC, where there can be one) is the instant after it, as in epoch time.
 */
export function parseTime(text: string): number | null {
  const day = parseDay(text);
  if (day === null || text.length > MAX_LENGTH || text.charCodeAt(10) !== T) return null;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  if (hour < 0 || hour > 23 || text.charCodeAt(13) !== COLON || minute < 0 || minute > 59) return null;

  let at = 16;
  let second = 0;
  let millisecond = 0;
  if (text.charCodeAt(at) === COLON) {
    second = twoDigits(text, at + 1);
    if (second < 0 || second > 60) return null;
    at += 3;
    const mark = text.charCodeAt(at);
    if (mark === DOT || mark === COMMA) {
      const end = endOfDigits(text, at + 1);
      if (end === at + 1) return null;
      millisecond = digitAt(text, at + 1) * 100 + digitOf(text, at + 2, end) * 10 + digitOf(text, at + 3, end);
      at = end;
    }
  }

  const offset = parseZone(text, at);
  if (offset === null) return null;
  const wholeMinute = day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS - offset;
  if (second === 60) return (wholeMinute + MINUTE_MS) % DAY_MS === 0 ? wholeMinute + MINUTE_MS : null;
  return wholeMinute + second * 1_000 + millisecond;
}

/** Days since 1970-01-01 of the date that the text begins with. */
function parseDay(text: string): number | null {
  const century = twoDigits(text, 0);
  const ofCentury = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (century < 0 || ofCentury < 0 || text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return null;
  const year = century * 100 + ofCentury;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month < 1 || month > 12 || day < 1) return null;
  const before = DAYS_BEFORE_MONTH[month - 1] as number;
  const length = (DAYS_BEFORE_MONTH[month] as number) - before + (leap && month === 2 ? 1 : 0);
  if (day > length) return null;
  return daysBeforeYear(year) + before + (leap && month > 2 ? 1 : 0) + day - 1;
}

function daysBeforeYear(year: number): number {
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  return year * 365 + leapDays - 719_527;
}

/** The zone that ends the text, in ms ahead of UTC; null when it is missing, or anything follows. */
function parseZone(text: string, at: number): number | null {
  const sign = text.charCodeAt(at);
  if (sign === Z) return text.length === at + 1 ? 0 : null;
  if (sign !== PLUS && sign !== MINUS) return null;
  const hour = twoDigits(text, at + 1);
  let minute = 0;
  let end = at + 3;
  if (text.length > end) {
    if (text.charCodeAt(end) === COLON) end++;
    minute = twoDigits(text, end);
    end += 2;
  }
  if (text.length !== end || hour < 0 || hour > 23 || minute < 0 || minute > 59) return null;
  const offset = hour * HOUR_MS + minute * MINUTE_MS;
  return sign === PLUS ? offset : -offset;
}

/** A digit's value; below 0 or above 9, or NaN past the end, when it is none. */
function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 48;
}

function digitOf(text: string, at: number, end: number): number {
  return at < end ? digitAt(text, at) : 0;
}

/** 0 to 99, or -1 where there are no two digits. */
function twoDigits(text: string, at: number): number {
  const tens = digitAt(text, at);
  const ones = digitAt(text, at + 1);
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (digitAt(text, at) >= 0 && digitAt(text, at) <= 9) at++;
  return at;
}
