/**
 * The only file that knows kafkajs, its inner parts included. Of kafkajs we use connections, metadata, the group and
 * the requests' formats; records are written and read by our own code (`record-*.ts`), sends are checked by it
 * (`produce.ts`). Every option is given: the defaults of 2.2.4 are not those that its documentation names.
 */

import { createRequire } from 'node:module';
import type { At } from '@callfold/engine';
import type { Admin, Assigner, Consumer, EachBatchPayload, KafkaConfig, logCreator } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Isolation, KafkaConnection, KafkaTimes, MemberOptions } from './client.ts';
import { KAFKA_TIMES } from './client.ts';
import { KafkaError } from './errors.ts';
import type { BeforeJoin, JoinHook, OutOfRange } from './mends.ts';
import {
  mendClose,
  mendConnection,
  mendHeartbeat,
  mendIdleTimer,
  mendJoin,
  mendLeaderMove,
  mendOffsetReset,
} from './mends.ts';
import type { Fetched } from './messages.ts';
import { decodeFetched, FETCH_VERSION } from './messages.ts';
import type { Held } from './share-out.ts';
import { decodeHeld, encodeHeld, shareOut } from './share-out.ts';

export type { Admin as KafkajsAdmin, Consumer as KafkajsConsumer };

/** One request: how it is written, how its answer is read. */
export type Call = {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<unknown>;
  };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<unknown>;
    readonly parse: (data: unknown) => Promise<unknown>;
  };
  readonly requestTimeout?: number;
};
type Definition = { protocol(version: { readonly version: number }): (args: object) => Call };
type Pool = { send(call: Call): Promise<unknown> };
export type Broker = {
  readonly nodeId: number;
  readonly connectionPool: Pool;
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;
  lookupRequest(apiKey: number, definition: Definition): (args: object) => Call;
};
export type Cluster = {
  readonly connectionPoolBuilder: { build(to?: object): Promise<Pool> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(node: { readonly nodeId: number | string }): Promise<Broker>;
  findGroupCoordinator(ask: { readonly groupId: string; readonly coordinatorType: number }): Promise<Broker>;
  getNodeIds(): readonly string[];
};

// Node finds some of its names only on the whole.
const { AssignerProtocol, ConfigResourceTypes, Kafka, logLevel, PartitionAssigners } = kafkajs;

const load = createRequire(import.meta.url);
const inner = (path: string): unknown => load(`kafkajs/src/${path}`);

const ClusterOf = inner('cluster') as new (options: object) => Cluster;
const socketFactory = inner('network/socketFactory') as () => object;
const { createLogger } = inner('loggers') as { readonly createLogger: (options: object) => object };
const { requests } = inner('protocol/requests') as { readonly requests: Readonly<Record<string, Definition>> };
const apiKeys = inner('protocol/requests/apiKeys') as Readonly<Record<string, number>>;

const outOfRange: OutOfRange = new WeakMap();
const beforeJoin: BeforeJoin = new WeakMap();
mendIdleTimer(inner('network/requestQueue') as Parameters<typeof mendIdleTimer>[0]);
mendConnection(inner('network/connection') as Parameters<typeof mendConnection>[0]);
mendClose(inner('cluster/brokerPool') as Parameters<typeof mendClose>[0]);
mendOffsetReset(inner('consumer/offsetManager') as Parameters<typeof mendOffsetReset>[0], outOfRange);
mendJoin(inner('consumer/consumerGroup') as Parameters<typeof mendJoin>[0], beforeJoin);
mendLeaderMove(inner('consumer/consumerGroup') as Parameters<typeof mendLeaderMove>[0]);
mendHeartbeat(inner('consumer/consumerGroup') as Parameters<typeof mendHeartbeat>[0]);

export const COORDINATOR = { group: 0, transaction: 1 } as const;
export const ISOLATION: Readonly<Record<Isolation, number>> = { uncommitted: 0, committed: 1 };
/** KafkaJS compares it with the position and looks no further. */
const CARRIER_OFFSET = '9223372036854775807';
const MEMBER_RETRIES = 8;
const NO_BYTES = Buffer.alloc(0);

function timesOf(connection: KafkaConnection): KafkaTimes {
  return { ...KAFKA_TIMES, ...connection.times };
}

function logCreatorOf(connection: KafkaConnection): logCreator {
  return () => (entry) => {
    const { message, timestamp: _, ...fields } = entry.log;
    // What kafkajs calls an error it mostly tries again: what remains one is thrown, and said by whoever catches it.
    const level = entry.level === logLevel.ERROR || entry.level === logLevel.WARN ? 'warn' : 'debug';
    connection.log[level]({ ...fields, from: entry.namespace }, message);
  };
}

function optionsOf(connection: KafkaConnection): KafkaConfig {
  const times = timesOf(connection);
  return {
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    // A copy: kafkajs writes into it how it proves the first password that it meets there.
    ...(connection.sasl === undefined ? {} : { sasl: { ...connection.sasl } as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: times.connectMs,
    authenticationTimeout: times.connectMs,
    reauthenticationThreshold: 10_000,
    requestTimeout: times.requestMs,
    enforceRequestTimeout: true,
    retry: retryOf(times),
    logLevel: logLevel.INFO,
    logCreator: logCreatorOf(connection),
  };
}

function retryOf(times: KafkaTimes): NonNullable<KafkaConfig['retry']> {
  return {
    initialRetryTime: times.firstRetryMs,
    maxRetryTime: times.longestRetryMs,
    retries: times.retries,
    factor: 0.2,
    multiplier: 2,
  };
}

export function newCluster(connection: KafkaConnection): Cluster {
  const options = optionsOf(connection);
  return new ClusterOf({
    ...options,
    logger: createLogger({ level: options.logLevel, logCreator: options.logCreator }),
    socketFactory: socketFactory(),
    metadataMaxAge: timesOf(connection).metadataMs,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: ISOLATION.committed,
    offsets: new Map(),
  });
}

/** The request of that name in the newest version that both sides speak; the answer is not looked at. */
export function callOf(broker: Broker, apiName: string, args: object): Call {
  const call = broker.lookupRequest(apiKeys[apiName] as number, requests[apiName] as Definition)(args);
  return { ...call, response: { ...call.response, parse: async (data) => data } };
}

export function apiKeyOf(apiName: string): number {
  return apiKeys[apiName] as number;
}

/** Sends once. Codes of single partitions stand in the answer, where the caller reads them. */
export async function sendTo<T>(broker: Broker, call: Call): Promise<T> {
  const { apiKey, apiVersion, apiName } = call.request;
  const versions = broker.versions[apiKey];
  if (versions === undefined || apiVersion < versions.minVersion || apiVersion > versions.maxVersion) {
    const said = `broker ${broker.nodeId} does not speak version ${apiVersion} of it`;
    throw new KafkaError(apiName, { code: 'UNSUPPORTED_VERSION', retriable: false, said });
  }
  return (await broker.connectionPool.send(call)) as T;
}

type Told = {
  outOfRange(at: At): void;
  beforeJoin: JoinHook;
  /** For whoever shares out the group's partitions. */
  held(): Held | null;
};

/** One `Kafka` a consumer: two of one group would share their positions, and wipe each other's. */
export function newConsumer(connection: KafkaConnection, options: MemberOptions, told: Told): Consumer {
  const times = timesOf(connection);
  return new Kafka(optionsOf(connection)).consumer({
    groupId: options.groupId,
    partitionAssigners: [
      (config) => {
        // The public way to the consumer's own cluster, before it makes its first connection.
        const cluster = config.cluster as unknown as Cluster;
        leaveRecordsPacked(cluster);
        outOfRange.set(cluster, (at) => told.outOfRange(at));
        beforeJoin.set(cluster, told.beforeJoin);
        return stickyAssigner(cluster, told.held);
      },
      // For a group that still has members which know no other.
      PartitionAssigners.roundRobin,
    ],
    metadataMaxAge: times.metadataMs,
    sessionTimeout: options.sessionMs,
    rebalanceTimeout: options.rebalanceMs,
    heartbeatInterval: options.heartbeatMs,
    maxBytesPerPartition: options.maxBytesPerPartition,
    minBytes: options.minBytes,
    maxBytes: options.maxBytes,
    maxWaitTimeInMs: options.maxWaitMs,
    // More than elsewhere: when they are used up, it leaves the group and joins anew.
    retry: { ...retryOf(times), retries: MEMBER_RETRIES, restartOnFailure: async () => true },
    allowAutoTopicCreation: false,
    readUncommitted: false,
    rackId: '',
  });
}

const NOT_FOR_US: ReadonlySet<unknown> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED']);
const ASSIGNER = { name: 'callfold-sticky', version: 0 } as const;

function stickyAssigner(cluster: Cluster, held: () => Held | null): Assigner {
  const { MemberMetadata, MemberAssignment } = AssignerProtocol;
  const { name, version } = ASSIGNER;

  async function countOf(topic: string): Promise<number> {
    try {
      // A member of another version may read topics that this one does not, or may not.
      await cluster.addTargetTopic(topic);
    } catch (error) {
      if (NOT_FOR_US.has((error as { readonly type?: unknown }).type)) return 0;
      throw error;
    }
    return cluster.findTopicPartitionMetadata(topic).length;
  }

  return {
    ...ASSIGNER,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version, topics, userData: encodeHeld(held()) }),
    }),
    async assign({ members }) {
      const said = members.map(({ memberId, memberMetadata }) => {
        const metadata = MemberMetadata.decode(memberMetadata);
        return { id: memberId, topics: metadata?.topics ?? [], held: decodeHeld(metadata?.userData ?? null) };
      });
      const counts = new Map<string, number>();
      for (const topic of new Set(said.flatMap(({ topics }) => topics))) {
        counts.set(topic, await countOf(topic));
      }
      return [...shareOut(said, counts)].map(([memberId, share]) => {
        const assignment = Object.fromEntries([...share].map(([topic, numbers]) => [topic, [...numbers]]));
        return { memberId, memberAssignment: MemberAssignment.encode({ version, assignment, userData: NO_BYTES }) };
      });
    },
  };
}

