import type { DerivedRecord, RawEvent, Settings } from '@callfold/core';
import {
  CALL_OUTCOMES,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  encodeState,
  isRejection,
  partitionOf,
  rawTopic,
  recordJson,
  SEQ_HEADER,
  subjectKey,
  TOPICS,
  utf8Bytes,
  utf8Text,
} from '@callfold/core';
import type { EngineEvent, Role, Service } from '@callfold/engine';
import { createOfflineFold, DEFAULT_LIMITS, fileRules, rulesOf, startRole } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../src/avro/codec.ts';
import { createLocalRegistry } from '../src/avro/local-registry.ts';
import type { VirtualClock } from '../src/memory/clock.ts';
import { createVirtualClock } from '../src/memory/clock.ts';
import type { MemoryWorld } from '../src/memory/world.ts';
import { createMemoryWorld } from '../src/memory/world.ts';

const PARTITIONS = 2;
const TOPIC = rawTopic('callcenter24');
const START = Date.UTC(2026, 0, 5, 9);
const OUTCOMES: Role = { name: 'outcomes', publishes: true, view: null, feeds: false };
const PROJECTOR: Role = { name: 'projector', publishes: false, view: null, feeds: true };

type Harness = {
  readonly clock: VirtualClock;
  readonly world: MemoryWorld;
  readonly events: EngineEvent[];
  publish(events: readonly RawEvent[]): void;
  start(role: Role, limits?: Partial<typeof DEFAULT_LIMITS>, settings?: Settings): Promise<Service>;
  published(): Promise<{ record: DerivedRecord; seq: number; partition: number; topic: string }[]>;
  settled(service: Service): () => boolean;
};

async function harness(): Promise<Harness> {
  const clock = createVirtualClock(START);
  const world = createMemoryWorld({ clock, batchRecords: 50 });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const events: EngineEvent[] = [];
  let tokens = 0;
  return {
    clock,
    world,
    events,
    publish(raw) {
      for (const event of raw) {
        const at = {
          topic: rawTopic(event.source),
          partition: partitionOf(event.tenantId, event.subjectId, PARTITIONS),
        };
        const key = utf8Bytes(subjectKey(event.tenantId, event.subjectId));
        world.topics.append(at, [{ key, value: codec.encodeRaw(event), headers: [] }]);
      }
    },
    async start(role, limits = {}, settings = DEFAULT_SETTINGS) {
      const ports = world.ports();
      return startRole(
        role,
        { settings, limits: { ...DEFAULT_LIMITS, ...limits } },
        {
          consumer: ports.consumer(role.name, [TOPIC]),
          log: ports.log(role.name),
          store: ports.store(role.name),
          codec,
          publisher: role.publishes ? ports.publisher() : null,
          clock,
          observer: (event) => events.push(event),
          newToken: () => `token-${(tokens += 1)}`,
        },
      );
    },
    async published() {
      const found = [];
      for (const topic of DERIVED_OF.callcenter24) {
        for (let partition = 0; partition < PARTITIONS; partition += 1) {
          for (const one of world.topics.read({ topic, partition }, 0, 1_000_000).records) {
            const seq = Number(
              utf8Text(one.headers.find(({ name }) => name === SEQ_HEADER)?.value ?? new Uint8Array()),
            );
            const record = codec.decodeDerived(topic, one.value ?? new Uint8Array()) as unknown as DerivedRecord;
            found.push({ record, seq, partition, topic });
          }
        }
      }
      return found;
    },
    settled: (service) => () => {
      const status = service.status();
      const quiet = status.every(
        ({ at, position, committed, waiting, nextDue }) =>
          position === world.topics.bounds(at).end &&
          committed === position &&
          waiting === 0 &&
          (nextDue ?? Infinity) > clock.now() + 600_000,
      );
      return status.length === PARTITIONS && quiet;
    },
  };
}

function call(callId: string, startAt: number, answered: boolean): RawEvent[] {
  const words: [number, string][] = answered
    ? [
        [0, 'Registred in CallCenter24'],
        [1, 'Participant join (Contact)'],
        [2, 'Sending a request to display the call screen - [Anna] (Available)'],
        [3, 'Show call screen - [Anna]'],
        [8, 'Participant join ([Anna])'],
        [60, 'Participant leave ([Anna])'],
        [63, 'Participant leave (Contact)'],
        [63, 'Call ended'],
      ]
    : [
        [0, 'Registred in CallCenter24'],
        [1, 'Participant join (Contact)'],
        [20, 'Participant leave (Contact)'],
        [20, 'Call ended'],
      ];
  return words.map(([second, status]) => {
    const event = readEvent({ source: 'callcenter24', callId, occurredAt: startAt + second * 1_000, status });
    if (isRejection(event)) throw new Error(event.reason);
    return event;
  });
}

