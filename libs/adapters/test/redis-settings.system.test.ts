import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Refused } from '@callfold/engine';
import { change, freshToken, place } from './contract/store-harness.ts';
import type { TestRedis } from './redis-server.ts';
import { openRedis } from './redis-server.ts';
import { createRedisClient, createRedisStore } from '../src/index.ts';

const soon = { timeout: 20_000, interval: 20 };
let redis!: TestRedis;

beforeAll(async () => {
  redis = await openRedis('redis-settings');
});
afterAll(async () => redis?.close());

describe('the check at the start', () => {
  it('passes a server that keeps what it is given, and says what it does not keep', async () => {
    await redis.plain.call('config', ['set', 'appendonly', 'no']);
    const { warnings } = await redis.store().check();
    expect(warnings.join('\n')).toMatch(/no replica is connected[^]*appendonly is off/);
    await redis.plain.call('config', ['set', 'appendonly', 'yes']);
    expect((await redis.store().check()).warnings.join('\n')).not.toMatch(/appendonly/);
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('refuses maxmemory-policy %s by name', async (policy) => {
    await redis.plain.call('config', ['set', 'maxmemory-policy', policy]);
    const checked = redis.store().check();
    await expect(checked).rejects.toBeInstanceOf(Refused);
    await expect(checked).rejects.toThrow(new RegExp(`maxmemory-policy is ${policy} and must be noeviction`));
    await redis.plain.call('config', ['set', 'maxmemory-policy', 'noeviction']);
  });

  it('refuses a wrong password, and does not repeat it', async () => {
    await redis.plain.call('acl', ['setuser', 'guarded', 'on', '>right', '~*', '+@all']);
    const wrong = redis.store({ url: redis.url.replace('redis://', 'redis://guarded:wrong-one@') });
    const checked = wrong.check();
    await expect(checked).rejects.toBeInstanceOf(Refused);
    await expect(checked).rejects.toThrow(/WRONGPASS/);
    await expect(checked).rejects.not.toThrow(/wrong-one/);
    await redis.store({ url: redis.url.replace('redis://', 'redis://guarded:right@') }).check();
  });

  it('refuses a user who may not ask, and passes one with the least rights that the store needs', async () => {
    const least = [
      '+info',
      '+evalsha',
      '+eval',
      '+type',
      '+hmget',
      '+hset',
      '+hdel',
      '+zadd',
      '+zrem',
      '+zrangebyscore',
      '+hscan',
    ];
    const user = ['setuser', 'least', 'on', '>pw', '~callfold:*'];
    await redis.plain.call('acl', [...user, '-@all', '+hmget']);
    const url = redis.url.replace('redis://', 'redis://least:pw@');
    await expect(redis.store({ url }).check()).rejects.toBeInstanceOf(Refused);
    await redis.plain.call('acl', [...user, ...least]);
    const store = redis.store({ url });
    await store.check();
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    const tables = new Map([
      [
        'states' as const,
        new Map<string, string | null>([
          ['a', '1'],
          ['b', null],
        ]),
      ],
    ]);
    const timers = new Map<string, number | null>([
      ['a', 1],
      ['b', null],
    ]);
    const commit = change({ expected: null, next: 1, tables, timers, outbox: [new Uint8Array(1)], outboxTrim: 1 });
    expect(await store.commit(at, claim, commit)).toEqual({ ok: true });
    expect(await store.read(at, 'states', ['a'])).toEqual(['1']);
    expect(await store.timers(at, Infinity, 9)).toEqual([{ key: 'a', due: 1 }]);
    expect(await store.outbox(at)).toEqual([]);
    for await (const slice of store.scan(at, 'states')) expect(slice).toEqual([['a', '1']]);
  });

  it('counts a server that is away as away, not as refused, and connects once it is there', async () => {
    const client = createRedisClient({ url: 'redis://127.0.0.1:1', connectMs: 500 });
    const store = createRedisStore({ client, clusterId: 'c', group: 'g', generation: '1' });
    await expect(store.check()).rejects.not.toBeInstanceOf(Refused);
    await expect(store.check()).rejects.toThrow(/Redis 127\.0\.0\.1:1.*ECONNREFUSED/);
    await store.close();
  });
});

describe('a server that became a replica', () => {
  it('is away, not refused, and is written to again when it is a master', async () => {
    const store = redis.store();
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    await redis.plain.call('replicaof', ['127.0.0.1', 1]);
    const commit = change({ expected: null, next: 1 });
    await expect(store.commit(at, claim, commit)).rejects.toThrow(/replica/);
    await vi.waitFor(() => expect(store.check()).rejects.toThrow(/replica/), soon);
    await redis.plain.call('replicaof', ['no', 'one']);
    await vi.waitFor(async () => expect(await store.commit(at, claim, commit)).toEqual({ ok: true }), soon);
  });
});

describe('closing', () => {
  it('leaves no connection behind, and later calls fail at once', async () => {
    const store = redis.store();
    await store.peek(place());
    await store.close();
    await expect(store.peek(place())).rejects.toBeInstanceOf(Error);
  });

  it('of a client that never connected connects nothing', async () => {
    const store = redis.store();
    await store.close();
    await expect(store.peek(place())).rejects.toBeInstanceOf(Error);
  });
});
