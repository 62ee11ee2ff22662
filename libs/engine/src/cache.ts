import type { State } from '@callfold/core';
import { isClosed } from '@callfold/core';
import type { Kept } from './fold.ts';

/** Live states in front of the store, of one partition. A state of null: known not to be there. */
export type Cache = {
  get(key: string): Kept | undefined;
  set(key: string, kept: Kept): void;
  /** As `set` for what was committed; who is done with is let go at once: nearly nothing more comes of such. */
  put(key: string, kept: Kept): void;
};

export type Caches = {
  /** For one owner of a partition, from its claim on: the next one starts with nothing. It need not be closed. */
  open(): Cache;
};

const isDone = (state: State | null): boolean => state === null || (state.settleAt === null && isClosed(state));

/**
 * Caches that have at most `max` states together, so that what a process needs does not go by how many partitions it
 * has. Two generations, of which the older is let go when the younger has half of them: cheaper per access than a list
 * in order of use, and nearly as good.
 */
export function createCaches(max: number): Caches {
  /** By the owner's number, then by key: what is asked for no more goes with its generation. */
  let young = new Map<number, Map<string, Kept>>();
  let old: ReadonlyMap<number, Map<string, Kept>> = new Map();
  /** States in the younger generation. */
  let size = 0;
  let opened = 0;

  function set(owner: number, key: string, kept: Kept): void {
    const its = young.get(owner) ?? new Map<string, Kept>();
    if (its.size === 0) young.set(owner, its);
    const before = its.size;
    its.set(key, kept);
    size += its.size - before;
    if (size * 2 < max) return;
    old = young;
    young = new Map();
    size = 0;
  }

  function drop(owner: number, key: string): void {
    if (young.get(owner)?.delete(key)) size -= 1;
    old.get(owner)?.delete(key);
  }

  function open(): Cache {
    const owner = opened;
    opened += 1;
    return {
      set: (key, kept) => set(owner, key, kept),
      put(key, kept) {
        if (isDone(kept.state)) drop(owner, key);
        else set(owner, key, kept);
      },
      get(key) {
        const found = young.get(owner)?.get(key);
        if (found !== undefined) return found;
        const older = old.get(owner)?.get(key);
        if (older !== undefined) set(owner, key, older);
        return older;
      },
    };
  }

  return { open };
}
