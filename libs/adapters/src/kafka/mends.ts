/**
 * kafkajs 2.2.4 as it should be. Its last release is of 2023, so what stands in the way is mended on its prototypes,
 * which `kafkajs.ts` hands in. Each mend says what was seen without it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At } from '@callfold/engine';
import type { Named } from './by-topic.ts';
import { byTopic } from './by-topic.ts';

type Prototype<T> = { readonly prototype: T };

type Queue = {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
};

const NEXT_LOOK_MS = 10;

/**
 * Without: each connection sets a timer of 1 ms for ever, 871 a second, 5 % of a core each, to look at a queue that is
 * empty. A timer is needed only while requests wait; who adds one calls this again.
 */
export function mendIdleTimer(queue: Prototype<Queue>): void {
  queue.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: Queue): void {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const throttledMs = this.throttledUntil - Date.now();
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : NEXT_LOOK_MS,
    );
  };
}

type Connection = {
  readonly host: string;
  readonly port: number;
  readonly requestQueue: { readonly inflight: ReadonlyMap<number, unknown>; readonly pending: readonly unknown[] };
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  socket?: { removeAllListeners(event: string): void; destroy(error?: Error): void };
  connecting?: Promise<unknown> | undefined;
  disconnecting?: Promise<unknown> | undefined;
  /** The whole client is being closed. */
  isClosing?: boolean;
  isConnected(): boolean;
  connect: (this: Connection) => Promise<unknown>;
  disconnect: (this: Connection) => Promise<unknown>;
  rejectRequests(error: unknown): void;
  send: (this: Connection, call: object) => Promise<unknown>;
};

const LENGTH_BYTES = 4;

const closed = ({ host, port }: Connection): Error =>
  Object.assign(new Error('the connection was closed'), {
    name: 'KafkaJSConnectionError',
    retriable: true,
    broker: `${host}:${port}`,
  });

/**
 * Without: (1) an answer cut off in the middle stays in the buffer, and the next connection's bytes are taken for its
 * rest; (2) two requests that find no connection open two sockets and lose one; (3) a connection whose peer is gone is
 * used on and on, each request waiting for its time-out; (4) a closed socket's late bytes mix with the new one's;
 * (5) each request that failed with a connection closes it once more, and so the next one, while that connects;
 * (6) a request that slips in while the connection closes is never answered and never timed out.
 */
export function mendConnection(connection: Prototype<Connection>): void {
  const { connect, disconnect, send } = connection.prototype;
  connection.prototype.connect = function connectOnce(this: Connection): Promise<unknown> {
    if (this.connecting !== undefined) return this.connecting;
    if (this.isConnected()) return Promise.resolve(true);
    this.chunks = [];
    this.bytesBuffered = 0;
    this.bytesNeeded = LENGTH_BYTES;
    this.isClosing = false;
    const connecting = connect
      .call(this)
      .catch((error: unknown) => {
        this.socket?.destroy();
        throw error;
      })
      .finally(() => {
        this.connecting = undefined;
      });
    this.connecting = connecting;
    return connecting;
  };
  async function closeWholly(one: Connection): Promise<unknown> {
    const { socket, requestQueue } = one;
    const answer = await disconnect.call(one);
    socket?.removeAllListeners('data');
    socket?.destroy();
    if (requestQueue.inflight.size > 0 || requestQueue.pending.length > 0) one.rejectRequests(closed(one));
    return answer;
  }
  connection.prototype.disconnect = function disconnectOnce(this: Connection): Promise<unknown> {
    if (this.connecting !== undefined) {
      if (this.isClosing === true) this.socket?.destroy(closed(this));
      return Promise.resolve(true);
    }
    if (this.disconnecting !== undefined) return this.disconnecting;
    if (!this.isConnected()) return Promise.resolve(true);
    const disconnecting = closeWholly(this).finally(() => {
      this.disconnecting = undefined;
    });
    this.disconnecting = disconnecting;
    return disconnecting;
  };
  connection.prototype.send = async function sendOrClose(this: Connection, call: object): Promise<unknown> {
    try {
      return await send.call(this, call);
    } catch (error) {
      if ((error as Error).name === 'KafkaJSRequestTimeoutError' && this.isConnected()) {
        this.rejectRequests(error);
        void this.disconnect();
      }
      throw error;
    }
  };
}

type Pools = { readonly connectionPool: { readonly pool: readonly Connection[] } };
type BrokerPool = {
  readonly seedBroker?: Pools;
  readonly brokers: Readonly<Record<string, Pools>>;
  disconnect: (this: BrokerPool) => Promise<unknown>;
};

