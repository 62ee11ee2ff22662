import type { RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, partitionOf } from '@callfold/core';
import type { Explained, RawLog } from '@callfold/engine';
import { explainSubject, metaOf, offerRecovery, placingStates, rulesOf } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import type { Link } from '../src/memory/link.ts';
import { call, lose, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';
import {
  afterMove,
  callsOf,
  grow,
  inTime,
  NOW,
  outcomesOf,
  restOf,
  ROLES,
  settle,
  startOf,
  TOPIC,
  underWay,
} from './growing.ts';

/** A subject is explained by all that its log has of it, also where it was moved to a partition that was added. */

const RULES = rulesOf(OUTCOMES, DEFAULT_SETTINGS);
const TENANT = 'default';

function rawOf(h: Harness): RawLog {
  const ports = h.world.ports();
  return {
    log: ports.log(PROJECTOR.name),
    store: placingStates(ports),
    codec: h.codec,
  };
}

async function explained(h: Harness, id: string, at?: { readonly offset: number }): Promise<Explained> {
  const [found] = await explainSubject(rawOf(h), { kind: 'call', id, tenantId: TENANT, ...(at && { at }) }, RULES);
  if (!found) throw new Error(`${id} is not in the log`);
  return found;
}

const publishedIn = ({ explanation: { timeline } }: Explained) =>
  timeline
    .flatMap(({ published }) => published.map(({ record }) => record))
    .filter(({ kind }) => kind === 'call-outcome');

const idOf = (events: readonly RawEvent[]): string => events[0]?.subjectId ?? '';
const isMoved = (id: string): boolean => partitionOf(TENANT, id, NOW) >= PARTITIONS;

const eventsOf = ({ explanation: { timeline } }: Explained) => timeline.filter((one) => one.what === 'event');

describe('a subject whose topic got more partitions', () => {
  it('is explained by its events of before and of since, as it was published', async () => {
    const { h, halves } = await afterMove();
    const services = ROLES.map((role) => h.start(role));
    h.publish(halves.flatMap(restOf));
    await settle(h, services);
    await h.stop(services);
    let moved = 0;
    for (const events of halves) {
      const id = idOf(events);
      const [before, now] = [PARTITIONS, NOW].map((count) => partitionOf(TENANT, id, count));
      const found = await explained(h, id);
      const told = eventsOf(found);
      expect(told).toHaveLength(events.length);
      expect(told.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
      expect(publishedIn(found)).toEqual(outcomesOf(h).filter((record) => 'callId' in record && record.callId === id));
      expect(found.place.partition).toBe(now);
      const hasMoved = before !== now;
      moved += hasMoved ? 1 : 0;
      const old = startOf(events).length;
      expect(told.map(({ partition }) => partition)).toEqual(
        events.map((_, place) => (hasMoved && place < old ? before : undefined)),
      );
      expect(found.place.before?.map(({ partition }) => partition)).toEqual(hasMoved ? [before] : undefined);
      // What it rests on says where it stands, too.
      const rests = found.explanation.records.flatMap(({ decision }) => decision.restsOn);
      for (const { eventId, partition } of rests)
        expect(partition).toBe(told.find((one) => one.eventId === eventId)?.partition);
      // An offset is of where it is by now: all of before is older.
      const first = told[old];
      if (hasMoved && first?.offset !== undefined && first.offset !== null) {
        expect(eventsOf(await explained(h, id, { offset: first.offset }))).toHaveLength(old + 1);
        if (first.offset > 0) expect(eventsOf(await explained(h, id, { offset: first.offset - 1 }))).toHaveLength(old);
      }
    }
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(halves.length);
  });

  it('is so as well when that came twice, and nothing that was refused in between is taken for its own', async () => {
    const { h, halves } = await afterMove();
    const services = ROLES.map((role) => h.start(role));
    await settle(h, services);
    // An upstream that has not learnt of it: refused where it was put.
    h.publish(call(halves.map(idOf).find(isMoved) ?? '', START).slice(-1), PARTITIONS);
    h.publish(halves.map((events) => restOf(events)[0]).filter((one) => one !== undefined));
    await settle(h, services);
    await h.stop(services);
    const thrice = 3 * NOW;
    h.world.topics.grow(TOPIC, thrice);
    for (const role of ROLES) await inTime(h, grow(h, role));
    const again = ROLES.map((role) => h.start(role));
    h.publish(halves.flatMap((events) => restOf(events).slice(1)));
    await settle(h, again);
    await h.stop(again);
    const ways = new Set<number>();
    for (const events of halves) {
      const id = idOf(events);
      const places = [PARTITIONS, NOW, thrice].map((count) => partitionOf(TENANT, id, count));
      const found = await explained(h, id);
      const told = eventsOf(found).filter(({ refused }) => refused === null);
      expect(told.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
      const before = places.slice(0, -1).filter((place) => place !== places[2]);
      expect((found.place.before ?? []).map(({ partition }) => partition)).toEqual(before);
      ways.add(new Set(places).size);
    }
    expect(ways.size).toBeGreaterThan(1);
  });

  it('is so also where events waited in an added partition while the old one went on', async () => {
    const { h, services, halves } = await underWay(40);
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    const again = ROLES.map((role) => h.start(role));
    // Upstreams that have learnt of it put the rest there, a second apart.
    for (let n = 0; n < 4; n += 1) {
      h.publish(halves.flatMap((events) => restOf(events).slice(n, n + 1)));
      await h.clock.runUntil(() => false, 1_000);
    }
    for (let n = 0; n < 6; n += 1) {
      await h.clock.runUntil(() => false, 60_000);
      h.publish(callsOf(`later${n}`, 6, h.clock.now()).flat(), PARTITIONS);
    }
    await h.clock.runUntil(() => false, 30_000);
    for (const role of ROLES) await inTime(h, grow(h, role));
    await settle(h, again);
    await h.stop(again);
    const moved = halves.map(idOf).filter(isMoved);
    expect(moved.length).toBeGreaterThan(5);
    for (const id of moved) {
      const stood = outcomesOf(h).filter((record) => 'callId' in record && record.callId === id);
      expect(publishedIn(await explained(h, id))).toEqual(stood);
    }
  });

  it('is so as well while its move is cut off', async () => {
    const { h, services, halves } = await underWay(40);
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    const moved = halves.map(idOf).filter(isMoved);
    const before = new Map<string, number>();
    for (const id of moved) before.set(id, (await explained(h, id)).seen.length);
    // The first partition moves last.
    const cutAtFirst: Link = async (name, at, run) => {
      if (name === 'claim' && at?.partition === 0) throw new Error('cut off');
      return run();
    };
    await expect(inTime(h, grow(h, OUTCOMES, cutAtFirst))).rejects.toThrow('cut off');
    for (const id of moved) expect((await explained(h, id)).seen).toHaveLength(before.get(id) ?? -1);
  });

  it('does not claim to know how a log was placed that was folded again', async () => {
    const { h } = await afterMove();
    const ports = h.world.ports();
    const [store, log] = [ports.store(OUTCOMES.name), ports.log(OUTCOMES.name)];
    lose(h, OUTCOMES);
    for (let partition = 0; partition < NOW; partition += 1) {
      const at = { topic: TOPIC, partition };
      const begun = { from: 0, outbox: 0, isGrown: true, placed: (await log.bounds(at)).end };
      await offerRecovery({ at, store, log, token: `again-${partition}`, partitions: NOW, begun });
    }
    h.world.topics.grow(TOPIC, 2 * NOW);
    await inTime(h, grow(h, OUTCOMES));
    const known = metaOf(await store.peek({ topic: TOPIC, partition: 0 }));
    expect([known?.partitions, known?.begun?.placedBy]).toEqual([2 * NOW, undefined]);
  });
});
