import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RedisCluster, RedisSentinel } from '../../../infra/parts/index.mjs';
import { askRedis, startRedis, startRedisCluster, startRedisSentinel, testDir } from '../../../infra/parts/index.mjs';
import { Refused } from '@callfold/engine';
import type { RedisClient } from '../src/index.ts';
import { checkpointKey, createRedisClient, createRedisStore } from '../src/index.ts';
import { bytes, change, freshToken, place, scanAll, sight, states } from './contract/store-harness.ts';
import { SPACE } from './redis-server.ts';

type Server = Awaited<ReturnType<typeof startRedis>>;
const soon = { timeout: 60_000, interval: 50 };
const dir = testDir('redis-topologies');

const plainOf = (server: Server): RedisClient => createRedisClient({ url: server.url });

describe('Redis Cluster', () => {
  let cluster!: RedisCluster;
  let plain: RedisClient[] = [];

  beforeAll(async () => {
    cluster = await startRedisCluster({ dir: join(dir, 'cluster') });
    plain = cluster.servers.map(plainOf);
  });
  afterAll(async () => {
    await Promise.all(plain.map((one) => one.close()));
    await cluster?.stop({ wipe: true });
  });

  it('holds each partition whole on one of its nodes, and takes commits to the right one', async () => {
    // The user has the rights that docs/redis.md gives it, and no more.
    const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const user = /^ACL SETUSER (callfold .*)$/m.exec(page)?.[1] ?? '';
    const more = /^In a cluster also: `(.*)`/m.exec(page)?.[1] ?? '';
    for (const one of plain) await one.call('acl', ['setuser', ...`${user} ${more}`.split(' ')]);
    // Only one node is named: the other is found.
    const client = createRedisClient({
      url: cluster.servers[0]!.url.replace('redis://', 'redis+cluster://callfold:PASSWORD@'),
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
    const store = createRedisStore({ ...SPACE, client: createRedisClient({ url: cluster.url }) });
    for (const at of Array.from({ length: 6 }, place)) {
      await Promise.all(plain.map((one) => one.call('script', ['flush'])));
      const { claim } = await store.claim(at, freshToken());
      expect(await store.commit(at, claim, change({ expected: null, next: 5 }))).toEqual({ ok: true });
    }
    await store.close();
  });

  it('takes commits while the slot of a partition moves to another node, and none is lost', async () => {
    const store = createRedisStore({ ...SPACE, client: createRedisClient({ url: cluster.url }) });
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    const commits = (next: number) => {
      const parts = { tables: states({ [`key ${next}`]: String(next) }), timers: new Map([['a', next]]) };
      return change({ expected: next === 1 ? null : next - 1, next, ...parts, outboxFrom: next, outbox: [bytes('x')] });
    };
    const errors = async (name: string): Promise<number> => {
      const all = await Promise.all(cluster.servers.map(({ port }) => askRedis(port, ['INFO', 'errorstats'])));
      const count = new RegExp(`errorstat_${name}:count=(\\d+)`);
      return all.reduce<number>((sum, one) => sum + Number(count.exec(String(one))?.[1] ?? 0), 0);
    };
    let isOver = false;
    let next = 0;
    const write = async (): Promise<void> => {
      for (; !isOver || next < 5; next += 1) {
        const commit = commits(next + 1);
        await vi.waitFor(async () => expect(await store.commit(at, claim, commit)).toEqual({ ok: true }), soon);
      }
    };
    /** A commit names keys of which some are never there, so it is told to try again; a look at one key is sent on. */
    const look = async (): Promise<void> => {
      for (let seen = 0; !isOver; ) {
        const stored = await vi.waitFor(() => store.peek(at), soon);
        expect(stored?.next ?? 0).toBeGreaterThanOrEqual(seen);
        seen = stored?.next ?? 0;
      }
    };
    const under = Promise.all([write(), look()]);
    const slot = await cluster.slotOf(checkpointKey(SPACE, at));
    await vi.waitFor(() => expect(next).toBeGreaterThan(2), soon);
    const names = ['ASK', 'MOVED', 'TRYAGAIN'];
    const before = await Promise.all(names.map(errors));
    // There and back: the second time the node knows the scripts.
    for (const _ of ['there', 'back']) {
      const { from, to, keys } = await cluster.migrate(slot, { keyPauseMs: 100 });
      expect(keys).toBeGreaterThanOrEqual(4);
      expect(from).not.toBe(to);
    }
    isOver = true;
    await under;
    const after = await Promise.all(names.map(errors));
    for (const [i, name] of names.entries()) expect(after[i], name).toBeGreaterThan(before[i]!);
    expect(await sight(store, at)).toMatchObject({ next, timers: [{ key: 'a', due: next }] });
    expect([(await scanAll(store, at, 'states')).size, (await store.outbox(at)).length]).toEqual([next, next]);
    await store.close();
  });

  it('is told apart from one server, both ways', async () => {
    const single = createRedisStore({ ...SPACE, client: plainOf(cluster.servers[0]!) });
    await expect(single.check()).rejects.toThrow(/redis\+cluster:\/\//);
    await single.close();
    const alone = await startRedis({ dir: join(dir, 'alone') });
    const client = createRedisClient({ url: alone.url.replace('redis://', 'redis+cluster://'), connectMs: 1_000 });
    const wrong = createRedisStore({ ...SPACE, client });
    await expect(wrong.check()).rejects.toThrow(/it is no Redis Cluster: use redis:/);
    await expect(wrong.check()).rejects.toBeInstanceOf(Refused);
    await wrong.close();
    await alone.stop({ wipe: true });
  });
});

describe('Redis Sentinel', () => {
  let sentinel!: RedisSentinel;

  beforeAll(async () => {
    sentinel = await startRedisSentinel({ dir: join(dir, 'sentinel') });
  });
  afterAll(async () => sentinel?.stop({ wipe: true }));

  it('leads to the master, and to the new one when the old one is lost', async () => {
    const [first, second] = sentinel.servers as [Server, Server];
    const store = createRedisStore({ ...SPACE, client: createRedisClient({ url: sentinel.url, answerMs: 1_000 }) });
    await store.check();
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    const one = change({ expected: null, next: 5, tables: states({ a: '1' }) });
    expect(await store.commit(at, claim, one)).toEqual({ ok: true });
    const replica = createRedisStore({ ...SPACE, client: plainOf(second) });
    await vi.waitFor(async () => expect((await replica.peek(at))?.next).toBe(5), soon);
    await first.kill();
    const two = change({ expected: 5, next: 6, tables: states({ a: '2' }) });
    await vi.waitFor(async () => expect(await store.commit(at, claim, two)).toEqual({ ok: true }), soon);
    expect(await replica.read(at, 'states', ['a'])).toEqual(['2']);
    await first.start();
    await Promise.all([store.close(), replica.close()]);
  });

  it('that lost what it had answered says that the position moved, and takes it again after a claim', async () => {
    const master = await sentinel.master();
    const store = createRedisStore({ ...SPACE, client: createRedisClient({ url: sentinel.url, answerMs: 1_000 }) });
    const others = sentinel.servers.filter(({ port }) => port !== master.port).map(plainOf);
    const replica = createRedisStore({ ...SPACE, client: others[0]! });
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    expect(await store.commit(at, claim, change({ expected: null, next: 5 }))).toEqual({ ok: true });
    await vi.waitFor(async () => expect((await replica.peek(at))?.next).toBe(5), soon);
    await sentinel.holdReplicas();
    const lost = change({ expected: 5, next: 6, tables: states({ a: 'lost' }) });
    expect(await store.commit(at, claim, lost)).toEqual({ ok: true });
    await master.kill();
    const after = change({ expected: 6, next: 7 });
    await vi.waitFor(
      async () => expect(await store.commit(at, claim, after)).toEqual({ ok: false, why: 'moved' }),
      soon,
    );
    const again = await store.claim(at, freshToken(), claim.epoch);
    expect(again.next).toBe(5);
    expect(await store.commit(at, again.claim, lost)).toEqual({ ok: true });
    await Promise.all([store.close(), replica.close()]);
  });
});
