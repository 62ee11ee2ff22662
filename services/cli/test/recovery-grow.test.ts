/** `callfold recover` where partitions were added, on a world in memory. */

import { createCodec, createLocalRegistry, createMemoryWorld, systemClock } from '@callfold/adapters';
import { DEFAULT_SETTINGS, fingerprint, rawTopic, TOPICS } from '@callfold/core';
import type { Shelf } from '@callfold/engine';
import { changeGenerations, layoutIn, liveStore, metaOf, readGenerations } from '@callfold/engine';
import { expect, test } from 'vitest';
import { recoverAll } from '../src/recovery.ts';
import type { Site } from '../src/site.ts';

const TOPIC = rawTopic('vonage');
const [WAS, NOW] = [2, 4];

async function openSite() {
  const world = createMemoryWorld({ clock: systemClock });
  for (const { name } of TOPICS) world.topics.create(name, WAS);
  const codec = createCodec(createLocalRegistry());
  const ports = world.ports();
  const shelf: Shelf = {
    book: ports.generations('projector'),
    root: '1',
    settings: DEFAULT_SETTINGS,
    storeOf: (key) => ports.store(key),
  };
  let tokens = 0;
  const log = ports.log('projector');
  const site = {
    codec,
    shelf,
    log: () => log,
    store: () => liveStore(shelf),
    derived: ports.publisher(),
    partitions: async (topic: string) => world.topics.partitions(topic),
    ports: () => ({
      log,
      codec,
      publisher: null,
      clock: systemClock,
      observer: () => undefined,
      newToken: () => `token-${(tokens += 1)}`,
    }),
  } as unknown as Site;
  const nothing = { clock: 0, last: null, event: null, seqs: {}, published: {}, outboxFirst: 0, outboxNext: 0 };
  const meta = { version: 1, settings: fingerprint(DEFAULT_SETTINGS), partitions: WAS, ...nothing };
  for (let partition = 0; partition < WAS; partition += 1) {
    const at = { topic: TOPIC, partition };
    const { claim } = await ports.store('1').claim(at, `first-${partition}`);
    const empty = { tables: new Map(), timers: new Map(), outboxFrom: 0, outbox: [], outboxTrim: 0, feed: true };
    const commit = { expected: null, next: 0, meta: JSON.stringify({ ...meta, standing: null, offered: null }) };
    expect(await ports.store('1').commit(at, claim, { ...commit, ...empty })).toEqual({ ok: true });
  }
  world.topics.grow(TOPIC, NOW);
  return { site, shelf, world };
}

test('a move calls a change-over off that holds the same partitions: readers would see it go on, and then not', async () => {
  const { site, shelf } = await openSite();
  await changeGenerations(shelf, (all) => ({ ...all, switching: { from: '1', to: '2', token: 'a change-over' } }));
  const options = { role: 'projector', topic: TOPIC, execute: true, confirm: TOPIC } as const;
  const rows = [];
  for await (const row of recoverAll(site, DEFAULT_SETTINGS, options, CONTEXT)) rows.push(row);
  expect(rows).toMatchObject([
    { found: 'grown', executed: true },
    { found: 'grown', executed: true },
  ]);
  expect(await layoutIn(liveStore(shelf), site.log('projector'), TOPIC)).toMatchObject({ was: NOW, growing: false });
  expect((await readGenerations(shelf)).all.switching).toBeNull();
});

const CONTEXT = { say: () => undefined, stop: { requested: false, wanted: new Promise<void>(() => undefined) } };

test('a state that is lost before its subjects moved is folded again by the number of before', async () => {
  const { site, world } = await openSite();
  const log = site.log('projector');
  for (let partition = 0; partition < WAS; partition += 1) await log.setWitness({ topic: TOPIC, partition }, 0);
  world.storeServer('1').restore(new Map());
  const recover = async () => {
    const rows = [];
    const options = { role: 'projector', topic: TOPIC, execute: true } as const;
    for await (const row of recoverAll(site, DEFAULT_SETTINGS, options, CONTEXT)) rows.push(row);
    return rows.map(({ found, executed }) => `${found} ${executed}`);
  };
  expect(await recover()).toEqual(['lost true', 'lost true', 'new false', 'new false']);
  const meta = metaOf(await site.store('projector').peek({ topic: TOPIC, partition: 0 }));
  expect(meta).toMatchObject({ partitions: WAS });
  expect(meta?.begun).toBeUndefined();
  // One that was folded since shows that they have moved.
  world.storeServer('1').restore(new Map());
  await log.setWitness({ topic: TOPIC, partition: NOW - 1 }, 0);
  expect(await recover()).toEqual(['lost true', 'lost true', 'new false', 'lost true']);
  const since = metaOf(await site.store('projector').peek({ topic: TOPIC, partition: 0 }));
  expect(since).toMatchObject({ partitions: NOW, begun: { isGrown: true, placed: 0 } });
});
