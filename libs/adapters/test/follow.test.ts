/** A follower of the change feed beside owners that commit, hand over and lose writes: it holds what stands. */

import type { At, Claim, Commit, Store } from '@callfold/engine';
import { follow } from '@callfold/engine';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MemoryStoreServer, StoreSnapshot } from '../src/index.ts';
import { createMemoryStoreServer, directLink } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/store.ts';
import { change, freshToken, scanAll } from './contract/store-harness.ts';

const AT: At = { topic: 'callfold.raw.atlas', partition: 0 };

/** As much of a checkpoint's as a follower looks at. */
const metaText = (clock: number): string => JSON.stringify({ version: 1, clock });

function openMirror() {
  let held = new Map<string, string>();
  let anew: Map<string, string> | null = null;
  let readings = 0;
  return {
    held: () => held,
    readings: () => readings,
    mirror: {
      begin: () => {
        anew = new Map();
        readings += 1;
      },
      put(key: string, text: string | null) {
        const into = anew ?? held;
        if (text === null) into.delete(key);
        else into.set(key, text);
      },
      end() {
        held = anew ?? held;
        anew = null;
      },
    },
  };
}

function openOwner(store: Store) {
  let claim: Claim = { epoch: 0, token: '' };
  let position: number | null = null;
  return {
    async claim() {
      const stored = await store.claim(AT, freshToken());
      ({ claim } = stored);
      position = stored.next;
    },
    async commit(states: Readonly<Record<string, string | null>>, advance = 1, feed = true) {
      const next = (position ?? 0) + advance;
      const tables: Commit['tables'] = new Map([['states', new Map(Object.entries(states))]]);
      const commit = change({ expected: position, next, meta: metaText(next), tables, feed });
      const answer = await store.commit(AT, claim, commit);
      if (answer.ok) position = next;
    },
  };
}

async function scene() {
  const server: MemoryStoreServer = createMemoryStoreServer();
  const store = createMemoryStore(server, directLink);
  const { mirror, held, readings } = openMirror();
  const owner = openOwner(store);
  await owner.claim();
  return { server, store, owner, held, readings, follower: follow(store, AT, mirror) };
}

test('is told what changed, and reads the states once', async () => {
  const { owner, follower, held, readings } = await scene();
  await owner.commit({ 'a/1': 'x', 'a/2': 'y' });
  await follower.poll();
  await owner.commit({ 'a/1': null, 'a/3': 'z' });
  await owner.commit({}, 5);
  await follower.confirm();
  expect([...held()]).toEqual([
    ['a/2', 'y'],
    ['a/3', 'z'],
  ]);
  expect(readings()).toBe(1);
  expect(follower.reached).toEqual({ next: 7, clock: 7 });
});

test('reads the states anew when the feed went past its cap, and when another owner came', async () => {
  const { owner, follower, held, readings } = await scene();
  await owner.commit({ 'a/1': 'x' });
  await follower.poll();
  for (let turn = 0; turn < 2_100; turn += 1) await owner.commit({ 'a/1': String(turn) });
  await follower.poll();
  expect([held().get('a/1'), readings()]).toEqual(['2099', 2]);
  await owner.claim();
  await owner.commit({ 'a/2': 'by the next owner' });
  await follower.poll();
  expect([held().get('a/2'), readings()]).toEqual(['by the next owner', 3]);
});

test('finds out about an owner that leaves no feed, and reads no more than once for each of its positions', async () => {
  const { owner, follower, held, readings } = await scene();
  await owner.commit({ 'a/1': 'x' });
  await follower.poll();
  await owner.commit({ 'a/1': 'untold' }, 1, false);
  await follower.poll();
  expect(held().get('a/1')).toBe('x');
  await follower.confirm();
  await follower.confirm();
  expect([held().get('a/1'), readings()]).toEqual(['untold', 2]);
});

test('reads the states anew where a command laid down an earlier position, which leaves no entry', async () => {
  const { owner, follower, held } = await scene();
  await owner.commit({ 'a/1': 'x' }, 5);
  await follower.poll();
  await owner.commit({ 'a/1': 'as it was' }, -3, false);
  await follower.confirm();
  expect(held().get('a/1')).toBe('as it was');
});

test('is told of what is committed while it reads the states', async () => {
  const { store, owner } = await scene();
  await owner.commit({ 'a/1': 'x' });
  const { mirror, held, readings } = openMirror();
  const busy: Store = {
    ...store,
    async *scan(at, table) {
      const slices: (readonly (readonly [string, string])[])[] = [];
      for await (const slice of store.scan(at, table)) slices.push(slice);
      await owner.commit({ 'a/1': 'y', 'a/2': 'z' });
      yield* slices;
    },
  };
  const follower = follow(busy, AT, mirror);
  await follower.poll();
  await follower.poll();
  expect([[...held()], readings()]).toEqual([
    [
      ['a/1', 'y'],
      ['a/2', 'z'],
    ],
    1,
  ]);
});

type Step =
  | { readonly do: 'commit'; readonly key: number; readonly text: string | null; readonly advance: number }
  | { readonly do: 'claim' | 'keep' | 'lose' | 'poll' | 'confirm' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('commit' as const),
        key: fc.nat(3),
        text: fc.option(fc.string({ maxLength: 2 })),
        advance: fc.nat(2),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('claim' as const, 'keep' as const, 'lose' as const, 'poll' as const),
      }),
    },
  ),
  { maxLength: 30 },
);

test('holds what stands, whatever owners do and a failover loses', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const { server, store, owner, held, follower } = await scene();
      let replica: StoreSnapshot = server.snapshot();
      for (const step of history) {
        if (step.do === 'commit') await owner.commit({ [`t/${step.key}`]: step.text }, step.advance);
        else if (step.do === 'claim') await owner.claim();
        else if (step.do === 'keep') replica = server.snapshot();
        else if (step.do === 'lose') {
          server.restore(replica);
          // As an owner does that finds its position moved.
          await owner.claim();
        } else await follower.poll();
      }
      await follower.confirm();
      expect(held()).toEqual(await scanAll(store, AT, 'states'));
    }),
    { numRuns: 2_000 },
  );
});
