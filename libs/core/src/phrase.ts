import type { PhraseCode } from './phrases.ts';

/** What `explain` says, by code and values: text, API and page say the same, and each in its own language. */

/** Values as they stand in JSON: times are texts already. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type Phrase = { readonly code: PhraseCode; readonly values: Readonly<Record<string, Json | Phrase>> };

export const phrase = (code: PhraseCode, values: Phrase['values'] = {}): Phrase => ({ code, values });

/** A value as it came. */
export const plainText = (value: Json | Phrase): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** How a language shows a value. @param values those of its phrase: what a field changed to says what it is */
export type ShowValue = (kind: string, value: Json, values: Phrase['values']) => string;

const PLACES = /\{(\w+)(?::(\w+))?\}/g;

/** @param words of a language */
export function sayPhrase(one: Phrase, words: Readonly<Record<PhraseCode, string>>, show: ShowValue): string {
  const { code, values } = one;
  return words[code].replace(PLACES, (_, name: string, kind: string | undefined) => {
    const value = values[name] ?? null;
    if (kind !== undefined) return show(kind, value, values);
    return typeof value === 'object' && value !== null ? sayPhrase(value as Phrase, words, show) : plainText(value);
  });
}
