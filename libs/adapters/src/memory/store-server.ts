import type { At, Claim, Commit, CommitAnswer, FeedEntry, Stored, TableName, Timer } from '@callfold/engine';
import type { Stamp } from '../commit-numbers.ts';
import { Refused } from '@callfold/engine';
import { FEED_LIMITS, feedCuts } from '../feed.ts';
import { placeName } from './link.ts';

/** One partition's keys. Everything here is replaced or copied, never shared with a caller. */
type Slot = {
  claim: Claim;
  /** Number of the last commit under this claim, given by the client; 0 when there is none. */
  last: number;
  next: number | null;
  meta: string | null;
  tables: Record<TableName, Map<string, string>>;
  timers: Map<string, number>;
  outbox: Map<number, Uint8Array>;
  feed: FeedEntry[];
};

/** All that a server keeps, at one time: what a replica has, and what a failover goes back to. */
export type StoreSnapshot = ReadonlyMap<string, Slot>;

/** The server's side of the memory store: each method is one atomic call, as one Lua script is in Redis. */
export type MemoryStoreServer = {
  /**
   * Takes the next epoch if `epoch` is still the stored one (0: none), or answers again what it answered to this token;
   * else `raced`. So a copy of a claim that comes late takes nothing from a newer owner.
   */
  claim(at: At, token: string, epoch: number): Stored | 'raced';
  /**
   * The number grows with each commit of one claim and is the same when one is repeated. The commit that it builds on
   * must be the last one: where it did not move the position, nothing else shows that the server lost it.
   */
  commit(at: At, claim: Claim, stamp: Stamp, commit: Commit): CommitAnswer;
  ask(at: At, requests: ReadonlyMap<string, string>): void;
  peek(at: At): Stored | null;
  field(at: At, table: TableName, field: string): string | null;
  fields(at: At, table: TableName): [string, string][];
  timers(at: At, upTo: number, limit: number): Timer[];
  outbox(at: At): { readonly number: number; readonly entry: Uint8Array }[];
  changes(at: At, from: number | 'last', limit: number): FeedEntry[];
  /** Takes away up to `most` fields and timers, and the claim at once; nobody claims it after. How many went. */
  drop(at: At, most: number): number;
  snapshot(): StoreSnapshot;
  /** Everything since is lost; an empty map is a server that lost all. */
  restore(snapshot: StoreSnapshot): void;
};

const emptySlot = (claim: Claim): Slot => ({
  claim,
  last: 0,
  next: null,
  meta: null,
  tables: { states: new Map(), agents: new Map(), requests: new Map() },
  timers: new Map(),
  outbox: new Map(),
  feed: [],
});

const copySlot = (slot: Slot): Slot => ({
  ...slot,
  tables: {
    states: new Map(slot.tables.states),
    agents: new Map(slot.tables.agents),
    requests: new Map(slot.tables.requests),
  },
  timers: new Map(slot.timers),
  outbox: new Map(slot.outbox),
  feed: [...slot.feed],
});

const copyAll = (slots: StoreSnapshot): Map<string, Slot> =>
  new Map([...slots].map(([name, slot]) => [name, copySlot(slot)]));

export function createMemoryStoreServer(): MemoryStoreServer {
  let slots = new Map<string, Slot>();
  const dropped = new Map<string, Slot>();
  const slotOf = (at: At): Slot | undefined => slots.get(placeName(at));
  const refuseDropped = (at: At): void => {
    if (dropped.has(placeName(at))) throw new Refused(`${placeName(at)}: its generation was dropped`);
  };

  return {
    claim(at, token, epoch) {
      refuseDropped(at);
      const slot = slotOf(at);
      if (slot !== undefined && slot.claim.token === token) return seen(slot);
      if ((slot?.claim.epoch ?? 0) !== epoch) return 'raced';
      const claim = { epoch: epoch + 1, token };
      const taken = slot === undefined ? emptySlot(claim) : { ...slot, claim, last: 0 };
      slots.set(placeName(at), taken);
      return seen(taken);
    },
    commit(at, claim, { number, after }, commit) {
      refuseDropped(at);
      const slot = slotOf(at);
      if (slot === undefined || slot.claim.epoch < claim.epoch) return { ok: false, why: 'moved' };
      if (slot.claim.epoch > claim.epoch) return { ok: false, why: 'fenced' };
      if (slot.claim.token !== claim.token) return { ok: false, why: 'moved' };
      if (slot.last === number) return { ok: true };
      if (slot.last !== after) return { ok: false, why: 'moved' };
      if (slot.next !== commit.expected) return { ok: false, why: 'moved' };
      apply(slot, number, commit);
      return { ok: true };
    },
    ask(at, requests) {
      const slot = slotOf(at) ?? emptySlot({ epoch: 0, token: '' });
      slots.set(placeName(at), slot);
      for (const [name, text] of requests) slot.tables.requests.set(name, text);
    },
    peek(at) {
      const slot = slotOf(at);
      return slot === undefined || slot.claim.epoch === 0 ? null : seen(slot);
    },
    field: (at, table, field) => slotOf(at)?.tables[table].get(field) ?? null,
    fields: (at, table) => [...(slotOf(at)?.tables[table] ?? [])],
    timers: (at, upTo, limit) =>
      [...(slotOf(at)?.timers ?? [])]
        .filter(([, due]) => due <= upTo)
        .map(([key, due]) => ({ key, due }))
        .sort((a, b) => a.due - b.due || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
        .slice(0, limit),
    outbox: (at) =>
      [...(slotOf(at)?.outbox ?? [])].map(([number, entry]) => ({ number, entry })).sort((a, b) => a.number - b.number),
    changes(at, from, limit) {
      const feed = slotOf(at)?.feed ?? [];
      return from === 'last' ? feed.slice(-1) : feed.filter(({ number }) => number >= from).slice(0, limit);
    },
    drop(at, most) {
      const slot = slotOf(at) ?? dropped.get(placeName(at)) ?? emptySlot({ epoch: 0, token: '' });
      dropped.set(placeName(at), slot);
      slots.delete(placeName(at));
      slot.feed = [];
      let gone = 0;
      for (const part of [...Object.values(slot.tables), slot.timers, slot.outbox] as Map<unknown, unknown>[]) {
        for (const field of part.keys()) {
          if (gone === most) return gone;
          part.delete(field);
          gone += 1;
        }
      }
      return gone;
    },
    snapshot: () => copyAll(slots),
    restore(snapshot) {
      slots = copyAll(snapshot);
    },
  };
}

const seen = ({ next, meta, claim }: Slot): Stored => ({ next, meta, claim });

function apply(slot: Slot, number: number, commit: Commit): void {
  for (const [name, fields] of commit.tables) {
    const table = slot.tables[name];
    for (const [field, value] of fields) {
      if (value === null) table.delete(field);
      else table.set(field, value);
    }
  }
  for (const [key, due] of commit.timers) {
    if (due === null) slot.timers.delete(key);
    else slot.timers.set(key, due);
  }
  for (const [i, entry] of commit.outbox.entries()) slot.outbox.set(commit.outboxFrom + i, entry.slice());
  for (const entry of slot.outbox.keys()) if (entry < commit.outboxTrim) slot.outbox.delete(entry);
  for (const subjects of feedCuts(commit)) {
    const last = slot.feed.at(-1)?.number ?? 0;
    slot.feed.push({ number: last + 1, owner: slot.claim.token, next: commit.next, subjects });
    if (slot.feed.length > FEED_LIMITS.entries) slot.feed.shift();
  }
  slot.next = commit.next;
  slot.meta = commit.meta;
  slot.last = number;
}
