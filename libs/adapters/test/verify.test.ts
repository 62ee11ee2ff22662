/** The comparison must be able to find: each of its verdicts once, on what is right and on what was spoilt. */

import { DEFAULT_SETTINGS, encodeState, partitionOf, rawTopic, subjectKey, utf8Bytes } from '@callfold/core';
import type { Peek, Role, Stood } from '@callfold/engine';
import { createOfflineFold, createSeqReader, foldPartition, rulesOf } from '@callfold/engine';
import { expect, it } from 'vitest';
import { createCodec } from '../src/avro/codec.ts';
import { createLocalRegistry } from '../src/avro/local-registry.ts';
import { createMemoryWorld } from '../src/memory/world.ts';
import { createVirtualClock } from '../src/memory/clock.ts';
import { call } from './engine-harness.ts';

const TOPIC = rawTopic('callcenter24');
const START = Date.UTC(2026, 0, 5, 9);
const AT = { topic: TOPIC, partition: 0 };
const PROJECTOR: Role = { name: 'projector', publishes: false, view: null, feeds: true };
const RULES = rulesOf(PROJECTOR, DEFAULT_SETTINGS);

const stood = (seq: number): Stood => ({
  topic: 'callfold.call-outcomes',
  seq,
  origin: `${TOPIC}/0/${seq}`,
  key: 'k',
  value: new Uint8Array(),
});

it('finds records that come twice, are missing, or stand behind a later revision', () => {
  const seqs = createSeqReader();
  const faults = (seq: number, revision: number): string[] =>
    seqs.take(stood(seq), { id: 'a', revision }).map(({ fault }) => fault);
  expect(faults(0, 1)).toEqual([]);
  expect(faults(1, 2)).toEqual([]);
  expect(faults(1, 2)).toEqual(['duplicated', 'disordered']);
  expect(faults(3, 3)).toEqual(['gap']);
  expect(faults(4, 1)).toEqual(['disordered']);
  expect(seqs.take(stood(5), null)).toEqual([]);
});

it('finds states that are ahead of the position they were seen with, or behind it, or of nobody', async () => {
  const world = createMemoryWorld({ clock: createVirtualClock(START) });
  world.topics.create(TOPIC, 1);
  const codec = createCodec(createLocalRegistry());
  await codec.register([TOPIC]);
  const events = call('peeked', START);
  expect(partitionOf('default', 'peeked', 1)).toBe(0);
  const key = subjectKey('default', 'peeked');
  const offline = createOfflineFold(RULES, true);
  const texts: string[] = [];
  for (const one of events) {
    world.topics.append(AT, [{ key: utf8Bytes(key), value: codec.encodeRaw(one), headers: [] }], START);
    offline.push(one, START);
    texts.push([...offline.states()].map(encodeState).join());
  }
  const reading = { at: AT, source: 'callcenter24' as const, log: world.ports().log('check'), codec };
  const peekedAs = async (next: number, states: Peek['states']): Promise<unknown> => {
    const { peeked } = await foldPartition(reading, RULES, events.length, [{ next, states }]);
    return [peeked.same, ...peeked.findings.map(({ fault }) => fault)];
  };
  for (let next = 1; next <= events.length; next += 1)
    expect(await peekedAs(next, new Map([[key, texts[next - 1]!]]))).toEqual([1]);
  expect(await peekedAs(3, new Map([[key, texts[3]!]]))).toEqual([0, 'different']);
  expect(await peekedAs(3, new Map([[key, texts[1]!]]))).toEqual([0, 'different']);
  expect(await peekedAs(3, new Map([['default/nobody', 'x']]))).toEqual([0, 'surplus']);
  // Beyond what was folded: not looked at.
  expect(await peekedAs(events.length + 1, new Map([['default/nobody', 'x']]))).toEqual([0]);
});
