import { rawTopic } from '@callfold/core';
import { expect, it } from 'vitest';
import type { Partition } from '../src/partition.ts';
import { DEFAULT_LIMITS } from '../src/role.ts';
import type { WatchOptions } from '../src/watch.ts';
import { createWatch } from '../src/watch.ts';

it('ticks where the log lost the records before its known end, and not where they are still to be read', async () => {
  let end = 3;
  let ticks = 0;
  let now = 1_000_000;
  const watch = createWatch({
    at: { topic: rawTopic('vonage'), partition: 0 },
    log: {
      bounds: () => Promise.resolve({ start: 0, end }),
      tick: () => Promise.resolve(void (ticks += 1)),
      setWitness: () => Promise.resolve(),
    },
    clock: { now: () => now, sleep: () => Promise.resolve() },
    observer: () => undefined,
    limits: DEFAULT_LIMITS,
    ticks: true,
  } as unknown as WatchOptions);
  const partition = {
    nextDue: now - 1,
    position: 1,
    committed: 1,
    end: 3,
    rest: () => Promise.resolve(),
    confirm: () => Promise.resolve(),
  } as unknown as Partition;

  await watch.rest(partition);
  expect(ticks).toBe(0);
  end = 1;
  now += DEFAULT_LIMITS.tickMs;
  await watch.rest(partition);
  expect(ticks).toBe(1);
});
