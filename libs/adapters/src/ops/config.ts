import type { Settings } from '@callfold/core';
import { DEFAULT_SETTINGS, TENANT } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { z } from 'zod';
import type { S3Access } from '../archive/s3.ts';
import type { RedisAccess } from '../redis/access.ts';
import { parseRedisUrl } from '../redis/url.ts';
import type { Environment } from './environment.ts';
import { collect, PREFIX } from './environment.ts';
import { PII_KEY_LEAST, piiDisguise } from './pii.ts';
import { hideSecrets } from './secrets.ts';
import type { Tls } from './tls.ts';
import { checkScheme, tlsOf } from './tls.ts';

export { hideSecrets, withoutSecrets } from './secrets.ts';

/** The environment, read once into one frozen object. What is wrong or unknown stops the start, and is named. */

const text = z.string().min(1);
const integer = (min: number, max: number) =>
  z.string().transform((given, context) => {
    const number = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
    if (number >= min && number <= max) return number;
    context.addIssue(`"${given}" is no whole number from ${min} to ${max}`);
    return z.NEVER;
  });
const duration = integer(0, 365 * 86_400_000);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const BROKER = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const brokers = z.string().transform((given, context) => {
  const found = given.split(',').map((one) => one.trim());
  const wrong = found.filter((one) => !BROKER.test(one) || Number(BROKER.exec(one)?.[2]) > 65_535);
  for (const one of wrong) context.addIssue(`"${one}" is no host:port; it must be host:port,host:port`);
  return found;
});
const redisUrl = z.string().transform((given, context) => {
  try {
    parseRedisUrl(given);
  } catch (error) {
    // Its own words, which do not repeat the URL: that may hold a password.
    context.addIssue(error instanceof Error ? error.message.replace(/^CALLFOLD_REDIS_URL: /, '') : String(error));
  }
  return given;
});

const SETTINGS = {
  SETTLE_MS: duration.default(DEFAULT_SETTINGS.settleMs),
  SHORT_ABANDON_MS: duration.default(DEFAULT_SETTINGS.shortAbandonMs),
  TEARDOWN_MS: duration.default(DEFAULT_SETTINGS.teardownMs),
  MISSED_OFFER_MS: duration.default(DEFAULT_SETTINGS.missedOfferMs),
  CLOSE_AFTER_MS: duration.default(DEFAULT_SETTINGS.closeAfterMs),
  CHAT_STALLED_AFTER_MS: duration.default(DEFAULT_SETTINGS.chatStalledAfterMs),
  CHAT_CLOSE_AFTER_MS: duration.default(DEFAULT_SETTINGS.chatCloseAfterMs),
  DROP_AFTER_MS: duration.default(DEFAULT_SETTINGS.dropAfterMs),
  MARKER_MS: duration.default(DEFAULT_SETTINGS.markerMs),
};

