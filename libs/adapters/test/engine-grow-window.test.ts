/** Readers, and an owner that folds again, between the adding of partitions and the end of the move of subjects. */

import type { RawEvent } from '@callfold/core';
import {
  CALL_OUTCOMES,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  ERASE_HEADER,
  erasureText,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
  utf8Bytes,
} from '@callfold/core';
import type { Role } from '@callfold/engine';
import { explainSubject, layoutIn, offerRecovery, placesIn, rulesOf } from '@callfold/engine';
import { expect, it } from 'vitest';
import type { Link } from '../src/memory/link.ts';
import type { Harness } from './engine-harness.ts';
import { lose, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';
import {
  callsOf,
  expectInOrder,
  grow,
  HOUR,
  inTime,
  NOW,
  outcomesOf,
  refusals,
  restOf,
  ROLES,
  settle,
  SOURCE,
  statesOf,
  TOPIC,
  underWay,
} from './growing.ts';

/** Of these, one that is to go to a partition that is added. */
function movingOf(calls: readonly RawEvent[][]): RawEvent[] {
  const moves = ([one]: readonly RawEvent[]): boolean => partitionOf(one!.tenantId, one!.subjectId, NOW) >= PARTITIONS;
  return calls.find(moves)!;
}

const placesOf = async (h: Harness, role: Role, { tenantId, subjectId }: RawEvent) => {
  const { log, store } = h.world.ports();
  return placesIn(store(role.name), log(role.name), TOPIC, tenantId, subjectId);
};

it('a reader finds a subject where it is: before the move, at each point of it, and after', async () => {
  const { h, services } = await underWay();
  await h.stop(services);
  const [moving] = movingOf(callsOf('old', 20, START));
  const key = subjectKey(moving!.tenantId, moving!.subjectId);
  expect(await placesOf(h, PROJECTOR, moving!)).toHaveLength(1);
  h.world.topics.grow(TOPIC, NOW);
  const store = h.world.ports().store(PROJECTOR.name);
  const log = h.world.ports().log(PROJECTOR.name);
  const read = async (): Promise<string | null> => {
    for (const { at } of await placesOf(h, PROJECTOR, moving!)) {
      const [text] = await store.read(at, 'states', [key]);
      if (text) return text;
    }
    return null;
  };
  const before = await read();
  expect(before).not.toBeNull();
  expect((await placesOf(h, PROJECTOR, moving!)).map(({ partitions }) => partitions)).toEqual([PARTITIONS, NOW]);
  expect(await layoutIn(store, log, TOPIC)).toEqual({ was: PARTITIONS, now: NOW, growing: true });
  const seen: (string | null)[] = [];
  const firsts = new Set<number>();
  const link: Link = async (_name, _at, run) => {
    const answer = run();
    seen.push(await read());
    firsts.add((await placesOf(h, PROJECTOR, moving!))[0].partitions);
    return answer;
  };
  await inTime(h, grow(h, PROJECTOR, link));
  expect(seen.length).toBeGreaterThan(20);
  expect(new Set(seen)).toEqual(new Set([before]));
  expect([...firsts]).toEqual([PARTITIONS, NOW]);
  expect(await placesOf(h, PROJECTOR, moving!)).toEqual([
    { at: { topic: TOPIC, partition: partitionOf(moving!.tenantId, moving!.subjectId, NOW) }, partitions: NOW },
  ]);
  expect(await layoutIn(store, log, TOPIC)).toEqual({ was: NOW, now: NOW, growing: false });
  // The other role's have not moved yet.
  expect((await placesOf(h, OUTCOMES, moving!))[0].partitions).toBe(PARTITIONS);
});

it('a subject is explained by the partition in which its events are', async () => {
  const { h, services } = await underWay();
  const [moving] = movingOf(callsOf('old', 20, START));
  h.world.topics.grow(TOPIC, NOW);
  const { log, store } = h.world.ports();
  const raw = { log: log(PROJECTOR.name), codec: h.codec, store: store(PROJECTOR.name) };
  const query = { kind: 'call', tenantId: moving!.tenantId, id: moving!.subjectId } as const;
  const [found] = await explainSubject(raw, query, rulesOf(OUTCOMES, DEFAULT_SETTINGS));
  expect(found?.place.partition).toBe(partitionOf(query.tenantId, query.id, PARTITIONS));
  expect(found?.seen).toHaveLength(8);
  expect(found?.seen.filter(({ refused }) => refused)).toEqual([]);
  await h.stop(services);
});

it('an owner that folds again publishes nothing of whom its log erases further on', async () => {
  const h = await openHarness();
  const services = ROLES.map((role) => h.start(role));
  await settle(h, services);
  const server = h.world.storeServer(OUTCOMES.name);
  const first = server.snapshot();
  const calls = callsOf('old', 20, START);
  h.publish(calls.flat());
  await settle(h, services);
  await h.stop(services);
  h.world.topics.grow(TOPIC, NOW);
  const [moving] = movingOf(calls);
  const at = h.placeOf(moving!, PARTITIONS);
  h.append(at, {
    key: utf8Bytes(subjectKey(moving!.tenantId, moving!.subjectId)),
    value: null,
    headers: [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }],
  });
  const tombs = () => h.read(CALL_OUTCOMES).filter(({ value }) => value === null).length;
  const folding = h.start(OUTCOMES);
  expect(await h.clock.runUntil(() => tombs() === 1, HOUR)).toBe(true);
  await h.stop([folding]);
  // What the tombstones took is gone.
  for (const topic of DERIVED_OF[SOURCE])
    for (let partition = 0; partition < PARTITIONS; partition += 1) h.world.topics.compact({ topic, partition });
  const before = h.read(CALL_OUTCOMES);
  server.restore(first);
  const again = h.start(OUTCOMES);
  const isFolded = (): boolean =>
    again
      .status()
      .some(
        (one) => one.at.topic === TOPIC && one.at.partition === at.partition && one.lagMs === 0 && one.waiting === 0,
      );
  expect(await h.clock.runUntil(isFolded, HOUR)).toBe(true);
  await h.clock.runUntil(() => false, 60_000);
  expect(h.read(CALL_OUTCOMES)).toEqual(before);
  await h.stop([again]);
});