/**
 * Has fetches answer each partition's bytes as they came, in one carrier where kafkajs expects records. They are read
 * when the partition's turn comes, by `record-decode.ts`, for about a quarter of the processor time.
 */
function leaveRecordsPacked(cluster: Cluster): void {
  const builder = cluster.connectionPoolBuilder;
  const build = builder.build.bind(builder);
  builder.build = async (to) => {
    const pool = await build(to);
    const send = pool.send.bind(pool);
    pool.send = (call) => send(call.request.apiKey === apiKeys['Fetch'] ? packed(call) : call);
    return pool;
  };
}

function packed(call: Call): Call {
  if (call.request.apiVersion !== FETCH_VERSION) {
    const said = `the broker does not speak version ${FETCH_VERSION} of Fetch`;
    throw new KafkaError('reading', { code: 'UNSUPPORTED_VERSION', retriable: false, said });
  }
  return { ...call, response: { decode: async (payload) => carriers(payload), parse: call.response.parse } };
}

function carriers(payload: Buffer): object {
  const { fetched, throttleMs } = decodeFetched(payload);
  const responses = fetched.map((one) => ({
    topicName: one.topic,
    partitions: [
      {
        partition: one.partition,
        errorCode: one.code,
        highWatermark: String(one.highWatermark),
        lastStableOffset: String(one.lastStable),
        abortedTransactions: [],
        preferredReadReplica: -1,
        messages: one.bytes.length === 0 ? [] : [{ offset: CARRIER_OFFSET, isControlRecord: false, fetched: one }],
      },
    ],
  }));
  return { throttleTime: 0, clientSideThrottleTime: throttleMs, responses };
}

export function carried(payload: EachBatchPayload): Fetched {
  const [carrier] = payload.batch.messages as unknown as readonly { readonly fetched: Fetched }[];
  if (carrier === undefined) throw new Error('a batch without records was handed out');
  return carrier.fetched;
}

export function newAdmin(connection: KafkaConnection): Admin {
  return new Kafka(optionsOf(connection)).admin({ retry: retryOf(timesOf(connection)) });
}

export const ADMIN_TOPIC = ConfigResourceTypes.TOPIC;