const VARIABLES = z.strictObject({
  KAFKA_BROKERS: brokers.optional(),
  KAFKA_SSL_ENABLED: flag.default(false),
  KAFKA_SSL_CA_FILE: text.optional(),
  KAFKA_SSL_CERT_FILE: text.optional(),
  KAFKA_SSL_KEY_FILE: text.optional(),
  KAFKA_SSL_SERVERNAME: text.optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: text.optional(),
  KAFKA_SASL_PASSWORD: text.optional(),
  REGISTRY_URL: z.url({ protocol: /^https?$/ }).optional(),
  REGISTRY_USERNAME: text.optional(),
  REGISTRY_PASSWORD: text.optional(),
  REGISTRY_TOKEN: text.optional(),
  REGISTRY_TLS_CA_FILE: text.optional(),
  REGISTRY_TLS_CERT_FILE: text.optional(),
  REGISTRY_TLS_KEY_FILE: text.optional(),
  REGISTRY_TLS_SERVERNAME: text.optional(),
  REDIS_URL: redisUrl.optional(),
  REDIS_USERNAME: text.optional(),
  REDIS_PASSWORD: text.optional(),
  REDIS_SENTINEL_USERNAME: text.optional(),
  REDIS_SENTINEL_PASSWORD: text.optional(),
  REDIS_TLS_CA_FILE: text.optional(),
  REDIS_TLS_CERT_FILE: text.optional(),
  REDIS_TLS_KEY_FILE: text.optional(),
  REDIS_TLS_SERVERNAME: text.optional(),
  GENERATION: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,32}$/)
    .default('1'),
  DATA_DIR: text.default('.callfold'),
  PARTITIONS: integer(1, 1_024).default(4),
  REPLICATION_FACTOR: integer(1, 9).default(1),
  HTTP_HOST: text.default('127.0.0.1'),
  HTTP_PORT: integer(0, 65_535).default(8080),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
  SESSION_TIMEOUT_MS: integer(6_000, 300_000).default(10_000),
  STALLED_AFTER_MS: integer(1_000, 3_600_000).default(30_000),
  SLICE_RECORDS: integer(1, 100_000).default(50_000),
  CACHED_SUBJECTS: integer(1_000, 10_000_000).default(20_000),
  THREADS: integer(1, 64).default(1),
  GATEWAY_KEYS: text.optional(),
  GATEWAY_HOOKS: text.optional(),
  GATEWAY_EVENTS_PER_SECOND: integer(1, 1_000_000).default(20_000),
  GATEWAY_BODY_BYTES: integer(65_536, 67_108_864).default(4_194_304),
  GATEWAY_CONNECTIONS: integer(1, 100_000).default(5_000),
  CONSOLE_KEYS: text.optional(),
  CONSOLE_TENANT_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional(),
  CONSOLE_ZONE: text.default('UTC'),
  IMPORT_KEY: text.optional(),
  VONAGE_URL: z.url({ protocol: /^https?$/ }).optional(),
  VONAGE_TOKEN_URL: z.url({ protocol: /^https?$/ }).optional(),
  VONAGE_CLIENT_ID: text.optional(),
  VONAGE_CLIENT_SECRET: text.optional(),
  VONAGE_TENANT_ID: z.string().regex(TENANT).default('default'),
  VONAGE_POLL_EVERY_MS: integer(1_000, 3_600_000).default(30_000),
  VONAGE_OVERLAP_MS: integer(0, 7 * 86_400_000).default(600_000),
  VONAGE_LOOKBACK_MS: integer(60_000, 30 * 86_400_000).default(86_400_000),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: text.default('us-east-1'),
  S3_ACCESS_KEY_ID: text.optional(),
  S3_SECRET_ACCESS_KEY: text.optional(),
  S3_SESSION_TOKEN: text.optional(),
  ...SETTINGS,
  PII_KEY: z.string().min(PII_KEY_LEAST, `it has fewer than ${PII_KEY_LEAST} characters`).optional(),
});

type Variables = z.infer<typeof VARIABLES>;

export type KafkaConfig = {
  readonly brokers: readonly string[];
  readonly ssl: Tls | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
  readonly sessionTimeoutMs: number;
};

export type Config = {
  /** Null: the embedded store. */
  readonly kafka: KafkaConfig | null;
  readonly registry: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    readonly token?: string;
    readonly tls?: Tls;
  } | null;
  readonly redisUrl: string | null;
  /** What the URL does not say. */
  readonly redisAccess: RedisAccess;
  readonly generation: string;
  readonly dataDir: string;
  /** Of topics that are made anew. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Null: as the command thinks best. */
  readonly logLevel: NonNullable<Variables['LOG_LEVEL']> | null;
  readonly stalledAfterMs: number;
  readonly sliceRecords: number;
  readonly cachedSubjects: number;
  /** Of a process that serves a role; each is a member of the group. */
  readonly threads: number;
  readonly gateway: {
    /** JSON, as the gateway reads it; null: not given. They hold secrets. */
    readonly keys: string | null;
    readonly hooks: string | null;
    /** Of one tenant. */
    readonly eventsPerSecond: number;
    /** Of one body that is read as a whole. */
    readonly bodyBytes: number;
    readonly connections: number;
  };
  readonly console: {
    /** JSON, as the console reads it; null: not given. They are secrets. */
    readonly keys: string | null;
    /** In which a reverse proxy names the tenant; null: none does. */
    readonly tenantHeader: string | null;
    /** Whose today its figures are of. */
    readonly zone: string;
  };
  /** For `callfold import` into a gateway nearby that wants a key. */
  readonly importKey: string | null;
  /** Null: nothing is polled. */
  readonly vonage: VonageConfig | null;
  /** Null: an archive lies on a disk. */
  readonly s3: S3Access | null;
  readonly settings: Settings;
};

export type VonageConfig = {
  readonly url: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tenantId: string;
  readonly everyMs: number;
  readonly overlapMs: number;
  readonly lookbackMs: number;
};

function vonageOf(v: Variables): VonageConfig | null {
  const { VONAGE_URL: url, VONAGE_TOKEN_URL: tokenUrl, VONAGE_CLIENT_ID: clientId } = v;
  const clientSecret = v.VONAGE_CLIENT_SECRET;
  if (url === undefined) return null;
  if (!tokenUrl || !clientId || !clientSecret) {
    throw new Refused(
      'CALLFOLD_VONAGE_URL is set: CALLFOLD_VONAGE_TOKEN_URL, CALLFOLD_VONAGE_CLIENT_ID and ' +
        'CALLFOLD_VONAGE_CLIENT_SECRET (or …_SECRET_FILE) are needed beside it',
    );
  }
  const { VONAGE_TENANT_ID: tenantId, VONAGE_POLL_EVERY_MS: everyMs } = v;
  const windows = { overlapMs: v.VONAGE_OVERLAP_MS, lookbackMs: v.VONAGE_LOOKBACK_MS };
  return { url, tokenUrl, clientId, clientSecret, tenantId, everyMs, ...windows };
}