it('a state that is lost before its subjects moved is folded by the number of before, and they move then', async () => {
  const { h, services, halves } = await underWay();
  await h.stop(services);
  h.world.topics.grow(TOPIC, NOW);
  for (const role of ROLES) lose(h, role);
  h.publish(halves.slice(0, 4).flatMap(restOf), PARTITIONS);
  h.publish(halves.slice(4, 8).flatMap(restOf));
  for (const role of ROLES) {
    const { log, store } = h.world.ports();
    for (const topic of SOURCES.map(rawTopic)) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const at = { topic, partition };
        const token = `recover ${role.name} ${topic}/${partition}`;
        const own = { store: store(role.name), log: log(role.name), partitions: PARTITIONS };
        await offerRecovery({ at, token, ...own });
      }
    }
  }
  const again = ROLES.map((role) => h.start(role));
  await h.clock.runUntil(() => false, 60_000);
  expect(outcomesOf(h).filter(({ outcomeId }) => /half-[0123]$/.test(outcomeId))).toHaveLength(4);
  for (const role of ROLES) await inTime(h, grow(h, role));
  h.publish(halves.slice(8).flatMap(restOf));
  await settle(h, again);
  expectInOrder(h);
  const outcomes = outcomesOf(h);
  expect(outcomes).toHaveLength(20 + 12);
  for (const one of outcomes)
    expect(one).toMatchObject({ outcome: 'answered', revision: 1, inferred: false, offers: 1 });
  expect(h.letters()).toEqual([]);
  await h.stop(again);
});

it.each([
  ['in all of them', [0, 1]],
  ['in one, while the first has moved', [1]],
])(
  'a store that failed over and lost a move where subjects came from, %s, is refused, and ended again',
  async (_where, those) => {
    const { h, services, halves } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    const server = h.world.storeServer(OUTCOMES.name);
    const before = server.snapshot();
    for (const role of ROLES) await inTime(h, grow(h, role));
    const moved = await statesOf(h, OUTCOMES);
    const added = h.start(OUTCOMES);
    h.publish(halves.slice(0, 6).flatMap(restOf));
    await settle(h, [added]);
    await h.stop([added]);
    // The partitions that were added lie on other servers.
    const isOfBefore = (place: string): boolean => those.some((partition) => place === `${TOPIC}/${partition}`);
    const lost = [...server.snapshot()].map(
      ([place, slot]) => [place, isOfBefore(place) ? before.get(place)! : slot] as const,
    );
    server.restore(new Map(lost));
    const again = ROLES.map((role) => h.start(role));
    await h.clock.runUntil(() => false, 30_000);
    expect(refusals(again)).toHaveLength(those.length);
    expect(refusals(again)).toContainEqual(
      expect.stringMatching(/were moved .* the store lost that here.*callfold recover/),
    );
    await inTime(h, grow(h, OUTCOMES));
    expect(await statesOf(h, OUTCOMES)).toEqual(moved);
    h.publish(halves.slice(6).flatMap(restOf));
    await settle(h, again);
    expectInOrder(h);
    expect(outcomesOf(h)).toHaveLength(20 + 12);
    for (const one of outcomesOf(h)) expect(one).toMatchObject({ outcome: 'answered', revision: 1, offers: 1 });
    expect(h.letters()).toEqual([]);
    await h.stop(again);
  },
);
