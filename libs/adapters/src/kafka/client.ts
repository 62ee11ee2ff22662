/**
 * What the rest of this folder asks of the Kafka client, in our own words: `kafkajs.ts` alone knows which client it
 * is.
 */

import type { ConnectionOptions } from 'node:tls';
import type { At } from '@callfold/engine';
import type { Fetched, Produced, Sendable } from './messages.ts';

/** pino's shape. */
export type KafkaLogger = {
  readonly [level in 'debug' | 'info' | 'warn' | 'error']: (fields: object, message: string) => void;
};

export type KafkaConnection = {
  /** host:port of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: KafkaLogger;
  /** `true`: TLS with the system's authorities. */
  readonly ssl?: ConnectionOptions | boolean;
  readonly sasl?: Sasl;
  /** Over `KAFKA_TIMES`. */
  readonly times?: Partial<KafkaTimes>;
};

export type Sasl = {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
};

export type KafkaTimes = {
  readonly connectMs: number;
  /** An answer later than this is given up, and the connection with it. */
  readonly requestMs: number;
  /** Inside the client, for each step; `retry.ts` has those of whole calls. */
  readonly retries: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly metadataMs: number;
};

export const KAFKA_TIMES: KafkaTimes = {
  connectMs: 3_000,
  requestMs: 15_000,
  retries: 2,
  firstRetryMs: 100,
  longestRetryMs: 1_000,
  metadataMs: 300_000,
};

/** Committed: up to the first open transaction, without aborted ones. Uncommitted: everything. */
export type Isolation = 'committed' | 'uncommitted';

export type ProducerId = { readonly producerId: bigint; readonly epoch: number };

/** Single requests, each tried once: an error is thrown as it came. */
export type Link = {
  /** Node id of the partition's leader, as known; `refresh` learns anew. */
  leader(at: At): Promise<number>;
  /** Throws UNKNOWN_TOPIC_OR_PARTITION when the topic does not exist. */
  partitions(topic: string): Promise<number>;
  refresh(): Promise<void>;
  /** Connects, and learns in one request of the partitions of topics that will be asked about. */
  learn(topics: readonly string[]): Promise<void>;
  /** What the broker answered; that it names every batch is for the caller to check. */
  produce(node: number, sendables: readonly Sendable[], ackMs: number): Promise<readonly Produced[]>;
  /** Those that are asked for at the same time travel together, as those for offsets do. */
  fetch(node: number, at: At, ask: FetchAsk): Promise<Fetched>;
  /** First offset kept, or the one after the last that may be read. */
  offset(node: number, at: At, which: 'start' | 'end', isolation: Isolation): Promise<number>;
  /** Of the first record with this timestamp (epoch ms) or a later one; null: there is none. */
  offsetAt(node: number, at: At, time: number, isolation: Isolation): Promise<number | null>;
  /** Under a transactional id: the same id as before with the next epoch. Null: any, with epoch 0. */
  takeProducerId(transactionalId: string | null): Promise<ProducerId>;
  addToTransaction(transactionalId: string, producer: ProducerId, ats: readonly At[]): Promise<void>;
  abortTransaction(transactionalId: string, producer: ProducerId): Promise<void>;
  groupOffset(groupId: string, at: At): Promise<number | null>;
  /** For a group without members. */
  setGroupOffset(groupId: string, at: At, next: number): Promise<void>;
  close(): Promise<void>;
};

export type FetchAsk = {
  readonly offset: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly isolation: Isolation;
};

export type MemberOptions = {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly rebalanceMs: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly concurrency: number;
};

/** Record batches of one partition, as one fetch brought them. */
export type Incoming = {
  readonly at: At;
  /** The offset that was asked for. */
  readonly from: number;
  readonly fetched: Fetched;
  /** Sends one when it is time. Throws what the group answered, such as that it rebalances. */
  heartbeat(): Promise<void>;
  /** The next fetch begins here. */
  resolve(next: number): void;
};

/** What an owner says of a partition that it gives away, for whoever has it next, and up to where it committed. */
export type Left = At & { readonly next: number; readonly farewell: string };

/** What the owners before said of these partitions, by name. */
export type Farewells = ReadonlyMap<string, string>;

/** None of them may throw, but for `batch`, and that only what `heartbeat` threw. */
export type MemberEvents = {
  /**
   * Before each join: the group shares all partitions out anew, and waits for whom it still counts as a member. Once
   * more when it drops this one in the middle of it. Answers what the next owners may be told.
   * @param lost it does not: the partitions may be another's by now.
   */
  letGo(lost: boolean): Promise<readonly Left[]>;
  /**
   * The group shared out anew; nothing is read of these until they are resumed, when they were paused here.
   * @param generation of the group: one more at each sharing out, whoever takes part in it.
   */
  joined(ats: readonly At[], generation: number): void;
  /** The log has nothing at the position of this partition. Nothing was moved. */
  outOfRange(at: At): void;
  /** The client gave up. It joins anew by itself when `restarts`; otherwise this was the end. */
  crashed(error: Error, restarts: boolean): void;
  batch(incoming: Incoming): Promise<void>;
};

export type Member = {
  /** Connects, and begins to join. */
  start(events: MemberEvents): Promise<void>;
  pause(ats: readonly At[]): void;
  resume(ats: readonly At[]): void;
  seek(at: At, offset: number): void;
  commit(commits: readonly (At & { readonly next: number })[]): Promise<void>;
  /** Before it leaves the group: what the next owners may be told. Best effort: whoever hears nothing does without. */
  leave(left: readonly Left[]): Promise<void>;
  /** What was said of these partitions in the generation before the one at hand; nothing where it cannot be asked. */
  farewells(ats: readonly At[]): Promise<Farewells>;
  /** Waits for running batches, leaves the group, closes the connections. */
  stop(): Promise<void>;
};

export type TopicFacts = {
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  /** Every setting with its value, the broker's defaults included. */
  readonly config: Readonly<Record<string, string>>;
  /** Those set on the topic itself. */
  readonly own: Readonly<Record<string, string>>;
};

export type Admin = {
  /** The cluster's own id: part of every state's key, so that two clusters never share one. */
  clusterId(): Promise<string>;
  /** Topics that do not exist are left out. */
  describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicFacts>>;
  create(topic: string, partitions: number, replicas: number, config: Readonly<Record<string, string>>): Promise<void>;
  /** Adds partitions until there are so many. None is ever taken away. */
  grow(topic: string, partitions: number): Promise<void>;
  /** All settings of the topic's own: what is not named here goes back to the broker's default. */
  setConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void>;
  remove(topics: readonly string[]): Promise<void>;
  /** How many members the group has now; 0 also of a group that there is not. */
  members(groupId: string): Promise<number>;
  close(): Promise<void>;
};
