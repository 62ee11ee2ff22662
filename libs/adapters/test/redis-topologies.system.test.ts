import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRedis, testDir } from '../../../infra/parts/index.mjs';
import { Refused } from '@callfold/engine';
import type { RedisClient } from '../src/index.ts';
import { checkpointKey, createRedisClient, createRedisStore } from '../src/index.ts';
import { bytes, change, freshToken, place, sight, states } from './contract/store-harness.ts';
import { SPACE } from './redis-server.ts';

type Server = Awaited<ReturnType<typeof startRedis>>;
const SLOTS = 16_384;
const soon = { timeout: 60_000, interval: 50 };
const dir = testDir('redis-topologies');

const plainOf = (server: Server): RedisClient => createRedisClient({ url: server.url });

describe('Redis Cluster', () => {
  const servers: Server[] = [];
  const plain: RedisClient[] = [];

  beforeAll(async () => {
    for (const name of ['a', 'b']) {
      servers.push(await startRedis({ dir: join(dir, `cluster-${name}`), config: { 'cluster-enabled': 'yes' } }));
    }
    plain.push(...servers.map(plainOf));
    const [a, b] = plain as [RedisClient, RedisClient];
    const half = (from: number): number[] => Array.from({ length: SLOTS / 2 }, (_, i) => from + i);
    await a.call('cluster', ['addslots', ...half(0)]);
    await b.call('cluster', ['addslots', ...half(SLOTS / 2)]);
    await a.call('cluster', ['meet', '127.0.0.1', servers[1]!.port]);
    const whole = async (one: RedisClient): Promise<void> => {
      const info = String(await one.call('cluster', ['info']));
      if (!/cluster_state:ok[^]*cluster_known_nodes:2/.test(info))
        throw new Error(`the cluster is not whole yet: ${info}`);
    };
    for (const one of plain) await vi.waitFor(() => whole(one), soon);
  });
  afterAll(async () => {
    await Promise.all(plain.map((one) => one.close()));
    await Promise.all(servers.map((one) => one.stop({ wipe: true })));
  });

  it('holds each partition whole on one of its nodes, and takes commits to the right one', async () => {
    // The user has the rights that docs/redis.md gives it, and no more.
    const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const user = /^ACL SETUSER (callfold .*)$/m.exec(page)?.[1] ?? '';
    const more = /^In a cluster also: `(.*)`/m.exec(page)?.[1] ?? '';
    for (const one of plain) await one.call('acl', ['setuser', ...`${user} ${more}`.split(' ')]);
    // Only one node is named: the other is found.
    const client = createRedisClient({
      url: servers[0]!.url.replace('redis://', 'redis+cluster://callfold:PASSWORD@'),
    });
    const store = createRedisStore({ ...SPACE, client });
    expect((await store.check()).warnings.join('\n')).toMatch(/node 127\.0\.0\.1/);
    const places = Array.from({ length: 12 }, place);
    for (const at of places) {
      const { claim } = await store.claim(at, freshToken());
      const parts = { tables: states({ a: '1' }), timers: new Map([['a', 1]]), outbox: [bytes('x')] };
      expect(await store.commit(at, claim, change({ expected: null, next: 5, ...parts }))).toEqual({ ok: true });
      expect(await sight(store, at)).toMatchObject({
        next: 5,
        states: new Map([['a', '1']]),
        timers: [{ key: 'a', due: 1 }],
      });
    }
    const found = await Promise.all(plain.map(async (one) => (await one.call('keys', ['*'])) as string[]));
    const checkpoints = places.map((at) => checkpointKey(SPACE, at));
    expect(
      found
        .flat()
        .filter((key) => key.endsWith(':checkpoint'))
        .sort(),
    ).toEqual(checkpoints.sort());
    for (const keys of found) {
      expect(keys.length).toBeGreaterThan(0);
      const tags = new Set(keys.map((key) => key.replace(/:[^:]+$/, '')));
      for (const tag of tags) expect(keys.filter((key) => key.startsWith(`${tag}:`)).length).toBe(4);
    }
    await store.close();
  });

  it('forgets scripts on every node, and is told them again', async () => {
    const client = createRedisClient({
      url: servers
        .map(({ port }) => `127.0.0.1:${port}`)
        .join(',')
        .replace(/^/, 'redis+cluster://'),
    });
    const store = createRedisStore({ ...SPACE, client });
    for (const at of Array.from({ length: 6 }, place)) {
      await Promise.all(plain.map((one) => one.call('script', ['flush'])));
      const { claim } = await store.claim(at, freshToken());
      expect(await store.commit(at, claim, change({ expected: null, next: 5 }))).toEqual({ ok: true });
    }
    await store.close();
  });

  it('is told apart from one server, both ways', async () => {
    const single = createRedisStore({ ...SPACE, client: plainOf(servers[0]!) });
    await expect(single.check()).rejects.toThrow(/redis\+cluster:\/\//);
    await single.close();
    const alone = await startRedis({ dir: join(dir, 'alone') });
    const client = createRedisClient({ url: alone.url.replace('redis://', 'redis+cluster://'), connectMs: 1_000 });
    const cluster = createRedisStore({ ...SPACE, client });
    await expect(cluster.check()).rejects.toThrow(/it is no Redis Cluster: use redis:/);
    await expect(cluster.check()).rejects.toBeInstanceOf(Refused);
    await cluster.close();
    await alone.stop({ wipe: true });
  });
});

describe('Redis Sentinel', () => {
  const servers: Server[] = [];
  let sentinel!: Server;

  beforeAll(async () => {
    const master = await startRedis({ dir: join(dir, 'master') });
    const follow = { replicaof: `127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay': '0' };
    const replica = await startRedis({ dir: join(dir, 'replica'), config: follow });
    servers.push(master, replica);
    sentinel = await startRedis({
      dir: join(dir, 'sentinel'),
      sentinel: true,
      config: {
        sentinel: [
          `monitor callfold 127.0.0.1 ${master.port} 1`,
          'down-after-milliseconds callfold 500',
          'failover-timeout callfold 5000',
        ],
      },
    });
  });
  afterAll(async () => {
    await Promise.all([...servers, sentinel].map((one) => one.stop({ wipe: true })));
  });

  it('leads to the master, and to the new one when the old one is lost', async () => {
    const watcher = plainOf(sentinel);
    const knows = async (): Promise<string> => String(await watcher.call('sentinel', ['replicas', 'callfold']));
    await vi.waitFor(
      async () => expect(await knows()).toMatch(new RegExp(`${servers[1]!.port}.*master-link-status,ok`)),
      soon,
    );
    const url = `redis+sentinel://127.0.0.1:${sentinel.port}/callfold`;
    const store = createRedisStore({ ...SPACE, client: createRedisClient({ url, answerMs: 1_000 }) });
    await store.check();
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    const first = change({ expected: null, next: 5, tables: states({ a: '1' }) });
    expect(await store.commit(at, claim, first)).toEqual({ ok: true });
    const replica = createRedisStore({ ...SPACE, client: plainOf(servers[1]!) });
    await vi.waitFor(async () => expect((await replica.peek(at))?.next).toBe(5), soon);
    await servers[0]!.kill('SIGKILL');
    const second = change({ expected: 5, next: 6, tables: states({ a: '2' }) });
    await vi.waitFor(async () => expect(await store.commit(at, claim, second)).toEqual({ ok: true }), soon);
    expect(await replica.read(at, 'states', ['a'])).toEqual(['2']);
    await Promise.all([store.close(), replica.close(), watcher.close()]);
  });
});
