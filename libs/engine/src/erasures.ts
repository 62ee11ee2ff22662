import { sourceOf } from '@callfold/core';
import { erasedBy } from './inputs.ts';
import { logPages } from './log-pages.ts';
import type { At, Log } from './ports.ts';

/**
 * Keys of the subjects that the log erases in this range. Whoever folds again what is to be erased further on must know
 * before: else it would publish it once more. What the fold refuses erases nobody here either.
 * @param to exclusive
 * @param partitions by which its subjects are placed
 */
export async function erasuresIn(log: Log, at: At, from: number, to: number, partitions: number): Promise<Set<string>> {
  const keys = new Set<string>();
  const source = sourceOf(at.topic);
  if (!source) return keys;
  const place = { source, partition: at.partition, partitions };
  for await (const { records } of logPages(log, at, from, to)) {
    for (const record of records) {
      const key = erasedBy(record, place);
      if (key !== null) keys.add(key);
    }
  }
  return keys;
}
