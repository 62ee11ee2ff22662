import type { RawEvent, Settings } from '@callfold/core';
import { CALL_OUTCOMES, DEFAULT_SETTINGS, utf8Bytes, utf8Text } from '@callfold/core';
import type { At, Role, Survey } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import {
  ATS,
  call,
  event,
  everything,
  expectGapless,
  lose,
  offerAll,
  openHarness,
  OUTCOMES,
  PARTITIONS,
  PROJECTOR,
  START,
  surveyAll,
} from './engine-harness.ts';

/** A store that lost everything, and what `callfold recover` does then. */

const HOUR = 3_600_000;

function calls(from: number, count: number, at = START): RawEvent[] {
  return Array.from({ length: count }, (_, n) => call(`call-${from + n}`, at + n * 7_000)).flat();
}

function badRecords(h: Harness): void {
  for (const at of ATS) h.append(at, { key: null, value: utf8Bytes('not avro') });
}

async function runFor(h: Harness, role: Role, settings: Settings = DEFAULT_SETTINGS): Promise<void> {
  const service = h.start(role, settings);
  expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
  await h.stop([service]);
}

/** Over all partitions and topics. */
function sumOf(surveys: readonly Survey[]) {
  const sum = { same: 0, superseded: 0, missing: 0, changed: 0, surplus: 0, beforeHorizon: 0 };
  for (const { topics } of surveys) {
    for (const { topic: _topic, ...counts } of topics) {
      for (const [name, count] of Object.entries(counts)) sum[name as keyof typeof sum] += count;
    }
  }
  return sum;
}

const refusedOf = (service: { status(): readonly { readonly refused: string | null }[] }): number =>
  service.status().filter(({ refused }) => refused !== null).length;

describe('a lost store', () => {
  it('is told from the witness by a running owner that is idle, and recovered without a restart: nothing twice', async () => {
    const h = await openHarness();
    h.publish(calls(0, 30));
    badRecords(h);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    await h.clock.runUntil(() => false, 10_000);
    const before = everything(h);
    for (const [index, role] of [PROJECTOR, OUTCOMES].entries()) {
      lose(h, role);
      const service = services[index] as (typeof services)[number];
      // The partitions without a record have no witness: they begin anew by themselves.
      expect(await h.clock.runUntil(() => refusedOf(service) > 0, HOUR)).toBe(true);
      if (role === OUTCOMES) {
        const surveys = await surveyAll(h);
        expect(sumOf(surveys)).toEqual({ ...sumOf([]), same: before.length });
        expect(surveys.every(({ horizon }) => horizon === null)).toBe(true);
      }
      await offerAll(h, role);
      expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
      expect(refusedOf(service)).toBe(0);
    }
    expect(everything(h)).toEqual(before);
    expect(await h.findings()).toEqual([]);
    expect(await offerAll(h, OUTCOMES)).not.toContain(true);
    await h.stop(services);
  });

  it('publishes what was never sent, with the seqs that follow, when the witness is gone as well', async () => {
    const h = await openHarness();
    h.publish(calls(0, 20));
    badRecords(h);
    await runFor(h, OUTCOMES);
    const before = everything(h).length;
    h.publish(calls(20, 10, START + HOUR));
    badRecords(h);
    lose(h, OUTCOMES);
    const surveys = await surveyAll(h);
    // The calls' timers fire with the ticks that the owner writes.
    expect(sumOf(surveys)).toMatchObject({ same: before, changed: 0, surplus: 0, beforeHorizon: 0 });
    await offerAll(h, OUTCOMES);
    await runFor(h, OUTCOMES);
    expect(everything(h)).toHaveLength(before + 10 * 2 + PARTITIONS);
    expectGapless(h);
    await runFor(h, PROJECTOR);
    expect(await h.findings()).toEqual([]);
  });

  it('is recovered over any number of owners that end on the way, and of commits lost again', async () => {
    let commitsLeft = Infinity;
    const h = await openHarness((part, name) =>
      part === 'store' && name === 'commit' && (commitsLeft -= 1) < 0 ? 'before' : 'none',
    );
    // Over some time, so that what settles is published all along the log.
    for (let from = 0; from < 40; from += 4) {
      h.publish(calls(from, 4));
      badRecords(h);
      await h.clock.runUntil(() => false, 20_000);
    }
    await runFor(h, OUTCOMES);
    const before = everything(h);
    lose(h, OUTCOMES);
    await offerAll(h, OUTCOMES);
    const server = h.world.storeServer('outcomes');
    const cut = server.snapshot();
    const ends: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      commitsLeft = 6;
      const service = h.start(OUTCOMES, DEFAULT_SETTINGS, { sliceRecords: 20 });
      await h.clock.runUntil(() => commitsLeft < 0, HOUR);
      await h.stop([service]);
      for (const at of ATS) ends.push(server.peek(at)?.next ?? 0);
      if (turn === 3) server.restore(cut);
      expect(everything(h)).toEqual(before);
    }
    const end = h.world.topics.bounds(ATS[0] as At).end;
    expect(ends.filter((one) => one > 0 && one < end).length, 'stopped in the middle').toBeGreaterThan(4);
    commitsLeft = Infinity;
    await runFor(h, OUTCOMES);
    await runFor(h, PROJECTOR);
    expect(everything(h)).toEqual(before);
    expect(await h.findings()).toEqual([]);
  });

  it('is recovered from topics whose earlier revisions compaction took: none of them is sent again', async () => {
    const h = await openHarness();
    h.publish(calls(0, 10));
    await runFor(h, OUTCOMES);
    const late = Array.from({ length: 10 }, (_, n) =>
      event({
        source: 'callcenter24',
        callId: `call-${n}`,
        occurredAt: START + n * 7_000 - 5_000,
        status: 'Participant join (Contact)',
      }),
    );
    h.publish(late);
    await runFor(h, OUTCOMES);
    const before = everything(h).length;
    for (const at of ATS) h.world.topics.compact({ ...at, topic: CALL_OUTCOMES });
    const compacted = everything(h);
    expect(before - compacted.length).toBe(10);
    lose(h, OUTCOMES);
    expect(sumOf(await surveyAll(h))).toMatchObject({ superseded: 10, missing: 0, changed: 0, surplus: 0 });
    await offerAll(h, OUTCOMES);
    await runFor(h, OUTCOMES);
    expect(everything(h)).toEqual(compacted);
  });

  it('sends what other rules give as the next revision, with the correction, and leaves what no fold gives', async () => {
    const h = await openHarness();
    const abandoned = Array.from({ length: 6 }, (_, n) =>
      call(`call-${n}`, START + n * 7_000).filter(({ status }) => !status?.includes('Anna')),
    ).flat();
    h.publish(abandoned);
    await runFor(h, OUTCOMES);
    const before = everything(h).length;
    lose(h, OUTCOMES);
    const settings = { ...DEFAULT_SETTINGS, shortAbandonMs: 100_000 };
    expect(sumOf(await surveyAll(h, settings))).toMatchObject({ same: 0, changed: 6, missing: 0, surplus: 0 });
    await offerAll(h, OUTCOMES);
    await runFor(h, OUTCOMES, settings);
    const after = everything(h).slice(0);
    expect(after).toHaveLength(before + 6);
    expectGapless(h);
    const revisions = after.map(({ topic, value }) => h.codec.decodeDerived(topic, value ?? new Uint8Array()));
    expect(revisions.filter(({ revision, short }) => revision === 2 && short === true)).toHaveLength(6);
  });

  it('refuses more than may be held against, and says so', async () => {
    const h = await openHarness();
    h.publish(calls(0, 20));
    await runFor(h, OUTCOMES);
    await expect(surveyAll(h, DEFAULT_SETTINGS, 5)).rejects.toThrow(
      /More than 5 records of callfold\.raw\.callcenter24/,
    );
  });
});

