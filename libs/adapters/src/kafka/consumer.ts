import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { At, Consumer, ConsumerHandler } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Incoming, KafkaConnection, KafkaLogger, Member, MemberOptions } from './client.ts';
import { codeOf, explain, KafkaError } from './errors.ts';
import type { Lane } from './lane.ts';
import { createLane } from './lane.ts';
import type { Commit } from './log.ts';
import { openMember } from './member.ts';
import { decodeRecords } from './record-decode.ts';

export type KafkaConsumerOptions = {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Over `CONSUMER_LIMITS`. */
  readonly limits?: Partial<ConsumerLimits>;
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
  /** Of one call of the handler. */
  readonly batchRecords: number;
  /** At least the partitions that one member may own: those beyond wait for a turn. */
  readonly partitionsConsumedConcurrently: number;
  /** From when on a running batch sends heartbeats. */
  readonly slowBatchMs: number;
  /** How long running calls may go on when partitions are given away, before their signal is set. */
  readonly graceMs: number;
  /** Between two attempts to connect, and before a partition whose position is gone is assigned anew. */
  readonly retryMs: number;
};

export const CONSUMER_LIMITS: ConsumerLimits = {
  sessionMs: 10_000,
  heartbeatMs: 1_000,
  rebalanceMs: 30_000,
  maxWaitMs: 50,
  minBytes: 1,
  maxBytes: 16_777_216,
  maxBytesPerPartition: 1_048_576,
  batchRecords: 20_000,
  partitionsConsumedConcurrently: 64,
  slowBatchMs: 1_000,
  graceMs: 2_000,
  retryMs: 1_000,
};

export type KafkaConsumer = Consumer & {
  /** Moves the group's offsets; only a running member may. */
  commit(commits: readonly Commit[]): Promise<void>;
};

export function createKafkaConsumer(options: KafkaConsumerOptions): KafkaConsumer {
  const limits = { ...CONSUMER_LIMITS, ...options.limits };
  const { connection, groupId, topics } = options;
  const concurrency = limits.partitionsConsumedConcurrently;
  const member = openMember(connection, { ...limits, groupId, topics, concurrency } satisfies MemberOptions);
  return consumerOn(member, connection.log, limits);
}

/** What the group says when it shares out anew: the join that follows brings all partitions back. */
const REJOINS: ReadonlySet<string | null> = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const isRejoin = (error: unknown): boolean => REJOINS.has(codeOf(explain('sending a heartbeat', error)));
const PULSE_MS = 500;

type Phase = 'new' | 'running' | 'stopping' | 'ended';

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

