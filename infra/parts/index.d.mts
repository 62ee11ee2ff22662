/**
 * Real Kafka, registry and Redis, each on its own ports and in its own folder; several at a time if wished.
 *
 * A part ends with the process that started it, however that one ends (a watcher kills it with SIGKILL), unless `keep`
 * is set.
 * Every start resolves when the part really answers: Kafka its metadata, the registry its list of subjects, Redis PING.
 * Every failure throws an Error that names the part, the log's path and its last lines.
 */

export type Part = {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly logFile: string;
  readonly pid: number;
  /** Its process runs; a stopped one (SIGSTOP) counts as running. */
  readonly alive: boolean;
  /** It ran already and was taken over (only with `keep`). */
  readonly found: boolean;
  /** Starts it again after `kill` or `stop`, on the same port and data. */
  start(): Promise<void>;
  /** Default SIGKILL, which resolves when the process is gone. Others (SIGSTOP, SIGCONT, SIGTERM) resolve when sent. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, then SIGKILL after 30 s. With `wipe`: SIGKILL at once, and the folder is removed. */
  stop(how?: { readonly wipe?: boolean }): Promise<void>;
};

export type Start = {
  /** Made when missing; a start on a folder that was used before goes on with its data. */
  readonly dir: string;
  /** Stays when this process ends; one that runs in the folder already is taken over. Default false. */
  readonly keep?: boolean;
  /** Told about slow steps, such as the download of the jars. */
  readonly say?: (line: string) => void;
};

export type KafkaNode = Part & {
  /** node.id, from 1. */
  readonly id: number;
};

