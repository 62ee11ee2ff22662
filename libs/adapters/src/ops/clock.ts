import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '@callfold/engine';

/** How soon a sleeper notices that its signal was set. */
const LOOK_EVERY_MS = 100;

export type Sources = {
  /** Epoch ms; may be set, also back. */
  wall(): number;
  /** Milliseconds since some moment: never set, but may stand still while the machine sleeps. */
  elapsed(): number;
};

/**
 * The wall clock, which goes on where it was when it is set back: what is due at some time must not wait for it to come
 * a second time. Pauses are of time that passes, whatever the wall clock says.
 */
export function createClock({ wall, elapsed }: Sources): Clock {
  let last = wall();
  let lastAt = elapsed();
  return {
    now() {
      const at = elapsed();
      last = Math.max(wall(), last + at - lastAt);
      lastAt = at;
      return Math.floor(last);
    },
    async sleep(ms, signal) {
      const until = elapsed() + ms;
      for (let left = ms; left > 0 && !signal?.aborted; left = until - elapsed()) {
        await pause(signal ? Math.min(left, LOOK_EVERY_MS) : left);
      }
    },
  };
}

export const systemClock: Clock = createClock({ wall: () => Date.now(), elapsed: () => performance.now() });
