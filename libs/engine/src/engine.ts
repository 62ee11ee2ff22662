import { sourceOf } from '@callfold/core';
import { createCaches } from './cache.ts';
import { metaOf } from './checkpoint.ts';
import { createGate } from './gate.ts';
import { claimPartition } from './owner.ts';
import { openPartition } from './partition.ts';
import { placeText } from './place.ts';
import type { At, Batch, Clock, ConsumerHandler, Signal } from './ports.ts';
import { Overtaken, Refused } from './ports.ts';
import { errorOf, Left, Lost } from './retry.ts';
import type { EngineOptions } from './role.ts';
import type { PartitionStatus, Slot } from './slot.ts';
import { createSlot, statusOf } from './slot.ts';
import { keepWatch } from './watch.ts';
import { keepWatchdog } from './watchdog.ts';

export type Engine = {
  /** Resolves after `stop`; rejects when an invariant is broken or the group cannot be joined at all. */
  run(): Promise<void>;
  stop(): Promise<void>;
  status(): readonly PartitionStatus[];
};

export const HELD = 'a newer owner holds it';

/** Waits for the work, no longer than that. A clock that nobody waits for must not keep the process from its end. */
async function within(clock: Clock, mostMs: number, work: Promise<unknown>): Promise<void> {
  const over = { aborted: false };
  const done = work
    .catch(() => undefined)
    .finally(() => {
      over.aborted = true;
    });
  await Promise.race([done, clock.sleep(mostMs, over)]);
}

/** What was taken is committed and sent; it has a limit, since others wait for it. */
async function drain({ partition }: Slot, clock: Clock, mostMs: number): Promise<void> {
  if (partition === null) return;
  // To its end, however long: a commit that is on its way must not meet what is folded next.
  await partition.settle().catch(() => undefined);
  const over = { aborted: false };
  const drained = async (): Promise<void> => {
    await partition.relay?.below(1);
    await partition.relay?.idle();
    if (!over.aborted) await partition.rest();
  };
  await within(clock, mostMs, drained());
  over.aborted = true;
}

/** One thing at a time per partition: a batch, a rest, or giving it away. */
function exclusive<Result>(slot: Slot, work: () => Promise<Result>): Promise<Result> {
  const result = slot.lane.then(work, work);
  slot.lane = result.catch(() => undefined);
  return result;
}

