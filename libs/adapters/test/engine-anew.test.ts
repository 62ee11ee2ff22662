import type { DerivedRecord } from '@callfold/core';
import {
  CALL_OUTCOMES,
  DEAD_LETTERS,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  ERASE_HEADER,
  erasureText,
  rawTopic,
  subjectKey,
  utf8Bytes,
} from '@callfold/core';
import type { Aggregates, Generation, Role, Service } from '@callfold/engine';
import {
  beginAnew,
  begunBefore,
  compareContents,
  compareRange,
  decodeStood,
  DEFAULT_LIMITS,
  diffPartition,
  foldPartition,
  metaOf,
  offerRecovery,
  refusedName,
  rulesOf,
  stoodOf,
  surveyPartition,
} from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import {
  ATS,
  call,
  comparing,
  everything,
  expectGapless,
  lose,
  openHarness,
  OUTCOMES,
  PARTITIONS,
  PROJECTOR,
  START,
} from './engine-harness.ts';

/** A topic that was deleted and made anew, or that retention cut before it was folded: the states go on with it. */

const HOUR = 3_600_000;
const ROLES = [PROJECTOR, OUTCOMES] as const;
const BAD = { key: null, value: utf8Bytes('not avro') };

async function settle(h: Harness, services: readonly Service[]): Promise<void> {
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
}

/** Half of each call that is under way. */
const halves = (from: number, count: number, at: number) => {
  const calls = Array.from({ length: count }, (_, n) => call(`half-${from + n}`, at));
  return { first: calls.flatMap((events) => events.slice(0, 5)), rest: calls.flatMap((events) => events.slice(5)) };
};

const OLD = Array.from({ length: 20 }, (_, n) => call(`old-${n}`, START)).flat();

const startBoth = (h: Harness): Service[] => ROLES.map((role) => h.start(role));

async function beginAll(h: Harness, role: Role): Promise<boolean[]> {
  const { log, store } = h.world.ports();
  return Promise.all(
    ATS.map((at, index) =>
      beginAnew({ at, store: store(role.name), log: log(role.name), token: `anew-${role.name}-${index}`, from: null }),
    ),
  );
}

function expectEachOnce(h: Harness): void {
  expectGapless(h);
  const ids = outcomesOf(h).map(({ outcomeId, revision }) => `${outcomeId} ${revision}`);
  expect(new Set(ids).size).toBe(ids.length);
}

function outcomesOf(h: Harness): DerivedRecord[] {
  return h
    .read(CALL_OUTCOMES)
    .map(({ value }) => h.codec.decodeDerived(CALL_OUTCOMES, value ?? BAD.value) as unknown as DerivedRecord);
}

const refusals = (services: readonly Service[]): string[] =>
  services.flatMap((service) => service.status().flatMap(({ refused }) => refused ?? []));

/** Calls that are over, calls under way, a bad record at the beginning of each partition; then the log is another. */
async function madeAnew(newCalls: number) {
  const h = await openHarness();
  const services = startBoth(h);
  for (const at of ATS) h.append(at, BAD);
  h.publish(OLD);
  await settle(h, services);
  const { first, rest } = halves(0, 6, h.clock.now() - 10_000);
  h.publish(first);
  await h.clock.runUntil(() => false, 20_000);
  await h.stop(services);
  const before = everything(h);
  for (const at of ATS) h.world.topics.truncate(at, 0);
  for (const at of ATS) h.append(at, BAD);
  h.publish(rest);
  h.publish(Array.from({ length: newCalls }, (_, n) => call(`new-${n}`, h.clock.now() - 70_000)).flat());
  return { h, before };
}

