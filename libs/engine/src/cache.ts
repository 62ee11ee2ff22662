import type { State } from '@callfold/core';

/**
 * Live states in front of the store, at most about `max` of them: two generations, of which the older is let go when
 * the younger is full. Cheaper per access than a list in order of use, and nearly as good. Null: known not to be there.
 */
export type Cache = {
  get(key: string): State | null | undefined;
  set(key: string, state: State | null): void;
  clear(): void;
};

export function createCache(max: number): Cache {
  let young = new Map<string, State | null>();
  let old = new Map<string, State | null>();

  function set(key: string, state: State | null): void {
    young.set(key, state);
    if (young.size * 2 > max) {
      old = young;
      young = new Map();
    }
  }

  return {
    set,
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
