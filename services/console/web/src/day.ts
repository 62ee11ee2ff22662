import { timeText } from './times.ts';

/** One day of a zone, by its date. */

export type Day = {
  /** As `2026-01-05`. */
  readonly date: string;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** It is today, and goes on. */
  readonly isOpen: boolean;
};

const HOUR_MS = 3_600_000;
/** No day is longer: one on which clocks are set back has 25 hours. */
const DAY_MOST_MS = 26 * HOUR_MS;

/** Sweden writes dates as ISO 8601 does. */
const dateIn = (at: number, zone: string): string => timeText(at, 'day', 'sv-SE', zone);

/** When that date begins there: the first moment of it. */
function startOf(date: string, zone: string): number {
  // Offsets are between -12 and +14 hours, and change by quarters of an hour.
  const utc = Date.parse(`${date}T00:00:00Z`);
  let [before, at] = [utc - 15 * HOUR_MS, utc + 15 * HOUR_MS];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (dateIn(middle, zone) < date) before = middle;
    else at = middle;
  }
  return at;
}

const isDate = (text: string | null): text is string =>
  text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

/** @param text null, or no date: today */
export function dayOf(text: string | null, zone: string, now: number): Day {
  const today = dateIn(now, zone);
  const date = isDate(text) ? text : today;
  const from = startOf(date, zone);
  const next = dateIn(from + DAY_MOST_MS, zone);
  return { date, from, to: startOf(next, zone), isOpen: date === today };
}

/** The date so many days away. */
export function dateAway(date: string, days: number): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) + days * 24 * HOUR_MS).toISOString().slice(0, 10);
}

/** From the full hour in which the first of it begins; what is still to come of today is left out. */
export function shownOf(day: Day, begins: readonly number[], now: number): Day {
  const to = day.isOpen ? Math.min(day.to, now) : day.to;
  const first = Math.min(...begins.filter((at) => at < to));
  const hours = Number.isFinite(first) ? Math.max(0, Math.floor((first - day.from) / HOUR_MS)) : 0;
  return { ...day, from: day.from + hours * HOUR_MS, to };
}
