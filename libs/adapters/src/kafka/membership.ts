/** A member of a group from its first join until it is stopped: what the client says, and what the handler is told. */

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { At, ConsumerHandler } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Incoming, KafkaLogger, Left, Member, MemberEvents } from './client.ts';
import type { ConsumerLimits } from './consumer.ts';
import { codeOf, explain, KafkaError } from './errors.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { createLanes } from './lanes.ts';
import type { Decoded, RecordReader } from './record-decode.ts';
import { openRecords } from './record-decode.ts';

/**
 * How the member stands with its group. Without partitions it may still be one: there are more members than partitions.
 */
export type MemberState = { readonly isMember: boolean; readonly detail: string };

export type Membership = {
  /** Resolves after `stop`; rejects when it cannot go on at all. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  seek(at: At, offset: number | null): void;
  state(): MemberState;
};

/** What the group says when it shares out anew: the join that follows brings all partitions back. */
const REJOINS: ReadonlySet<string | null> = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const isRejoin = (error: unknown): boolean => REJOINS.has(codeOf(explain('sending a heartbeat', error)));
const PULSE_MS = 250;
const NOTHING: readonly Left[] = [];

/** What may be otherwise a little later; a topic that is not there will not come by itself. */
const isAway = (error: Error): boolean =>
  error instanceof KafkaError && error.retriable && error.code !== 'UNKNOWN_TOPIC_OR_PARTITION';

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

export function startMembership(
  member: Member,
  handler: ConsumerHandler,
  log: KafkaLogger,
  limits: ConsumerLimits,
): Membership {
  const lanes = createLanes(member, handler, fail);
  const ended = deferred();
  let state: MemberState = { isMember: false, detail: 'joins its group' };
  let isMissing = false;
  /** Since when the client gives up on its group, `performance.now()`; null: it does not. */
  let givesUpSince: number | null = null;
  /** Of the group, at the last sharing out that this member heard of; null: it may have missed some. */
  let generation: number | null = null;
  let stopped: Promise<void> | null = null;
  // Read through a function: the compiler would hold on to what it last saw, across awaits.
  const isRunning = (): boolean => stopped === null;
  // Until the client has joined it cannot be stopped: it would go on joining, and read on as nobody's member.
  let settled = deferred();
  // The client sends heartbeats between two batches only.
  const pulse = setInterval(() => beatForSlow(lanes, limits), PULSE_MS);

  /** Said once as a warning: the attempts that follow are all the same. */
  function missKafka({ message }: Error, until: string): void {
    log[isMissing ? 'debug' : 'warn']({ message }, `Kafka is away: the member ${until}`);
    isMissing = true;
    state = { isMember: false, detail: `waits for Kafka: ${message}` };
  }

  async function shutDown(graceMs: number): Promise<void> {
    await Promise.race([settled.promise, sleep(limits.rebalanceMs, undefined, { ref: false })]);
    const before = generation;
    const left = await lanes.giveAllBack(graceMs);
    clearInterval(pulse);
    // Since the group shared out anew, somebody else may have had them.
    if (generation === before) await member.leave(left);
    await member.stop();
  }

  function fail(reason: unknown): void {
    if (isRunning()) {
      stopped = failWith(reason);
      return;
    }
    const message = reason instanceof Error ? reason.message : String(reason);
    log.warn({ message }, 'something failed while the member stopped');
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

  /** The log has nothing at its position, or its heartbeats were lost: only its handler can say where to go on. */
  function assignAnew(lane: Lane): void {
    if (!isRunning() || !lane.isOpen) return;
    lanes.giveBack(lane, 0);
    lanes.open(lane.at, limits.retryMs);
  }

  const events: MemberEvents = {
    async letGo(lost) {
      if (lost) generation = null;
      // The others wait for it: what is still under way then, goes on without being owned.
      const limit = sleep(limits.letGoMs, NOTHING, { ref: false });
      const left = await Promise.race([lost ? lanes.giveAllBack(0) : lanes.restAll(limits.graceMs), limit]);
      return lost ? NOTHING : left;
    },
    joined(ats, now) {
      // One turn later the client knows itself that it has joined.
      const { resolve } = settled;
      void setImmediate().then(resolve);
      member.pause(ats);
      // Nobody but this member can have had in between what was shared out to it twice in a row.
      const keeps = generation !== null && (now === generation || now === generation + 1);
      generation = now;
      if (!isRunning()) {
        void lanes.giveAllBack(0);
        return;
      }
      state = { isMember: true, detail: `member of its group, with ${ats.length} partitions` };
      if (isMissing) log.info({}, 'Kafka is back: the member joined anew');
      isMissing = false;
      givesUpSince = null;
      log.info({ partitions: ats.map(nameOf) }, 'the group shared its partitions out');
      lanes.assign(ats, keeps);
    },
    outOfRange(at) {
      const lane = lanes.get(at);
      if (lane === undefined) return;
      log.warn({ at: nameOf(at), position: lane.position }, 'the log has nothing at this position: assigned anew');
      assignAnew(lane);
    },
    crashed(error, restarts) {
      generation = null;
      void lanes.giveAllBack(0);
      settled.resolve();
      if (!isRunning()) {
        if (restarts) void stopOnceMore();
        return;
      }
      const now = performance.now();
      if (!restarts) givesUpSince ??= now;
      const isForLong = now - (givesUpSince ?? now) > limits.giveUpMs;
      // Whoever may not read the group is answered like one whose coordinator is just being moved.
      if (!restarts && (!isAway(error) || isForLong)) {
        fail(error);
        return;
      }
      settled = deferred();
      missKafka(error, 'joins anew when it is back');
      // It gives up on a group's coordinator that it cannot find in a few attempts.
      if (!restarts) void startLater();
    },
    async batch(incoming) {
      const { at, from, fetched } = incoming;
      const lane = lanes.get(at);
      // Of an assignment that is over: what is not resolved comes again, to whom it belongs.
      if (lane === undefined || lane.position === null || lane.isResting || lane.runsMs() > 0 || !isRunning()) return;
      if (from !== lane.position) {
        member.seek(at, lane.position);
        return;
      }
      try {
        const reader = openRecords(fetched.bytes, from, fetched.aborted, nameOf(at));
        await handOver(lanes, lane, incoming, reader, limits.batchRecords);
      } catch (error) {
        fail(error);
        return;
      }
      const { heartbeatError } = lane;
      if (heartbeatError === null) return;
      lane.heartbeatError = null;
      if (!isRejoin(heartbeatError)) assignAnew(lane);
      throw heartbeatError;
    },
  };

  async function join(): Promise<void> {
    while (isRunning()) {
      try {
        await member.start(events);
        return;
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        if (!isAway(error)) throw new Refused(error.message);
        missKafka(error, 'joins when it is there');
        await sleep(limits.retryMs);
      }
    }
    settled.resolve();
  }

  function start(): void {
    join().catch((reason: unknown) => {
      settled.resolve();
      fail(reason);
    });
  }

  async function startLater(): Promise<void> {
    await sleep(limits.retryMs);
    start();
  }

  start();
  return {
    ended: ended.promise,
    state: () => state,
    stop() {
      stopped ??= shutDown(limits.graceMs).then(ended.resolve, ended.reject);
      return stopped;
    },
    seek(at, offset) {
      const lane = lanes.get(at);
      if (lane?.isOpen !== true || !lane.isAssigned) return;
      lane.wasMoved = true;
      lanes.place(lane, offset);
    },
  };
}

/** What one fetch brought, in calls of at most `size` records, each from where the one before ended. */
async function handOver(
  lanes: Lanes,
  lane: Lane,
  incoming: Incoming,
  reader: RecordReader,
  size: number,
): Promise<void> {
  for (let part = reader.read(size); part !== null; part = reader.read(size)) {
    if (!(await handPart(lanes, lane, incoming, part, size))) return;
  }
}

/** Answers whether the lane goes on with what follows. */
async function handPart(
  lanes: Lanes,
  lane: Lane,
  incoming: Incoming,
  { records, next }: Decoded,
  size: number,
): Promise<boolean> {
  const end = Math.max(incoming.fetched.lastStable, next);
  for (let done = 0; done === 0 || done < records.length; done += size) {
    const from = lane.position;
    if (!lane.isOpen || from === null) return false;
    if (next <= from) return true;
    const part = records.length <= size ? records : records.slice(done, done + size);
    const following = records[done + size]?.offset ?? next;
    const answer = await lane.take({ from, records: part, next: following, end }, () => incoming.heartbeat());
    if (!lane.isOpen) return false;
    if (answer !== following || lane.wasMoved) {
      lanes.place(lane, answer);
      return false;
    }
    lane.position = answer;
    incoming.resolve(answer);
    if (lane.isResting) return false;
  }
  return true;
}

function beatForSlow({ live }: Lanes, limits: ConsumerLimits): void {
  for (const lane of live) {
    if (lane.runsMs() < limits.slowBatchMs) continue;
    lane.beat(limits.sessionMs, (error) => {
      const rejoins = isRejoin(error);
      if (rejoins) for (const one of live) one.hurry(limits.graceMs);
      return rejoins;
    });
  }
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
