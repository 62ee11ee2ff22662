import { encodeState } from '@callfold/core';
import { encodeMeta } from './checkpoint.ts';
import type { Meta } from './checkpoint.ts';
import type { Slot, Work } from './fold.ts';
import { encodeEntry } from './outbox.ts';
import type { Commit, TableName } from './ports.ts';
import type { Role } from './role.ts';

/** What a subject shows in the further table: fields that went, and fields that are new or changed. */
function viewChanges(
  { fieldsOf }: NonNullable<Role['view']>,
  { before, now }: Slot,
  into: Map<string, string | null>,
): void {
  const was = fieldsOf(before);
  const is = fieldsOf(now);
  for (const field of was.keys()) if (!is.has(field)) into.set(field, null);
  for (const [field, value] of is) if (was.get(field) !== value) into.set(field, value);
}

/** @param meta the work's, with what is known of the outbox by now */
export function commitOf(role: Role, work: Work, meta: Meta, expected: number | null, next: number): Commit {
  const states = new Map<string, string | null>();
  const view = new Map<string, string | null>();
  const timers = new Map<string, number | null>();
  for (const [key, slot] of work.subjects) {
    const { before, now } = slot;
    if (now === before) continue;
    states.set(key, now === null ? null : encodeState(now));
    if (role.view) viewChanges(role.view, slot, view);
    const due = now?.timer ?? null;
    if (due !== (before?.timer ?? null)) timers.set(key, due);
  }
  const tables = new Map<TableName, ReadonlyMap<string, string | null>>([['states', states]]);
  if (role.view) tables.set(role.view.table, view);
  return {
    expected,
    next,
    meta: encodeMeta(meta),
    tables,
    timers,
    outboxFrom: meta.outboxNext - work.entries.length,
    outbox: work.entries.map(encodeEntry),
    outboxTrim: meta.outboxFirst,
  };
}
