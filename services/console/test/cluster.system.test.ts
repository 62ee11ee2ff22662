/** The console on a real Redis Cluster: its partitions lie on several nodes, and one moves while it is followed. */

import type { RedisClient } from '@callfold/adapters';
import { createRedisClient, createRedisStore, feedKey, tableKey } from '@callfold/adapters';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisCluster } from '../../../infra/parts/index.mjs';
import { startRedisCluster, testDir } from '../../../infra/parts/index.mjs';
import { openConsole, openStream, PLACES } from './console-harness.ts';

const SPACE = { clusterId: 'console-cluster', group: 'projector', generation: '1' };
/** Enough that each of the calls' partitions has some. */
const CALLS = Array.from({ length: 8 }, (_, n) => `call-${n}`);

let cluster: RedisCluster;
const clients: RedisClient[] = [];

function storeOf(url: string) {
  const client = createRedisClient({ url });
  clients.push(client);
  return createRedisStore({ ...SPACE, client });
}

beforeAll(async () => {
  cluster = await startRedisCluster({ dir: testDir('console-cluster') });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await cluster?.stop({ wipe: true });
});

const waits = (id: string) => ({ source: 'callcenter24', id, status: 'Participant join (Contact)' }) as const;

type Told = { readonly callId?: string; readonly agentId?: string; readonly live: boolean };

/** Reads on until each of the calls was told of as live, or as over. */
async function untilTold(stream: Awaited<ReturnType<typeof openStream>>, ids: readonly string[], live: boolean) {
  const left = new Set<string | undefined>(ids);
  for (;;) {
    const event = await stream.next('change');
    for (const told of event.data['changes'] as Told[]) if (told.live === live) left.delete(told.callId);
    if (left.size === 0) return event;
  }
}

it('tells what is there and what changes, from every node, and while a partition moves to another', async () => {
  const owner = storeOf(cluster.url);
  // Only one node is named: the others are found.
  const reader = storeOf(`redis+cluster://127.0.0.1:${cluster.servers[0]!.port}`);
  const shown = await openConsole({}, {}, { owner, reader });
  for (const id of CALLS) await shown.say(waits(id));
  await shown.say({ source: 'vonage', id: 'anna', status: 'Ready' });
  await shown.say({ source: 'chatterfy', id: 'chat', status: 'Manual' });
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);

  // One partition's keys lie together, so that its commit is one; the partitions lie apart.
  const slots = await Promise.all(
    PLACES.map(async (at) => {
      const [feed, states] = await Promise.all([
        cluster.slotOf(feedKey(SPACE, at)),
        cluster.slotOf(tableKey(SPACE, at, 'states')),
      ]);
      expect(feed).toBe(states);
      return feed;
    }),
  );
  const nodes = await Promise.all(slots.map(async (slot) => (await cluster.ownerOf(slot)).port));
  expect(new Set(nodes).size).toBeGreaterThan(1);

  const stream = await openStream(`${shown.url}/v1/changes`);
  expect(await stream.read()).toMatchObject({ event: 'reset', data: { why: 'begin' } });
  const snapshot: Told[] = [];
  let event = await stream.read();
  for (; event.event === 'change'; event = await stream.read()) snapshot.push(...(event.data['changes'] as Told[]));
  expect(event.event).toBe('ready');
  expect(snapshot.filter(({ live }) => live).length).toBe(CALLS.length + 2);

  const [first = '', second = '', ...others] = CALLS;
  await shown.say({ ...waits(first), status: 'Call ended' });
  const { id: seen } = await untilTold(stream, [first], false);

  const moving = PLACES.filter(({ topic }) => topic === 'callfold.raw.callcenter24').map((at) => feedKey(SPACE, at));
  for (const key of moving) {
    const { from, to, keys } = await cluster.migrate(await cluster.slotOf(key), { keyPauseMs: 20 });
    expect([keys > 0, from === to]).toEqual([true, false]);
  }
  for (const id of others) await shown.say({ ...waits(id), status: 'Call ended' });
  await untilTold(stream, others, false);
  const { body } = await shown.get('/v1/calls');
  expect(body['calls']).toMatchObject([{ callId: second }]);
  stream.close();

  const resumed = await openStream(`${shown.url}/v1/changes`, { 'last-event-id': seen ?? '' });
  expect((await resumed.read()).event).toBe('change');
  await resumed.next('ready');
  resumed.close();
  await shown.close();
});
