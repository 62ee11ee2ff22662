/** The one file that names ioredis: one server, Sentinel and Cluster, with every option that matters said in full. */

import type { ClusterOptions, RedisOptions } from 'ioredis';
import { Cluster, Redis } from 'ioredis';
import type { RedisAccess } from './access.ts';
import type { Argument, RedisClient } from './client.ts';
import { explainError } from './errors.ts';
import type { RedisTarget } from './url.ts';
import { describeTarget, parseRedisUrl } from './url.ts';

export type RedisConfig = RedisAccess & {
  /** `parseRedisUrl` says the forms. */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name?: string;
  /** Without an answer for this long a call throws; a little longer, and the connection is made anew. */
  readonly answerMs?: number;
  readonly connectMs?: number;
  /** Connections lost and made again, for logs. No password is in it. */
  readonly onEvent?: (event: RedisEvent) => void;
};

export type RedisEvent =
  | { readonly name: 'redis-connected'; readonly where: string }
  | { readonly name: 'redis-lost'; readonly where: string; readonly message: string };

const ANSWER_MS = 10_000;
const CONNECT_MS = 5_000;
/** A half-open connection is given up when nothing at all has come for this much longer than one answer may take. */
const SILENCE_MS = 1_000;
const RETRY_FIRST_MS = 50;
const RETRY_MOST_MS = 2_000;
const CLUSTER_REDIRECTIONS = 8;
const CLUSTER_RETRY_MS = 200;
const SLOTS_REFRESH_MS = 5_000;

/** A connection that is lost is made again for ever, at first soon, then every two seconds. */
const backOff = (times: number): number => Math.min(RETRY_FIRST_MS * 2 ** Math.min(times - 1, 10), RETRY_MOST_MS);

/**
 * A server that has become a replica refuses writes for ever: connecting anew finds the master. The command is not sent
 * again.
 */
const onReadOnly = (error: Error): boolean => error.message.startsWith('READONLY ');

function connectionOptions(target: RedisTarget, config: RedisConfig) {
  const answerMs = config.answerMs ?? ANSWER_MS;
  return {
    username: config.username ?? target.username ?? undefined,
    password: config.password ?? target.password ?? undefined,
    tls: target.tls ? { ...config.tls } : undefined,
    connectionName: config.name ?? 'callfold',
    connectTimeout: config.connectMs ?? CONNECT_MS,
    commandTimeout: answerMs,
    socketTimeout: answerMs + SILENCE_MS,
    // Every change is one idempotent script: who asked decides whether to ask again, and nothing waits in a queue to
    // come late.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: true,
    enableAutoPipelining: false,
    lazyConnect: true,
    reconnectOnError: onReadOnly,
    disableClientInfo: true,
    keepAlive: 10_000,
    disconnectTimeout: 500,
    noDelay: true,
    // Version 2 of the protocol: the same answers from every server there is.
    protocol: 2,
    replyMapping: 'legacy',
    stringNumbers: false,
  } satisfies RedisOptions;
}

function serverOptions(target: Exclude<RedisTarget, { kind: 'cluster' }>, config: RedisConfig) {
  const options = {
    ...connectionOptions(target, config),
    db: target.database,
    enableOfflineQueue: false,
    retryStrategy: backOff,
  } satisfies RedisOptions;
  if (target.kind === 'server') {
    const { host, port } = target.nodes[0];
    return { ...options, host, port } satisfies RedisOptions;
  }
  return {
    ...options,
    name: target.master,
    role: 'master',
    sentinels: target.nodes.map((node) => ({ ...node })),
    sentinelUsername: config.sentinelUsername ?? target.sentinelUsername ?? undefined,
    sentinelPassword: config.sentinelPassword ?? target.sentinelPassword ?? undefined,
    enableTLSForSentinelMode: target.tls,
    sentinelTLS: target.tls ? { ...config.tls } : undefined,
    sentinelCommandTimeout: config.answerMs ?? ANSWER_MS,
    sentinelRetryStrategy: backOff,
    sentinelReconnectStrategy: backOff,
    updateSentinels: true,
    // It cuts the connection while the next one is being looked for, which ioredis takes for the end. A master that is
    // lost or has become a replica is noticed without it.
    failoverDetector: false,
  } satisfies RedisOptions;
}

