import { setImmediate as turn } from 'node:timers/promises';
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

/** How many turns of the event loop are taken for quiet: promises that call one another in between need no time. */
const QUIET_TURNS = 3;

export function createVirtualClock(startMs: number): VirtualClock {
  let now = startMs;
  let order = 0;
  let sleepers: { readonly at: number; readonly order: number; readonly wake: () => void }[] = [];

  async function calm(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns += 1) await turn();
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      if (signal?.aborted || ms <= 0) return Promise.resolve();
      order += 1;
      const place = order;
      return new Promise((wake) => sleepers.push({ at: now + ms, order: place, wake }));
    },
    calm,
    async runUntil(condition, mostMs) {
      const until = now + mostMs;
      for (;;) {
        await calm();
        if (condition()) return true;
        sleepers.sort((a, b) => a.at - b.at || a.order - b.order);
        const [next, ...rest] = sleepers;
        if (!next || next.at > until) return false;
        sleepers = rest;
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}
