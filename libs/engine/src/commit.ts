import { encodeState } from '@callfold/core';
import { encodeMeta } from './checkpoint.ts';
import type { Meta } from './checkpoint.ts';
import type { Kept, Work } from './fold.ts';
import { encodeEntries } from './outbox.ts';
import type { Commit, TableName } from './ports.ts';
import type { Role } from './role.ts';

type Fields = ReadonlyMap<string, string>;

/** Fields that went, and fields that are new or changed. */
function fieldChanges(was: Fields, is: Fields, into: Map<string, string | null>): void {
  for (const field of was.keys()) if (!is.has(field)) into.set(field, null);
  for (const [field, value] of is) if (was.get(field) !== value) into.set(field, value);
}

export type Change = {
  readonly commit: Commit;
  /** The subjects as they stand once it is done: those that it changes. */
  readonly kept: ReadonlyMap<string, Kept>;
};

/** @param meta the work's, with what is known of the outbox by now */
export function changeOf(role: Role, work: Work, meta: Meta, expected: number | null, next: number): Change {
  const { view } = role;
  const states = new Map<string, string | null>();
  const viewed = new Map<string, string | null>();
  const timers = new Map<string, number | null>();
  const kept = new Map<string, Kept>();
  for (const [key, { before, now }] of work.subjects) {
    if (now === before.state) continue;
    states.set(key, now === null ? null : encodeState(now));
    const due = now?.timer ?? null;
    if (due !== (before.state?.timer ?? null)) timers.set(key, due);
    const shows = view ? view.fieldsOf(now) : null;
    if (view && shows) fieldChanges(before.shows ?? view.fieldsOf(before.state), shows, viewed);
    kept.set(key, { state: now, shows });
  }
  const tables = new Map<TableName, ReadonlyMap<string, string | null>>([['states', states]]);
  if (view) tables.set(view.table, viewed);
  if (work.taken.length > 0) tables.set('requests', new Map(work.taken.map((name) => [name, null])));
  const commit = {
    expected,
    next,
    meta: encodeMeta(meta),
    tables,
    timers,
    outboxFrom: meta.outboxNext - work.entries.length,
    outbox: encodeEntries(work.entries),
    outboxTrim: meta.outboxFirst,
    feed: role.feeds,
  };
  return { commit, kept };
}
