import type { DerivedTopic, Rules, Settings, State } from '@callfold/core';
import type { Clock, Codec, Consumer, Log, Publisher, Store, TableName } from './ports.ts';
import type { Observer } from './observer.ts';

export type RoleName = 'projector' | 'outcomes';
export const ROLES: readonly RoleName[] = ['projector', 'outcomes'];

/** What a service is, apart from the one engine that both are. */
export type Role = {
  readonly name: RoleName;
  /** Derives records, keeps an outbox and writes ticks. */
  readonly publishes: boolean;
  /** Of what it could derive only this is wanted; absent: all of it. Not to be changed over one state. */
  readonly only?: ReadonlySet<DerivedTopic>;
  /** Fields of a further table that follow from a subject's state; null: no such table. */
  readonly view: { readonly table: TableName; fieldsOf(state: State | null): ReadonlyMap<string, string> } | null;
  /** Its states are read by others, who follow the change feed. */
  readonly feeds: boolean;
};

export type EnginePorts = {
  readonly consumer: Consumer;
  readonly log: Log;
  readonly store: Store;
  readonly codec: Codec;
  /** Of a role that publishes. */
  readonly publisher: Publisher | null;
  readonly clock: Clock;
  readonly observer: Observer;
  /** A random text, new at each call: an owner's token. */
  newToken(): string;
};

/** Everything that is counted has a limit. Times in ms. */
export type EngineLimits = {
  /** Records folded between two commits: a call that is touched often meanwhile is written once. */
  readonly sliceRecords: number;
  /** Subjects changed between two commits: what a commit writes holds the store for as long as it takes. */
  readonly sliceSubjects: number;
  /** Derived records and dead letters of one commit. */
  readonly sliceEntries: number;
  /** How long records are folded before they are committed, while more are there to be read. */
  readonly sliceMs: number;
  /** Records decoded and folded in one go. More of them would only be in memory together. */
  readonly foldRecords: number;
  /** Live subjects that an engine keeps in the process, of all its partitions together. */
  readonly cachedSubjects: number;
  /** Timers kept in the process, per partition. */
  readonly loadedTimers: number;
  /** Derived records committed and not yet sent; more stops the folding. */
  readonly outboxEntries: number;
  readonly sendRecords: number;
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
  /** How often an idle partition is looked at. */
  readonly idleMs: number;
  readonly tickMs: number;
  readonly tickMostMs: number;
  readonly witnessMs: number;
  /** Partitions claimed at the same time: with all at once, all of them are done last. */
  readonly claimsAtOnce: number;
  /** How often a partition that commits nothing looks whether the store is as it left it, or if it may go on. */
  readonly confirmMs: number;
  /**
   * How long a partition is left alone that a newer owner holds, though the group still gives it to this one: longer
   * than a session, so that an owner which its group has dropped knows of it by then.
   */
  readonly reclaimMs: number;
  /** Published records that a partition which is folded again may be held against: some 40 bytes each. */
  readonly standingRecords: number;
  /** How often an owner looks for requests of operators' commands, and how many of them it takes in one commit. */
  readonly requestsMs: number;
  readonly requests: number;
  /** How often an owner that has nothing to send looks where the derived topics end. */
  readonly freshenMs: number;
  /** So many records that others have published since are worth a commit that says so. */
  readonly freshenRecords: number;
  /** How long a partition that is given away may still send what it committed. */
  readonly drainMs: number;
  /** How long a partition that has something to do may stand still before it is said to be stalled. */
  readonly stalledAfterMs: number;
};

export const DEFAULT_LIMITS: EngineLimits = {
  sliceRecords: 50_000,
  sliceSubjects: 5_000,
  sliceEntries: 5_000,
  sliceMs: 2_000,
  foldRecords: 500,
  cachedSubjects: 20_000,
  loadedTimers: 20_000,
  outboxEntries: 20_000,
  sendRecords: 500,
  retryFirstMs: 50,
  retryMostMs: 3_000,
  idleMs: 100,
  tickMs: 1_000,
  tickMostMs: 60_000,
  witnessMs: 2_000,
  claimsAtOnce: 128,
  confirmMs: 5_000,
  reclaimMs: 15_000,
  standingRecords: 16_777_216,
  requestsMs: 2_000,
  requests: 500,
  freshenMs: 60_000,
  freshenRecords: 1_000,
  drainMs: 2_000,
  // Longer than what passes by itself: a lost session and the claims after it, or some attempts at what is away.
  stalledAfterMs: 30_000,
};

export type EngineOptions = {
  readonly role: Role;
  readonly ports: EnginePorts;
  readonly settings: Settings;
  readonly limits: EngineLimits;
};

/** What an owner works with, whether a group gave it its partition or not. */
export type OwnerOptions = Omit<EngineOptions, 'ports'> & { readonly ports: Omit<EnginePorts, 'consumer'> };

export function rulesOf(role: Role, settings: Settings): Rules {
  const { publishes, only } = role;
  return { settings, publishes, drops: true, ...(only && { only }) };
}
