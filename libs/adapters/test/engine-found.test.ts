/** What the simulator found, each history cut down to what it needs. */

import type { Settings } from '@callfold/core';
import type { At } from '@callfold/engine';
import { CALL_OUTCOMES, DEFAULT_SETTINGS, rawTopic, subjectKey, utf8Bytes } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { call, event, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GARBAGE = { key: utf8Bytes('key'), value: new Uint8Array([9, 9, 9]) };

/** Agents that change their state every second; an event is appended when it happened, and all before anybody reads. */
function backlog(h: Harness, agents: number): void {
  for (let second = 0; second < 20; second += 1) {
    for (let n = 0; n < agents; n += 1) {
      const start = START + second * 1_000 + n * 10;
      const raw = event({ source: 'vonage', agentId: `a-${n}`, start, state: second % 2 === 0 ? 'Ready' : 'Busy' });
      const key = utf8Bytes(subjectKey(raw.tenantId, raw.subjectId));
      h.world.topics.append(h.placeOf(raw), [{ key, value: h.codec.encodeRaw(raw), headers: [] }], start);
    }
  }
}

describe('what the simulator found', () => {
  it('timers of one slice fire in it, though more of them are due than may be kept', async () => {
    const h = await openHarness();
    const settings: Settings = { ...DEFAULT_SETTINGS, settleMs: 500 };
    backlog(h, 8);
    const outcomes = h.start(OUTCOMES, settings, { loadedTimers: 1, sliceRecords: 1_000 });
    const projector = h.start(PROJECTOR, settings);
    expect(await h.clock.runUntil(h.settled([outcomes, projector]), HOUR)).toBe(true);
    expect(await h.findings(settings)).toEqual([]);
    await h.stop([outcomes, projector]);
  });

  it('a store that lost writes is noticed where nothing more comes', async () => {
    const h = await openHarness();
    h.publish(call('before', START));
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    const servers = ['projector', 'outcomes'].map((group) => h.world.storeServer(group));
    const replicas = servers.map((server) => server.snapshot());
    h.publish(call('after', h.clock.now()));
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    servers.forEach((server, index) => server.restore(replicas[index] ?? new Map()));
    expect(await h.findings()).not.toEqual([]);
    await h.clock.runUntil(() => false, MINUTE);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('a derived topic that was cut short is told of, and what is sent after it stands once', async () => {
    const h = await openHarness();
    for (let n = 0; n < 20; n += 1) h.publish(call(`call-${n}`, START));
    const projector = h.start(PROJECTOR);
    const before = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([projector, before]), HOUR)).toBe(true);
    // Until what was sent is known to be, and is in the outbox no more.
    await h.clock.runUntil(() => false, MINUTE);
    await h.stop([before]);
    const cut = { topic: CALL_OUTCOMES, partition: h.placeOf(call('call-0', START)[0]!).partition };
    const { end } = h.world.topics.bounds(cut);
    // By more than what fences write into it.
    h.world.topics.truncate(cut, end - 6);
    h.publish(call('third', h.clock.now()));
    const after = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([projector, after]), HOUR)).toBe(true);
    const told = h.said.filter(({ name }) => name === 'derived-lost');
    expect(told).toMatchObject([{ at: { partition: cut.partition }, derived: CALL_OUTCOMES, published: end }]);
    // What is lost stays lost until it is published again, and is not hidden; nothing else is wrong.
    const findings = await h.findings();
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) expect(finding).toMatch(/^(lost|gap) .*call-outcome/);
    await h.stop([projector, after]);
  });

  /** A call is published, and the log's end and the store lose what came after its events. */
  async function cutBack(between: (h: Harness, at: At) => void) {
    const h = await openHarness();
    const events = call('first', START);
    const at = h.placeOf(events[0]!);
    h.publish(events);
    const { end } = h.world.topics.bounds(at);
    const server = h.world.storeServer(OUTCOMES.name);
    const first = h.start(OUTCOMES);
    const isFolded = (): boolean => first.status().some((one) => one.at.topic === at.topic && one.committed === end);
    expect(await h.clock.runUntil(isFolded, HOUR)).toBe(true);
    const replica = server.snapshot();
    between(h, at);
    expect(await h.clock.runUntil(() => h.read(CALL_OUTCOMES).length === 1, HOUR)).toBe(true);
    await h.stop([first]);
    h.world.topics.truncate(at, end);
    server.restore(replica);
    between(h, at);
    const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    await h.stop(services);
    return { h, end };
  }

  it('what a tick caused that is gone from the log is not sent again when the next one causes it', async () => {
    const { h } = await cutBack(() => undefined);
    expect(h.read(CALL_OUTCOMES)).toHaveLength(1);
  });

  it('a letter of a record that is gone from the log is none of the one in its place', async () => {
    const { h, end } = await cutBack((one, at) => void one.append(at, GARBAGE));
    expect(h.letters().map(({ seq, letter }) => [seq, letter.originOffset])).toEqual([
      [0, end],
      [1, end],
    ]);
    expect(h.read(CALL_OUTCOMES)).toHaveLength(1);
  });

  it('a partition is taken back from an owner that claimed it and is gone', async () => {
    const h = await openHarness();
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    for (const group of ['projector', 'outcomes']) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        await h.world
          .ports()
          .store(group)
          .claim({ topic: rawTopic('callcenter24'), partition }, 'dropped by its group');
      }
    }
    h.publish(call('held', h.clock.now()));
    await h.clock.runUntil(() => false, 10_000);
    expect(h.said.filter(({ name }) => name === 'partition-fenced')).not.toEqual([]);
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('an outbox that is full does not hold a partition back that is given away', async () => {
    let stopped: Promise<void> | undefined;
    let isStopped = false;
    // Given away while a send is on its way: it succeeds, and the rest waits for the next owner.
    const h = await openHarness(
      () => 'none',
      () => {
        stopped ??= first.stop().then(() => {
          isStopped = true;
        });
      },
    );
    const at = { topic: rawTopic('callcenter24'), partition: 0 };
    for (let n = 0; n < 20; n += 1) h.append(at, { key: null, value: utf8Bytes(`not avro ${n}`) });
    const first = h.start(OUTCOMES, DEFAULT_SETTINGS, { outboxEntries: 1, sliceRecords: 4, sendRecords: 1 });
    expect(await h.clock.runUntil(() => isStopped, MINUTE)).toBe(true);
    expect(h.letters().length).toBeLessThan(20);
    const second = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([second]), HOUR)).toBe(true);
    expect(h.letters()).toHaveLength(20);
    await h.stop([second]);
  });

  it('what stands behind a record that could not be sent yet is not sent again by the next owner', async () => {
    let sends = 0;
    let isAway = false;
    const h = await openHarness((part, name) => {
      if (part !== 'kafka') return 'none';
      if (name === 'send' && (sends += 1) === 1) {
        // From now on the dead letter cannot be made, so that it and what is behind it waits.
        isAway = true;
        return 'after';
      }
      return isAway && name === 'readOne' ? 'before' : 'none';
    });
    const settings: Settings = { ...DEFAULT_SETTINGS, settleMs: 0 };
    const calls = Array.from({ length: 40 }, (_, n) => call(`c-${n}`, START));
    const [first = [], second = [], third = []] = calls.filter(([one]) => one && h.placeOf(one).partition === 0);
    const before = h.start(OUTCOMES, settings);
    expect(await h.clock.runUntil(h.settled([before]), HOUR)).toBe(true);
    h.publish(first);
    h.append({ topic: rawTopic('callcenter24'), partition: 0 }, { key: null, value: utf8Bytes('not avro') });
    h.publish(second);
    await h.clock.runUntil(() => sends > 0, MINUTE);
    await h.clock.runUntil(() => false, MINUTE);
    // One commit more, which says what is known to stand.
    h.publish(third);
    await h.clock.runUntil(() => false, MINUTE);
    await h.stop([before]);
    isAway = false;
    const services = [h.start(OUTCOMES, settings), h.start(PROJECTOR, settings)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    expect(await h.findings(settings)).toEqual([]);
    await h.stop(services);
  });
});
