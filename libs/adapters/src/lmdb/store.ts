/** State and position of a group: tables, timers and outbox of a partition, written in one transaction. */

import type { At, Commit, CommitAnswer, Store, Stored, TableName } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Catalog } from './catalog.ts';
import { readFeed, writeFeed } from './feed-table.ts';
import { behind, fieldKey, numberKey, offsetOf, pack, SLOT_KEY_BYTES, slotKey, unpack } from './key-bytes.ts';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { Env, Table } from './lmdb.ts';
import { sameCommit } from './same-commit.ts';
import { dueTimers, setTimers } from './timer-table.ts';
import type { Write } from './write-queue.ts';

export type StoreTables = {
  /** Checkpoint, witness and fence of a partition, by kind. */
  readonly marks: Table<string>;
  readonly fields: Table<string>;
  readonly timers: Table<string>;
  readonly outbox: Table<Uint8Array>;
  readonly feed: Table<string>;
  /** The last commit of each slot, to know a repeated one by. Nobody who could repeat one outlives the process. */
  readonly lasts: Map<number, Commit>;
};

export function openStoreTables(env: Env): StoreTables {
  return {
    marks: env.text('marks'),
    fields: env.text('fields'),
    timers: env.text('timers'),
    outbox: env.bytes('outbox'),
    feed: env.text('feed'),
    lasts: new Map(),
  };
}

/** Kinds of marks. */
export const MARK = { checkpoint: 1, witness: 2, fence: 3 } as const;

const KIND_OF: Readonly<Record<TableName, number>> = { states: 1, agents: 2, requests: 3 };

type Checkpoint = {
  readonly epoch: number;
  readonly token: string;
  readonly next: number | null;
  readonly meta: string | null;
  /** Number of the last entry of the change feed; absent: there is none. */
  readonly fed?: number;
};

export function createStore(tables: StoreTables, catalog: Catalog, write: Write, group: string): Store {
  const checkpoint = (slot: number | null): Checkpoint | null => (slot === null ? null : readCheckpoint(tables, slot));

  return {
    claim: (at, token, above) =>
      write(() => {
        const stored = checkpoint(catalog.slot(group, at));
        if (stored?.token === token) return storedOf(stored);
        if (stored !== null && above !== undefined && stored.epoch > above)
          throw newerOwner(at, group, stored.epoch, above);
        const slot = catalog.takeSlot(group, at);
        const claimed = { next: null, meta: null, ...stored, epoch: (stored?.epoch ?? 0) + 1, token };
        writeCheckpoint(tables, slot, claimed);
        tables.lasts.delete(slot);
        return storedOf(claimed);
      }),
    async read(at, table, fields) {
      const slot = catalog.slot(group, at);
      if (slot === null) return fields.map(() => null);
      const prefix = slotKey(slot, KIND_OF[table]);
      return fields.map((field) => {
        const key = fieldKey(prefix, field);
        const text = tables.fields.get(key);
        return text === undefined ? null : unpack(key, SLOT_KEY_BYTES, text).text;
      });
    },
    async timers(at, upTo, limit) {
      const slot = catalog.slot(group, at);
      return slot === null || limit <= 0 ? [] : dueTimers(tables.timers, slot, upTo, limit);
    },
    async outbox(at) {
      const slot = catalog.slot(group, at);
      const entries: { number: number; entry: Uint8Array }[] = [];
      if (slot === null) return entries;
      tables.outbox.walk(numberKey(slot, 0), numberKey(slot + 1, 0), (key, entry) => {
        entries.push({ number: offsetOf(key), entry });
        return true;
      });
      return entries;
    },
    async commit(at, claim, commit) {
      check(commit);
      return write((): CommitAnswer => {
        const slot = catalog.slot(group, at);
        const stored = checkpoint(slot);
        if (slot === null || stored === null) return { ok: false, why: 'moved' };
        if (stored.epoch > claim.epoch) return { ok: false, why: 'fenced' };
        if (stored.epoch < claim.epoch || stored.token !== claim.token) return { ok: false, why: 'moved' };
        const last = tables.lasts.get(slot);
        if (last !== undefined && sameCommit(last, commit)) return { ok: true };
        if (stored.next !== commit.expected) return { ok: false, why: 'moved' };
        apply(tables, slot, commit);
        const fed = writeFeed(tables.feed, slot, stored.fed ?? 0, claim.token, commit);
        writeCheckpoint(tables, slot, { ...stored, next: commit.next, meta: commit.meta, ...(fed > 0 && { fed }) });
        tables.lasts.set(slot, commit);
        return { ok: true };
      });
    },
    ask: (at, requests) =>
      write(() => {
        setFields(tables.fields, slotKey(catalog.takeSlot(group, at), KIND_OF.requests), requests);
      }),
    scan: (at, table) => slices(tables.fields, () => catalog.slot(group, at), KIND_OF[table]),
    async peek(at) {
      const stored = checkpoint(catalog.slot(group, at));
      return stored === null ? null : storedOf(stored);
    },
    async changes(at, from, limit) {
      const slot = catalog.slot(group, at);
      if (slot === null) return [];
      return readFeed(tables.feed, slot, from === 'last' ? (checkpoint(slot)?.fed ?? 0) : from, limit);
    },
  };
}

