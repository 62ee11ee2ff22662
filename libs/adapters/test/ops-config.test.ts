import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/ops/config.ts';

const KAFKA = {
  CALLFOLD_KAFKA_BROKERS: 'one:9092, two:9093',
  CALLFOLD_REGISTRY_URL: 'http://registry:8081',
  CALLFOLD_REDIS_URL: 'redis://redis:6379',
};

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-config-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function refusal(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(Refused);
    return (error as Error).message;
  }
  throw new Error(`taken: ${JSON.stringify(environment)}`);
}

describe('readConfig', () => {
  it('gives the documented defaults when nothing is set', () => {
    const config = readConfig({ PATH: '/bin', HOME: '/nowhere' });
    expect(config).toEqual({
      kafka: null,
      registry: null,
      redisUrl: null,
      redisAccess: {},
      importKey: null,
      vonage: null,
      generation: '1',
      dataDir: '.callfold',
      partitions: 4,
      replicationFactor: 1,
      httpHost: '127.0.0.1',
      httpPort: 8080,
      logLevel: null,
      stalledAfterMs: 30_000,
      threads: 1,
      sliceRecords: 50_000,
      cachedSubjects: 20_000,
      gateway: { keys: null, hooks: null, eventsPerSecond: 20_000, bodyBytes: 4_194_304, connections: 5_000 },
      s3: null,
      console: { keys: null, tenantHeader: null, zone: 'UTC' },
      settings: DEFAULT_SETTINGS,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ CALLFOLD_KAFKA_BROKERS: '', CALLFOLD_HTTP_PORT: '' })).toEqual(readConfig({}));
  });

  it('reads Kafka, registry and Redis', () => {
    const config = readConfig({ ...KAFKA, CALLFOLD_SESSION_TIMEOUT_MS: '6000', CALLFOLD_REGISTRY_TOKEN: 't' });
    expect(config.kafka).toEqual({ brokers: ['one:9092', 'two:9093'], ssl: null, sasl: null, sessionTimeoutMs: 6_000 });
    expect(config.registry).toEqual({ url: 'http://registry:8081', token: 't' });
    expect(config.redisUrl).toBe('redis://redis:6379');
  });

  it('reads every setting that changes results', () => {
    const environment = {
      CALLFOLD_SETTLE_MS: '0',
      CALLFOLD_SHORT_ABANDON_MS: '1',
      CALLFOLD_TEARDOWN_MS: '2',
      CALLFOLD_MISSED_OFFER_MS: '3',
      CALLFOLD_CLOSE_AFTER_MS: '4',
      CALLFOLD_CHAT_STALLED_AFTER_MS: '5',
      CALLFOLD_CHAT_CLOSE_AFTER_MS: '6',
      CALLFOLD_DROP_AFTER_MS: '7',
      CALLFOLD_MARKER_MS: '8',
    };
    expect(Object.values(readConfig(environment).settings)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(Object.keys(environment)).toHaveLength(Object.keys(DEFAULT_SETTINGS).length);
  });
});

