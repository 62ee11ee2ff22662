import { readFileSync } from 'node:fs';
import type { Settings } from '@callfold/core';
import { DEFAULT_SETTINGS } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { z } from 'zod';

/** The environment, read once into one frozen object. A wrong or unknown name stops the start with a message that names it. */

const PREFIX = 'CALLFOLD_';

const text = z.string().min(1);
const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const duration = integer(0, 365 * 86_400_000);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = text.transform((value) => value.split(',').map((one) => one.trim()));

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
  KAFKA_BROKERS: list.optional(),
  KAFKA_SSL_ENABLED: flag.default(false),
  KAFKA_SSL_CA_FILE: text.optional(),
  KAFKA_SSL_CERT_FILE: text.optional(),
  KAFKA_SSL_KEY_FILE: text.optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: text.optional(),
  KAFKA_SASL_PASSWORD: text.optional(),
  REGISTRY_URL: z.url({ protocol: /^https?$/ }).optional(),
  REGISTRY_USERNAME: text.optional(),
  REGISTRY_PASSWORD: text.optional(),
  REGISTRY_TOKEN: text.optional(),
  REDIS_URL: text.optional(),
  GENERATION: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,32}$/)
    .default('1'),
  DATA_DIR: text.default('.callfold'),
  PARTITIONS: integer(1, 1_024).default(4),
  REPLICATION_FACTOR: integer(1, 9).default(1),
  HTTP_HOST: text.default('127.0.0.1'),
  HTTP_PORT: integer(0, 65_535).default(8080),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SESSION_TIMEOUT_MS: integer(6_000, 300_000).default(10_000),
  SLICE_RECORDS: integer(1, 100_000).default(5_000),
  CACHED_SUBJECTS: integer(1_000, 10_000_000).default(50_000),
  ...SETTINGS,
});

type Variables = z.infer<typeof VARIABLES>;

export type KafkaConfig = {
  readonly brokers: readonly string[];
  readonly ssl: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
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
  } | null;
  readonly redisUrl: string | null;
  readonly generation: string;
  readonly dataDir: string;
  /** Of topics that are made anew. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly logLevel: Variables['LOG_LEVEL'];
  readonly sliceRecords: number;
  readonly cachedSubjects: number;
  readonly settings: Settings;
};

/** Names that Kubernetes makes of a service called callfold-something; nobody set them on purpose. */
const SERVICE_LINK =
  /^CALLFOLD_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;
const FILE = '_FILE';

/** `X_FILE` is a file that holds X's value, for secrets. */
function valueFromFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refused(`${PREFIX}${name}: the file cannot be read: ${why}`);
  }
}

function collect(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known = new Set(Object.keys(VARIABLES.shape));
  const values: Record<string, string> = {};
  for (const [full, value] of Object.entries(environment)) {
    if (!full.startsWith(PREFIX) || value === undefined || value === '') continue;
    const name = full.slice(PREFIX.length);
    const secret = name.endsWith(FILE) && !known.has(name) ? name.slice(0, -FILE.length) : null;
    if (secret !== null && known.has(secret)) values[secret] = valueFromFile(name, value);
    else if (known.has(name)) values[name] = value;
    else if (!name.startsWith('TEST_') && !name.startsWith('INFRA_') && !SERVICE_LINK.test(full)) {
      throw new Refused(
        `${full} is not a setting of callfold. Known are: ${[...known].map((one) => PREFIX + one).join(', ')}`,
      );
    }
  }
  return values;
}

function kafkaOf(v: Variables): KafkaConfig | null {
  if (!v.KAFKA_BROKERS) return null;
  const pem = (file: string | undefined, name: string): string | undefined =>
    file === undefined ? undefined : valueFromFile(name, file);
  const ca = pem(v.KAFKA_SSL_CA_FILE, 'KAFKA_SSL_CA_FILE');
  const cert = pem(v.KAFKA_SSL_CERT_FILE, 'KAFKA_SSL_CERT_FILE');
  const key = pem(v.KAFKA_SSL_KEY_FILE, 'KAFKA_SSL_KEY_FILE');
  const ssl = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const mechanism = v.KAFKA_SASL_MECHANISM;
  if (mechanism && !(v.KAFKA_SASL_USERNAME && v.KAFKA_SASL_PASSWORD)) {
    throw new Refused(
      'CALLFOLD_KAFKA_SASL_MECHANISM needs CALLFOLD_KAFKA_SASL_USERNAME and CALLFOLD_KAFKA_SASL_PASSWORD (or …_PASSWORD_FILE)',
    );
  }
  return {
    brokers: v.KAFKA_BROKERS,
    ssl: v.KAFKA_SSL_ENABLED || Object.keys(ssl).length > 0 ? ssl : null,
    sasl: mechanism
      ? { mechanism, username: v.KAFKA_SASL_USERNAME ?? '', password: v.KAFKA_SASL_PASSWORD ?? '' }
      : null,
    sessionTimeoutMs: v.SESSION_TIMEOUT_MS,
  };
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
  };
}

/** @throws Refused naming what is wrong and how it must be */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = VARIABLES.safeParse(collect(environment));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${PREFIX}${issue.path.join('.')}: ${issue.message}`);
    throw new Refused(`The configuration is wrong. ${issues.join('; ')}`);
  }
  const v = parsed.data;
  const kafka = kafkaOf(v);
  if (kafka && !v.REDIS_URL) throw new Refused('CALLFOLD_KAFKA_BROKERS is set: CALLFOLD_REDIS_URL is needed beside it');
  if (kafka && !v.REGISTRY_URL)
    throw new Refused('CALLFOLD_KAFKA_BROKERS is set: CALLFOLD_REGISTRY_URL is needed beside it');
  return Object.freeze({
    kafka,
    registry: v.REGISTRY_URL
      ? {
          url: v.REGISTRY_URL,
          ...(v.REGISTRY_USERNAME && { username: v.REGISTRY_USERNAME }),
          ...(v.REGISTRY_PASSWORD && { password: v.REGISTRY_PASSWORD }),
          ...(v.REGISTRY_TOKEN && { token: v.REGISTRY_TOKEN }),
        }
      : null,
    redisUrl: v.REDIS_URL ?? null,
    generation: v.GENERATION,
    dataDir: v.DATA_DIR,
    partitions: v.PARTITIONS,
    replicationFactor: v.REPLICATION_FACTOR,
    httpHost: v.HTTP_HOST,
    httpPort: v.HTTP_PORT,
    logLevel: v.LOG_LEVEL,
    sliceRecords: v.SLICE_RECORDS,
    cachedSubjects: v.CACHED_SUBJECTS,
    settings: settingsOf(v),
  });
}