/** Tells the connections the end of the client from the end of a request, which the client itself does not. */
export function mendClose(pool: Prototype<BrokerPool>): void {
  const { disconnect } = pool.prototype;
  pool.prototype.disconnect = function closeAll(this: BrokerPool): Promise<unknown> {
    for (const broker of [this.seedBroker, ...Object.values(this.brokers)]) {
      for (const connection of broker?.connectionPool.pool ?? []) connection.isClosing = true;
    }
    return disconnect.call(this);
  };
}

type OffsetManager = {
  readonly cluster: object;
  setDefaultOffset: (this: OffsetManager, at: At) => Promise<void>;
};

/** By cluster, since a consumer has its own. */
export type OutOfRange = WeakMap<object, (at: At) => void>;

/**
 * Without: a position that the log no longer has is moved to the log's end in silence, and committed; millions of
 * records were skipped so. The owner of the partition has to know and decide.
 */
export function mendOffsetReset(manager: Prototype<OffsetManager>, told: OutOfRange): void {
  const { setDefaultOffset } = manager.prototype;
  manager.prototype.setDefaultOffset = async function tellOwner(this: OffsetManager, at: At): Promise<void> {
    const tell = told.get(this.cluster);
    if (tell === undefined) await setDefaultOffset.call(this, at);
    else tell({ topic: at.topic, partition: at.partition });
  };
}

type FoundOffset = { readonly partition: number; readonly offset: string; readonly metadata: string | null };

type Coordinator = {
  heartbeat(member: object): Promise<unknown>;
  offsetCommit(commit: object): Promise<unknown>;
  offsetFetch(ask: object): Promise<{
    readonly responses: Named<FoundOffset>;
  }>;
};

type Group = {
  readonly cluster: { refreshMetadata(): Promise<void> };
  readonly coordinator: Coordinator | null;
  readonly groupId: string;
  readonly generationId: number;
  memberId: string | null;
  joining?: Promise<void> | undefined;
  /** It let go of its partitions, and the join that brings them back has failed. */
  mustJoin?: boolean;
  /** Since it began to join it was told, or found, that the group has dropped it. */
  isLost?: boolean;
  joinAndSync: (this: Group) => Promise<void>;
  recoverFromFetch: (this: Group, error: { readonly type?: unknown }) => Promise<void>;
};

/**
 * @param lost the group has dropped this member, so that its partitions may be another's by now.
 * @param group as the client knows it now, and later as of the join at hand.
 */
export type JoinHook = (lost: boolean, group: JoinedGroup) => Promise<void>;

export type JoinedGroup = {
  /** As last heard. */
  generation(): number;
  /** Commits for the generation that was last heard of, also while the group waits for this member to join. */
  commit(offsets: readonly GroupOffset[]): Promise<void>;
  /** What was committed of these, by whomever. */
  committed(ats: readonly At[]): Promise<readonly GroupOffset[]>;
};

export type GroupOffset = At & { readonly offset: string; readonly metadata: string };

/** By cluster. */
export type BeforeJoin = WeakMap<object, JoinHook>;

const BEAT_MS = 1_000;
/** Where the client keeps one attempt of its join: under a symbol of its own. */
const JOIN = 'private:ConsumerGroup:join';
const LEADER_MOVED: ReadonlySet<unknown> = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);
/** Until there is a new leader, the answer is the same. */
const LEADER_PAUSE_MS = 100;

/**
 * Without: each member that hears of a moved leader joins anew, so that the whole group shares out anew, once for each
 * of them. Who leads a partition does not change who reads it: the next fetch asks the new leader.
 */
export function mendLeaderMove(group: Prototype<Group>): void {
  const { recoverFromFetch } = group.prototype;
  group.prototype.recoverFromFetch = async function findLeader(this: Group, error): Promise<void> {
    if (!LEADER_MOVED.has(error.type)) return recoverFromFetch.call(this, error);
    await sleep(LEADER_PAUSE_MS);
    await this.cluster.refreshMetadata();
  };
}

/**
 * Without: (1) a member joins anew at once and hears of it afterwards, so that partitions change hands while the old
 * owner still works on them; when a leader moves, it even joins while its handlers run. The group waits for us
 * meanwhile, as long as we show that we live. (2) Fetches from two brokers that hear of the same change join each by
 * itself, and the group shares out anew for both. (3) A join that fails is forgotten where heartbeats are answered, as
 * by a coordinator that has just got the group: its partitions rest for ever. `mendHeartbeat` asks for it again.
 * (4) Who is dropped in the middle of a join, while it lets go or waits for the others, joins as a new member and is
 * never said to have been lost. Calls under way run to their end, and partitions rest until the join is over; where the
 * group was made anew meanwhile, so that its generations only seem to follow one another, they are even kept. Others
 * may have them already.
 */
