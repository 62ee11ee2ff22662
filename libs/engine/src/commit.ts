import type { State } from '@callfold/core';
import { encodeState } from '@callfold/core';
import { encodeMeta } from './checkpoint.ts';
import type { Meta } from './checkpoint.ts';
import type { Work } from './fold.ts';
import { encodeEntry } from './outbox.ts';
import type { Commit, TableName } from './ports.ts';
import type { Role } from './role.ts';

/** What a subject shows in the further table: fields that went, and fields that are new or changed. */
function viewChanges(role: Role, work: Work): Map<string, string | null> {
  const changes = new Map<string, string | null>();
  if (!role.view) return changes;
  for (const [key, after] of work.states) {
    const was = role.view.fieldsOf(work.before.get(key) ?? null);
    const is = role.view.fieldsOf(after);
    for (const field of was.keys()) if (!is.has(field)) changes.set(field, null);
    for (const [field, value] of is) if (was.get(field) !== value) changes.set(field, value);
  }
  return changes;
}

function stateTexts(states: ReadonlyMap<string, State | null>): Map<string, string | null> {
  const texts = new Map<string, string | null>();
  for (const [key, state] of states) texts.set(key, state === null ? null : encodeState(state));
  return texts;
}

/** @param meta the work's, with what is known of the outbox by now */
export function commitOf(role: Role, work: Work, meta: Meta, expected: number | null, next: number): Commit {
  const tables = new Map<TableName, ReadonlyMap<string, string | null>>([['states', stateTexts(work.states)]]);
  if (role.view) tables.set(role.view.table, viewChanges(role, work));
  return {
    expected,
    next,
    meta: encodeMeta(meta),
    tables,
    timers: work.timers,
    outboxFrom: meta.outboxNext - work.entries.length,
    outbox: work.entries.map(encodeEntry),
    outboxTrim: meta.outboxFirst,
  };
}