/** Where a group is in a partition: 0 when it has claimed it and not yet committed, null when it never claimed it. */
export function positionOf(tables: StoreTables, slot: number): number | null {
  const stored = readCheckpoint(tables, slot);
  return stored === null ? null : (stored.next ?? 0);
}

function readCheckpoint(tables: StoreTables, slot: number): Checkpoint | null {
  const text = tables.marks.get(slotKey(slot, MARK.checkpoint));
  return text === undefined ? null : (JSON.parse(text) as Checkpoint);
}

function writeCheckpoint(tables: StoreTables, slot: number, checkpoint: Checkpoint): void {
  tables.marks.put(slotKey(slot, MARK.checkpoint), JSON.stringify(checkpoint));
}

const storedOf = ({ epoch, token, next, meta }: Checkpoint): Stored => ({ next, meta, claim: { epoch, token } });

/** Before the first write: half a commit must not be found out about in the middle. */
function check({ next, outboxFrom, outboxTrim, timers }: Commit): void {
  for (const [name, number] of Object.entries({ next, outboxFrom, outboxTrim })) {
    if (!Number.isSafeInteger(number) || number < 0)
      throw new Refused(`${name} of a commit is ${number}; it must count from 0`);
  }
  for (const [key, due] of timers) {
    if (key === '' || Number.isNaN(due))
      throw new Refused(`the timer '${key}' is due at ${due}; it needs a key and a time`);
  }
}

function apply(tables: StoreTables, slot: number, commit: Commit): void {
  for (const [name, fields] of commit.tables) setFields(tables.fields, slotKey(slot, KIND_OF[name]), fields);
  setTimers(tables.timers, slot, commit.timers);
  for (const [i, entry] of commit.outbox.entries()) tables.outbox.put(numberKey(slot, commit.outboxFrom + i), entry);
  const trimmed = tables.outbox.keys(numberKey(slot, 0), numberKey(slot, commit.outboxTrim), Number.POSITIVE_INFINITY);
  for (const key of trimmed) tables.outbox.remove(key);
}

function setFields(table: Table<string>, prefix: Uint8Array, fields: ReadonlyMap<string, string | null>): void {
  for (const [field, text] of fields) {
    const key = fieldKey(prefix, field);
    if (text === null) table.remove(key);
    else table.put(key, pack(key, SLOT_KEY_BYTES, field, text));
  }
}

async function* slices(
  fields: Table<string>,
  slotOf: () => number | null,
  kind: number,
): AsyncGenerator<readonly (readonly [string, string])[]> {
  const slot = slotOf();
  if (slot === null) return;
  const prefix = slotKey(slot, kind);
  let from: Uint8Array = prefix;
  for (;;) {
    const slice: (readonly [string, string])[] = [];
    let last: Uint8Array | null = null;
    fields.walk(from, behind(prefix), (key, packed) => {
      const { field, text } = unpack(key, SLOT_KEY_BYTES, packed);
      slice.push([field, text]);
      last = key;
      return slice.length < EMBEDDED_LIMITS.scanFields;
    });
    if (slice.length > 0) yield slice;
    if (slice.length < EMBEDDED_LIMITS.scanFields || last === null) return;
    from = Buffer.concat([last, Buffer.from([0])]);
  }
}

function newerOwner({ topic, partition }: At, group: string, held: number, above: number): Refused {
  return new Refused(
    `${topic}/${partition} of ${group} is held by a newer owner (epoch ${held}, ours was ${above}); ` +
      'leave it alone until it is assigned anew',
  );
}