export function mendJoin(group: Prototype<Group>, told: BeforeJoin): void {
  const { joinAndSync } = group.prototype;
  const attempts = group.prototype as unknown as Record<symbol, (this: Group) => Promise<void>>;
  const key = Object.getOwnPropertySymbols(attempts).find(({ description }) => description === JOIN);
  const attempt = key && attempts[key];
  if (!attempt) throw new Error('kafkajs is of another version than this was written for');

  async function lose(one: Group): Promise<void> {
    if (one.isLost === true) return;
    one.isLost = true;
    await told.get(one.cluster)?.(true, joinedGroup(one));
  }

  /** Shows that it lives. Any other refusal is that the group waits for it to join, or that there is nobody to ask. */
  async function isDropped({ groupId, generationId, memberId, coordinator }: Group): Promise<boolean> {
    if (!memberId) return false;
    return Promise.resolve(coordinator?.heartbeat({ groupId, groupGenerationId: generationId, memberId })).then(
      () => false,
      (error: { readonly type?: unknown }) => error.type === 'UNKNOWN_MEMBER_ID',
    );
  }

  async function letGoAndJoin(one: Group): Promise<void> {
    const letGo = told.get(one.cluster);
    one.isLost = !one.memberId;
    if (letGo !== undefined) {
      let isLettingGo = true;
      const beat = async (): Promise<void> => {
        if (!(await isDropped(one)) || !isLettingGo) return;
        one.memberId = null;
        await lose(one);
      };
      const beats = setInterval(() => void beat().catch(() => {}), BEAT_MS);
      await letGo(one.isLost, joinedGroup(one)).finally(() => {
        isLettingGo = false;
        clearInterval(beats);
      });
    }
    await joinAndSync.call(one);
  }
  // The client tries again as nobody's member when it hears that it is dropped.
  attempts[key] = async function giveUpAndTry(this: Group): Promise<void> {
    if (!this.memberId) await lose(this);
    await attempt.call(this);
  };
  group.prototype.joinAndSync = function joinOnce(this: Group): Promise<void> {
    this.joining ??= letGoAndJoin(this)
      .then(
        () => {
          this.mustJoin = false;
        },
        (error: unknown) => {
          this.mustJoin = true;
          throw error;
        },
      )
      .finally(() => {
        this.joining = undefined;
      });
    return this.joining;
  };
}

const topicsOf = (ats: readonly At[]) => byTopic(ats.map((at) => ({ at, ask: at })));

function joinedGroup(group: Group): JoinedGroup {
  return {
    generation: () => group.generationId,
    async commit(offsets) {
      const { groupId, generationId, memberId, coordinator } = group;
      if (!memberId || offsets.length === 0) return;
      await coordinator?.offsetCommit({
        groupId,
        groupGenerationId: generationId,
        memberId,
        topics: topicsOf(offsets),
      });
    },
    async committed(ats) {
      const { groupId, coordinator } = group;
      const answer = await coordinator?.offsetFetch({ groupId, topics: topicsOf(ats) });
      return (answer?.responses ?? []).flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset, metadata }) => ({ topic, partition, offset, metadata: metadata ?? '' })),
      );
    },
  };
}

type Beating = Pick<Group, 'mustJoin'> & {
  lastRequest: number;
  heartbeat: (this: Beating, options: object) => Promise<unknown>;
};

/** What the client takes for the group's own word, and joins at. */
const joinAgain = (): Error =>
  Object.assign(new Error('the last join failed: the member joins again'), {
    type: 'REBALANCE_IN_PROGRESS',
    retriable: true,
  });

/**
 * Without: after the wall clock was set back by an hour no heartbeat goes out for an hour, since the last one lies
 * ahead. The group drops the member, which hears nothing of it. And a join that failed is never made up for.
 */
export function mendHeartbeat(group: Prototype<Beating>): void {
  const { heartbeat } = group.prototype;
  group.prototype.heartbeat = function beatOrJoin(this: Beating, options: object): Promise<unknown> {
    if (this.mustJoin === true) return Promise.reject(joinAgain());
    this.lastRequest = Math.min(this.lastRequest, Date.now());
    return heartbeat.call(this, options);
  };
}
