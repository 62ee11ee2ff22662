/** A Redis that is reached over TLS alone, with a client certificate, by a user who may do what docs/redis.md says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Redis } from '../../../infra/parts/index.mjs';
import { freePorts, startRedis, testDir } from '../../../infra/parts/index.mjs';
import type { RedisClient, RedisStore } from '../src/index.ts';
import { createRedisClient, createRedisStore, readConfig } from '../src/index.ts';
import { bytes, change, freshToken, sight } from './contract/store-harness.ts';
import { storeContract } from './contract/store-contract.ts';
import { SPACE } from './redis-server.ts';
import type { Authority, KeyPair } from './tls-keys.ts';
import { makeAuthority } from './tls-keys.ts';

const ANSWER_MS = 30_000;
const AT = { topic: 'callfold.raw.callcenter24', partition: 0 };
/** As the page has it, less the name and the password. */
const RIGHTS = (
  /^ACL SETUSER callfold on >PASSWORD (.*)$/m.exec(
    readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8'),
  )?.[1] ?? ''
).split(' ');

type Secure = {
  readonly dir: string;
  readonly url: string;
  readonly keys: Authority;
  readonly client: KeyPair;
  readonly server: Redis;
  readonly plain: RedisClient;
  /** By the way of the services: settings to a client. */
  open(environment?: Record<string, string>, url?: string): RedisClient;
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** @param name of the folder. The plain port is the tests' own, for planting. */
async function openSecure(name: string, more: Record<string, string | string[]> = {}): Promise<Secure> {
  const dir = testDir(name);
  const keys = makeAuthority(join(dir, 'keys'));
  const own = keys.issue('server', 'IP:127.0.0.1');
  const client = keys.issue('client', 'DNS:callfold');
  const [tlsPort = 0] = await freePorts(1);
  const server = await startRedis({
    dir: join(dir, 'redis'),
    config: {
      'tls-port': String(tlsPort),
      'tls-cert-file': own.certFile,
      'tls-key-file': own.keyFile,
      'tls-ca-cert-file': keys.caFile,
      'tls-auth-clients': 'yes',
      appendonly: 'yes',
      ...more,
    },
  });
  const clients: RedisClient[] = [];
  const keep = (made: RedisClient): RedisClient => {
    clients.push(made);
    return made;
  };
  const plain = keep(createRedisClient({ url: server.url, answerMs: ANSWER_MS }));
  const makeUser = (): Promise<unknown> => plain.call('acl', ['setuser', 'callfold', 'on', '>p@ss:w/rd', ...RIGHTS]);
  await makeUser();
  const url = `rediss://127.0.0.1:${tlsPort}`;
  return {
    dir,
    url,
    keys,
    client,
    server,
    plain,
    open(environment = {}, to = url) {
      const { redisAccess, redisUrl } = readConfig({
        CALLFOLD_REDIS_URL: to,
        CALLFOLD_REDIS_TLS_CA_FILE: keys.caFile,
        CALLFOLD_REDIS_TLS_CERT_FILE: client.certFile,
        CALLFOLD_REDIS_TLS_KEY_FILE: client.keyFile,
        CALLFOLD_REDIS_USERNAME: 'callfold',
        CALLFOLD_REDIS_PASSWORD: 'p@ss:w/rd',
        ...environment,
      });
      return keep(createRedisClient({ ...redisAccess, url: redisUrl ?? '', answerMs: ANSWER_MS, name: 'secure' }));
    },
    async restart() {
      await server.stop();
      await server.start();
      await vi.waitFor(makeUser, { timeout: 20_000 });
    },
    async close() {
      await Promise.all(clients.map((one) => one.close()));
      await server.stop({ wipe: true });
    },
  };
}

const storeOf = (client: RedisClient): RedisStore => createRedisStore({ ...SPACE, client });

storeContract(
  'redis over TLS, by a user of least privilege',
  async () => {
    const secure = await openSecure('redis-secure-contract');
    return {
      open: async () => storeOf(secure.open()),
      async reopen() {
        await secure.restart();
        return storeOf(secure.open());
      },
      close: () => secure.close(),
    };
  },
  { durable: true, multiProcess: true },
);

describe('Redis with TLS and ACL users', () => {
  let secure!: Secure;
  beforeAll(async () => {
    secure = await openSecure('redis-secure');
  });
  afterAll(async () => secure?.close());

  const everything =
    (token: string) =>
    async (store: RedisStore): Promise<void> => {
      await store.check();
      const { claim } = await store.claim(AT, token);
      const tables = new Map([['states', new Map<string, string | null>([['default/a', 'one']])]]) as never;
      const timers = new Map<string, number | null>([['default/a', 5]]);
      const first = change({ expected: null, next: 1, tables, timers, outbox: [bytes('a'), bytes('b')], feed: true });
      expect(await store.commit(AT, claim, first)).toEqual({ ok: true });
      const gone = new Map([['states', new Map<string, string | null>([['default/a', null]])]]) as never;
      const later = new Map<string, number | null>([['default/a', null]]);
      const second = change({ expected: 1, next: 2, tables: gone, timers: later, outboxTrim: 1 });
      expect(await store.commit(AT, claim, second)).toEqual({ ok: true });
      expect(await sight(store, AT)).toMatchObject({ next: 2 });
      for await (const slice of store.scan(AT, 'states')) expect(slice).toEqual([]);
      expect(await store.changes(AT, 'last', 1)).toMatchObject([{ next: 1, subjects: ['default/a'] }]);
    };

  it('serves whoever shows certificate, name and password, from settings and from the URL', async () => {
    const { url, open, plain } = secure;
    await expect(everything(freshToken())(storeOf(open()))).resolves.toBeUndefined();
    await plain.call('flushall', []);
    const inUrl = url.replace('rediss://', `rediss://callfold:${encodeURIComponent('p@ss:w/rd')}@`);
    await everything(freshToken())(storeOf(open({ CALLFOLD_REDIS_USERNAME: '', CALLFOLD_REDIS_PASSWORD: '' }, inUrl)));
    await plain.call('flushall', []);
  });

  it('needs each of the rights that docs/redis.md names, and an error names the one that is missing', async () => {
    const { open, plain } = secure;
    const rights = RIGHTS.filter((right) => right.startsWith('+')).map((right) => right.slice(1));
    expect(rights.length).toBeGreaterThan(8);
    const silent: string[] = [];
    for (const right of rights) {
      const name = `without-${right.replace('|', '-')}`;
      const [command = ''] = right.split('|');
      const others = RIGHTS.filter((one) => one !== `+${right}`);
      await plain.call('acl', ['setuser', name, 'on', '>pw', ...others]);
      await plain.call('flushall', []);
      await plain.call('script', ['flush']);
      const store = storeOf(open({ CALLFOLD_REDIS_USERNAME: name, CALLFOLD_REDIS_PASSWORD: 'pw' }));
      const ended = await everything(freshToken())(store).then(
        () => null,
        (error: unknown) => error as Error,
      );
      if (ended === null) silent.push(right);
      else
        expect(ended.message, right).toMatch(
          new RegExp(`${command}.*(permission|ACL)|(permission|ACL).*${command}`, 'i'),
        );
      await store.close();
    }
    // The client does without these two; it asks for them all the same, and a refusal would stand in the server's log.
    expect(silent).toEqual(['ping', 'client|setname']);
  });

  it('is not spoken to when nobody who is trusted signed for it, or for another name', async () => {
    const { open, keys } = secure;
    const other = makeAuthority(join(secure.dir, 'other'));
    const untrusting = open({ CALLFOLD_REDIS_TLS_CA_FILE: other.caFile });
    await expect(untrusting.call('ping', [])).rejects.toThrow(/certificate/);
    const renamed = open({ CALLFOLD_REDIS_TLS_SERVERNAME: 'another.example' });
    await expect(renamed.call('ping', [])).rejects.toThrow(/another\.example|altnames/);
    expect(keys.ca).not.toBe(other.ca);
  });

  it('does not let in whoever shows no certificate, or a wrong password, which nobody repeats', async () => {
    const { open, plain, url } = secure;
    const bare = createRedisClient({ url, tls: { ca: secure.keys.ca }, username: 'callfold', password: 'p@ss:w/rd' });
    await expect(bare.call('ping', [])).rejects.toThrow(/Redis 127/);
    await bare.close();
    const wrong = open({ CALLFOLD_REDIS_PASSWORD: 'guessed-wrongly' });
    await expect(wrong.call('info', ['server'])).rejects.toThrow(/WRONGPASS/);
    await expect(wrong.call('info', ['server'])).rejects.not.toThrow(/guessed-wrongly/);
    expect(await plain.call('ping', [])).toBe('PONG');
  });
});
