import { DERIVED_OF, sourceOf } from '@callfold/core';
import { claimPartition } from './owner.ts';
import type { Partition } from './partition.ts';
import { openPartition } from './partition.ts';
import type { At, Batch, ConsumerHandler, Signal } from './ports.ts';
import { Refused } from './ports.ts';
import type { Retry, Waits } from './retry.ts';
import { createRetry, errorOf, Left, Lost } from './retry.ts';
import type { EngineOptions } from './role.ts';
import type { Watch } from './watch.ts';
import { createWatch, keepWatch } from './watch.ts';

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
  /** Why it is left alone; null while it is worked on. */
  readonly refused: string | null;
  /** What it waits for because infrastructure is away, as `doing: message`; null: for nothing. */
  readonly away: string | null;
  /** When the position last moved, by this process's clock; epoch ms. */
  readonly progressAt: number;
};

export type Engine = {
  /** Resolves after `stop`; rejects when an invariant is broken or the group cannot be joined at all. */
  run(): Promise<void>;
  stop(): Promise<void>;
  status(): readonly PartitionStatus[];
};

/** What an instance keeps of a partition as long as it is assigned. */
type Slot = {
  readonly at: At;
  readonly signal: { aborted: boolean };
  readonly retry: Retry;
  readonly waits: Waits;
  partition: Partition | null;
  epoch: number | null;
  refused: string | null;
  lane: Promise<unknown>;
  readonly watch: Watch;
  progressAt: number;
};

const keyOf = (at: At): string => `${at.topic}/${at.partition}`;

export function createEngine(options: EngineOptions): Engine {
  const { role, ports, limits } = options;
  const { clock, observer, consumer, log } = ports;
  const slots = new Map<string, Slot>();
  let broken: Error | null = null;

  /** One thing at a time per partition: a batch, a rest, or giving it away. */
  function exclusive<Result>(slot: Slot, work: () => Promise<Result>): Promise<Result> {
    const result = slot.lane.then(work, work);
    slot.lane = result.catch(() => undefined);
    return result;
  }

  async function claim(slot: Slot): Promise<number | null> {
    const { at, signal, retry } = slot;
    const source = sourceOf(at.topic);
    if (!source) throw new Refused(`${at.topic} is none of the raw topics`);
    const token = ports.newToken();
    slot.partition?.relay?.stop();
    slot.partition = null;
    const above = slot.epoch ?? undefined;
    const claimed = await retry('claiming the partition', signal, () =>
      claimPartition(options, at, DERIVED_OF[source], token, above),
    );
    slot.epoch = claimed.claim.epoch;
    slot.partition = openPartition(options, {
      at,
      source,
      claimed,
      retry,
      signal,
      onFailure: (error) => void mend(slot, error),
    });
    slot.progressAt = clock.now();
    const { position, end } = claimed;
    observer({ name: 'partition-claimed', at, epoch: claimed.claim.epoch, position, end });
    return position;
  }

  /** What an error means for the partition: the offset to go on from, or null to leave it alone. */
  async function after(slot: Slot, error: unknown): Promise<number | null> {
    const { at } = slot;
    const leave = (): null => {
      slot.partition?.relay?.stop();
      slot.partition = null;
      return null;
    };
    if (error instanceof Left) return leave();
    if (error instanceof Lost && error.why === 'moved') {
      observer({ name: 'partition-moved', at });
      return claim(slot).catch((next: unknown) => after(slot, next));
    }
    if (error instanceof Lost) {
      observer({ name: 'partition-fenced', at });
      slot.refused = 'a newer owner holds it';
      return leave();
    }
    if (error instanceof Refused) {
      observer({ name: 'partition-refused', at, message: error.message });
      slot.refused = error.message;
      return leave();
    }
    broken ??= errorOf(error);
    leave();
    void consumer.stop();
    return null;
  }

  /** For what is found between two batches. */
  function mend(slot: Slot, error: unknown): Promise<void> {
    return exclusive(slot, async () => {
      if (slot.signal.aborted) return;
      consumer.seek(slot.at, await after(slot, error));
    });
  }

  async function rest({ partition, watch }: Slot): Promise<void> {
    if (partition) await watch.rest(partition);
  }

  /** Waits for the work, no longer than that. A clock that nobody waits for must not keep the process from its end. */
  async function within(mostMs: number, work: Promise<void>): Promise<void> {
    const over = { aborted: false };
    const done = work
      .catch(() => undefined)
      .finally(() => {
        over.aborted = true;
      });
    await Promise.race([done, clock.sleep(mostMs, over)]);
  }

  async function release(slot: Slot): Promise<void> {
    const { partition, at } = slot;
    if (partition) {
      const drained = async (): Promise<void> => {
        await partition.settle();
        await partition.relay?.below(1);
        await partition.rest();
      };
      await within(limits.drainMs, drained());
      observer({ name: 'partition-released', at, position: partition.committed ?? 0 });
    }
    slot.signal.aborted = true;
    partition?.relay?.stop();
    slots.delete(keyOf(at));
  }

  const handler: ConsumerHandler = {
    async assigned(at: At, signal: Signal) {
      const own = { aborted: false };
      const either = {
        get aborted() {
          return own.aborted || signal.aborted;
        },
        set aborted(value: boolean) {
          own.aborted = value;
        },
      };
      const waits: Waits = new Map();
      const slot: Slot = {
        at,
        signal: either,
        retry: createRetry(at, clock, observer, limits, waits),
        waits,
        partition: null,
        epoch: null,
        refused: null,
        lane: Promise.resolve(),
        watch: createWatch({ at, log, clock, observer, limits, ticks: role.publishes }),
        progressAt: clock.now(),
      };
      slots.set(keyOf(at), slot);
      const position = await exclusive(slot, () => claim(slot).catch((error: unknown) => after(slot, error)));
      const look = (): Promise<void> => exclusive(slot, () => rest(slot));
      void keepWatch({ at, signal: either, clock, observer, limits, waits }, look, (error) => mend(slot, error));
      return position;
    },
    async batch(at: At, batch: Batch) {
      const slot = slots.get(keyOf(at));
      if (!slot) return null;
      return exclusive(slot, async () => {
        const { partition } = slot;
        if (!partition) return null;
        if (batch.from !== partition.position) return partition.position;
        try {
          await partition.take(batch);
          slot.progressAt = clock.now();
          return partition.position;
        } catch (error) {
          return after(slot, error);
        }
      });
    },
    async revoked(at: At) {
      const slot = slots.get(keyOf(at));
      if (!slot) return;
      const released = exclusive(slot, () => release(slot));
      // What waits for infrastructure that is away must not hold the partition back from its next owner.
      await within(2 * limits.drainMs, released);
      slot.signal.aborted = true;
      await released;
    },
  };

  return {
    async run() {
      await consumer.run(handler);
      if (broken) throw broken;
    },
    stop: () => consumer.stop(),
    status: () =>
      [...slots.values()].map(({ at, epoch, partition, refused, waits, progressAt }) => ({
        at,
        epoch,
        position: partition?.position ?? null,
        committed: partition?.committed ?? null,
        end: partition?.end ?? null,
        clock: partition?.clock ?? null,
        nextDue: partition?.nextDue ?? null,
        waiting: partition?.relay?.waiting ?? 0,
        refused,
        away: [...waits.values()][0] ?? null,
        progressAt,
      })),
  };
}
