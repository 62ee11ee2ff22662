import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
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

  it('refuses a user who may not ask', async () => {
    await redis.plain.call('acl', ['setuser', 'mute', 'on', '>pw', '~*', '-@all', '+hmget']);
    const url = redis.url.replace('redis://', 'redis://mute:pw@');
    await expect(redis.store({ url }).check()).rejects.toBeInstanceOf(Refused);
  });

  it('counts a server that is away as away, not as refused, and connects once it is there', async () => {
    const client = createRedisClient({ url: 'redis://127.0.0.1:1', connectMs: 500 });
    const store = createRedisStore({ client, clusterId: 'c', group: 'g', generation: '1' });
    await expect(store.check()).rejects.not.toBeInstanceOf(Refused);
    await expect(store.check()).rejects.toThrow(/Redis 127\.0\.0\.1:1.*ECONNREFUSED/);
    await store.close();
  });
});

describe('what never answers', () => {
  it.each(['redis', 'redis+sentinel', 'redis+cluster'])('is away in time: %s', async (scheme) => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as AddressInfo;
    const url = `${scheme}://127.0.0.1:${port}${scheme === 'redis+sentinel' ? '/main' : ''}`;
    const client = createRedisClient({ url, connectMs: 200, answerMs: 200 });
    const started = performance.now();
    await expect(client.call('get', ['a'])).rejects.toThrow(/127\.0\.0\.1/);
    await expect(client.call('get', ['a'])).rejects.toThrow(/not connected/);
    expect(performance.now() - started).toBeLessThan(5_000);
    await client.close();
    silent.close();
  });

  it('and sentinels that are not there are away in time', async () => {
    const client = createRedisClient({ url: 'redis+sentinel://127.0.0.1:1/main', connectMs: 200, answerMs: 200 });
    await expect(client.call('get', ['a'])).rejects.toThrow(/127\.0\.0\.1:1/);
    await client.close();
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
