import type { Clock } from '@callfold/engine';

/** Time that passes only when told, for tests and simulations: sleepers wake in the order in which they are due. */
export type VirtualClock = Clock & {
  /** Lets everything run that needs no time. */
  calm(): Promise<void>;
  /**
   * Wakes sleepers one after the other until the condition holds.
   * @returns false when `mostMs` of virtual time went by before.
   */
  runUntil(condition: () => boolean, mostMs: number): Promise<boolean>;
};

type Sleeper = { readonly at: number; readonly order: number; readonly wake: () => void };

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Sleepers by when they are due, then by when they lay down. */
function createSleepers() {
  const heap: Sleeper[] = [];
  return {
    first: (): Sleeper | undefined => heap[0],
    add(sleeper: Sleeper): void {
      let at = heap.length;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(sleeper, heap[parent] as Sleeper)) break;
        heap[at] = heap[parent] as Sleeper;
        at = parent;
      }
      heap[at] = sleeper;
    },
    takeFirst(): void {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1] as Sleeper, heap[child] as Sleeper)) child += 1;
        if (!isBefore(heap[child] as Sleeper, last)) break;
        heap[at] = heap[child] as Sleeper;
        at = child;
      }
      heap[at] = last;
    },
  };
}

export function createVirtualClock(startMs: number): VirtualClock {
  let now = startMs;
  let order = 0;
  const sleepers = createSleepers();

  /**
   * Of all that runs without time only promises wait for one another, and the platform runs what was put off to the
   * next tick when no promise is left to go on: no turn of the event loop is needed, which would cost far more.
   */
  async function calm(): Promise<void> {
    // First to where promises go on: of two things put off by one callback the second would not wait for promises.
    await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      if (signal?.aborted || ms <= 0) return Promise.resolve();
      order += 1;
      const place = order;
      return new Promise((wake) => sleepers.add({ at: now + ms, order: place, wake }));
    },
    calm,
    async runUntil(condition, mostMs) {
      const until = now + mostMs;
      for (;;) {
        await calm();
        if (condition()) return true;
        const next = sleepers.first();
        if (!next || next.at > until) return false;
        sleepers.takeFirst();
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}