export function createEngine(options: EngineOptions): Engine {
  const { role, ports, limits } = options;
  const { clock, observer, consumer, log } = ports;
  const atOnce = createGate(limits.claimsAtOnce);
  const caches = createCaches(limits.cachedSubjects);
  const slots = new Map<string, Slot>();
  let broken: Error | null = null;

  /** Answers from where to read on. */
  async function claim(slot: Slot, left: string | null = null): Promise<number | null> {
    const { at, signal, retry } = slot;
    const source = sourceOf(at.topic);
    if (!source) throw new Refused(`${at.topic} is none of the raw topics`);
    const token = ports.newToken();
    const askedAt = clock.now();
    slot.partition?.relay?.stop();
    slot.partition = null;
    const above = slot.epoch ?? undefined;
    const claimed = await retry('claiming the partition', signal, () =>
      atOnce(() => claimPartition(options, at, source, token, above, left, signal)),
    );
    slot.epoch = claimed.claim.epoch;
    slot.refused = null;
    slot.partition = openPartition(options, {
      at,
      source,
      claimed,
      retry,
      signal,
      cache: caches.open(),
      onFailure: (error) => void mend(slot, error),
    });
    const { position, end } = claimed;
    slot.progress.sawEnd(end, askedAt);
    slot.progress.folded(position, askedAt);
    const { epoch } = claimed.claim;
    observer({ name: 'partition-claimed', at, epoch, position, end, asLeft: !claimed.isFenced });
    // Folded at once: the consumer's fetch under way knows nothing of this partition, and ends only when all that it
    // brought for others is folded.
    const { waiting } = claimed;
    return waiting === null ? position : take(slot, waiting);
  }

  /** Answers from where to read on. */
  async function take(slot: Slot, batch: Batch, cameAt = clock.now()): Promise<number | null> {
    const { partition } = slot;
    if (!partition) return null;
    if (batch.from !== partition.position) return partition.position;
    try {
      await partition.take(batch);
      slot.progress.folded(partition.position, cameAt);
      return partition.position;
    } catch (error) {
      return after(slot, error);
    }
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
    if (error instanceof Lost || error instanceof Overtaken) {
      observer({ name: 'partition-fenced', at });
      slot.refused = HELD;
      void reclaim(slot);
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

  /**
   * An owner that the group has dropped may claim before it knows, and die or let go then: whom the group counts on
   * would leave the partition alone for ever. Not at once, or the two would take it from one another.
   */
  async function reclaim(slot: Slot): Promise<void> {
    await clock.sleep(limits.reclaimMs, slot.signal);
    await exclusive(slot, async () => {
      if (slot.signal.aborted || slot.refused !== HELD) return;
      slot.refused = null;
      slot.epoch = null;
      consumer.seek(slot.at, await claim(slot).catch((error: unknown) => after(slot, error)));
    });
  }

  /** For what is found between two batches. */
  function mend(slot: Slot, error: unknown): Promise<void> {
    return exclusive(slot, async () => {
      if (slot.signal.aborted) return;
      consumer.seek(slot.at, await after(slot, error));
    });
  }

  /** A refused partition is taken when a checkpoint was laid down for it, and no owner has it yet. */
  async function lookAgain(slot: Slot): Promise<void> {
    if (slot.refused === null || clock.now() < slot.lookAfter) return;
    const seen = await ports.store.peek(slot.at);
    slot.lookAfter = clock.now() + limits.confirmMs;
    const offered = metaOf(seen)?.offered ?? null;
    if (seen === null || offered === null || offered !== seen.claim.token) return;
    consumer.seek(slot.at, await claim(slot).catch((error: unknown) => after(slot, error)));
  }

  async function rest(slot: Slot): Promise<void> {
    if (slot.isResting) return;
    if (slot.partition) await slot.watch.rest(slot.partition);
    else await lookAgain(slot);
  }

  /** Answers what the next owner may be told. */
  async function release(slot: Slot): Promise<string | null> {
    const { partition, at } = slot;
    await drain(slot, clock, limits.drainMs);
    const farewell = partition?.farewell() ?? null;
    if (partition) observer({ name: 'partition-released', at, position: partition.committed ?? 0 });
    slot.signal.aborted = true;
    partition?.relay?.stop();
    slots.delete(placeText(at));
    return farewell;
  }

  const handler: ConsumerHandler = {
    async assigned(at: At, signal: Signal, left: string | null) {
      const slot = createSlot(options, at, signal);
      slots.set(placeText(at), slot);
      const position = await exclusive(slot, () => claim(slot, left).catch((error: unknown) => after(slot, error)));
      const look = (): Promise<void> => exclusive(slot, () => rest(slot));
      const { signal: either, waits } = slot;
      void keepWatch({ at, signal: either, clock, observer, limits, waits }, look, (error) => mend(slot, error));
      return position;
    },
    async batch(at: At, batch: Batch) {
      const slot = slots.get(placeText(at));
      if (!slot) return null;
      const cameAt = clock.now();
      const { partition } = slot;
      slot.progress.sawEnd(batch.end, cameAt);
      return exclusive(slot, async () => {
        // Read before the claim that came between, and maybe of what the log had before that: it is read again.
        if (slot.partition !== partition) return slot.partition?.position ?? null;
        return take(slot, batch, cameAt);
      });
    },
    async paused(at: At) {
      const slot = slots.get(placeText(at));
      if (!slot) return null;
      slot.isResting = true;
      let farewell: string | null = null;
      const drained = exclusive(slot, async () => {
        await drain(slot, clock, limits.drainMs);
        farewell = slot.partition?.farewell() ?? null;
      });
      await within(clock, 2 * limits.drainMs, drained);
      return farewell;
    },
    resumed(at: At) {
      const slot = slots.get(placeText(at));
      if (slot) slot.isResting = false;
    },
    async revoked(at: At) {
      const slot = slots.get(placeText(at));
      if (!slot) return null;
      const released = exclusive(slot, () => release(slot));
      // What waits for infrastructure that is away must not hold the partition back from its next owner.
      await within(clock, 2 * limits.drainMs, released);
      slot.signal.aborted = true;
      return released;
    },
  };

  return {
    async run() {
      const over = { aborted: false };
      const ticks = role.publishes;
      void keepWatchdog({ log, clock, observer, limits, ticks }, slots, over);
      await consumer.run(handler).finally(() => {
        over.aborted = true;
      });
      if (broken) throw broken;
    },
    stop: () => consumer.stop(),
    status: () => [...slots.values()].map((slot) => statusOf(slot, clock.now())),
  };
}
