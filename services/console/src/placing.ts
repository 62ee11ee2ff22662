import type { Source } from '@callfold/core';
import type { At, Codec, Input, LogRecord, Store } from '@callfold/engine';
import { inputOf, metaOf, placingMeta } from '@callfold/engine';

/** What a raw record was to the owner of its partition on a past day, also where partitions were added since. */

/** By `outcomes`' states: what it refused as misplaced is refused, and nothing else. */
export type States = Pick<Store, 'peek'>;

export type Placing = (record: LogRecord) => Input;

/** Numbers by which a partition's records may have been placed before there were `now`, the smallest first. */
function countsBefore(partition: number, now: number, derived: number): readonly number[] {
  // Each raw topic has a multiple of the derived topics' partitions, and each number was a multiple of the one before.
  const counts: number[] = [];
  for (let count = derived; count <= now; count += derived)
    if (count > partition && now % count === 0) counts.push(count);
  return counts;
}

/**
 * @param there how many partitions the topic has
 * @param states absent: nobody has folded the log, and its partitions were never others
 */
export async function openPlacing(
  { at, source, codec }: { readonly at: At; readonly source: Source; readonly codec: Codec },
  there: number,
  states: States | undefined,
): Promise<Placing> {
  const { partition } = at;
  const stored = (await states?.peek(at)) ?? null;
  const own = metaOf(stored);
  const meta = states ? await placingMeta(states, at, stored) : null;
  const read = (record: LogRecord, partitions: number): Input =>
    inputOf(record, { source, partition, partitions }, codec);
  // Until its subjects are moved, a partition of before is folded by the number of before, and no added one is folded.
  const now = meta !== null && partition < meta.partitions ? meta.partitions : (meta?.growing ?? there);
  const { from = 0, isGrown = false, placed = Infinity, placedBy } = own?.begun ?? {};
  if (placedBy) return (record) => read(record, placedBy.find(({ until }) => record.offset < until)?.partitions ?? now);
  // A state of an older version, or one that was folded again, does not know by which numbers its log was placed: where
  // there may have been several, since partitions were added twice, whatever belongs here by one of them is taken.
  const moved = isGrown ? placed : from;
  const before = countsBefore(partition, now, Math.max(1, ...Object.values(own?.derived ?? {})));
  return (record) => {
    const input = read(record, now);
    const isMisplaced = input.what === 'rejected' && input.rejection.rejected === 'wrong-partition';
    if (!isMisplaced || record.offset >= moved) return input;
    for (const count of before) {
      const taken = read(record, count);
      if (taken.what !== 'rejected') return taken;
    }
    return input;
  };
}
