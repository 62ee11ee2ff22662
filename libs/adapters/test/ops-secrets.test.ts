/** Access to Kafka, registry and Redis: every secret from a variable or a file, and nothing half or doubly said. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refused } from '@callfold/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/ops/config.ts';
import { parseRedisUrl } from '../src/redis/url.ts';

const KAFKA = {
  CALLFOLD_KAFKA_BROKERS: 'one:9092',
  CALLFOLD_REGISTRY_URL: 'https://registry:8081',
  CALLFOLD_REDIS_URL: 'rediss://redis:6379',
};
const KEY = 'k'.repeat(32);

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-secrets-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function refusal(environment: Record<string, string>): string {
  try {
    readConfig({ ...KAFKA, ...environment });
  } catch (error) {
    expect(error).toBeInstanceOf(Refused);
    return (error as Error).message;
  }
  throw new Error(`taken: ${JSON.stringify(environment)}`);
}

/** Every setting that is a secret, what else it needs, and where the configuration has it. */
const SECRETS: readonly (readonly [string, Record<string, string>, (c: ReturnType<typeof readConfig>) => unknown])[] = [
  [
    'KAFKA_SASL_PASSWORD',
    { CALLFOLD_KAFKA_SASL_MECHANISM: 'scram-sha-256', CALLFOLD_KAFKA_SASL_USERNAME: 'u' },
    ({ kafka }) => kafka?.sasl?.password,
  ],
  ['REGISTRY_PASSWORD', { CALLFOLD_REGISTRY_USERNAME: 'u' }, ({ registry }) => registry?.password],
  ['REGISTRY_TOKEN', {}, ({ registry }) => registry?.token],
  ['REDIS_PASSWORD', {}, ({ redisAccess }) => redisAccess.password],
  [
    'REDIS_SENTINEL_PASSWORD',
    { CALLFOLD_REDIS_URL: 'rediss+sentinel://s:26379/main' },
    ({ redisAccess }) => redisAccess.sentinelPassword,
  ],
];

describe.each(SECRETS)('%s', (name, needed, found) => {
  it('is taken from its variable, or from a file, and refused in both', () => {
    const plain = { ...needed, [`CALLFOLD_${name}`]: 'p@ss/word' };
    const kept = { ...needed, [`CALLFOLD_${name}_FILE`]: file(name, 'p@ss/word\n') };
    expect(found(readConfig({ ...KAFKA, ...plain }))).toBe('p@ss/word');
    expect(found(readConfig({ ...KAFKA, ...kept }))).toBe('p@ss/word');
    const message = refusal({ ...plain, ...kept });
    expect(message).toContain(`CALLFOLD_${name}_FILE are both set`);
    expect(message).not.toContain('p@ss');
  });
});

describe('TLS', () => {
  it('has authority, certificate, key and the name of the server, for each of the three', () => {
    const [ca, cert, key] = [file('ca', 'CA\n'), file('cert', 'CERT'), file('key', 'PRIVATE')];
    const of = (name: string): Record<string, string> => ({
      [`CALLFOLD_${name}_CA_FILE`]: ca,
      [`CALLFOLD_${name}_CERT_FILE`]: cert,
      [`CALLFOLD_${name}_KEY_FILE`]: key,
      [`CALLFOLD_${name}_SERVERNAME`]: 'inside',
    });
    const config = readConfig({ ...KAFKA, ...of('KAFKA_SSL'), ...of('REGISTRY_TLS'), ...of('REDIS_TLS') });
    const tls = { ca: 'CA', cert: 'CERT', key: 'PRIVATE', servername: 'inside' };
    expect([config.kafka?.ssl, config.registry?.tls, config.redisAccess.tls]).toEqual([tls, tls, tls]);
  });

  it.each(['KAFKA_SSL', 'REGISTRY_TLS', 'REDIS_TLS'])('%s: half a pair is refused', (name) => {
    expect(refusal({ [`CALLFOLD_${name}_KEY_FILE`]: file('key', 'PRIVATE') })).toContain(`CALLFOLD_${name}_CERT_FILE`);
  });

  it('is refused beside an address without it, which would be thought safe', () => {
    const ca = file('ca', 'CA');
    const redis = { CALLFOLD_REDIS_URL: 'redis://redis:6379', CALLFOLD_REDIS_TLS_CA_FILE: ca };
    expect(refusal(redis)).toContain('CALLFOLD_REDIS_URL is an address without TLS');
    const registry = { CALLFOLD_REGISTRY_URL: 'http://registry', CALLFOLD_REGISTRY_TLS_CA_FILE: ca };
    expect(refusal(registry)).toContain('CALLFOLD_REGISTRY_URL is an address without TLS');
  });
});