describe('a wrong value', () => {
  const WRONG: Readonly<Record<string, readonly string[]>> = {
    KAFKA_BROKERS: ['localhost', 'a:1,', ',', 'a:99999', 'http://a:9092'],
    KAFKA_SSL_ENABLED: ['yes', '1'],
    KAFKA_SASL_MECHANISM: ['gssapi'],
    REGISTRY_URL: ['registry:8081', 'ftp://registry', 'nowhere'],
    REDIS_URL: ['localhost:6379', 'http://redis', 'redis://a:1,b:2', 'redis://a:70000'],
    GENERATION: ['a/b', 'x'.repeat(33)],
    PARTITIONS: ['0', '1025', '4.5', 'four', '-1', '0x10', '1e2', ' 4'],
    REPLICATION_FACTOR: ['0', '10'],
    HTTP_PORT: ['65536', '-1', 'http'],
    LOG_LEVEL: ['loud', 'INFO'],
    SESSION_TIMEOUT_MS: ['5999', '300001'],
    SLICE_RECORDS: ['0', '100001'],
    CACHED_SUBJECTS: ['999', '10000001'],
    GATEWAY_EVENTS_PER_SECOND: ['0', 'many'],
    GATEWAY_BODY_BYTES: ['1', '1e9'],
    GATEWAY_CONNECTIONS: ['0', '100001'],
    CONSOLE_TENANT_HEADER: ['X Tenant', 'x:y'],
    ...Object.fromEntries(
      ['SETTLE', 'SHORT_ABANDON', 'TEARDOWN', 'MISSED_OFFER', 'CLOSE_AFTER', 'DROP_AFTER', 'MARKER']
        .concat(['CHAT_STALLED_AFTER', 'CHAT_CLOSE_AFTER'])
        .map((name) => [`${name}_MS`, ['-1', 'soon', '1.5', '31536000001']]),
    ),
  };
  const cases = Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value] as const));

  it.each(cases)('CALLFOLD_%s=%s stops the start and is named', (name, value) => {
    const message = refusal({ ...KAFKA, [`CALLFOLD_${name}`]: value });
    expect(message).toContain(`CALLFOLD_${name}: `);
  });

  it('says what a number must be, and what it is', () => {
    expect(refusal({ CALLFOLD_PARTITIONS: 'four' })).toContain('"four" is no whole number from 1 to 1024');
  });

  it('names all that are wrong at once', () => {
    const message = refusal({ CALLFOLD_PARTITIONS: '0', CALLFOLD_LOG_LEVEL: 'loud' });
    expect(message).toContain('CALLFOLD_PARTITIONS');
    expect(message).toContain('CALLFOLD_LOG_LEVEL');
  });

  it('never repeats a Redis URL, which may hold a password', () => {
    const message = refusal({ CALLFOLD_REDIS_URL: 'redis://user:hunter2@a:1,b:2' });
    expect(message).toContain('CALLFOLD_REDIS_URL');
    expect(message).not.toContain('hunter2');
  });
});

describe('what belongs together', () => {
  it('Kafka needs a registry; that most commands need Redis too, they say themselves', () => {
    const { CALLFOLD_REGISTRY_URL: _left, ...others } = KAFKA;
    expect(refusal(others)).toContain('CALLFOLD_REGISTRY_URL');
  });

  it('a SASL mechanism needs user and password, and they a mechanism', () => {
    const user = { CALLFOLD_KAFKA_SASL_USERNAME: 'u', CALLFOLD_KAFKA_SASL_PASSWORD: 'p' };
    expect(refusal({ ...KAFKA, CALLFOLD_KAFKA_SASL_MECHANISM: 'plain' })).toContain('CALLFOLD_KAFKA_SASL_USERNAME');
    expect(refusal({ ...KAFKA, ...user })).toContain('CALLFOLD_KAFKA_SASL_MECHANISM');
    const { kafka } = readConfig({ ...KAFKA, ...user, CALLFOLD_KAFKA_SASL_MECHANISM: 'scram-sha-512' });
    expect(kafka?.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: 'p' });
  });

  it('a client certificate needs its key; a certificate authority switches TLS on', () => {
    const ca = file('ca.pem', 'CA\n');
    const cert = file('cert.pem', 'CERT\n');
    expect(readConfig({ ...KAFKA, CALLFOLD_KAFKA_SSL_CA_FILE: ca }).kafka?.ssl).toEqual({ ca: 'CA' });
    expect(refusal({ ...KAFKA, CALLFOLD_KAFKA_SSL_CERT_FILE: cert })).toContain('CALLFOLD_KAFKA_SSL_KEY_FILE');
    expect(readConfig({ ...KAFKA, CALLFOLD_KAFKA_SSL_ENABLED: 'true' }).kafka?.ssl).toEqual({});
  });
});

describe('secrets in files', () => {
  it('X_FILE is the file that holds X, without the line end that editors add', () => {
    const password = file('password', 'p w\n');
    const url = file('redis-url', 'redis://:secret@redis:6379\n');
    const { CALLFOLD_REDIS_URL: _, ...others } = KAFKA;
    const config = readConfig({
      ...others,
      CALLFOLD_REDIS_URL_FILE: url,
      CALLFOLD_KAFKA_SASL_MECHANISM: 'plain',
      CALLFOLD_KAFKA_SASL_USERNAME: 'u',
      CALLFOLD_KAFKA_SASL_PASSWORD_FILE: password,
    });
    expect(config.kafka?.sasl?.password).toBe('p w');
    expect(config.redisUrl).toBe('redis://:secret@redis:6379');
  });

  it('one that cannot be read is named, and so is a variable given twice', () => {
    const missing = join(dir, 'missing');
    const message = refusal({ CALLFOLD_REGISTRY_PASSWORD_FILE: missing });
    expect(message).toContain('CALLFOLD_REGISTRY_PASSWORD_FILE');
    expect(message).toContain(missing);
    const both = { CALLFOLD_REGISTRY_PASSWORD: 'a', CALLFOLD_REGISTRY_PASSWORD_FILE: file('b', 'b') };
    expect(refusal(both)).toContain('CALLFOLD_REGISTRY_PASSWORD_FILE are both set');
  });
});

