import type { Commit } from '@callfold/engine';

/** Of a partition's change feed; every store keeps to the same. */
export const FEED_LIMITS = {
  /** Kept at least; somewhat more may stand there. */
  entries: 1_000,
  /** Named in one entry, so that no entry is too long to be read at once. */
  subjects: 250,
} as const;

/** What a commit leaves in the feed: the subjects of each entry. One that only moves on leaves an empty one. */
export function feedCuts({ feed, expected, next, tables }: Commit): readonly (readonly string[])[] {
  if (!feed) return [];
  const subjects = [...(tables.get('states')?.keys() ?? [])];
  if (subjects.length === 0) return next === expected ? [] : [[]];
  const cuts: string[][] = [];
  for (let from = 0; from < subjects.length; from += FEED_LIMITS.subjects)
    cuts.push(subjects.slice(from, from + FEED_LIMITS.subjects));
  return cuts;
}