function clusterOptions(target: RedisTarget, config: RedisConfig) {
  return {
    redisOptions: connectionOptions(target, config),
    enableOfflineQueue: false,
    enableReadyCheck: true,
    lazyConnect: true,
    // A replica may be behind: an owner that reads its own writes must read where they were written.
    scaleReads: 'master',
    maxRedirections: CLUSTER_REDIRECTIONS,
    retryDelayOnMoved: 0,
    retryDelayOnFailover: CLUSTER_RETRY_MS,
    retryDelayOnClusterDown: CLUSTER_RETRY_MS,
    retryDelayOnTryAgain: CLUSTER_RETRY_MS,
    slotsRefreshTimeout: config.connectMs ?? CONNECT_MS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    clusterRetryStrategy: backOff,
    clusterNodeRetryStrategy: backOff,
  } satisfies ClusterOptions;
}

/** What `connect` says when it was told nothing better; the error event then knew why. */
const CLOSED = 'Connection is closed.';

/** A cluster's own errors only say that every node failed; the last node's says why. */
function rootOf(error: Error): Error {
  return 'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError : error;
}

/** A client that connects at its first call, and makes lost connections again by itself. */
export function createRedisClient(config: RedisConfig): RedisClient {
  const target = parseRedisUrl(config.url);
  const where = describeTarget(target);
  const client =
    target.kind === 'cluster'
      ? new Cluster(
          target.nodes.map((node) => ({ ...node })),
          clusterOptions(target, config),
        )
      : new Redis(serverOptions(target, config));
  const firstMs = (config.connectMs ?? CONNECT_MS) + (config.answerMs ?? ANSWER_MS);

  let lastError: Error | null = null;
  let first: Promise<void> | null = null;
  let closed = false;
  let ends = 0;
  let revival: NodeJS.Timeout | undefined;
  // Without a listener an error would end the process; the last one says why there is no connection.
  client.on('error', (error: Error) => {
    lastError = rootOf(error);
  });
  client.on('ready', () => {
    lastError = null;
    ends = 0;
    config.onEvent?.({ name: 'redis-connected', where });
  });
  client.on('close', () => {
    config.onEvent?.({ name: 'redis-lost', where, message: lastError?.message ?? 'the connection was closed' });
  });
  // ioredis gives up for good in places, whatever its strategies say: a failover while it asks the sentinels is one.
  client.on('end', () => {
    if (closed) return;
    ends += 1;
    revival = setTimeout(() => {
      client.connect().catch(() => {});
    }, backOff(ends));
  });

  const explain = (error: unknown): Error => {
    if (client.status === 'ready' || error === lastError) return explainError(where, error);
    const why = closed ? 'this client was closed' : (lastError?.message ?? 'the connection was lost');
    return explainError(where, new Error(`not connected (${why}); it is tried again`, { cause: error }));
  };

  /** The first call waits for the connection it asks for, for a while; later ones find it made, or fail at once. */
  const firstConnection = async (): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not connected within ${firstMs} ms`)), firstMs);
    });
    try {
      await Promise.race([client.connect(), late]);
    } catch (thrown) {
      const error = thrown instanceof Error ? rootOf(thrown) : thrown;
      throw explain(error instanceof Error && error.message === CLOSED ? (lastError ?? error) : error);
    } finally {
      clearTimeout(timer);
    }
  };

  const asked = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    if (first === null) {
      first = firstConnection();
      first.catch(() => {
        first = Promise.resolve();
      });
    }
    await first;
    try {
      return await ask();
    } catch (error) {
      throw explain(error);
    }
  };
  const list = (args: readonly Argument[]): Argument[] => args as Argument[];

  return {
    where,
    kind: target.kind,
    call: (command, args) => asked(() => client.call(command, list(args))),
    callBuffer: (command, args) => asked(() => client.callBuffer(command, list(args))),
    callMasters: (command, args) =>
      asked(() => {
        const masters = client instanceof Cluster ? client.nodes('master') : [client];
        // An answer of none would pass for the answer of all.
        if (masters.length === 0) return Promise.reject(new Error('no master is known'));
        return Promise.all(
          masters.map(async (master) => {
            const { host, port } = master.options;
            const at = client instanceof Cluster ? `${where}, node ${String(host)}:${String(port)}` : where;
            return { where: at, answer: await master.call(command, list(args)) };
          }),
        );
      }),
    close: async () => {
      closed = true;
      clearTimeout(revival);
      first ??= Promise.resolve();
      // Not `quit`: it would wait for a server that is away.
      client.disconnect();
    },
  };
}
