/** The offsets that groups say they have seen. They ride along with the next transaction: no flush of their own. */

import type { At } from '@callfold/engine';
import type { Catalog } from './catalog.ts';
import { slotKey } from './key-bytes.ts';
import type { Table } from './lmdb.ts';
import { MARK } from './store.ts';

export type Witnesses = {
  get(group: string, at: At): number | null;
  set(group: string, at: At, next: number): void;
  /** Inside a transaction, last of all. */
  ride(): void;
  committed(): void;
};

type Seen = { readonly group: string; readonly at: At; readonly next: number };

export function createWitnesses(marks: Table<string>, catalog: Catalog): Witnesses {
  const unwritten = new Map<string, Seen>();
  const nameOf = (group: string, { topic, partition }: At): string => `${group} ${topic} ${partition}`;

  return {
    get(group, at) {
      const fresh = unwritten.get(nameOf(group, at));
      if (fresh !== undefined) return fresh.next;
      const slot = catalog.slot(group, at);
      const stored = slot === null ? undefined : marks.get(slotKey(slot, MARK.witness));
      return stored === undefined ? null : Number(stored);
    },
    set(group, at, next) {
      unwritten.set(nameOf(group, at), { group, at, next });
    },
    ride() {
      for (const { group, at, next } of unwritten.values()) {
        marks.put(slotKey(catalog.takeSlot(group, at), MARK.witness), String(next));
      }
    },
    // Nothing runs between the ride and this: what rode is all there was.
    committed: () => unwritten.clear(),
  };
}