export type Kafka = {
  /** host:port of every broker. */
  readonly brokers: readonly string[];
  /** host:port of every broker's proxy, for those who shall come that way; empty unless `proxied`. */
  readonly proxied: readonly string[];
  /** One per broker, in their order; empty unless `proxied`. */
  readonly proxies: readonly Proxy[];
  readonly nodes: readonly KafkaNode[];
  readonly pids: readonly number[];
  /** The first broker's; the others' are at `nodes`. */
  readonly logFile: string;
  start(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  stop(how?: { readonly wipe?: boolean }): Promise<void>;
};

export function startKafka(
  options: Start & {
    /** One (default) or three; each is a controller too. */
    readonly brokers?: 1 | 3;
    /** One per broker; free ones when not given. */
    readonly ports?: readonly number[];
    readonly controllerPorts?: readonly number[];
    /** Broker settings over those of `brokerSettings`. */
    readonly settings?: Readonly<Record<string, string>>;
    /** Further arguments of the storage's format, such as `--add-scram`. */
    readonly formatArgs?: readonly string[];
    /** A proxy before each broker, with a listener that sends clients through it. `brokers` stay direct. Default false. */
    readonly proxied?: boolean;
    /** Half the processor time for a start, slower in long runs: for tests, not for benchmarks. Default false. */
    readonly quick?: boolean;
    /** Java options in place of `JAVA_OPTIONS.kafka` and those of `quick`. */
    readonly javaOptions?: string;
  },
): Promise<Kafka>;

export function startRegistry(
  options: Start & {
    readonly port?: number;
    /** Java system properties over those of `registrySettings`. */
    readonly settings?: Readonly<Record<string, string>>;
    /** Java options in place of `JAVA_OPTIONS.registry` and `SERIAL_COLLECTOR`. */
    readonly javaOptions?: string;
  },
): Promise<Part & { /** Of the Confluent-compatible API. */ readonly url: string }>;

export function startRedis(
  options: Omit<Start, 'say'> & {
    readonly port?: number;
    /** Lines of redis.conf over `REDIS_SETTINGS`; a list gives one line each. */
    readonly config?: RedisConfig;
    /** Runs as a Sentinel, which takes none of `REDIS_SETTINGS`. */
    readonly sentinel?: boolean;
  },
): Promise<Redis>;

export type Redis = Part & { readonly url: string };

/** What is missing here for `startPostgres`, and how to get it; null: nothing. */
export function whyNoPostgres(): string | null;

/** A server whose data is not kept, in a folder that its user can reach. Ended by its stop without a rest. */
export function startPostgres(options: { readonly dir: string }): Promise<Postgres>;

export type Postgres = Part & {
  readonly url: string;
  /** Runs a script and answers the rows, one a line, columns between `|`. Throws what psql says of the first error. */
  psql(sql: string): Promise<string>;
};

/** What is missing here for `startPrometheus`, and how to get it; null: nothing. */
export function whyNoPrometheus(): string | null;

/** @param options `targets` as `host:port`, scraped twice a second; `rules`: files, looked at as often */
export function startPrometheus(options: {
  readonly dir: string;
  readonly targets: readonly string[];
  readonly rules: readonly string[];
}): Promise<Prometheus>;

export type Prometheus = Part & {
  readonly url: string;
  /** What its HTTP API answers below `/api/v1/`. Throws what it says is wrong. */
  ask(path: string): Promise<unknown>;
};

/** Lines of redis.conf for each server, over `REDIS_SETTINGS`. */
type RedisConfig = Readonly<Record<string, string | readonly string[]>>;

export type RedisSentinel = {
  /** The sentinels' name of the master. */
  readonly name: string;
  /** As `CALLFOLD_REDIS_URL` takes it. */
  readonly url: string;
  /** The first is the first master. */
  readonly servers: readonly Redis[];
  readonly sentinels: readonly Redis[];
  /** As most of the sentinels have it now. */
  master(): Promise<Redis>;
  /** The replicas get nothing more: what is written from now on is lost in a failover, if it comes within some 20 s. */
  holdReplicas(): Promise<void>;
  /** What is down is started and what was held is let go; resolves when every replica has its master's data. */
  whole(): Promise<void>;
  stop(how?: { readonly wipe?: boolean }): Promise<void>;
};

/** Resolves when the sentinels know each other and the replicas, and these have the master's data. */
export function startRedisSentinel(options: {
  readonly dir: string;
  /** Default 1. */
  readonly replicas?: number;
  /** Default 3; most of them must agree. */
  readonly sentinels?: number;
  readonly config?: RedisConfig;
}): Promise<RedisSentinel>;

export type RedisCluster = {
  readonly url: string;
  readonly servers: readonly Redis[];
  /** Those that take writes now. */
  masters(): Promise<readonly Redis[]>;
  /** What is down is started; resolves when every slot is served and every replica has its master's data. */
  whole(): Promise<void>;
  slotOf(key: string): Promise<number>;
  ownerOf(slot: number): Promise<Redis>;
  /**
   * Moves a slot with its keys to another master while it is in use, key by key with a pause before each: in between,
   * clients are told ASK and TRYAGAIN, and MOVED after it.
   */
  migrate(
    slot: number,
    how?: { readonly keyPauseMs?: number },
  ): Promise<{ readonly from: number; readonly to: number; readonly keys: number }>;
  stop(how?: { readonly wipe?: boolean }): Promise<void>;
};

/** Three masters; resolves when every slot is served and every replica has its master's data. */
export function startRedisCluster(options: {
  readonly dir: string;
  /** One per master. Default false. */
  readonly replicas?: boolean;
  readonly config?: RedisConfig;
}): Promise<RedisCluster>;

/** One command on a connection of its own. Numbers as numbers, bytes as UTF-8; throws what the server calls an error. */
export function askRedis(port: number, words: readonly (string | number)[], waitMs?: number): Promise<unknown>;

export type ProxyState = {
  /**
   * `hold`: what comes is delivered later, as when packets are lost and sent again. `swallow`: it is never delivered,
   * nor is the end of the connection, as when the other machine is gone; every connection of that time is cut on the
   * way back to normal.
   */
  readonly toServer: 'pass' | 'hold' | 'swallow';
  readonly toClient: 'pass' | 'hold' | 'swallow';
  /** Each way. */
  readonly latencyMs: number;
  /** Each way, of each connection. */
  readonly bytesPerSecond: number;
};

/** A way to a server on 127.0.0.1, of any protocol, on which connections break as they do between machines. */
export type Proxy = {
  readonly port: number;
  /** host:port */
  readonly where: string;
  /** How many are open now. */
  readonly connections: number;
  /** Of connections that are there and those to come. */
  set(change: Partial<ProxyState>): void;
  /** Takes connections and passes everything on, at once. What was held is delivered. */
  normal(): Promise<void>;
  /** New connections lead to this port from now on. */
  lead(port: number): void;
  /** RST for every connection there is; new ones are taken. */
  cut(): void;
  /** Each connection is ended in order, as by a server that stops. */
  end(): void;
  /** As a server that is down: connections are cut and new ones refused, until `normal`. */
  refuse(): Promise<void>;
  /** The next bytes from the server are thrown away and their connection is cut; resolves when that was done. */
  loseNextAnswer(): Promise<void>;
  close(): Promise<void>;
};

export function startProxy(options: { readonly to: number; readonly port?: number }): Promise<Proxy>;

/** What Maven fetched. */
export type Jars = { readonly classPath: string; readonly registryJar: string };

/** The folder of `infra:up`. */
export function devDir(env?: Record<string, string | undefined>): string;
/** An empty folder `.infra/test-NAME-PID`; those of processes that are gone are removed on the way. */
export function testDir(name: string): string;
export const cacheDir: string;

/** Free ports of 127.0.0.1 that this process was not given before, outside the range of outgoing connections. */
export function freePorts(count: number): Promise<number[]>;
export function isFree(port: number): Promise<boolean>;

export const VERSIONS: {
  readonly kafka: string;
  readonly apicurio: string;
  readonly redis: string;
  readonly redisAtLeast: string;
  readonly javaAtLeast: number;
};
type PortName = 'kafka' | 'controller' | 'registry' | 'redis';
export const PORTS: Readonly<Record<PortName, number>>;
export const PORT_SETTINGS: Readonly<Record<PortName, string>>;
export const DIR_SETTING: string;
export const CLUSTER_ID: string;
export const SERIAL_COLLECTOR: string;
export const QUICK_JAVA_OPTIONS: string;
export const JAVA_OPTIONS: { readonly kafka: string; readonly registry: string };
export const REDIS_SETTINGS: Readonly<Record<string, string>>;
export const SENTINEL_SETTINGS: Readonly<Record<string, string>>;
export const CLUSTER_SETTINGS: Readonly<Record<string, string>>;
export const REGISTRY_API: string;
export const WAITS: {
  readonly readyMs: number;
  readonly stopMs: number;
  readonly downloadMs: number;
  readonly pollMs: number;
};
export function brokerSettings(brokers: number): Record<string, string>;
export function registrySettings(database: string): Record<string, string>;
