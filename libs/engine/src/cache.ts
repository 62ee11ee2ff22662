import type { State } from '@callfold/core';
import { isClosed } from '@callfold/core';
import type { Kept } from './fold.ts';

/**
 * Live states in front of the store, at most about `max` of them: two generations, of which the older is let go when
 * the younger is full. Cheaper per access than a list in order of use, and nearly as good. A state of null: known not
 * to be there.
 */
export type Cache = {
  get(key: string): Kept | undefined;
  set(key: string, kept: Kept): void;
  /** As `set` for what was committed; who is done with is let go at once: nearly nothing more comes of such. */
  put(key: string, kept: Kept): void;
  clear(): void;
};

const isDone = (state: State | null): boolean => state === null || (state.settleAt === null && isClosed(state));

export function createCache(max: number): Cache {
  let young = new Map<string, Kept>();
  let old = new Map<string, Kept>();

  function set(key: string, kept: Kept): void {
    young.set(key, kept);
    if (young.size * 2 > max) {
      old = young;
      young = new Map();
    }
  }

  return {
    set,
    put(key, kept) {
      if (!isDone(kept.state)) return set(key, kept);
      young.delete(key);
      old.delete(key);
    },
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    clear() {
      young = new Map();
      old = new Map();
    },
  };
}
