import type { DerivedRecord } from '@callfold/core';
import { DEAD_LETTERS } from '@callfold/core';
import type { Begun, Meta } from './checkpoint.ts';
import { decodeMeta, encodeMeta, metaOf } from './checkpoint.ts';
import { decodeLetter } from './letters.ts';
import { countsText, isMultiple, unfitText } from './layout.ts';
import type { LogFault } from './log-fault.ts';
import { faultOfLog } from './log-fault.ts';
import type { At, Codec, Log, Store } from './ports.ts';
import { placeWords } from './place.ts';
import { Refused } from './ports.ts';
import type { DerivedReader, StoodValue } from './read-back.ts';
import { hasValue, topicPages } from './read-back.ts';

/**
 * A state whose position is not in its log any more, since retention passed it or the topic was made anew, goes on with
 * the log that there is. It keeps all that it knows: facts, timers, revisions, seqs, and what is still to be sent. So
 * what goes on in the new log is folded with what the old one said of it, and nothing is published twice. What was
 * before is before the horizon for whoever folds the log afresh.
 */

/**
 * Where it goes on: with the first record that was appended no earlier than the last one folded. A log of which
 * everything is later is taken whole.
 */
export async function placeAnew(log: Log, at: At, { clock }: Pick<Meta, 'clock'>, fault: LogFault): Promise<number> {
  const { start } = await log.bounds(at);
  return fault.what === 'passed' ? start : log.offsetAt(at, clock);
}

export type BeginAnew = {
  readonly at: At;
  readonly store: Store;
  readonly log: Log;
  /** A random text, new at each call. */
  readonly token: string;
  /** Where it goes on; null: `placeAnew` says. */
  readonly from: number | null;
};

/**
 * Moves the position into the log, and has the partition's owner take it at its next look. Safe to repeat.
 * @returns false when the position is in the log, and nothing was done
 */
export async function beginAnew({ at, store, log, token, from }: BeginAnew): Promise<boolean> {
  const seen = await store.peek(at);
  if (seen === null || seen.next === null || seen.meta === null) return false;
  const was = decodeMeta(seen.meta);
  if ((await faultOfLog(log, at, seen.next, was, await log.bounds(at))) === null) return false;
  const partitions = await log.partitions(at.topic);
  const counts = { was: was.partitions, now: partitions };
  if (was.growing !== undefined || (counts.was !== counts.now && !isMultiple(counts))) {
    throw new Refused(
      `${placeWords(at)}: ${countsText(counts)}, so its subjects are in other partitions now: ${unfitText(counts)}. ` +
        'Nothing was changed.',
    );
  }
  // From here on nobody else commits: an owner that has not noticed yet is shut out.
  const claimed = await store.claim(at, token);
  const { next, claim } = claimed;
  const meta = metaOf(claimed);
  const bounds = await log.bounds(at);
  const fault = next === null || meta === null ? null : await faultOfLog(log, at, next, meta, bounds);
  if (next === null || meta === null || fault === null) throw taken(at);
  const begins = Math.min(Math.max(from ?? (await placeAnew(log, at, meta, fault)), bounds.start), bounds.end);
  const answer = await store.commit(at, claim, {
    expected: next,
    next: begins,
    meta: encodeMeta({
      ...meta,
      last: null,
      event: null,
      // A recovery that was under way goes on up to the end of this log.
      standing: meta.standing && { ...meta.standing, until: begins },
      offered: token,
      begun: { from: begins, outbox: meta.outboxNext, seqs: meta.seqs },
    }),
    tables: new Map(),
    timers: new Map(),
    outboxFrom: meta.outboxNext,
    outbox: [],
    outboxTrim: meta.outboxFirst,
  });
  if (!answer.ok) throw taken(at);
  return true;
}

function taken({ topic, partition }: At): Refused {
  return new Refused(`${topic} partition ${partition}: its state changed meanwhile. Look again: \`callfold status\`.`);
}

/** When the log took what caused it, epoch ms; 0: that is not known. */
function causedAt(stood: StoodValue, codec: Codec): number {
  if (stood.topic === DEAD_LETTERS) return decodeLetter(stood.value, codec).originAppendedAt;
  return (codec.decodeDerived(stood.topic, stood.value) as unknown as DerivedRecord).ingestedAt ?? 0;
}

async function earliestStanding(reader: DerivedReader, at: At, topic: string): Promise<StoodValue | undefined> {
  for await (const { records } of topicPages(reader, at, topic, undefined)) {
    const first = records.find(hasValue);
    if (first) return first;
  }
  return undefined;
}

/**
 * Of a state that was lost, and of which a log is left that has its beginning: whether there was another log before it,
 * since what stands earliest was caused before its first record.
 */
export async function begunBefore(
  { at, log, codec }: { readonly at: At; readonly log: Log; readonly codec: Codec },
  reader: DerivedReader,
  topics: readonly string[],
): Promise<Begun | undefined> {
  const { start, end } = await log.bounds(at);
  if (start > 0) return undefined;
  const first = end === 0 ? undefined : (await log.read(at, 0, 1)).records[0];
  for (const topic of topics) {
    const stood = await earliestStanding(reader, at, topic);
    if (stood === undefined) continue;
    await codec.prepare([stood]);
    const caused = causedAt(stood, codec);
    if (caused > 0 && (first === undefined || caused < first.appendedAt)) return { from: 0, outbox: 0 };
  }
  return undefined;
}