describe('who asks', () => {
  it.each([
    [{ CALLFOLD_REDIS_URL: 'rediss://u:hidden@redis', CALLFOLD_REDIS_PASSWORD: 'p' }, /CALLFOLD_REDIS_PASSWORD is set/],
    [{ CALLFOLD_REDIS_URL: 'rediss://u@redis', CALLFOLD_REDIS_USERNAME: 'p' }, /CALLFOLD_REDIS_USERNAME is set/],
    [{ CALLFOLD_REDIS_SENTINEL_PASSWORD: 'p' }, /names no sentinels/],
    [{ CALLFOLD_REGISTRY_TOKEN: 't', CALLFOLD_REGISTRY_USERNAME: 'u' }, /exclude one another/],
    [{ CALLFOLD_REGISTRY_URL: 'https://u:hidden@r', CALLFOLD_REGISTRY_TOKEN: 't' }, /exclude one another/],
    [{ CALLFOLD_REGISTRY_PASSWORD: 'p' }, /CALLFOLD_REGISTRY_USERNAME is needed/],
  ])('is said once and in full: %j', (environment, says) => {
    const message = refusal(environment);
    expect(message).toMatch(says);
    expect(message).not.toContain('hidden');
  });

  it('is never quoted from a Redis URL that cannot be read', () => {
    for (const url of [
      'redis://hunter2:hunter2',
      'redis://user:hunter2,host:1',
      'redis://host/hunter2',
      'redis://user:hunter2%@host:1',
      'redis+sentinel://host/main/hunter2',
      'http://user:hunter2@host',
    ]) {
      expect(() => parseRedisUrl(url), url).toThrow(Refused);
      expect(() => parseRedisUrl(url), url).not.toThrow(/hunter2/);
    }
  });
});

describe('PII_KEY', () => {
  it('makes a disguise of derived records, the same for the same key', () => {
    const [one, again, other] = [KEY, KEY, `${KEY}x`].map(
      (key) => readConfig({ CALLFOLD_PII_KEY: key }).settings.disguise?.fingerprint,
    );
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    expect(one).toMatch(/^[\w-]{8}$/);
    expect(readConfig({ CALLFOLD_PII_KEY_FILE: file('pii', `${KEY}\n`) }).settings.disguise?.fingerprint).toBe(one);
    expect(readConfig({}).settings.disguise).toBeUndefined();
  });

  it('is refused when it could be guessed, and is not repeated', () => {
    const message = refusal({ CALLFOLD_PII_KEY: 'guessable' });
    expect(message).toContain('CALLFOLD_PII_KEY: it has fewer than 32 characters');
    expect(message).not.toContain('guessable');
  });
});

describe('docs/configuration.md', () => {
  it('has every setting', () => {
    const known = /Known are: (.*)$/.exec(refusal({ CALLFOLD_NOBODY_KNOWS: '1' }))?.[1]?.split(', ') ?? [];
    expect(known.length).toBeGreaterThan(40);
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    for (const name of known) expect(page, name).toContain(`\`${name.replace('CALLFOLD_', '')}\``);
  });
});
