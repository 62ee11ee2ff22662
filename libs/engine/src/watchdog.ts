import type { Clock, Log, Signal } from './ports.ts';
import type { Observer } from './observer.ts';
import type { EngineLimits } from './role.ts';
import type { Slot } from './slot.ts';
import { awayOf } from './slot.ts';

export type WatchdogOptions = {
  readonly log: Log;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly limits: EngineLimits;
  /** Only `outcomes` writes ticks: elsewhere a due timer is not what the owner has to see to. */
  readonly ticks: boolean;
};

/** Looks within one bound: what is seen to begin, and what is said, may each be one look late. */
const LOOKS_PER_BOUND = 20;
const LOOK_MOST_MS = 1_000;
/** Of an idle partition the log's end is asked for this often within one bound. */
const ENDS_PER_BOUND = 2;
/** Questions for the log's end under way at the same time. */
const ENDS_AT_ONCE = 8;

/**
 * Says of each partition assigned here when it has something to do and nothing moves, within `stalledAfterMs`, and when
 * it moves again. It takes no part in the work, so that a call which never answers does not hold it up; and it asks for
 * the log's end by itself, since a consumer that brings no batch does not say that there are records.
 */
export async function keepWatchdog(
  options: WatchdogOptions,
  slots: ReadonlyMap<string, Slot>,
  over: Signal,
): Promise<void> {
  const { clock, limits } = options;
  const everyMs = Math.min(limits.stalledAfterMs / LOOKS_PER_BOUND, LOOK_MOST_MS);
  const ends = createEnds(options);
  while (!over.aborted) {
    await clock.sleep(everyMs, over);
    if (over.aborted) return;
    ends.ask(slots.values());
    for (const slot of slots.values()) judge(options, slot, limits.stalledAfterMs - 2 * everyMs);
  }
}

function judge({ clock, observer, ticks }: WatchdogOptions, slot: Slot, boundMs: number): void {
  const { at, partition, progress, refused, signal } = slot;
  const now = clock.now();
  progress.look(
    {
      isClaimed: partition !== null,
      isLeaving: signal.aborted,
      isRefused: refused !== null,
      position: partition?.position ?? 0,
      committed: partition?.committed ?? null,
      waiting: partition?.relay?.waiting ?? 0,
      sentUpTo: partition?.relay?.sentUpTo ?? 0,
      nextDue: ticks ? (partition?.nextDue ?? null) : null,
    },
    now,
  );
  const before = slot.stall;
  slot.stall = progress.stalled(now, boundMs);
  const { stall } = slot;
  if (stall !== null && stall.waitsFor !== before?.waitsFor) {
    const forMs = now - stall.since;
    observer({ name: 'partition-stalled', at, waitsFor: stall.waitsFor, forMs, message: awayOf(slot) });
  }
  if (stall === null && before !== null && refused === null) {
    observer({ name: 'partition-moving', at, waitedFor: before.waitsFor, forMs: now - before.since });
  }
}

/** Asks for the log's end of those whose end nobody has told for a while, the oldest news first. */
function createEnds({ log, clock, limits }: WatchdogOptions): { ask(slots: Iterable<Slot>): void } {
  const pauseMs = limits.stalledAfterMs / ENDS_PER_BOUND;
  const asked = new Set<Slot>();
  let due: Slot[] = [];

  async function learn(slot: Slot): Promise<void> {
    const since = clock.now();
    const { progress, partition, at } = slot;
    progress.asks(since);
    const { end } = await log.bounds(at);
    // A batch that came meanwhile knows better.
    if (progress.endSeenAt > since) return;
    progress.sawEnd(end, since);
    if (slot.partition === partition && partition !== null) progress.folded(partition.position, since);
  }

  async function work(): Promise<void> {
    for (let slot = due.shift(); slot !== undefined; slot = due.shift()) {
      asked.add(slot);
      // One that fails is asked again at the next look: until then it counts as not answered.
      await learn(slot).catch(() => undefined);
      asked.delete(slot);
    }
  }

  return {
    ask(slots) {
      const isDue = ({ partition, refused, signal, progress }: Slot): boolean =>
        partition !== null && refused === null && !signal.aborted && clock.now() - progress.endSeenAt >= pauseMs;
      due = [...slots].filter((slot) => isDue(slot) && !asked.has(slot));
      due.sort((a, b) => a.progress.endSeenAt - b.progress.endSeenAt);
      for (let free = ENDS_AT_ONCE - asked.size; free > 0 && due.length > 0; free -= 1) void work();
    },
  };
}
