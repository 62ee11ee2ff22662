/** Timers of a partition: one a key, read in the order in which they fire. */

import type { Commit, Timer } from '@callfold/engine';
import { dueKey, dueOf, fieldKey, pack, plainTail, SLOT_KEY_BYTES, slotKey, unpack } from './key-bytes.ts';
import type { Table } from './lmdb.ts';

const BY_KEY = 1;
const BY_DUE = 2;
const DUE_BYTES = 8;

/** Two entries a timer: one finds its time by its key, the other stands in the order in which timers fire. */
export function setTimers(timers: Table<string>, slot: number, changes: Commit['timers']): void {
  const keys = slotKey(slot, BY_KEY);
  const dues = slotKey(slot, BY_DUE);
  for (const [key, due] of changes) {
    const byKey = fieldKey(keys, key);
    const before = timers.get(byKey);
    if (before === String(due)) continue;
    if (before !== undefined) timers.remove(fieldKey(dueKey(dues, Number(before)), key));
    if (due !== null) {
      const byDue = fieldKey(dueKey(dues, due), key);
      timers.put(byKey, String(due));
      timers.put(byDue, pack(byDue, SLOT_KEY_BYTES + DUE_BYTES, key, ''));
    } else if (before !== undefined) timers.remove(byKey);
  }
}

/** The earliest by (due, key bytes), due at or before `upTo`. */
export function dueTimers(timers: Table<string>, slot: number, upTo: number, limit: number): Timer[] {
  const prefix = slotKey(slot, BY_DUE);
  const tailAt = SLOT_KEY_BYTES + DUE_BYTES;
  const found: Timer[] = [];
  let tail: Buffer | null = null;
  let anyLong = false;
  // No key text holds the byte 0xff, so this lies behind all that are due at `upTo`.
  timers.walk(prefix, Buffer.concat([dueKey(prefix, upTo), Buffer.from([0xff])]), (key, text) => {
    const own = plainTail(key, tailAt);
    // Among keys too long to stand here in full the right order is known only when all of them are seen.
    if (found.length >= limit && (own === null || tail === null || !own.equals(tail))) return false;
    tail = own;
    anyLong ||= own !== null;
    found.push({ key: unpack(key, tailAt, text).field, due: dueOf(key, SLOT_KEY_BYTES) });
    return true;
  });
  if (anyLong) found.sort((a, b) => a.due - b.due || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return found.slice(0, limit);
}
