import { sourceOf } from '@callfold/core';
import { erasedBy } from './inputs.ts';
import type { At, Log } from './ports.ts';

const PAGE_RECORDS = 5_000;

/**
 * Keys of the subjects that the log erases in this range. Whoever folds again what is to be erased further on must know
 * before: else it would publish it once more. What the fold refuses erases nobody here either.
 * @param to exclusive
 */
export async function erasuresIn(log: Log, at: At, from: number, to: number): Promise<Set<string>> {
  const keys = new Set<string>();
  const source = sourceOf(at.topic);
  if (!source) return keys;
  const place = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
  for (let offset = from; offset < to; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    for (const record of batch.records) {
      const key = record.offset < to ? erasedBy(record, place) : null;
      if (key !== null) keys.add(key);
    }
    if (batch.next <= offset) break;
    offset = batch.next;
  }
  return keys;
}
