/** A raw topic that gets more partitions, with calls that are under way, in memory. */

import type { DerivedRecord, RawEvent } from '@callfold/core';
import { CALL_OUTCOMES, DEFAULT_SETTINGS, DERIVED_OF, partitionOf, rawTopic, readSubjectKey } from '@callfold/core';
import type { Grown, Role, Service } from '@callfold/engine';
import { DEFAULT_LIMITS, growthOf, growTopic, stoodFrom } from '@callfold/engine';
import { expect } from 'vitest';
import type { Link } from '../src/memory/link.ts';
import { directLink } from '../src/memory/link.ts';
import type { Harness } from './engine-harness.ts';
import { call, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, seqOf, START } from './engine-harness.ts';

export const SOURCE = 'callcenter24';
export const TOPIC = rawTopic(SOURCE);
export const HOUR = 3_600_000;
export const NOW = 2 * PARTITIONS;
export const ROLES = [PROJECTOR, OUTCOMES] as const;

export const callsOf = (name: string, count: number, at: number): RawEvent[][] =>
  Array.from({ length: count }, (_, n) => call(`${name}-${n}`, at));
export const startOf = (events: readonly RawEvent[]) => events.slice(0, 5);
export const restOf = (events: readonly RawEvent[]) => events.slice(5);

let tokens = 0;

export async function grow(h: Harness, role: Role, link: Link = directLink): Promise<Grown[]> {
  const ports = h.world.ports(link);
  const [log, store] = [ports.log(role.name), ports.store(role.name)];
  const counts = await growthOf(store, log, TOPIC);
  if (counts === null) return [];
  const options = {
    role,
    settings: DEFAULT_SETTINGS,
    limits: DEFAULT_LIMITS,
    ports: {
      log,
      store,
      codec: h.codec,
      publisher: role.publishes ? ports.publisher() : null,
      clock: h.clock,
      observer: () => undefined,
      newToken: () => `grow-${(tokens += 1)}`,
    },
  };
  return growTopic({ topic: TOPIC, source: SOURCE, options }, counts);
}

/** With the time that it takes, as others go on meanwhile. */
export async function inTime<Result>(h: Harness, work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  await h.clock.runUntil(() => isOver, HOUR);
  return over;
}

export async function settle(h: Harness, services: readonly Service[]): Promise<void> {
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
}

export const outcomesOf = (h: Harness): DerivedRecord[] =>
  h
    .read(CALL_OUTCOMES)
    .map(({ value }) => h.codec.decodeDerived(CALL_OUTCOMES, value as Uint8Array) as unknown as DerivedRecord);

/** Of each raw partition gapless, of each id in order and in one partition. */
export function expectInOrder(h: Harness): void {
  for (const topic of DERIVED_OF[SOURCE]) {
    const chains = new Map<string, number>();
    const partitions = new Map<string, number>();
    for (const record of h.read(topic)) {
      const stood = stoodFrom(record);
      if (stood === null) continue;
      const { origin, key } = stood;
      const chain = origin.slice(0, origin.lastIndexOf('/'));
      expect(seqOf(record)).toBe(chains.get(chain) ?? 0);
      chains.set(chain, seqOf(record) + 1);
      expect(partitions.get(key) ?? record.partition).toBe(record.partition);
      partitions.set(key, record.partition);
    }
  }
  const revisions = new Map<string, number>();
  for (const { outcomeId, revision } of outcomesOf(h)) {
    expect(revision).toBe((revisions.get(outcomeId) ?? 0) + 1);
    revisions.set(outcomeId, revision);
  }
}

export async function statesOf(h: Harness, role: Role): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for (let partition = 0; partition < h.world.topics.partitions(TOPIC); partition += 1) {
    for await (const slice of h.world.ports().store(role.name).scan({ topic: TOPIC, partition }, 'states')) {
      for (const [key] of slice) {
        expect(places.has(key)).toBe(false);
        places.set(key, partition);
      }
    }
  }
  return places;
}

export async function expectInPlace(h: Harness, role: Role, subjects: number): Promise<void> {
  const places = await statesOf(h, role);
  expect(places.size).toBe(subjects);
  for (const [key, partition] of places) {
    const { tenantId = '', subjectId = '' } = readSubjectKey(key) ?? {};
    expect(partition).toBe(partitionOf(tenantId, subjectId, h.world.topics.partitions(TOPIC)));
  }
}

export const refusals = (services: readonly Service[]): string[] =>
  services.flatMap((service) => service.status().flatMap(({ refused }) => refused ?? []));

/** Calls that are over, and the first half of calls that are under way; then there are more partitions. */
export async function underWay(count = 12) {
  const h = await openHarness();
  const services = ROLES.map((role) => h.start(role));
  h.publish(callsOf('old', 20, START).flat());
  await settle(h, services);
  const halves = callsOf('half', count, h.clock.now() - 10_000);
  h.publish(halves.flatMap(startOf));
  await h.clock.runUntil(() => false, 20_000);
  return { h, services, halves };
}

/** The same once the topic has grown and its subjects have moved; nobody is at work. */
export async function afterMove() {
  const { h, services, halves } = await underWay();
  await h.stop(services);
  h.world.topics.grow(TOPIC, NOW);
  for (const role of ROLES) await inTime(h, grow(h, role));
  return { h, halves };
}
