import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '@callfold/engine';

/** How soon a sleeper notices that its signal was set. */
const LOOK_EVERY_MS = 100;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    const until = Date.now() + ms;
    for (let left = ms; left > 0 && !signal?.aborted; left = until - Date.now()) {
      await pause(signal ? Math.min(left, LOOK_EVERY_MS) : left);
    }
  },
};
