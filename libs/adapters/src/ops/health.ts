import type { PartitionStatus } from '@callfold/engine';
import { redactText } from './log.ts';

export type Health = {
  /** One line a check: what it is, whether it holds, and if not what was seen. */
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
};

type Stalled = NonNullable<PartitionStatus['stalled']>;

const WAITS_FOR: Readonly<Record<Stalled['waitsFor'], string>> = {
  claim: 'it is not claimed yet',
  records: 'records of the log are not folded and committed',
  outbox: 'derived records are committed and not sent',
  timer: 'a timer is due, and no record comes at which it fires',
  'log-end': 'nobody can say where the log ends',
  release: 'it cannot be given back, a call is under way',
};

function stallText({ stalled, away }: PartitionStatus & { readonly stalled: Stalled }): string {
  const why = away === null ? '' : `; ${redactText(away)}`;
  return `stalled for ${Math.round(stalled.forMs / 1_000)} s: ${WAITS_FOR[stalled.waitsFor]}${why}`;
}

/** Unready: a partition left alone, one that waits for infrastructure, or one that has work and does not move. */
export function partitionHealth(statuses: readonly PartitionStatus[]): Health[] {
  return statuses.map((one) => {
    const name = `${one.at.topic}/${one.at.partition}`;
    const { refused, away, stalled } = one;
    if (refused !== null) return { name, ok: false, detail: refused };
    if (stalled !== null) return { name, ok: false, detail: stallText({ ...one, stalled }) };
    if (away !== null) return { name, ok: false, detail: redactText(away) };
    const behind = lagRecordsOf(one) ?? 0;
    return { name, ok: true, detail: `position ${one.position}, ${behind} behind, ${one.waiting} to send` };
  });
}

export function lagRecordsOf({ end, position }: PartitionStatus): number | null {
  return end === null || position === null ? null : Math.max(0, end - position);
}

export const secondsOf = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

/** One partition for who looks closer: what there is to do, how old it is, and why it is not done. */
export function partitionReport(role: string, one: PartitionStatus): object {
  const { at, stalled, away } = one;
  return {
    role,
    topic: at.topic,
    partition: at.partition,
    epoch: one.epoch,
    position: one.position,
    committed: one.committed,
    end: one.end,
    lagRecords: lagRecordsOf(one),
    lagSeconds: secondsOf(one.lagMs),
    outboxRecords: one.waiting,
    outboxOldestAgeSeconds: secondsOf(one.waitingMs),
    nextTimer: one.nextDue === null ? null : new Date(one.nextDue).toISOString(),
    lastProgress: new Date(one.progressAt).toISOString(),
    stalled: stalled && { waitsFor: stalled.waitsFor, seconds: stalled.forMs / 1_000 },
    away: away === null ? null : redactText(away),
    refused: one.refused,
  };
}
