import type { RawEvent } from '@callfold/core';

/** Of one partition, in the log's order; without events it is a tick. */
export type DisorderedBatch = {
  readonly partition: number;
  readonly events: RawEvent[] | null;
  /** When the log took them, epoch ms. */
  readonly loggedAt: number;
};

export function disorderedBatches(options: {
  readonly seed: number | string;
  readonly events: number;
  readonly live: number;
  readonly partitions: number;
  readonly startAt: number;
}): DisorderedBatch[];
