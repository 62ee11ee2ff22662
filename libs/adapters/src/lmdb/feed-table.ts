/** The change feed of a partition: entries by number, the oldest of which go as new ones come. */

import type { Commit, FeedEntry } from '@callfold/engine';
import { FEED_LIMITS, feedCuts } from '../feed.ts';
import { numberKey, offsetOf } from './key-bytes.ts';
import type { Table } from './lmdb.ts';

type Entry = Omit<FeedEntry, 'number'>;

/** @param fed number of the last entry; 0: none  @returns the same after the commit */
export function writeFeed(feed: Table<string>, slot: number, fed: number, owner: string, commit: Commit): number {
  let number = fed;
  for (const subjects of feedCuts(commit)) {
    number += 1;
    const entry: Entry = { owner, next: commit.next, subjects };
    feed.put(numberKey(slot, number), JSON.stringify(entry));
    if (number > FEED_LIMITS.entries) feed.remove(numberKey(slot, number - FEED_LIMITS.entries));
  }
  return number;
}

export function readFeed(feed: Table<string>, slot: number, from: number, limit: number): FeedEntry[] {
  const found: FeedEntry[] = [];
  if (limit <= 0) return found;
  feed.walk(numberKey(slot, from), numberKey(slot + 1, 0), (key, text) => {
    found.push({ number: offsetOf(key), ...(JSON.parse(text) as Entry) });
    return found.length < limit;
  });
  return found;
}
