/**
 * Everything the engine asks of the world, on one page. It names no client and no clock of its own;
 * `adapters` has memory, lmdb, and Kafka with Redis, and one contract suite that each of them runs.
 *
 * Errors: a port throws `Refused` when it must not go on (fenced, a setting is wrong); anything else it throws means
 * "away, try again".
 */

import type { RawEvent, Rejection, Source } from '@callfold/core';

export type At = { readonly topic: string; readonly partition: number };

export type Header = { readonly name: string; readonly value: Uint8Array };

export type LogRecord = {
  readonly offset: number;
  /** Broker's append time, epoch ms. */
  readonly appendedAt: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

export type Batch = {
  /** The position it was read from: what was answered or sought before. Legal gaps may follow it. */
  readonly from: number;
  readonly records: readonly LogRecord[];
  /** The position after this batch; greater than the last record's offset, and legal gaps are in it. */
  readonly next: number;
  /** The log's end as known when the batch was read. */
  readonly end: number;
};

/** Set when the work at hand should be left: the partition goes to another owner, or the process stops. */
export type Signal = { readonly aborted: boolean };

export interface Clock {
  /** Epoch ms. For pauses, ticks and figures; never for results. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal?: Signal): Promise<void>;
}

/** One member of a group that shares the raw topics' partitions out. */
export interface Consumer {
  /** Joins and reads until `stop`. Rejects when it cannot go on at all. */
  run(handler: ConsumerHandler): Promise<void>;
  /** Lets running handlers finish, leaves the group, resolves when `run` has. */
  stop(): Promise<void>;
  /**
   * Reads an assigned partition from `offset` next, or leaves it alone (null): for what is found between two batches.
   */
  seek(at: At, offset: number | null): void;
}

export interface ConsumerHandler {
  /**
   * A partition was gained. Answers the offset to read from, or null: leave it alone until it is assigned anew.
   * @param left what its owner said when it gave it away, in the sharing out just before this one; null: it said
   *   nothing, or somebody else may have had it since
   */
  assigned(at: At, signal: Signal, left: string | null): Promise<number | null>;
  /**
   * Records from the position on, one call at a time per partition. Answers the offset to read next, or null as above.
   */
  batch(at: At, batch: Batch, signal: Signal): Promise<number | null>;
  /**
   * The group shares out anew, and no call for the partition is under way: resolves when what was taken is committed
   * and sent, as far as that can be had in short time. Either `resumed` follows, since nobody else had the partition in
   * between; or another owns it from now on, and `revoked` follows. Answers what the next owner is to be told if there
   * is one, null: nothing; until it is resumed nothing may be done that would make it untrue.
   */
  paused(at: At): Promise<string | null>;
  /** It is still this member's: batches follow from where they ended. */
  resumed(at: At): void;
  /** The partition is lost; resolves as `paused` does, when nothing of it is under way here any more. */
  revoked(at: At): Promise<string | null>;
}

/** The raw log outside the group. */
export interface Log {
  /** How many partitions the topic has. What is known of it may be old: not where it is less than `expected`. */
  partitions(topic: string, expected?: number): Promise<number>;
  /** First offset kept, and the one the next record gets. */
  bounds(at: At): Promise<{ readonly start: number; readonly end: number }>;
  /**
   * Of the records that the log has, the first that was appended at `time` (epoch ms) or later: its offset, or the log's
   * end when there is none. From there on the log clock is at or past that time.
   */
  offsetAt(at: At, time: number): Promise<number>;
  /** The record at exactly this offset, or null when it is gone or was never one. */
  readOne(at: At, offset: number): Promise<LogRecord | null>;
  /** Up to about `maxRecords` records from `offset` on, in order, in one round trip; empty at the end. */
  read(at: At, offset: number, maxRecords: number): Promise<Batch>;
  /** Appends a tick (null key, null value, the tick header). */
  tick(at: At): Promise<void>;
  /** The offset the group last witnessed for this partition, or null. A lag figure and a witness, no more. */
  witness(at: At): Promise<number | null>;
  /** Moves the witness; best effort. */
  setWitness(at: At, next: number): Promise<void>;
}

/** What an owner must find unchanged to write. `epoch` grows with each claim, `token` is the claim's own. */
export type Claim = { readonly epoch: number; readonly token: string };

export type Stored = {
  /** Position; null when this partition has never been committed. */
  readonly next: number | null;
  /** The engine's own part of the checkpoint, opaque here; null with `next`. */
  readonly meta: string | null;
  readonly claim: Claim;
};

export type Commit = {
  readonly expected: number | null;
  readonly next: number;
  readonly meta: string;
  /** Fields of named tables to set, or to delete (null). */
  readonly tables: ReadonlyMap<TableName, ReadonlyMap<string, string | null>>;
  /** Due times by key, or null to take the timer off. One timer a key. */
  readonly timers: ReadonlyMap<string, number | null>;
  /** Entries set by number, from `outboxFrom` on; those below `outboxTrim` go. */
  readonly outboxFrom: number;
  readonly outbox: readonly Uint8Array[];
  readonly outboxTrim: number;
  /** Readers are told, in the same step, whose states it changes. Absent: they are not. */
  readonly feed?: boolean;
};

/**
 * What one commit changed, or a part of it: one of the last entries of a partition's change feed. Whoever reads them
 * without a gap, and finds all of one owner, has missed nothing; else it reads the states anew.
 */
export type FeedEntry = {
  /** Counted one by one, also over owners. */
  readonly number: number;
  /** The token of the claim that it was written under. */
  readonly owner: string;
  /** The position after the commit. */
  readonly next: number;
  /** Keys of states that were set or taken away. None: the position moved, and nothing else. */
  readonly subjects: readonly string[];
};

/**
 * `states`: subject key to state text. `agents`: tenant/agent/call to what the agent is doing there. `requests`: what
 * the operator's tool asks of the owner, by name; laid down by `ask`, taken off by the owner's commit.
 */
export type TableName = 'states' | 'agents' | 'requests';

export type CommitAnswer =
  | { readonly ok: true }
  /** A newer owner holds the partition. */
  | { readonly ok: false; readonly why: 'fenced' }
  /** The stored position or claim is not the one expected: the store lost writes. */
  | { readonly ok: false; readonly why: 'moved' };

export type Timer = { readonly key: string; readonly due: number };

/** State and position, committed together or not at all; all of one partition in one place. */
export interface Store {
  /**
   * Takes the partition: the next epoch, this token. The same token again (lost reply) answers the same.
   * @param above the epoch of an earlier claim of the caller's: throws `Overtaken` when a newer owner than that holds it.
   */
  claim(at: At, token: string, above?: number): Promise<Stored>;
  read(at: At, table: TableName, fields: readonly string[]): Promise<(string | null)[]>;
  /** The earliest timers by (due, key bytes), due at or before `upTo`, at most `limit`. */
  timers(at: At, upTo: number, limit: number): Promise<Timer[]>;
  /** Outbox entries by number, ascending. */
  outbox(at: At): Promise<{ readonly number: number; readonly entry: Uint8Array }[]>;
  /** Atomic. The same commit repeated (lost reply) answers ok and changes nothing. */
  commit(at: At, claim: Claim, commit: Commit): Promise<CommitAnswer>;
  /** Lays requests down beside the owner's keys, each whole; one of the same name is replaced. Needs no claim. */
  ask(at: At, requests: ReadonlyMap<string, string>): Promise<void>;
  /** Every field of a table, in slices, for readers and checks. */
  scan(at: At, table: TableName): AsyncIterable<readonly (readonly [string, string])[]>;
  /** What is committed, without claiming. */
  peek(at: At): Promise<Stored | null>;
  /**
   * Entries of the change feed from number `from` on, in order, at most `limit`; what is older than the feed's cap is
   * not there. `last`: the last one alone.
   */
  changes(at: At, from: number | 'last', limit: number): Promise<FeedEntry[]>;
}

/** One small text that says which generations of the aggregates there are; what stands in it is the engine's. */
export interface GenerationBook {
  /** Null: none was ever written. */
  read(): Promise<{ readonly version: number; readonly text: string } | null>;
  /**
   * Atomic: writes the version after `version` (0: none) if that is still the one that stands. The same write repeated
   * (lost reply) answers true and changes nothing.
   */
  write(version: number, text: string): Promise<boolean>;
  /**
   * Takes away what is kept of one partition of the generation with this key, in slices that hold nobody up; tells how
   * much went with each. From the first on nobody can claim or commit it, whoever slept meanwhile. Safe to repeat.
   */
  drop(key: string, at: At): AsyncIterable<number>;
}

/** One derived record, ready to be sent. */
export type Outgoing = {
  readonly topic: string;
  readonly key: Uint8Array | null;
  /** Null: a mark among the dead letters, or a raw record that had none. */
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

export type Published = {
  readonly topic: string;
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

/**
 * The derived topics, as one owner of one raw partition writes them: into the partition of the same number, modulo how
 * many the topic has. Partitions are named by the raw one's number, also where they are read.
 */
export interface Publisher {
  /** After this no send of an earlier owner of `origin`, nor an earlier one of ours, can land in any of `topics`. */
  fence(origin: At, topics: readonly string[]): Promise<void>;
  /** Sends in order. Resolves with the offset after the last one, per topic; a throw means: fence and read back. */
  send(origin: At, records: readonly Outgoing[]): Promise<ReadonlyMap<string, number>>;
  /** What stands in a derived partition from `offset` on, whoever wrote it; empty `records` at the end. */
  readBack(
    topic: string,
    partition: number,
    offset: number,
  ): Promise<{ readonly records: readonly Published[]; readonly next: number; readonly end: number }>;
  /** First offset kept and the next one. */
  bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }>;
  /** By which records lie in it. */
  partitions(topic: string): Promise<number>;
}

/** Appends to the raw topics: import, the demo feed, the gateway. */
export interface RawWriter {
  partitions(topic: string): Promise<number>;
  /** Resolves when the log has them all (acks=all), in order; rejects when any may be missing. */
  append(at: At, records: readonly Omit<Outgoing, 'topic'>[]): Promise<void>;
}

/** What a gateway received, byte for byte, and the name and version of the mapping that read it. */
export type Received = { readonly payload: Uint8Array; readonly adapter: string };

/** Bytes to values and back, by the registered schemas. */
export interface Codec {
  /**
   * Makes every schema that these values name known, so that decoding need not wait. Throws when the registry is away.
   */
  prepare(records: readonly Pick<LogRecord, 'value'>[]): Promise<void>;
  decode(source: Source, value: Uint8Array): RawEvent | Rejection;
  /** A raw event to its topic's bytes, and beside it what it was read from, if from anything. */
  encodeRaw(event: RawEvent, received?: Received): Uint8Array;
  /** A derived record to its topic's bytes. Schemas were registered at start. */
  encode(topic: string, record: object): Uint8Array;
  /** The inverse of `encode`, for read-back. Throws when the bytes are none of ours. */
  decodeDerived(topic: string, value: Uint8Array): Record<string, unknown>;
}

/** Must not go on: `message` says what happened, where, and what to do next. Never retried. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** A newer owner holds the partition. */
export class Overtaken extends Refused {}
