import type { Zone, ZoneDay, ZoneHour } from '@callfold/core';
import { Temporal } from 'temporal-polyfill';

/** Named time zones: local days and their hours, as figures need them. Only this file names the calendar's package. */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Local days kept at hand: eleven years of them, which is more than a report is asked for. */
const DAYS_CACHED = 4_000;

function zonedAt(at: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

/** From one instant to the next full hour of the local clock, or to where that clock is set to another time. */
function stretchAt(at: number, end: number, zone: string): ZoneHour {
  const local = zonedAt(at, zone);
  const past = local.minute * MINUTE_MS + local.second * 1_000 + local.millisecond;
  const change = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
  return { hour: local.hour, start: at, end: Math.min(end, change, at + HOUR_MS - past) };
}

function hoursOf(start: number, end: number, zone: string): ZoneHour[] {
  const hours: ZoneHour[] = [];
  // The calendar is slow: a day on which no clock changes is counted off.
  const isPlain = end - start === DAY_MS;
  for (let at = start; at < end; at = hours.at(-1)?.end ?? end) {
    hours.push(isPlain ? { hour: (at - start) / HOUR_MS, start: at, end: at + HOUR_MS } : stretchAt(at, end, zone));
  }
  return hours;
}

/** From the first instant of one local date to the first of the next, so that days follow each other without a gap. */
function localDay(at: number, zone: string): ZoneDay {
  let first = zonedAt(at, zone).startOfDay();
  let next = first.add({ days: 1 }).startOfDay();
  // Newfoundland's clocks went back at one past midnight: an hour of the old date came after the new one had begun.
  if (at >= next.epochMilliseconds) {
    first = next;
    next = first.add({ days: 1 }).startOfDay();
  }
  const [start, end] = [first.epochMilliseconds, next.epochMilliseconds];
  return { date: first.toPlainDate().toString(), start, end, hours: hoursOf(start, end, zone) };
}

/** @returns null when there is no zone of that name in the IANA list; an offset like +02:00 is no zone */
export function zoneOf(name: string): Zone | null {
  const id = zoneId(name);
  if (id === null) return null;
  /** By UTC day: the two or three local days that touch it. */
  const days = new Map<number, ZoneDay[]>();
  return {
    name: id,
    dayOf(at) {
      const utcDay = Math.floor(at / DAY_MS);
      const near = days.get(utcDay) ?? [];
      const known = near.find(({ start, end }) => at >= start && at < end);
      if (known) return known;
      const day = localDay(at, id);
      if (days.size >= DAYS_CACHED) days.clear();
      days.set(utcDay, [...near, day]);
      return day;
    },
  };
}

function zoneId(name: string): string | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  try {
    return zonedAt(0, name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
