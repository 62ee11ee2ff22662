import type { Language, Say } from './words.ts';

/** Times as the view of a page tells them. */

export type SubjectView = {
  readonly say: Say;
  readonly language: Language;
  readonly zone: string;
  /** Epoch ms, by the server's clock. */
  readonly now: number;
};

/** Times of day in a zone; with the date where it is not that of the beginning. */
export function clockOf(first: number, { language, zone }: SubjectView): (at: number) => string {
  const locale = language === 'ru' ? 'ru' : 'en-GB';
  const day = (at: number): string => new Date(at).toLocaleDateString(locale, { timeZone: zone });
  const time = (at: number): string => new Date(at).toLocaleTimeString(locale, { timeZone: zone, hour12: false });
  return (at) => (day(at) === day(first) ? time(at) : `${day(at)} ${time(at)}`);
}
