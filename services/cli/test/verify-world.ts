/** For tests of `callfold verify`: both roles at work on a site in memory, in virtual time. */

import { createCodec, createLocalRegistry, createMemoryWorld, createVirtualClock } from '@callfold/adapters';
import type { RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, partitionOf, rawTopic, SOURCES, subjectKey, TOPICS, utf8Bytes } from '@callfold/core';
import type { Service } from '@callfold/engine';
import { DEFAULT_LIMITS, startRole } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import { afterEach, expect } from 'vitest';
import { onSite } from '../src/on-site.ts';
import type { Site } from '../src/site.ts';
import { verifyPartition } from '../src/verification.ts';
import type { VerifyOptions } from '../src/verify-on.ts';
import { verifyOn } from '../src/verify-on.ts';
import type { Row, Sample } from '../src/verifying.ts';
import { eventOf } from './explain-site.ts';
import { memorySite } from './memory-site.ts';
import { openNearbyDev } from './nearby-dev.ts';

export const START = Date.UTC(2026, 0, 5, 9);
const HOUR = 3_600_000;
/** Of virtual time, until all is folded and published. */
const MOST_MS = 60_000;
export const TOPIC = rawTopic('callcenter24');
export const AT = { topic: TOPIC, partition: 0 };
const WORDS = ['Registred in CallCenter24', 'Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'];

/** A call that nobody answered, a second an event, appended as it happened. */
export function eventsOf(callId: string, startAt: number): RawEvent[] {
  return WORDS.map((status, index) =>
    eventOf({ source: 'callcenter24', callId, occurredAt: startAt + index * 1_000, status }),
  );
}

export async function openWorld(partitions = 1, settings = DEFAULT_SETTINGS) {
  const clock = createVirtualClock(START);
  const world = createMemoryWorld({ clock, batchRecords: 50 });
  for (const { name } of TOPICS) world.topics.create(name, partitions);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const ports = world.ports();
  const site = memorySite(world, ports, codec);
  let tokens = 0;
  const stopped = new Set<readonly Service[]>();
  function start(name: 'projector' | 'outcomes'): Service {
    return startRole(
      name === 'outcomes' ? OUTCOMES : projectorRole(settings),
      { settings, limits: DEFAULT_LIMITS },
      {
        consumer: ports.consumer(name, SOURCES.map(rawTopic)),
        log: ports.log(name),
        store: ports.store(name),
        codec,
        publisher: name === 'outcomes' ? ports.publisher() : null,
        clock,
        observer: () => undefined,
        newToken: () => `token-${(tokens += 1)}`,
      },
    );
  }
  const settled = (services: readonly Service[]) => (): boolean =>
    services.every((service) => {
      const status = service.status();
      const isQuiet = status.every(
        ({ at, committed, waiting, nextDue }) =>
          committed === world.topics.bounds(at).end && waiting === 0 && (nextDue ?? Infinity) > clock.now() + HOUR,
      );
      return status.length === SOURCES.length * partitions && isQuiet;
    });
  return {
    clock,
    world,
    site,
    ports,
    start,
    publish(callId: string, startAt = clock.now()): void {
      const at = { topic: TOPIC, partition: partitionOf('default', callId, partitions) };
      for (const event of eventsOf(callId, startAt)) {
        const key = utf8Bytes(subjectKey('default', callId));
        world.topics.append(at, [{ key, value: codec.encodeRaw(event), headers: [] }], event.occurredAt);
      }
    },
    async rest(services: readonly Service[]): Promise<void> {
      const isAtRest = await clock.runUntil(settled(services), MOST_MS);
      expect(isAtRest, JSON.stringify(services.map((service) => service.status()))).toBe(true);
    },
    async stop(services: readonly Service[]): Promise<void> {
      if (stopped.has(services)) return;
      stopped.add(services);
      await Promise.all([...services.map((service) => service.stop()), clock.runUntil(() => false, 60_000)]);
    },
    verify: (its: Site = site, sample: Sample = null, more: { partRecords?: number } = {}): Promise<Row[]> =>
      verifyPartition(its, AT, 'callcenter24', settings, {}, { sample, ...more }),
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export async function opened(calls: number, partitions = 1, settings = DEFAULT_SETTINGS) {
  const world = await openWorld(partitions, settings);
  const services = [world.start('projector'), world.start('outcomes')];
  closing.push(() => world.stop(services));
  for (let n = 0; n < calls; n += 1) world.publish(`c-${n}`, START + n * 10);
  await world.rest(services);
  return { world, services };
}

export async function run(world: World, options: VerifyOptions, json = false) {
  const dev = await openNearbyDev(world.site);
  closing.push(() => dev.close());
  return dev.run((context) => onSite('verify', options, context, verifyOn), json);
}

export const findingsOf = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ findings }) => findings.map(({ fault, where }) => `${fault} ${where}`));
