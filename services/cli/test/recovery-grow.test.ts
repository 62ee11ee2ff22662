/** `callfold recover` where partitions were added, on a world in memory. */

import { createCodec, createLocalRegistry, createMemoryWorld, systemClock } from '@callfold/adapters';
import { DEFAULT_SETTINGS, fingerprint, rawTopic, TOPICS } from '@callfold/core';
import type { Shelf } from '@callfold/engine';
import { changeGenerations, layoutIn, liveStore, readGenerations } from '@callfold/engine';
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
  return { site, shelf };
}

test('a move calls a change-over off that holds the same partitions: readers would see it go on, and then not', async () => {
  const { site, shelf } = await openSite();
  await changeGenerations(shelf, (all) => ({ ...all, switching: { from: '1', to: '2', token: 'a change-over' } }));
  const options = { role: 'projector', topic: TOPIC, execute: true, confirm: TOPIC } as const;
  const rows = [];
  const context = { say: () => undefined, stop: { requested: false, wanted: new Promise<void>(() => undefined) } };
  for await (const row of recoverAll(site, DEFAULT_SETTINGS, options, context)) rows.push(row);
  expect(rows).toMatchObject([
    { found: 'grown', executed: true },
    { found: 'grown', executed: true },
  ]);
  expect(await layoutIn(liveStore(shelf), site.log('projector'), TOPIC)).toMatchObject({ was: NOW, growing: false });
  expect((await readGenerations(shelf)).all.switching).toBeNull();
});
