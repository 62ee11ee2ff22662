/** Retention: old raw records go, block by block from the start, never one that a group has yet to read. */

import type { Catalog } from './catalog.ts';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { PartitionLogs } from './partition-logs.ts';
import type { StoreTables } from './store.ts';
import { positionOf } from './store.ts';
import type { Write } from './write-queue.ts';

export type Trimmed = {
  readonly removed: number;
  /** Groups that have not read what is old enough to go. Their next trim after they have gets it. */
  readonly keptFor: readonly string[];
};

export type Retention = {
  /** Raw records older than this, by append time, go. At least twice the longest timer. */
  readonly keepMs: number;
  readonly everyMs: number;
  /** Told after each trim of a topic, or what kept it from being done. */
  readonly told: (topic: string, outcome: Trimmed | Error) => void;
};

export type TrimParts = {
  readonly logs: PartitionLogs;
  readonly catalog: Catalog;
  readonly tables: StoreTables;
  readonly write: Write;
};

type Reader = { readonly group: string; readonly next: number };

/**
 * The last block of a partition stays, and the record before each position.
 * @param before append time, epoch ms: what is older goes.
 */
export async function trimTopic(parts: TrimParts, topic: string, before: number): Promise<Trimmed> {
  const keptFor = new Set<string>();
  let removed = 0;
  for (let partition = 0; partition < parts.catalog.partitions; partition += 1) {
    const lane = parts.catalog.lane({ topic, partition });
    for (let more = true; more; ) {
      const turn = await parts.write(
        () => {
          const readers = readersOf(parts, topic, partition);
          const lowest = Math.min(Number.POSITIVE_INFINITY, ...readers.map(({ next }) => next));
          // An owner that takes over looks at the last record it folded.
          const outcome = parts.logs.trim(lane, before, lowest - 1, EMBEDDED_LIMITS.trimBlocks);
          return { ...outcome, slowest: readers.filter(({ next }) => next === lowest) };
        },
        { frees: true },
      );
      removed += turn.removed;
      more = turn.more;
      if (turn.held) for (const { group } of turn.slowest) keptFor.add(group);
    }
  }
  return { removed, keptFor: [...keptFor] };
}

function readersOf({ catalog, tables }: TrimParts, topic: string, partition: number): Reader[] {
  return catalog.places().flatMap(({ group, at, slot }) => {
    if (at.topic !== topic || at.partition !== partition) return [];
    const position = positionOf(tables, slot);
    return position === null ? [] : [{ group, next: position }];
  });
}

/** Trims now and then until the answer is called. The process does not stay up for it. */
export function startRetention(
  { keepMs, everyMs, told }: Retention,
  topics: () => readonly string[],
  now: () => number,
  trim: (topic: string, before: number) => Promise<Trimmed>,
): () => void {
  let busy = false;
  const turn = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      for (const topic of topics()) {
        const outcome = await trim(topic, now() - keepMs).catch((error: unknown) => asError(error));
        told(topic, outcome);
      }
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void turn(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