export function consumerOn(member: Member, log: KafkaLogger, limits: ConsumerLimits): KafkaConsumer {
  /** Of the assignment at hand. */
  const lanes = new Map<string, Lane>();
  /** Lanes of before that are not given back yet: the same partition waits for them. */
  const leaving = new Map<string, Promise<void>>();
  /** Both of them. */
  const live = new Set<Lane>();
  const ended = deferred();
  let handler: ConsumerHandler | null = null;
  let phase: Phase = 'new';
  // The compiler would hold on to what it last saw here, across awaits.
  const isIn = (one: Phase): boolean => phase === one;
  // Until the client has joined it cannot be stopped: it would go on joining, and read on as nobody's member.
  let settled = deferred();
  let stopped: Promise<void> | null = null;

  function open(at: At, calls: ConsumerHandler, waitMs: number): void {
    const lane = createLane(at, calls);
    lanes.set(nameOf(at), lane);
    live.add(lane);
    const before = leaving.get(nameOf(at));
    const begun = async (): Promise<void> => {
      if (waitMs > 0) await sleep(waitMs);
      await before;
      if (!lane.isOpen) return;
      const answer = await lane.assign();
      if (lane.isOpen) place(lane, answer);
    };
    begun().catch(fail);
  }

  function place(lane: Lane, answer: number | null): void {
    lane.position = answer;
    if (answer === null) {
      member.pause([lane.at]);
      return;
    }
    member.seek(lane.at, answer);
    member.resume([lane.at]);
  }

  /** Gives one back. `graceMs`: how long its calls may go on by themselves. */
  function giveBack(lane: Lane, graceMs: number): Promise<void> {
    const name = nameOf(lane.at);
    if (lanes.get(name) === lane) lanes.delete(name);
    // One that was never told of the partition may follow on one that still is at it.
    const given = Promise.all([leaving.get(name), lane.close(graceMs).catch(fail)]).then(() => {});
    const known = given.finally(() => {
      live.delete(lane);
      if (leaving.get(name) === known) leaving.delete(name);
    });
    leaving.set(name, known);
    return known;
  }

  const giveAllBack = async (graceMs: number): Promise<void> => {
    for (const lane of lanes.values()) void giveBack(lane, graceMs);
    await Promise.all(leaving.values());
  };

  /** The log has nothing at its position, or its heartbeats were lost: only its handler can say where to go on. */
  function assignAnew(lane: Lane): void {
    if (handler === null || phase !== 'running' || !lane.isOpen) return;
    member.pause([lane.at]);
    void giveBack(lane, 0);
    open(lane.at, handler, limits.retryMs);
  }

  function fail(reason: unknown): void {
    if (phase !== 'running') return;
    phase = 'stopping';
    stopped = failWith(reason);
  }

  /** The first error is the one to tell, whatever goes wrong on the way out. */
  async function failWith(reason: unknown): Promise<void> {
    await shutDown(0).catch(() => {});
    ended.reject(reason);
  }

  /** The client starts anew by itself, one turn after it said so and whatever it was told before. */
  async function stopOnceMore(): Promise<void> {
    await setImmediate();
    await member.stop().catch(() => {});
  }

  async function shutDown(graceMs: number): Promise<void> {
    await Promise.race([settled.promise, sleep(limits.rebalanceMs, undefined, { ref: false })]);
    await giveAllBack(graceMs);
    clearInterval(pulse);
    await member.stop();
    phase = 'ended';
  }

  const events = {
    async letGo(lost: boolean): Promise<void> {
      // No longer than the group waits: what is still under way then, goes on without being owned.
      const limit = sleep(limits.rebalanceMs / 2, undefined, { ref: false });
      await Promise.race([giveAllBack(lost ? 0 : limits.graceMs), limit]);
    },
    joined(ats: readonly At[]): void {
      // One turn later the client knows itself that it has joined.
      const { resolve } = settled;
      void setImmediate().then(resolve);
      member.pause(ats);
      for (const lane of lanes.values()) void giveBack(lane, 0);
      if (phase !== 'running' || handler === null) return;
      log.info({ partitions: ats.map(nameOf) }, 'the group shared its partitions out');
      for (const at of ats) open(at, handler, 0);
    },
    outOfRange(at: At): void {
      const lane = lanes.get(nameOf(at));
      if (lane === undefined) return;
      log.warn({ at: nameOf(at), position: lane.position }, 'the log has nothing at this position: assigned anew');
      assignAnew(lane);
    },
    crashed(error: Error, restarts: boolean): void {
      for (const lane of lanes.values()) void giveBack(lane, 0);
      settled.resolve();
      if (phase !== 'running') {
        if (restarts) void stopOnceMore();
        return;
      }
      if (!restarts) {
        fail(error);
        return;
      }
      settled = deferred();
      log.warn({ message: error.message }, 'Kafka is away: the member joins anew when it is back');
    },
    batch,
  };

  async function batch(incoming: Incoming): Promise<void> {
    const { at, from, fetched } = incoming;
    const lane = lanes.get(nameOf(at));
    // Of an assignment that is over: what is not resolved comes again, to whom it belongs.
    if (lane === undefined || lane.position === null || lane.runsMs() > 0 || phase !== 'running') return;
    if (from !== lane.position) {
      member.seek(at, lane.position);
      return;
    }
    try {
      const decoded = decodeRecords(fetched.bytes, from, fetched.aborted, nameOf(at));
      await handOver(lane, incoming, decoded, Math.max(fetched.lastStable, decoded.next));
    } catch (error) {
      fail(error);
      return;
    }
    const { heartbeatError } = lane;
    if (heartbeatError === null) return;
    lane.heartbeatError = null;
    if (!isRejoin(heartbeatError)) assignAnew(lane);
    throw heartbeatError;
  }

  async function handOver(
    lane: Lane,
    incoming: Incoming,
    { records, next }: ReturnType<typeof decodeRecords>,
    end: number,
  ): Promise<void> {
    const size = limits.batchRecords;
    for (let done = 0; done === 0 || done < records.length; done += size) {
      const from = lane.position;
      if (!lane.isOpen || from === null || next <= from) return;
      const part = records.length <= size ? records : records.slice(done, done + size);
      const following = records[done + size]?.offset ?? next;
      const batchOf = { from, records: part, next: following, end };
      const answer = await lane.take(batchOf, () => incoming.heartbeat());
      if (!lane.isOpen) return;
      if (answer !== following || lane.wasMoved) {
        place(lane, answer);
        return;
      }
      lane.position = answer;
      incoming.resolve(answer);
    }
  }

  /** The client sends heartbeats between two batches only. */
  function beat(): void {
    for (const lane of live) {
      if (lane.runsMs() < limits.slowBatchMs) continue;
      lane.beat(limits.sessionMs, (error) => {
        const rejoins = isRejoin(error);
        if (rejoins) for (const one of live) one.signal.aborted = true;
        return rejoins;
      });
    }
  }
  let pulse: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    while (isIn('running')) {
      try {
        await member.start(events);
        return;
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        if (!error.retriable || error.code === 'UNKNOWN_TOPIC_OR_PARTITION') throw new Refused(error.message);
        log.warn({ message: error.message }, 'Kafka is away: the member joins when it is there');
        await sleep(limits.retryMs);
      }
    }
    settled.resolve();
  }

  return {
    run(given) {
      if (phase !== 'new') return Promise.reject(new Error('a consumer runs once: make another'));
      handler = given;
      phase = 'running';
      pulse = setInterval(beat, PULSE_MS);
      start().catch((error: unknown) => {
        settled.resolve();
        fail(error);
      });
      return ended.promise;
    },
    stop() {
      if (phase === 'new') {
        phase = 'ended';
        ended.resolve();
      }
      if (phase === 'running') {
        phase = 'stopping';
        stopped = shutDown(limits.graceMs).then(ended.resolve, ended.reject);
      }
      return stopped ?? Promise.resolve();
    },
    seek(at, offset) {
      const lane = lanes.get(nameOf(at));
      if (lane?.isOpen !== true || !lane.isAssigned) return;
      lane.wasMoved = true;
      place(lane, offset);
    },
    commit: (commits) => member.commit(commits),
  };
}

type Deferred = {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> | null = null;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Looked at by whoever awaits it, if anybody does.
  promise.catch(() => {});
  return { promise, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