function s3Of(v: Variables): S3Access | null {
  const { S3_ENDPOINT: endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = v;
  const sessionToken = v.S3_SESSION_TOKEN;
  if (!accessKeyId && !secretAccessKey) return null;
  if (!accessKeyId || !secretAccessKey) {
    throw new Refused(
      'CALLFOLD_S3_ACCESS_KEY_ID and CALLFOLD_S3_SECRET_ACCESS_KEY (or …_KEY_FILE) are set together, or neither',
    );
  }
  const more = { ...(endpoint && { endpoint }), ...(sessionToken && { sessionToken }) };
  return { region: v.S3_REGION, accessKeyId, secretAccessKey, ...more };
}

function kafkaOf(v: Variables): KafkaConfig | null {
  if (!v.KAFKA_BROKERS) return null;
  const ssl = tlsOf(v, 'KAFKA_SSL');
  const mechanism = v.KAFKA_SASL_MECHANISM;
  if (!mechanism && (v.KAFKA_SASL_USERNAME || v.KAFKA_SASL_PASSWORD)) {
    throw new Refused('CALLFOLD_KAFKA_SASL_USERNAME or …_PASSWORD is set: CALLFOLD_KAFKA_SASL_MECHANISM is needed too');
  }
  if (mechanism && !(v.KAFKA_SASL_USERNAME && v.KAFKA_SASL_PASSWORD)) {
    throw new Refused(
      'CALLFOLD_KAFKA_SASL_MECHANISM is set: CALLFOLD_KAFKA_SASL_USERNAME and …_PASSWORD (or …_PASSWORD_FILE) are needed',
    );
  }
  return {
    brokers: v.KAFKA_BROKERS,
    ssl: ssl ?? (v.KAFKA_SSL_ENABLED ? {} : null),
    sasl: mechanism
      ? { mechanism, username: v.KAFKA_SASL_USERNAME ?? '', password: v.KAFKA_SASL_PASSWORD ?? '' }
      : null,
    sessionTimeoutMs: v.SESSION_TIMEOUT_MS,
  };
}

function registryOf(v: Variables): Config['registry'] {
  const { REGISTRY_URL: url, REGISTRY_USERNAME: username, REGISTRY_PASSWORD: password, REGISTRY_TOKEN: token } = v;
  const tls = tlsOf(v, 'REGISTRY_TLS');
  if (!url) return null;
  checkScheme(tls, url, 'REGISTRY_TLS', 'REGISTRY_URL', 'https:');
  const inUrl = new URL(url).username !== '';
  if ([inUrl, username !== undefined, token !== undefined].filter(Boolean).length > 1) {
    throw new Refused(
      'Who asks the registry is said twice: a user in CALLFOLD_REGISTRY_URL, CALLFOLD_REGISTRY_USERNAME and ' +
        'CALLFOLD_REGISTRY_TOKEN exclude one another. Take all but one away.',
    );
  }
  if (password !== undefined && username === undefined)
    throw new Refused('CALLFOLD_REGISTRY_PASSWORD is set: CALLFOLD_REGISTRY_USERNAME is needed too');
  return {
    url,
    ...(username && { username }),
    ...(password && { password }),
    ...(token && { token }),
    ...(tls && { tls }),
  };
}

function redisAccessOf(v: Variables): RedisAccess {
  const tls = tlsOf(v, 'REDIS_TLS');
  const given = {
    ...(v.REDIS_USERNAME && { username: v.REDIS_USERNAME }),
    ...(v.REDIS_PASSWORD && { password: v.REDIS_PASSWORD }),
    ...(v.REDIS_SENTINEL_USERNAME && { sentinelUsername: v.REDIS_SENTINEL_USERNAME }),
    ...(v.REDIS_SENTINEL_PASSWORD && { sentinelPassword: v.REDIS_SENTINEL_PASSWORD }),
    ...(tls && { tls }),
  };
  if (v.REDIS_URL === undefined) return given;
  checkScheme(tls, v.REDIS_URL, 'REDIS_TLS', 'REDIS_URL', 'rediss');
  const target = parseRedisUrl(v.REDIS_URL);
  if (target.password !== null && v.REDIS_PASSWORD !== undefined)
    throw new Refused('CALLFOLD_REDIS_URL holds a password, and CALLFOLD_REDIS_PASSWORD is set: take one away.');
  if (target.username !== null && v.REDIS_USERNAME !== undefined)
    throw new Refused('CALLFOLD_REDIS_URL holds a user, and CALLFOLD_REDIS_USERNAME is set: take one away.');
  if (target.kind !== 'sentinel' && (v.REDIS_SENTINEL_USERNAME || v.REDIS_SENTINEL_PASSWORD))
    throw new Refused('CALLFOLD_REDIS_SENTINEL_… is set, and CALLFOLD_REDIS_URL names no sentinels: take it away.');
  return given;
}

function settingsOf(v: Variables): Settings {
  return {
    settleMs: v.SETTLE_MS,
    shortAbandonMs: v.SHORT_ABANDON_MS,
    teardownMs: v.TEARDOWN_MS,
    missedOfferMs: v.MISSED_OFFER_MS,
    closeAfterMs: v.CLOSE_AFTER_MS,
    chatStalledAfterMs: v.CHAT_STALLED_AFTER_MS,
    chatCloseAfterMs: v.CHAT_CLOSE_AFTER_MS,
    dropAfterMs: v.DROP_AFTER_MS,
    markerMs: v.MARKER_MS,
    ...(v.PII_KEY && { disguise: piiDisguise(v.PII_KEY) }),
  };
}

/** Whatever of it may let somebody in; pairs as HTTP sends them. */
function secretsOf(v: Variables): string[] {
  const registry = v.REGISTRY_URL === undefined ? null : new URL(v.REGISTRY_URL);
  const redis = v.REDIS_URL === undefined ? null : parseRedisUrl(v.REDIS_URL);
  const inUrl = registry === null ? '' : decodeURIComponent(registry.password);
  const users = [
    [v.REGISTRY_USERNAME, v.REGISTRY_PASSWORD],
    [registry === null ? '' : decodeURIComponent(registry.username), inUrl],
  ];
  const alone = [v.KAFKA_SASL_PASSWORD, v.REGISTRY_PASSWORD, v.REGISTRY_TOKEN, inUrl, v.REDIS_PASSWORD];
  const more = [v.REDIS_SENTINEL_PASSWORD, redis?.password, v.PII_KEY, v.VONAGE_CLIENT_SECRET, v.IMPORT_KEY];
  more.push(v.S3_SECRET_ACCESS_KEY, v.S3_SESSION_TOKEN);
  if (redis?.kind === 'sentinel') more.push(redis.sentinelPassword);
  const pairs = users.flatMap(([user, password]) => (user && password ? [`${user}:${password}`] : []));
  return [...alone, ...more, ...pairs].filter((one): one is string => typeof one === 'string' && one !== '');
}

/** @throws Refused naming what is wrong and how it must be */
export function readConfig(environment: Environment): Config {
  const parsed = VARIABLES.safeParse(collect(environment, new Set(Object.keys(VARIABLES.shape))));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${PREFIX}${issue.path.join('.')}: ${issue.message}`);
    throw new Refused(`The configuration is wrong. ${issues.join('; ')}`);
  }
  const v = parsed.data;
  hideSecrets(secretsOf(v));
  const kafka = kafkaOf(v);
  if (kafka && !v.REGISTRY_URL)
    throw new Refused('CALLFOLD_KAFKA_BROKERS is set: CALLFOLD_REGISTRY_URL is needed beside it');
  return Object.freeze({
    kafka,
    registry: registryOf(v),
    redisUrl: v.REDIS_URL ?? null,
    redisAccess: redisAccessOf(v),
    generation: v.GENERATION,
    dataDir: v.DATA_DIR,
    partitions: v.PARTITIONS,
    replicationFactor: v.REPLICATION_FACTOR,
    httpHost: v.HTTP_HOST,
    httpPort: v.HTTP_PORT,
    logLevel: v.LOG_LEVEL ?? null,
    stalledAfterMs: v.STALLED_AFTER_MS,
    sliceRecords: v.SLICE_RECORDS,
    cachedSubjects: v.CACHED_SUBJECTS,
    threads: v.THREADS,
    gateway: {
      keys: v.GATEWAY_KEYS ?? null,
      hooks: v.GATEWAY_HOOKS ?? null,
      eventsPerSecond: v.GATEWAY_EVENTS_PER_SECOND,
      bodyBytes: v.GATEWAY_BODY_BYTES,
      connections: v.GATEWAY_CONNECTIONS,
    },
    console: {
      keys: v.CONSOLE_KEYS ?? null,
      tenantHeader: v.CONSOLE_TENANT_HEADER ?? null,
      zone: v.CONSOLE_ZONE,
    },
    importKey: v.IMPORT_KEY ?? null,
    vonage: vonageOf(v),
    s3: s3Of(v),
    settings: settingsOf(v),
  });
}
