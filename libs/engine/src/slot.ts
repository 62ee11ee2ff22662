import type { Partition } from './partition.ts';
import type { At, Signal } from './ports.ts';
import type { Duty, Progress, Stall } from './progress.ts';
import { createProgress } from './progress.ts';
import type { Retry, Waits } from './retry.ts';
import { createRetry } from './retry.ts';
import type { EngineOptions } from './role.ts';
import type { Watch } from './watch.ts';
import { createWatch } from './watch.ts';

/** What an instance keeps of a partition as long as it is assigned. */
export type Slot = {
  readonly at: At;
  readonly signal: { aborted: boolean };
  readonly retry: Retry;
  readonly waits: Waits;
  partition: Partition | null;
  epoch: number | null;
  refused: string | null;
  /** The group shares out anew: nothing is done for it until it is known whose it is. */
  isResting: boolean;
  lane: Promise<unknown>;
  readonly watch: Watch;
  /** When a refused partition is looked at again; by this process's clock. */
  lookAfter: number;
  readonly progress: Progress;
  /** Said to be stalled, and not yet to move again. */
  stall: Stall | null;
};

/** Set by the group's, or by itself. */
function eitherOf(signal: Signal): Signal {
  const own = { aborted: false };
  return {
    get aborted() {
      return own.aborted || signal.aborted;
    },
    set aborted(value: boolean) {
      own.aborted = value;
    },
  };
}

export function createSlot({ role, ports, limits }: EngineOptions, at: At, signal: Signal): Slot {
  const { clock, observer, log } = ports;
  const waits: Waits = new Map();
  return {
    at,
    signal: eitherOf(signal),
    retry: createRetry(at, clock, observer, limits, waits),
    waits,
    partition: null,
    epoch: null,
    refused: null,
    isResting: false,
    lane: Promise.resolve(),
    watch: createWatch({ at, log, clock, observer, limits, ticks: role.publishes }),
    progress: createProgress(clock.now()),
    stall: null,
    lookAfter: 0,
  };
}

/** How one partition stands at this instance. */
export type PartitionStatus = {
  readonly at: At;
  readonly epoch: number | null;
  readonly position: number | null;
  readonly committed: number | null;
  readonly end: number | null;
  readonly clock: number | null;
  readonly nextDue: number | null;
  /** Derived records committed and not yet sent. */
  readonly waiting: number;
  /** For how long the oldest of them waits, as far as this owner knows; null: none does. */
  readonly waitingMs: number | null;
  /** The age of the oldest record not folded, at most; 0 at the log's end, null before the claim. */
  readonly lagMs: number | null;
  /** Why it is left alone; null while it is worked on. */
  readonly refused: string | null;
  /** What it waits for because infrastructure is away, as `doing: message`; null: for nothing. */
  readonly away: string | null;
  /** There is something to do, and nothing of it moves. */
  readonly stalled: { readonly waitsFor: Duty; readonly forMs: number } | null;
  /** When position or outbox last moved, by this process's clock; epoch ms. */
  readonly progressAt: number;
};

export const awayOf = ({ waits }: Slot): string | null => [...waits.values()][0] ?? null;

/** Of the log's end: the latest that is known of it. */
function lagMsOf({ partition, progress }: Slot, now: number): number | null {
  if (partition === null) return null;
  if (partition.position >= (progress.end ?? partition.end)) return 0;
  // What is not folded came after the last folded record, and after the log was last folded to its end.
  return Math.max(0, now - Math.max(partition.clock, progress.atEndAt));
}

export function statusOf(slot: Slot, now: number): PartitionStatus {
  const { at, epoch, partition, refused, progress, stall } = slot;
  const since = partition?.relay?.waitingSince ?? null;
  return {
    at,
    epoch,
    position: partition?.position ?? null,
    committed: partition?.committed ?? null,
    end: partition === null ? null : Math.max(progress.end ?? partition.end, partition.position),
    clock: partition?.clock ?? null,
    nextDue: partition?.nextDue ?? null,
    waiting: partition?.relay?.waiting ?? 0,
    waitingMs: since === null ? null : Math.max(0, now - since),
    lagMs: lagMsOf(slot, now),
    refused,
    away: awayOf(slot),
    stalled: stall && { waitsFor: stall.waitsFor, forMs: now - stall.since },
    progressAt: progress.movedAt,
  };
}
