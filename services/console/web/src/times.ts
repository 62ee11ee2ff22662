import type { Language, Say } from './words.ts';

/** Times as the view of a page tells them. */

export type SubjectView = {
  readonly say: Say;
  readonly language: Language;
  readonly zone: string;
  /** Epoch ms, by the server's clock. */
  readonly now: number;
};

const PARTS = {
  day: {},
  time: { hour: 'numeric', minute: 'numeric', second: 'numeric', hour12: false },
  minute: { hour: '2-digit', minute: '2-digit', hour12: false },
} as const;

/** Each is made once: that takes many times as long as to use it, and a page has hundreds of times. */
const formats = new Map<string, Intl.DateTimeFormat>();

export function timeText(at: number, what: keyof typeof PARTS, locale: string, zone: string): string {
  const name = `${what} ${locale} ${zone}`;
  const format = formats.get(name) ?? new Intl.DateTimeFormat(locale, { timeZone: zone, ...PARTS[what] });
  formats.set(name, format);
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(date) : format.format(date);
}

/** Times of day in a zone; with the date where it is not that of the beginning. */
export function clockOf(first: number, { language, zone }: SubjectView): (at: number) => string {
  const locale = language === 'ru' ? 'ru' : 'en-GB';
  const day = (at: number): string => timeText(at, 'day', locale, zone);
  const time = (at: number): string => timeText(at, 'time', locale, zone);
  return (at) => (day(at) === day(first) ? time(at) : `${day(at)} ${time(at)}`);
}