describe('a topic made anew', () => {
  it.each([1, 60])('is refused, and then folded on with what is known: %i new calls', async (newCalls) => {
    const { h, before } = await madeAnew(newCalls);
    const services = startBoth(h);
    await h.clock.runUntil(() => false, 60_000);
    const said = refusals(services);
    expect(said).toHaveLength(2 * PARTITIONS);
    for (const message of said) expect(message).toMatch(/topic was made anew.*callfold recover/);
    expect(everything(h)).toEqual(before);
    for (const role of ROLES) expect(await beginAll(h, role)).toEqual([true, true]);
    await settle(h, services);
    expect(refusals(services)).toEqual([]);
    for (const one of before) expect(everything(h)).toContainEqual(one);
    expectEachOnce(h);
    // What was said of it before is not forgotten.
    const halfCalls = outcomesOf(h).filter(({ outcomeId }) => outcomeId.includes('half-'));
    expect(halfCalls).toHaveLength(6);
    for (const one of halfCalls) {
      expect(one).toMatchObject({ outcome: 'answered', revision: 1, inferred: false, offers: 1 });
      expect(one).not.toMatchObject({ queuedAt: null });
    }
    expect(outcomesOf(h).filter(({ outcomeId }) => outcomeId.includes('new-'))).toHaveLength(newCalls);
    expect(h.letters()).toHaveLength(2 * PARTITIONS);
    expect(await h.findings()).toEqual([]);
    for (const role of ROLES) expect(await beginAll(h, role)).toEqual([false, false]);
    await h.stop(services);
  });

  it('sends what was committed and not sent, and no bytes of another record with a letter', async () => {
    let isAway = false;
    const h = await openHarness((part, name) => (part === 'kafka' && name === 'send' && isAway ? 'before' : 'none'));
    const services = startBoth(h);
    h.publish(call('old', START));
    await settle(h, services);
    isAway = true;
    for (const at of ATS) h.append(at, BAD);
    h.publish(call('unsent', h.clock.now()));
    await h.clock.runUntil(() => false, 30_000);
    await h.stop(services);
    for (const at of ATS) h.world.topics.truncate(at, 0);
    const other = utf8Bytes('of the other log');
    for (const at of ATS) for (let n = 0; n < 20; n += 1) h.append(at, { key: null, value: other });
    for (const role of ROLES) await beginAll(h, role);
    isAway = false;
    const again = startBoth(h);
    await settle(h, again);
    expectEachOnce(h);
    const gone = h.letters().find(({ letter }) => letter.reason.includes('its bytes are gone'));
    expect(gone?.letter.value).toBeNull();
    expect(h.letters()).toHaveLength(PARTITIONS * 21);
    expect(outcomesOf(h).map(({ outcomeId }) => outcomeId)).toContain('default/callcenter24/unsent');
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('is compared by `replay outcomes` without what stands of the log before it', async () => {
    const { h } = await madeAnew(10);
    for (const role of ROLES) await beginAll(h, role);
    const services = startBoth(h);
    await settle(h, services);
    for (const at of ATS) {
      const { counts, differences, letters } = await compareRange(comparing(h, at, { patienceMs: 0 }));
      expect(differences).toEqual([]);
      expect(letters).toEqual({ surplus: 0, missing: 0 });
      const outcomes = counts.get(CALL_OUTCOMES);
      expect(outcomes).toMatchObject({ missing: 0, changed: 0, surplus: 0, moving: 0 });
      expect(outcomes?.same).toBeGreaterThan(0);
    }
    await h.stop(services);
  });

  it('is recovered when the store is lost as well: what stands tells that there was another log', async () => {
    const { h } = await madeAnew(10);
    for (const role of ROLES) await beginAll(h, role);
    const services = startBoth(h);
    await settle(h, services);
    await h.stop(services);
    const before = everything(h);
    lose(h, OUTCOMES);
    const { log, store, publisher } = h.world.ports();
    for (const [index, at] of ATS.entries()) {
      const reading = { at, source: 'callcenter24' as const, log: log('outcomes'), codec: h.codec };
      const begun = await begunBefore(reading, publisher(), DERIVED_OF.callcenter24);
      expect(begun).toEqual({ from: 0, outbox: 0 });
      const rules = rulesOf(OUTCOMES, DEFAULT_SETTINGS);
      const { standingRecords } = DEFAULT_LIMITS;
      const survey = await surveyPartition({ ...reading, derived: publisher(), rules, standingRecords, begun });
      for (const one of survey.topics) expect(one).toMatchObject({ missing: 0, changed: 0, surplus: 0 });
      await offerRecovery({ at, store: store('outcomes'), log: log('outcomes'), token: `offer-${index}`, begun });
    }
    for (const source of ['atlas', 'chatterfy', 'vonage'] as const) {
      for (const { partition } of ATS) {
        const at = { topic: rawTopic(source), partition };
        await offerRecovery({ at, store: store('outcomes'), log: log('outcomes'), token: `offer-${source}` });
      }
    }
    const again = startBoth(h);
    await settle(h, again);
    expect(everything(h)).toEqual(before);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });
});

/** Calls that are over, in both stores. */
async function folded(): Promise<Harness> {
  const h = await openHarness();
  const services = startBoth(h);
  h.publish(OLD);
  await settle(h, services);
  await h.stop(services);
  return h;
}

describe('a log of which retention took what was not folded', () => {
  it('is folded on from where it begins, and nothing twice', async () => {
    const h = await folded();
    h.publish(Array.from({ length: 20 }, (_, n) => call(`gone-${n}`, h.clock.now())).flat());
    for (const at of ATS) h.world.topics.retain(at, h.world.topics.bounds(at).end);
    h.publish(Array.from({ length: 20 }, (_, n) => call(`new-${n}`, h.clock.now())).flat());
    for (const role of ROLES) expect(await beginAll(h, role)).toEqual([true, true]);
    const again = startBoth(h);
    await settle(h, again);
    expectEachOnce(h);
    const ids = outcomesOf(h).map(({ outcomeId }) => outcomeId);
    expect(ids.filter((id) => id.includes('gone-'))).toEqual([]);
    expect(ids).toHaveLength(40);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });
});

describe('a log whose end was lost', () => {
  it('is folded on behind what is left of it, and what was folded is kept', async () => {
    const h = await folded();
    const before = everything(h);
    for (const at of ATS) h.world.topics.truncate(at, h.world.topics.bounds(at).end - 3);
    h.publish(Array.from({ length: 3 }, (_, n) => call(`new-${n}`, h.clock.now())).flat());
    for (const role of ROLES) expect(await beginAll(h, role)).toEqual([true, true]);
    const again = startBoth(h);
    await settle(h, again);
    expectEachOnce(h);
    for (const one of before) expect(everything(h)).toContainEqual(one);
    expect(outcomesOf(h)).toHaveLength(23);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });
});

/** As `callfold erase` writes it. */
function erase(h: Harness, callId: string): void {
  const [raw] = call(callId, START);
  if (!raw) throw new Error('an erasure is of somebody');
  const headers = [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }];
  h.append(h.placeOf(raw), { key: utf8Bytes(subjectKey(raw.tenantId, raw.subjectId)), value: null, headers });
}

describe('what was said of the other log', () => {
  it('is no surplus: tombstones of before, and of what was published before', async () => {
    const h = await folded();
    const services = startBoth(h);
    erase(h, 'old-0');
    await settle(h, services);
    await h.stop(services);
    for (const at of ATS) h.world.topics.truncate(at, 0);
    // As many as there were: offsets of tombstones come again.
    h.publish(Array.from({ length: 40 }, (_, n) => call(`new-${n}`, h.clock.now())).flat());
    for (const role of ROLES) await beginAll(h, role);
    const again = startBoth(h);
    await settle(h, again);
    erase(h, 'old-1');
    await settle(h, again);
    expect(everything(h).filter(({ topic, value }) => topic === CALL_OUTCOMES && value === null)).toHaveLength(2);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('does not hide letters of this one, where retention took the first of those of before', async () => {
    const h = await folded();
    const services = startBoth(h);
    for (const at of ATS) h.append(at, BAD);
    await settle(h, services);
    await h.stop(services);
    for (const at of ATS) h.world.topics.truncate(at, 0);
    for (const at of ATS) h.append(at, BAD);
    for (const role of ROLES) await beginAll(h, role);
    const again = startBoth(h);
    await settle(h, again);
    await h.stop(again);
    const [at = { topic: '', partition: 0 }] = ATS;
    const { log, store } = h.world.ports();
    const begun = metaOf(await store(OUTCOMES.name).peek(at))?.begun;
    const reading = { at, source: 'callcenter24', log: log('check'), codec: h.codec, begun } as const;
    const should = await foldPartition(reading, rulesOf(OUTCOMES, DEFAULT_SETTINGS), h.world.topics.bounds(at).end);
    const stood = h.read(DEAD_LETTERS).flatMap((record) => stoodOf(record, at) ?? []);
    expect(stood).toHaveLength(2);
    const order = { isTaken: () => true, lettersCut: true };
    expect(compareContents(decodeStood(stood, h.codec), should, h.codec, order).findings).toEqual([]);
    // One of this log that is missing is found.
    const lost = compareContents(decodeStood(stood.slice(0, 1), h.codec), should, h.codec, order);
    expect(lost.findings).toMatchObject([{ fault: 'lost', where: 'dead letter of offset 0' }]);
  });

  it('is told from what is at its offset now: refused as erased', async () => {
    const h = await folded();
    const [at = { topic: '', partition: 0 }] = ATS;
    h.world.topics.retain(at, 1);
    const { log } = h.world.ports();
    const { end } = h.world.topics.bounds(at);
    const [record] = (await log('check').read(at, 1, 1)).records;
    if (!record) throw new Error('nothing is left of the log');
    const erasedBefore = async (appendedAt: number) => {
      const refused = new Set([refusedName(record.offset, appendedAt)]);
      const reading = { at, source: 'callcenter24', log: log('check'), codec: h.codec, refused } as const;
      return (await foldPartition(reading, rulesOf(OUTCOMES, DEFAULT_SETTINGS), end)).erasedBefore.size;
    };
    expect(await erasedBefore(record.appendedAt)).toBe(1);
    expect(await erasedBefore(record.appendedAt - 1)).toBe(0);
  });

  it('is known to no generation that was folded from this one alone: not compared', async () => {
    const { h } = await madeAnew(10);
    for (const role of ROLES) await beginAll(h, role);
    const next = { ...PROJECTOR, name: 'next' as Role['name'] };
    const services = [...startBoth(h), h.start(next)];
    await settle(h, services);
    const { log, store } = h.world.ports();
    const of = ({ name }: Role): Aggregates => ({
      generation: { name, key: name, settings: '', state: 'kept', from: {} } as unknown as Generation,
      settings: DEFAULT_SETTINGS,
      store: store(name),
    });
    for (const [left, right] of [
      [of(PROJECTOR), of(next)],
      [of(next), of(PROJECTOR)],
    ] as const) {
      const counts = { same: 0, different: 0, unseen: 0, beforeHorizon: 0, moving: 0 };
      for (const at of ATS) {
        const diffing = { at, source: 'callcenter24', log: log('check'), clock: h.clock, left, right } as const;
        const differences = (async () => {
          const all = [];
          for await (const one of diffPartition(diffing, counts)) all.push(one);
          return all;
        })();
        let isOver = false;
        void differences.finally(() => {
          isOver = true;
        });
        await h.clock.runUntil(() => isOver, HOUR);
        expect(await differences).toEqual([]);
      }
      expect(counts).toMatchObject({ same: 10, different: 0, moving: 0 });
      expect(counts.beforeHorizon).toBeGreaterThan(0);
    }
    await h.stop(services);
  });

  it('is published under no revision that stands, though the state is an old copy that does not know of it', async () => {
    const h = await openHarness();
    const services = startBoth(h);
    const { first, rest } = halves(0, 6, h.clock.now() - 10_000);
    h.publish(first);
    await h.clock.runUntil(() => false, 20_000);
    const copies = new Map(ROLES.map(({ name }) => [name, h.world.storeServer(name).snapshot()]));
    h.publish(rest);
    await settle(h, services);
    await h.stop(services);
    expect(outcomesOf(h)).toHaveLength(6);
    for (const role of ROLES) h.world.storeServer(role.name).restore(copies.get(role.name) ?? new Map());
    for (const at of ATS) h.world.topics.truncate(at, 0);
    h.publish(call('new', h.clock.now() - 70_000));
    for (const role of ROLES) await beginAll(h, role);
    const again = startBoth(h);
    await settle(h, again);
    // What comes of them after that says something else than what stands.
    h.publish(rest.filter((_, index) => index % 3 === 2));
    await settle(h, again);
    expectEachOnce(h);
    expect(
      outcomesOf(h).filter(({ outcomeId, revision }) => outcomeId.includes('half-') && revision === 2),
    ).toHaveLength(6);
    await h.stop(again);
  });
});
