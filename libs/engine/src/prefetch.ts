import type { Source, State } from '@callfold/core';
import { decodeState } from '@callfold/core';
import type { Cache } from './cache.ts';
import type { Input } from './inputs.ts';
import type { At, Signal, Store } from './ports.ts';
import type { Retry } from './retry.ts';
import type { Timers } from './timers.ts';

/**
 * What a slice needs of the store before it can be folded without waiting: timers that may fire, states that may
 * change.
 */
export type Prefetch = {
  /** Until every timer due by then is here, or as many as may be loaded at once: answers up to when they are. */
  timers(until: number): Promise<number>;
  /** The states of every subject that a slice can touch; null: there is none. */
  states(inputs: readonly Input[], until: number): Promise<Map<string, State | null>>;
};

export type PrefetchOptions = {
  readonly at: At;
  readonly source: Source;
  readonly store: Store;
  readonly retry: Retry;
  readonly signal: Signal;
  readonly cache: Cache;
  readonly timers: Timers;
  readonly loadedTimers: number;
  /** States of the commit under way: the store does not have them yet. */
  uncommitted(): ReadonlyMap<string, State | null>;
  /** Resolves when no commit is under way. */
  settled(): Promise<void>;
};

export function createPrefetch(options: PrefetchOptions): Prefetch {
  const { at, source, store, retry, signal, cache, timers } = options;

  async function loadTimers(until: number): Promise<number> {
    for (let limit = options.loadedTimers; timers.loadedUpTo < until; limit *= 2) {
      await options.settled();
      const page = await retry('reading timers', signal, () => store.timers(at, Infinity, limit));
      timers.load(page, page.length < limit);
      const first = page[0];
      // Of too many that are due at one instant the page showed none whole: a larger one is needed.
      if (first && timers.loadedUpTo >= first.due) break;
    }
    return Math.min(until, timers.loadedUpTo);
  }

  async function loadStates(inputs: readonly Input[], until: number): Promise<Map<string, State | null>> {
    const here = new Map<string, State | null>();
    const wanted: string[] = [];
    const uncommitted = options.uncommitted();
    const want = (key: string): void => {
      if (here.has(key)) return;
      const state = uncommitted.get(key) ?? cache.get(key);
      if (state === undefined) wanted.push(key);
      here.set(key, state ?? null);
    };
    for (const input of inputs) if (input.what === 'event') want(input.key);
    for (const key of timers.dueKeys(until)) want(key);
    if (wanted.length === 0) return here;
    const texts = await retry('reading states', signal, () => store.read(at, 'states', wanted));
    wanted.forEach((key, index) => {
      const text = texts[index] ?? null;
      const state = text === null ? null : decodeState(text, source, key);
      here.set(key, state);
      cache.set(key, state);
    });
    return here;
  }

  return { timers: loadTimers, states: loadStates };
}
