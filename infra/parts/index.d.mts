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
    readonly config?: Readonly<Record<string, string | readonly string[]>>;
    /** Runs as a Sentinel, which takes none of `REDIS_SETTINGS`. */
    readonly sentinel?: boolean;
  },
): Promise<Part & { readonly url: string }>;

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
export const REGISTRY_API: string;
export const WAITS: {
  readonly readyMs: number;
  readonly stopMs: number;
  readonly downloadMs: number;
  readonly pollMs: number;
};
export function brokerSettings(brokers: number): Record<string, string>;
export function registrySettings(database: string): Record<string, string>;
