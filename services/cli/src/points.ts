import type { At, Log } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { parseTime } from '@callfold/sources';
import { InvalidArgumentError } from 'commander';

/**
 * Places in a log as operators name them: a time with its zone, a duration back from now, an offset, the log's ends.
 * One reader for every command, and one way from there to an offset of each partition.
 */
export type Point =
  | { readonly what: 'earliest' }
  | { readonly what: 'latest' }
  | { readonly what: 'offset'; readonly offset: number }
  /** Of log time, which is append time: epoch ms. */
  | { readonly what: 'time'; readonly time: number };

/** Where a point is in one partition. */
export type Place = {
  readonly offset: number;
  /** The point is outside of what the log has, and this is the end of it that is nearer. */
  readonly beyond: 'start' | 'end' | null;
};

/** Offsets of one partition, `to` exclusive. A range may hold fewer records than offsets. */
export type Span = { readonly from: number; readonly to: number };

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** Thirteen digits are epoch milliseconds; no partition has so many records. */
const OFFSET_DIGITS_MAX = 12;
const DURATION_DIGITS_MAX = 9;

export const TIME_FORM = 'ISO 8601 with a zone, as 2026-02-28T09:30:00Z or 2026-02-28T10:30:00+01:00';
export const DURATION_FORM =
  'an ISO 8601 duration of days and less, as PT2H30M or P1DT12H, or short, as 90s, 15m, 2h, 3d';
export const POINT_FORMS = `earliest, latest, the offset of a record, a time (${TIME_FORM}), or how long ago (${DURATION_FORM})`;

/** @returns epoch ms, or a text that says what is wrong */
export function readTime(text: string): number | string {
  const time = parseTime(text);
  if (time !== null) return time;
  const why = parseTime(`${text}Z`) === null ? 'is no time' : 'has no zone: add Z or an offset';
  return `${JSON.stringify(text)} ${why}. Expected ${TIME_FORM}.`;
}

/** @returns the offset, or a text that says what is wrong */
export function readOffset(text: string): number | string {
  if (!/^\d+$/.test(text)) return `${JSON.stringify(text)} is no offset: a whole number from 0 on.`;
  if (text.length <= OFFSET_DIGITS_MAX) return Number(text);
  return `${text} has too many digits for an offset. A time is ${TIME_FORM}.`;
}

const ISO_DURATION = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,3}))?S)?)?$/;
const SHORT_DURATION = new RegExp(`^(\\d{1,${DURATION_DIGITS_MAX}})([smhd])$`);

/** @returns milliseconds, or a text that says what is wrong */
export function readDuration(text: string): number | string {
  const short = SHORT_DURATION.exec(text);
  if (short) return Number(short[1]) * (UNIT_MS[short[2] ?? ''] ?? 0);
  const iso = ISO_DURATION.exec(text);
  // A P with nothing behind it, or behind its T, is none.
  if (iso && /\d[A-Z]$/.test(text)) {
    const [days, hours, minutes, seconds] = [1, 2, 3, 4].map((group) => Number(iso[group] ?? 0)) as [
      number,
      number,
      number,
      number,
    ];
    const fraction = Number((iso[5] ?? '').padEnd(3, '0'));
    return days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + fraction;
  }
  const hint = /^P.*[YMW]/.test(text.split('T')[0] ?? '') ? ' Years, months and weeks are written as days.' : '';
  return `${JSON.stringify(text)} is no duration. Expected ${DURATION_FORM}.${hint}`;
}

/**
 * @param now epoch ms, from which a duration counts back
 * @returns a text that says what is wrong, when it is no point
 */
export function readPoint(text: string, now: number): Point | string {
  if (text === 'earliest' || text === 'latest') return { what: text };
  if (/^\d+$/.test(text)) {
    const offset = readOffset(text);
    return typeof offset === 'string' ? offset : { what: 'offset', offset };
  }
  const ago = readDuration(text);
  if (typeof ago === 'number') return { what: 'time', time: now - ago };
  const time = readTime(text);
  if (typeof time === 'number') return { what: 'time', time };
  if (parseTime(`${text}Z`) !== null) return time;
  return `${JSON.stringify(text)} is no place in a log. Expected ${POINT_FORMS}.`;
}

/** The inverse of `readPoint`, whenever it is read. */
export function pointText(point: Point): string {
  if (point.what === 'time') return isoTime(point.time);
  return point.what === 'offset' ? String(point.offset) : point.what;
}

/** For commander: an option whose value is read by one of the readers above. */
export function optionOf<Value>(read: (text: string) => Value | string): (text: string) => Exclude<Value, string> {
  return (text) => {
    const value = read(text);
    if (typeof value === 'string') throw new InvalidArgumentError(value);
    return value as Exclude<Value, string>;
  };
}

/** For commander: `--from`, `--to`. */
export const pointOption = optionOf((text) => readPoint(text, Date.now()));

/**
 * The offset of a point in one partition. Of a time it is the first record appended then or later: from there on the
 * log clock is at or past it.
 */
export async function placeOf(log: Log, at: At, point: Point): Promise<Place> {
  const { start, end } = await log.bounds(at);
  switch (point.what) {
    case 'earliest':
      return { offset: start, beyond: null };
    case 'latest':
      return { offset: end, beyond: null };
    case 'offset': {
      const { offset } = point;
      if (offset < start) return { offset: start, beyond: 'start' };
      return offset > end ? { offset: end, beyond: 'end' } : { offset, beyond: null };
    }
    case 'time': {
      const offset = await log.offsetAt(at, point.time);
      if (offset > start) return { offset, beyond: offset >= end ? 'end' : null };
      const [first] = (await log.read(at, start, 1)).records;
      // Records of that time were there once, and are gone.
      return { offset, beyond: start > 0 && (first === undefined || first.appendedAt > point.time) ? 'start' : null };
    }
  }
}

/** @returns the range between two points of one partition; empty where `to` is not behind `from` */
export async function spanOf(log: Log, at: At, from: Point, to: Point): Promise<Span> {
  const [first, behind] = await Promise.all([placeOf(log, at, from), placeOf(log, at, to)]);
  return { from: first.offset, to: Math.max(first.offset, behind.offset) };
}