function day(calls: number): RawEvent[] {
  const all = Array.from({ length: calls }, (_, index) =>
    call(`call-${index}`, START + index * 7_000, index % 3 !== 0),
  ).flat();
  return all.sort((a, b) => a.occurredAt - b.occurredAt);
}

function lastOf(records: Iterable<DerivedRecord>): Map<string, Record<string, unknown>> {
  const last = new Map<string, Record<string, unknown>>();
  for (const record of records) {
    const { revision: _r, correctionOf: _c, ingestedAt: _i, ...json } = recordJson(record);
    last.set(record.outcomeId, json);
  }
  return last;
}

function foldFile(events: readonly RawEvent[]): DerivedRecord[] {
  const offline = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const records: DerivedRecord[] = [];
  for (const event of events) records.push(...offline.push(event).records);
  return [...records, ...offline.end()];
}

function expectGapless(published: Awaited<ReturnType<Harness['published']>>): void {
  for (const topic of DERIVED_OF.callcenter24) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const seqs = published.filter((one) => one.topic === topic && one.partition === partition).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index));
    }
  }
}

describe('the engine over the memory adapter', () => {
  it('publishes what a fold of the file gives, once and gapless, and ticks let the last calls settle', async () => {
    const { clock, published, publish, start, settled } = await harness();
    const events = day(60);
    publish(events);
    const outcomes = await start(OUTCOMES);
    expect(await clock.runUntil(settled(outcomes), 3_600_000)).toBe(true);
    const records = await published();
    expectGapless(records);
    expect(records.filter(({ topic }) => topic === CALL_OUTCOMES)).toHaveLength(60);
    expect(lastOf(records.map(({ record }) => record))).toEqual(lastOf(foldFile(events)));
    await Promise.all([outcomes.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('publishes what waits only for its timer, also by an owner that no record ever reaches', async () => {
    const { clock, published, publish, start, settled, world } = await harness();
    publish(day(20));
    const first = await start(OUTCOMES);
    const folded = (): boolean =>
      first.status().length > 0 &&
      first.status().every(({ at, committed }) => committed === world.topics.bounds(at).end);
    expect(await clock.runUntil(folded, 60_000)).toBe(true);
    await Promise.all([first.stop(), clock.runUntil(() => false, 10_000)]);
    const before = (await published()).length;
    const second = await start(OUTCOMES);
    expect(await clock.runUntil(settled(second), 3_600_000)).toBe(true);
    const records = await published();
    expect(records.length).toBeGreaterThan(before);
    expect(lastOf(records.map(({ record }) => record))).toEqual(lastOf(foldFile(day(20))));
    await Promise.all([second.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('keeps aggregates that are, byte for byte, those of a fold of the raw log', async () => {
    const { clock, world, publish, start, settled } = await harness();
    const events = day(40);
    publish(events);
    const projector = await start(PROJECTOR, { sliceRecords: 7 });
    expect(await clock.runUntil(settled(projector), 60_000)).toBe(true);
    const oracle = createOfflineFold(rulesOf(PROJECTOR, DEFAULT_SETTINGS));
    for (const event of events) oracle.push(event, START);
    const expected = [...oracle.states()].map((state): [string, string] => [
      subjectKey(state.tenantId, state.subjectId),
      encodeState(state),
    ]);
    const kept: (readonly [string, string])[] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for await (const slice of world.ports().store('projector').scan({ topic: TOPIC, partition }, 'states'))
        kept.push(...slice);
    }
    expect(new Map(kept)).toEqual(new Map(expected));
    await Promise.all([projector.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('gives the same records, ids, revisions and seqs whatever the batches were', async () => {
    const runs = [];
    for (const limits of [{ sliceRecords: 1 }, { sliceRecords: 13, loadedTimers: 3, cachedSubjects: 4 }, {}]) {
      const { clock, published, publish, start, settled } = await harness();
      publish(day(30));
      const outcomes = await start(OUTCOMES, limits);
      expect(await clock.runUntil(settled(outcomes), 3_600_000)).toBe(true);
      runs.push((await published()).map(({ record, seq, partition }) => [recordJson(record), seq, partition]));
      await Promise.all([outcomes.stop(), clock.runUntil(() => false, 10_000)]);
    }
    expect(runs[0]).toHaveLength(50);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it('goes on where another owner left off, without a gap or a repeat', async () => {
    const { clock, published, publish, start, settled } = await harness();
    const events = day(30);
    publish(events.slice(0, 90));
    const first = await start(OUTCOMES);
    expect(await clock.runUntil(settled(first), 3_600_000)).toBe(true);
    await Promise.all([first.stop(), clock.runUntil(() => false, 10_000)]);
    publish(events.slice(90));
    const second = await start(OUTCOMES);
    expect(await clock.runUntil(settled(second), 3_600_000)).toBe(true);
    const records = await published();
    expectGapless(records);
    expect(lastOf(records.map(({ record }) => record))).toEqual(lastOf(foldFile(events)));
    await Promise.all([second.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('sends nothing twice when the store forgets commits whose records were sent', async () => {
    const { clock, events: said, world, published, publish, start, settled } = await harness();
    const events = day(30);
    publish(events.slice(0, 60));
    const outcomes = await start(OUTCOMES);
    expect(await clock.runUntil(settled(outcomes), 3_600_000)).toBe(true);
    const snapshot = world.storeServer('outcomes').snapshot();
    publish(events.slice(60));
    expect(await clock.runUntil(settled(outcomes), 3_600_000)).toBe(true);
    const before = await published();
    world.storeServer('outcomes').restore(snapshot);
    publish(call('after-the-failover', clock.now(), true));
    const done = (): boolean => settled(outcomes)() && said.some(({ name }) => name === 'partition-moved');
    expect(await clock.runUntil(done, 3_600_000)).toBe(true);
    const after = await published();
    expectGapless(after);
    const fresh = after.filter(({ record }) => record.outcomeId.includes('after-the-failover'));
    expect(after.length - before.length).toBe(fresh.length);
    expect(fresh).toHaveLength(2);
    await Promise.all([outcomes.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('refuses a partition whose state is gone while its records stand, and says what to do', async () => {
    const { clock, events: said, world, publish, start, settled } = await harness();
    publish(day(6));
    const first = await start(OUTCOMES);
    expect(await clock.runUntil(settled(first), 3_600_000)).toBe(true);
    await Promise.all([first.stop(), clock.runUntil(() => false, 10_000)]);
    world.storeServer('outcomes').restore(new Map());
    const second = await start(OUTCOMES);
    await clock.runUntil(() => second.status().filter(({ refused }) => refused !== null).length === PARTITIONS, 60_000);
    const refusals = said.flatMap((event) => (event.name === 'partition-refused' ? [event.message] : []));
    expect(refusals).toHaveLength(PARTITIONS);
    for (const message of refusals) expect(message).toContain('callfold recover');
    await Promise.all([second.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('refuses a topic that has partitions beyond a multiple of what it had, and says how many make one', async () => {
    const { clock, events: said, world, publish, start, settled } = await harness();
    publish(day(6));
    const first = await start(PROJECTOR);
    expect(await clock.runUntil(settled(first), 60_000)).toBe(true);
    await Promise.all([first.stop(), clock.runUntil(() => false, 10_000)]);
    world.topics.grow(TOPIC, PARTITIONS + 1);
    const second = await start(PROJECTOR);
    const refused = (): number =>
      second.status().filter((one) => one.at.topic === TOPIC && one.refused !== null).length;
    await clock.runUntil(() => refused() === PARTITIONS + 1, 60_000);
    expect(refused()).toBe(PARTITIONS + 1);
    const refusals = said.flatMap((event) => (event.name === 'partition-refused' ? [event.message] : []));
    for (const message of refusals)
      expect(message).toMatch(/has 3 partitions, .*made with 2 .*until there are 4, .*callfold recover/);
    await Promise.all([second.stop(), clock.runUntil(() => false, 10_000)]);
  });

  it('refuses other settings than the state was made with, and names the one', async () => {
    const { clock, events: said, publish, start, settled } = await harness();
    publish(day(6));
    const first = await start(PROJECTOR);
    expect(await clock.runUntil(settled(first), 60_000)).toBe(true);
    await Promise.all([first.stop(), clock.runUntil(() => false, 10_000)]);
    const second = await start(PROJECTOR, {}, { ...DEFAULT_SETTINGS, teardownMs: 1 });
    await clock.runUntil(() => second.status().filter(({ refused }) => refused !== null).length === PARTITIONS, 60_000);
    const refusal = said.find((event) => event.name === 'partition-refused');
    expect(refusal?.name === 'partition-refused' && refusal.message).toContain('teardownMs=5000');
    await Promise.all([second.stop(), clock.runUntil(() => false, 10_000)]);
  });
});
