/** Whether two commits ask for the same: only then is the second a repeat of the first. */

import type { Commit } from '@callfold/engine';

export function sameCommit(a: Commit, b: Commit): boolean {
  if (a === b) return true;
  return (
    a.expected === b.expected &&
    a.next === b.next &&
    a.meta === b.meta &&
    a.outboxFrom === b.outboxFrom &&
    a.outboxTrim === b.outboxTrim &&
    a.feed === b.feed &&
    sameMap(a.tables, b.tables, sameFields) &&
    sameMap(a.timers, b.timers, Object.is) &&
    a.outbox.length === b.outbox.length &&
    a.outbox.every((entry, i) => Buffer.compare(entry, b.outbox[i] ?? entry) === 0)
  );
}

const sameFields = (a: ReadonlyMap<string, string | null>, b: ReadonlyMap<string, string | null>): boolean =>
  sameMap(a, b, Object.is);

function sameMap<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>, same: (x: V, y: V) => boolean): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !same(value, other)) return false;
  }
  return true;
}
