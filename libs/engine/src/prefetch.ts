import type { Source } from '@callfold/core';
import { decodeState } from '@callfold/core';
import type { Cache } from './cache.ts';
import type { Fold, Kept } from './fold.ts';
import type { Input } from './inputs.ts';
import { subjectOfInput } from './inputs.ts';
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
  /** Makes the fold know these subjects. */
  keys(fold: Fold, keys: Iterable<string>): Promise<void>;
  /** Makes the fold know every subject that the inputs, and timers due until then, can touch. */
  subjects(fold: Fold, inputs: readonly Input[], until: number): Promise<void>;
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
  /** Subjects of the commit under way: the store does not have them yet. */
  uncommitted(): ReadonlyMap<string, Kept>;
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

  async function loadSubjects(fold: Fold, inputs: readonly Input[], until: number): Promise<void> {
    const keys: string[] = [];
    for (const input of inputs) {
      const key = subjectOfInput(input);
      if (key !== null) keys.push(key);
    }
    for (const key of timers.dueKeys(until)) keys.push(key);
    await loadKeys(fold, keys);
  }

  async function loadKeys(fold: Fold, needed: Iterable<string>): Promise<void> {
    const wanted = new Set<string>();
    const uncommitted = options.uncommitted();
    const want = (key: string): void => {
      if (fold.knows(key)) return;
      const kept = uncommitted.get(key) ?? cache.get(key);
      if (kept === undefined) wanted.add(key);
      else fold.know(key, kept);
    };
    for (const key of needed) want(key);
    if (wanted.size === 0) return;
    const keys = [...wanted];
    const texts = await retry('reading states', signal, () => store.read(at, 'states', keys));
    keys.forEach((key, index) => {
      const text = texts[index] ?? null;
      const state = text === null ? null : decodeState(text, source, key);
      const kept = { state, shows: null };
      fold.know(key, kept);
      cache.set(key, kept);
    });
  }

  return { timers: loadTimers, keys: loadKeys, subjects: loadSubjects };
}
