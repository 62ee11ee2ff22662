/** Counting and dividing, the same way for every figure. */

/** Of 100, rounded to four places; null when there is nothing to divide by. */
export function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((1_000_000 * part) / whole) / 10_000;
}

/** Mean in seconds, rounded to four places; null of nothing. */
export function meanSeconds(sumMs: number, count: number): number | null {
  return count === 0 ? null : Math.round((10 * sumMs) / count) / 10_000;
}

export type Counts<Key = string> = Map<Key, number>;

export function count<Key>(counts: Counts<Key>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** In the order of names, so that the order in which records came does not show. What did not occur is left out. */
export function byName<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