describe('a log without its beginning', () => {
  it('corrects nothing of a call that began before it, and publishes what is missing after', async () => {
    const h = await openHarness();
    const [first = [], ...others] = Array.from({ length: 12 }, (_, n) => call(`call-${n}`, START + n * 60_000));
    h.publish(first.slice(0, 4));
    h.publish(others.flat());
    h.publish(first.slice(4));
    badRecords(h);
    await runFor(h, OUTCOMES);
    const before = everything(h);
    // One of each partition's first records is gone: of call-0 in its own, of another call in the other.
    for (const at of ATS) h.world.topics.retain(at, 3);
    lose(h, OUTCOMES);
    h.publish(call('later', START + HOUR));
    await runFor(h, PROJECTOR);
    const surveys = await surveyAll(h);
    expect(surveys.map(({ horizon }) => horizon?.start)).toEqual([3, 3]);
    const { same, changed, surplus, beforeHorizon } = sumOf(surveys);
    expect({ changed, surplus }).toEqual({ changed: 0, surplus: 0 });
    expect(beforeHorizon).toBeGreaterThan(0);
    expect(same + beforeHorizon).toBe(before.length);
    await offerAll(h, OUTCOMES);
    await runFor(h, OUTCOMES);
    const after = everything(h);
    expect(after.length - before.length).toBe(2);
    const fresh = after.filter(
      ({ value }) =>
        !before.some((one) => Buffer.compare(one.value ?? Buffer.alloc(0), value ?? Buffer.alloc(0)) === 0),
    );
    expect(fresh.map(({ key }) => utf8Text(key ?? new Uint8Array()).includes('later'))).toEqual([true, true]);
    expectGapless(h);
    expect(await h.findings()).toEqual([]);
  });

  it('is folded from where it begins when retention goes on between the command and the owner', async () => {
    const h = await openHarness();
    h.publish(calls(0, 12));
    await runFor(h, OUTCOMES);
    lose(h, OUTCOMES);
    await offerAll(h, OUTCOMES);
    for (const at of ATS) h.world.topics.retain(at, 5);
    const before = everything(h);
    await runFor(h, OUTCOMES);
    expect(everything(h)).toEqual(before);
  });
});
