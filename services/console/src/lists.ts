import type { DerivedRecord } from '@callfold/core';
import type { OpenLetter } from './dead-letters.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Shown } from './picture.ts';
import { ProblemError } from './problem.ts';

/** Pages of lists: the items behind a cursor, which names the last one of the page before. */

export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

export type PageQuery = { readonly limit?: string | undefined; readonly cursor?: string | undefined };

export function readLimit(text: string | undefined, limits: ConsoleLimits): number {
  if (text === undefined) return limits.pageItems;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= limits.pageItemsMost) return number;
  throw new ProblemError('bad-query', `limit must be a whole number from 1 to ${limits.pageItemsMost}`);
}

const encode = (name: string): string => Buffer.from(name).toString('base64url');

function decode(cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const name = Buffer.from(cursor, 'base64url').toString();
  if (cursor !== '' && encode(name) === cursor) return name;
  throw new ProblemError('bad-query', 'cursor must be one that a page before gave as next');
}

/** Found items are cut down to a page when there are so many of it: never sorted one by one. */
const HELD_PAGES = 4;

/** The first `limit` of them by their order, behind the cursor: one pass, whatever there is. */
function firstOf<Item>(
  items: Iterable<Item>,
  orderOf: (item: Item) => string,
  query: PageQuery,
  limit: number,
): Page<Item> {
  const behind = decode(query.cursor);
  type Found = { readonly order: string; readonly item: Item };
  let found: Found[] = [];
  /** One more than the page, so that it is known whether there is a next one. */
  const keepFirst = (): void => {
    found = found.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)).slice(0, limit + 1);
  };
  let bound: string | null = null;
  for (const item of items) {
    const order = orderOf(item);
    if (order <= behind || (bound !== null && order >= bound)) continue;
    found.push({ order, item });
    if (found.length < HELD_PAGES * (limit + 1)) continue;
    keepFirst();
    bound = found.at(-1)?.order ?? null;
  }
  keepFirst();
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(({ item }) => item), next: found.length > limit && last ? encode(last.order) : null };
}

export function subjectPage(
  shown: Iterable<Shown>,
  isWanted: (one: Shown) => boolean,
  query: PageQuery,
  limits: ConsoleLimits,
): Page<Shown> {
  function* wanted(): Iterable<Shown> {
    for (const one of shown) if (isWanted(one)) yield one;
  }
  return firstOf(wanted(), ({ name }) => name, query, readLimit(query.limit, limits));
}

const TIME_DIGITS = 15;
const LATEST = 10 ** TIME_DIGITS;

/** So that what is latest comes first in the order of texts. */
const backwards = (time: number): string => String(LATEST - time).padStart(TIME_DIGITS + 1, '0');

function recordOrder(record: DerivedRecord): string {
  return `${backwards(record.ingestedAt ?? record.occurredAt)} ${record.kind} ${record.outcomeId}`;
}

/** The latest first. */
export function recordPage(
  records: Iterable<DerivedRecord>,
  isWanted: (one: DerivedRecord) => boolean,
  query: PageQuery,
  limits: ConsoleLimits,
): Page<DerivedRecord> {
  function* wanted(): Iterable<DerivedRecord> {
    for (const one of records) if (isWanted(one)) yield one;
  }
  return firstOf(wanted(), recordOrder, query, readLimit(query.limit, limits));
}

/** Those that the log took last first. */
export function letterPage(letters: Iterable<OpenLetter>, query: PageQuery, limits: ConsoleLimits): Page<OpenLetter> {
  const orderOf = ({ letter, partition, offset }: OpenLetter): string =>
    `${backwards(letter.originAppendedAt)} ${partition} ${backwards(offset)}`;
  return firstOf(letters, orderOf, query, readLimit(query.limit, limits));
}
