import type { Consumer } from '@callfold/engine';
import type { KafkaConnection, KafkaLogger, Member, MemberEvents, MemberOptions } from './client.ts';
import type { Commit } from './log.ts';
import { openMember } from './member.ts';
import type { Membership, MemberState } from './membership.ts';
import { startMembership } from './membership.ts';

export type KafkaConsumerOptions = {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Over `CONSUMER_LIMITS`. */
  readonly limits?: Partial<ConsumerLimits>;
  /** Done before it joins: what others would wait for once it has partitions. It joins when this fails, too. */
  readonly prepare?: () => Promise<unknown>;
};

export type ConsumerLimits = {
  /** A member that the group has not heard of for so long is dropped; brokers take 6 s at least by default. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** How long the group waits for its members to join anew. */
  readonly rebalanceMs: number;
  /** How long a fetch may wait at the end of the log; also how long a paused member sleeps. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  /** Of one call of the handler. What a fetch brought is decoded in parts of about as many. */
  readonly batchRecords: number;
  /** At least the partitions that one member may own: those beyond wait for a turn. */
  readonly partitionsConsumedConcurrently: number;
  /** From when on a running batch sends heartbeats. */
  readonly slowBatchMs: number;
  /** How long running calls may go on when partitions are given away, before their signal is set. */
  readonly graceMs: number;
  /** How long the others wait at most for what is under way here, before the group shares out anew. */
  readonly letGoMs: number;
  /** Between two attempts to connect, and before a partition whose position is gone is assigned anew. */
  readonly retryMs: number;
  /** How long a member looks for its group's coordinator, which it may not be allowed to find, before it ends. */
  readonly giveUpMs: number;
};

export const CONSUMER_LIMITS: ConsumerLimits = {
  sessionMs: 10_000,
  heartbeatMs: 250,
  rebalanceMs: 30_000,
  maxWaitMs: 50,
  minBytes: 1,
  maxBytes: 16_777_216,
  maxBytesPerPartition: 1_048_576,
  batchRecords: 1_000,
  partitionsConsumedConcurrently: 64,
  slowBatchMs: 1_000,
  graceMs: 2_000,
  letGoMs: 5_000,
  retryMs: 1_000,
  giveUpMs: 30_000,
};

export type KafkaConsumer = Consumer & {
  /** Moves the group's offsets; only a running member may. */
  commit(commits: readonly Commit[]): Promise<void>;
  /** For readiness: whether its group counts on it now. */
  state(): MemberState;
};

export function createKafkaConsumer(options: KafkaConsumerOptions): KafkaConsumer {
  const limits = { ...CONSUMER_LIMITS, ...options.limits };
  const { connection, groupId, topics } = options;
  const concurrency = limits.partitionsConsumedConcurrently;
  const member = openMember(connection, { ...limits, groupId, topics, concurrency } satisfies MemberOptions);
  const { prepare } = options;
  if (prepare === undefined) return consumerOn(member, connection.log, limits);
  async function start(events: MemberEvents): Promise<void> {
    // Whatever is wrong says so again at the first claim.
    await prepare?.().catch(() => undefined);
    await member.start(events);
  }
  return consumerOn({ ...member, start }, connection.log, limits);
}

/** @param member of this consumer alone. */
export function consumerOn(member: Member, log: KafkaLogger, limits: ConsumerLimits): KafkaConsumer {
  let membership: Membership | null = null;
  let isOver = false;
  return {
    run(handler) {
      if (isOver) return Promise.reject(new Error('a consumer runs once: make another'));
      isOver = true;
      membership = startMembership(member, handler, log, limits);
      return membership.ended;
    },
    stop() {
      isOver = true;
      return membership?.stop() ?? Promise.resolve();
    },
    seek: (at, offset) => membership?.seek(at, offset),
    commit: (commits) => member.commit(commits),
    state: () => membership?.state() ?? { isMember: false, detail: 'not started' },
  };
}
