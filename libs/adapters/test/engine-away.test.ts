import type { RawEvent } from '@callfold/core';
import { CALL_OUTCOMES, partitionOf, rawTopic, SOURCES, utf8Bytes } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../infra/random.mjs';
import type { Fault, Harness, Part } from './engine-harness.ts';
import { call, event, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, seqOf, START } from './engine-harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CALLS = 20;

/** Calls that begin ten seconds apart from `from` on, and one broken record in each partition. */
function publishSome(h: Harness, from: number): void {
  const events = Array.from({ length: CALLS }, (_, n) => call(`call-${from + n}`, START + (from + n) * 10_000)).flat();
  h.publish(events);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    h.append({ topic: rawTopic('callcenter24'), partition }, { key: null, value: utf8Bytes(`not avro ${from}`) });
  }
}

/** By role, part and what was being done: how often it was said to be away and to be back. */
function saidOf(h: Harness, role: string): { away: string[]; back: string[] } {
  const ofRole = h.said.filter((one) => one.role === role);
  const away = ofRole.flatMap((one) => (one.name === 'infrastructure-away' ? [one.doing] : []));
  const back = ofRole.flatMap((one) => (one.name === 'infrastructure-back' ? [one.doing] : []));
  return { away: [...new Set(away)].sort(), back: [...new Set(back)].sort() };
}

function expectComplete(h: Harness, calls: number): void {
  const ids = h.read(CALL_OUTCOMES).map(({ key }) => String.fromCodePoint(...(key ?? [])));
  expect(new Set(ids).size).toBe(calls);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const seqs = h.read(CALL_OUTCOMES).flatMap((one) => (one.partition === partition ? [seqOf(one)] : []));
    expect(seqs).toEqual(seqs.map((_, index) => index));
  }
}