describe('a variable nobody knows', () => {
  it.each([
    'CALLFOLD_X',
    'CALLFOLD_HTPP_PORT',
    'CALLFOLD_HTTPS_PORT',
    'CALLFOLD_SETTLE',
    'CALLFOLD_PORT',
    'CALLFOLD_X_FILE',
  ])('%s stops the start, with the list of those that there are', (name) => {
    const message = refusal({ [name]: '8443' });
    expect(message).toContain(`${name} is not a setting of callfold`);
    expect(message).toContain('CALLFOLD_KAFKA_BROKERS, ');
    expect(message).toContain('CALLFOLD_MARKER_MS');
  });

  it('is let pass when it is for the scripts and tests, or not ours at all', () => {
    const environment = {
      CALLFOLD_INFRA_KAFKA_PORT: 'x',
      CALLFOLD_TEST_REDIS_URL: 'y',
      CALLFOLDER: 'z',
      callfold_x: '1',
    };
    expect(readConfig(environment)).toEqual(readConfig({}));
  });

  it('is let pass when Kubernetes made it for a service called callfold or callfold-something', () => {
    const links = {
      CALLFOLD_SERVICE_HOST: '10.0.0.11',
      CALLFOLD_SERVICE_PORT: '80',
      CALLFOLD_SERVICE_PORT_HTTP: '80',
      CALLFOLD_PORT: 'tcp://10.0.0.11:80',
      CALLFOLD_PORT_80_TCP: 'tcp://10.0.0.11:80',
      CALLFOLD_PORT_80_TCP_PROTO: 'tcp',
      CALLFOLD_PORT_80_TCP_PORT: '80',
      CALLFOLD_PORT_80_TCP_ADDR: '10.0.0.11',
      CALLFOLD_PROJECTOR_SERVICE_HOST: '10.0.0.12',
      CALLFOLD_PROJECTOR_SERVICE_PORT: '8080',
      CALLFOLD_PROJECTOR_PORT: 'tcp://10.0.0.12:8080',
      CALLFOLD_PROJECTOR_PORT_8080_TCP_ADDR: '10.0.0.12',
      // Of a service called callfold-http: the very name of a setting.
      CALLFOLD_HTTP_PORT: 'tcp://10.0.0.13:80',
      CALLFOLD_HTTP_SERVICE_HOST: '10.0.0.13',
    };
    expect(readConfig(links)).toEqual(readConfig({}));
  });
});

describe('what is polled', () => {
  const VONAGE = {
    CALLFOLD_VONAGE_URL: 'https://emea.api.example.com',
    CALLFOLD_VONAGE_TOKEN_URL: 'https://emea.example.com/Auth/connect/token',
    CALLFOLD_VONAGE_CLIENT_ID: 'me',
  };

  it('reads it, the secret from a file', () => {
    const config = readConfig({ ...VONAGE, CALLFOLD_VONAGE_CLIENT_SECRET_FILE: file('vonage', 'from-a-file\n') });
    expect(config.vonage).toEqual({
      url: 'https://emea.api.example.com',
      tokenUrl: 'https://emea.example.com/Auth/connect/token',
      clientId: 'me',
      clientSecret: 'from-a-file',
      tenantId: 'default',
      everyMs: 30_000,
      overlapMs: 600_000,
      lookbackMs: 86_400_000,
    });
  });

  it('names what is missing, and a tenant that is none', () => {
    expect(refusal(VONAGE)).toContain('CALLFOLD_VONAGE_CLIENT_SECRET (or …_SECRET_FILE)');
    expect(refusal({ CALLFOLD_VONAGE_TENANT_ID: 'a b' })).toContain('CALLFOLD_VONAGE_TENANT_ID');
  });
});
