import type { RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, partitionOf } from '@callfold/core';
import type { Explained, RawLog } from '@callfold/engine';
import { explainSubject, rulesOf } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { call, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';
import { afterMove, grow, inTime, NOW, outcomesOf, restOf, ROLES, settle, startOf, TOPIC } from './growing.ts';

/** A subject is explained by all that its log has of it, also where it was moved to a partition that was added. */

const RULES = rulesOf(OUTCOMES, DEFAULT_SETTINGS);
const TENANT = 'default';

function rawOf(h: Harness): RawLog {
  const ports = h.world.ports();
  return { log: ports.log(PROJECTOR.name), store: ports.store(PROJECTOR.name), codec: h.codec };
}

async function explained(h: Harness, id: string, at?: { readonly offset: number }): Promise<Explained> {
  const [found] = await explainSubject(rawOf(h), { kind: 'call', id, tenantId: TENANT, ...(at && { at }) }, RULES);
  if (!found) throw new Error(`${id} is not in the log`);
  return found;
}

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
      const id = events[0]?.subjectId ?? '';
      const [before, now] = [PARTITIONS, NOW].map((count) => partitionOf(TENANT, id, count));
      const found = await explained(h, id);
      const told = eventsOf(found);
      expect(told).toHaveLength(events.length);
      expect(told.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
      const revisions = found.explanation.timeline.flatMap(({ published }) => published.map(({ record }) => record));
      expect(revisions.filter(({ kind }) => kind === 'call-outcome')).toEqual(
        outcomesOf(h).filter((record) => 'callId' in record && record.callId === id),
      );
      expect(found.place.partition).toBe(now);
      const isMoved = before !== now;
      moved += isMoved ? 1 : 0;
      const old = startOf(events).length;
      expect(told.map(({ partition }) => partition)).toEqual(
        events.map((_, place) => (isMoved && place < old ? before : undefined)),
      );
      expect(found.place.before?.map(({ partition }) => partition)).toEqual(isMoved ? [before] : undefined);
      // What it rests on says where it stands, too.
      const rests = found.explanation.records.flatMap(({ decision }) => decision.restsOn);
      for (const { eventId, partition } of rests)
        expect(partition).toBe(told.find((one) => one.eventId === eventId)?.partition);
      // An offset is of where it is by now: all of before is older.
      const first = told[old];
      if (isMoved && first?.offset !== undefined && first.offset !== null) {
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
    const moves = ({ tenantId, subjectId }: RawEvent): boolean => partitionOf(tenantId, subjectId, NOW) >= PARTITIONS;
    const late = halves.map(([first]) => first).find((one) => one !== undefined && moves(one));
    h.publish(call(late?.subjectId ?? '', START).slice(-1), PARTITIONS);
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
      const id = events[0]?.subjectId ?? '';
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
});
