import { utf8Text } from '@callfold/core';
import { isErasure } from './inputs.ts';
import type { At, Log } from './ports.ts';

const PAGE_RECORDS = 5_000;

/**
 * Keys of the subjects that the log erases in this range. Whoever folds again what is to be erased further on must know
 * before: else it would publish it once more.
 * @param to exclusive
 */
export async function erasuresIn(log: Log, at: At, from: number, to: number): Promise<Set<string>> {
  const keys = new Set<string>();
  for (let offset = from; offset < to; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    for (const record of batch.records) {
      if (record.offset < to && isErasure(record)) keys.add(utf8Text(record.key ?? new Uint8Array(0)));
    }
    if (batch.next <= offset) break;
    offset = batch.next;
  }
  return keys;
}
