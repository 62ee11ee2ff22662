import { DEFAULT_SETTINGS, TOPICS } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../src/avro/codec.ts';
import { createLocalRegistry } from '../src/avro/local-registry.ts';
import type { SchemaSource } from '../src/avro/schema-source.ts';
import { call, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';

const HOUR = 3_600_000;
const CALLS = 20;

/** As a registry that was set up anew: it gives each topic the id that the next topic has in the right one. */
async function anotherRegistry(): Promise<SchemaSource> {
  const right = createLocalRegistry();
  const ids = await Promise.all(TOPICS.map(({ name }) => right.register(name)));
  const idOf = (topic: string): number => ids[(TOPICS.findIndex(({ name }) => name === topic) + 1) % ids.length] ?? 0;
  const given = new Map(TOPICS.map(({ name }, index) => [idOf(name), ids[index] ?? 0]));
  return {
    schema: (id) => right.schema(given.get(id) ?? id),
    register: (topic) => Promise.resolve(idOf(topic)),
  };
}

describe('a service that was led to another registry', () => {
  it.each([OUTCOMES, PROJECTOR])('refuses what was folded there: $name', async (role) => {
    const h = await openHarness();
    h.publish(Array.from({ length: CALLS }, (_, n) => call(`call-${n}`, START + n * 10_000)).flat());
    const first = h.start(role);
    expect(await h.clock.runUntil(h.settled([first]), HOUR)).toBe(true);
    await Promise.all([first.stop(), h.clock.runUntil(() => false, 10_000)]);

    const letters = h.letters().length;
    h.publish(call('later', START + HOUR));
    const codec = createCodec(await anotherRegistry());
    await codec.register(TOPICS.map(({ name }) => name));
    const second = h.start(role, DEFAULT_SETTINGS, {}, undefined, codec);
    const refused = (): string[] => second.status().flatMap((one) => (one.refused === null ? [] : [one.refused]));
    await h.clock.runUntil(() => refused().length === PARTITIONS, HOUR);
    expect(refused()).toHaveLength(PARTITIONS);
    for (const message of refused()) expect(message).toMatch(/was folded as an event.*another registry/);
    await Promise.all([second.stop(), h.clock.runUntil(() => false, 10_000)]);

    const third = h.start(role);
    expect(await h.clock.runUntil(h.settled([third]), HOUR)).toBe(true);
    expect(h.letters().length).toBe(letters);
    await Promise.all([third.stop(), h.clock.runUntil(() => false, 10_000)]);
  });
});