describe('infrastructure that is away for a while', () => {
  const PARTS: readonly (readonly [part: Part, projector: readonly string[], outcomes: readonly string[]])[] = [
    ['registry', ['reading schemas'], ['reading schemas']],
    ['store', ['reading states'], ['reading states']],
    ['kafka', [], ['sending derived records']],
  ];

  it.each(PARTS)(
    '%s: is waited for, said to be away and to be back, and nothing is lost',
    async (part, ...expected) => {
      const down = new Set<Part>();
      const h = await openHarness((one) => (down.has(one) ? 'before' : 'none'));
      publishSome(h, 0);
      const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
      expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
      expect(h.said.filter(({ name }) => name.startsWith('infrastructure'))).toEqual([]);

      down.add(part);
      publishSome(h, CALLS);
      await h.clock.runUntil(() => false, MINUTE);
      const reports = services.flatMap((service) => service.status());
      for (const { at, refused } of reports) expect(refused, `${at.topic}/${at.partition}`).toBeNull();
      const waits = services.map((service) => service.status().flatMap(({ away }) => (away === null ? [] : [away])));
      for (const [index, doings] of expected.entries()) {
        for (const doing of doings) expect(waits[index]?.join('\n')).toContain(`${doing}: ${part} is away`);
      }

      down.delete(part);
      const isBack = (): boolean => services.every((one) => one.status().every(({ away }) => away === null));
      expect(await h.clock.runUntil(() => h.settled(services)() && isBack(), HOUR)).toBe(true);
      for (const [index, role] of ['projector', 'outcomes'].entries()) {
        const { away, back } = saidOf(h, role);
        expect(away).toEqual(expect.arrayContaining([...(expected[index] ?? [])]));
        expect(back, `${role}: all that was away is back`).toEqual(away);
      }
      expectComplete(h, 2 * CALLS);
      expect(h.letters()).toHaveLength(2 * PARTITIONS);
      expect(await h.findings()).toEqual([]);
      await h.stop(services);
    },
  );

  it.each(['registry', 'store', 'kafka'] as const)('%s: is waited for at the start as well', async (part) => {
    let isAway = true;
    const h = await openHarness((one) => (isAway && one === part ? 'before' : 'none'));
    publishSome(h, 0);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await h.clock.runUntil(() => false, MINUTE);
    expect(h.read(CALL_OUTCOMES)).toEqual([]);
    isAway = false;
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    expectComplete(h, CALLS);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('is asked again after pauses that grow to a limit, not in a storm', async () => {
    let isAway = false;
    let calls = 0;
    const h = await openHarness((part) => {
      if (part !== 'store' || !isAway) return 'none';
      calls += 1;
      return 'before';
    });
    const service = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    isAway = true;
    publishSome(h, 0);
    await h.clock.runUntil(() => false, 10 * MINUTE);
    // Every 3 s at most, once per partition: those without records only look whether their state is there.
    expect(calls).toBeGreaterThan(SOURCES.length * PARTITIONS * 190);
    expect(calls).toBeLessThan(SOURCES.length * PARTITIONS * 230);
    isAway = false;
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    await h.stop([service]);
  });

  it('when only ticks cannot be written: is said once in a while, and that it is back', async () => {
    let isAway = false;
    const h = await openHarness((_part, name) => (isAway && name === 'tick' ? 'before' : 'none'));
    const service = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    isAway = true;
    h.publish(call('waits-for-a-tick', START));
    await h.clock.runUntil(() => false, 10 * MINUTE);
    const { away } = saidOf(h, 'outcomes');
    expect(away).toEqual(['keeping watch']);
    const times = h.said.filter(({ name }) => name === 'infrastructure-away').length;
    expect(times).toBeGreaterThan(5);
    expect(times).toBeLessThan(300);
    const waits = service.status().flatMap((one) => (one.away === null ? [] : [one.away]));
    expect(waits).toHaveLength(1);
    expect(waits[0]).toContain('kafka is away, asked for tick');
    isAway = false;
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    expect(saidOf(h, 'outcomes').back).toEqual(['keeping watch']);
    for (const one of service.status()) expect(one.away).toBeNull();
    expectComplete(h, 1);
    await h.stop([service]);
  });

  it('does not keep a service from stopping', async () => {
    const down = new Set<Part>();
    const h = await openHarness((part) => (down.has(part) ? 'before' : 'none'));
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    down.add('store').add('kafka').add('registry');
    publishSome(h, 0);
    await h.clock.runUntil(() => false, MINUTE);
    let stopped = 0;
    for (const service of services) void service.stop().then(() => (stopped += 1));
    expect(await h.clock.runUntil(() => stopped === services.length, MINUTE)).toBe(true);
    down.clear();
    const again = [h.start(PROJECTOR), h.start(OUTCOMES)];
    expect(await h.clock.runUntil(h.settled(again), HOUR)).toBe(true);
    expectComplete(h, CALLS);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });
});

describe('calls that fail now and then', () => {
  const SEEDS: readonly string[] = process.env['CALLFOLD_TEST_SEED']?.split(',') ?? ['1', '2', '3', '4'];

  it.each(SEEDS)('before or after they are done: nothing is lost, nothing twice (seed %s)', async (seed) => {
    const random = createRandom(`faults/${seed}`);
    let share = 0.15;
    const fault = (): Fault => {
      const one = random.next();
      if (one < share) return 'before';
      return one < 2 * share ? 'after' : 'none';
    };
    const h = await openHarness(fault);
    publishSome(h, 0);
    const services = [
      h.start(PROJECTOR, undefined, { sliceRecords: 13 }),
      h.start(OUTCOMES, undefined, { sliceRecords: 9, sendRecords: 4 }),
    ];
    await h.clock.runUntil(() => false, MINUTE);
    publishSome(h, CALLS);
    const gone = event({
      source: 'callcenter24',
      callId: 'left',
      occurredAt: START,
      status: 'Call ended',
    }) satisfies RawEvent;
    h.publish([gone]);
    expect(partitionOf('default', gone.subjectId, PARTITIONS)).toBe(h.placeOf(gone).partition);
    await h.clock.runUntil(() => false, MINUTE);
    share = 0;
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    expectComplete(h, 2 * CALLS + 1);
    expect(h.letters()).toHaveLength(2 * PARTITIONS);
    expect(await h.findings()).toEqual([]);
    expect(h.said.filter(({ name }) => name === 'partition-refused')).toEqual([]);
    await h.stop(services);
  });
});
