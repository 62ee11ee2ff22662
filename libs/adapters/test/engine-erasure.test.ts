import type { RawEvent, Settings, Tombstone } from '@callfold/core';
import {
  AGENT_OFFERS,
  CALL_OUTCOMES,
  CODES,
  DEAD_LETTERS,
  decodeState,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  ERASE_HEADER,
  erasureText,
  isErased,
  subjectKey,
  utf8Bytes,
  utf8Text,
} from '@callfold/core';
import type { DerivedRecord } from '@callfold/core';
import type { Role, Service } from '@callfold/engine';
import {
  compareRange,
  erasuresIn,
  originText,
  redrive,
  redriveRecord,
  redriveRefusal,
  redriveTarget,
  subjectOf,
} from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import { piiDisguise } from '../src/ops/pii.ts';
import type { Harness } from './engine-harness.ts';
import {
  ATS,
  call,
  comparing,
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

/** One person's data goes, wherever in the log that is asked for, and does not come back. */

const HOUR = 3_600_000;
const OUTCOME = (callId: string): string => `default/callcenter24/${callId}`;

/** As `callfold erase` writes it. */
function erase(h: Harness, [raw]: readonly RawEvent[], named: readonly Tombstone[] = []): number {
  if (!raw) throw new Error('an erasure is of somebody');
  const key = utf8Bytes(subjectKey(raw.tenantId, raw.subjectId));
  const headers = [{ name: ERASE_HEADER, value: utf8Bytes(erasureText(named)) }];
  return h.append(h.placeOf(raw), { key, value: null, headers });
}

async function settle(h: Harness, services: readonly Service[], quietMs?: number): Promise<void> {
  expect(await h.clock.runUntil(h.settled(services, quietMs), HOUR)).toBe(true);
  await h.clock.runUntil(() => false, 10_000);
}

/** By topic and id what a reader of the compacted topics has; null: a tombstone. */
function lastOf(h: Harness): Map<string, Uint8Array | null> {
  const last = new Map<string, Uint8Array | null>();
  for (const topic of DERIVED_OF.callcenter24) {
    if (topic === DEAD_LETTERS) continue;
    for (const { key, value } of h.read(topic)) last.set(`${topic} ${utf8Text(key ?? utf8Bytes(''))}`, value);
  }
  return last;
}

const aliveOf = (h: Harness): string[] => [...lastOf(h)].flatMap(([name, value]) => (value === null ? [] : [name]));

async function stateOf(h: Harness, role: Role, raw: RawEvent) {
  const key = subjectKey(raw.tenantId, raw.subjectId);
  const [text] = await h.world.ports().store(role.name).read(h.placeOf(raw), 'states', [key]);
  return text ? decodeState(text, raw.source, key) : null;
}

/** Everything that stands of a call, as the command finds it. */
function namedOf(h: Harness, callId: string): Tombstone[] {
  return DERIVED_OF.callcenter24.flatMap((topic) =>
    topic === DEAD_LETTERS
      ? []
      : h.read(topic).flatMap(({ value }) => {
          if (value === null) return [];
          const record = h.codec.decodeDerived(topic, value) as unknown as DerivedRecord;
          return subjectOf(record).subjectId === callId
            ? [{ topic, outcomeId: record.outcomeId, revision: record.revision }]
            : [];
        }),
  );
}

const MINE = call('mine', START);
const OTHERS = [...call('other', START), ...call('third', START + 5_000), ...call('fourth', START + 9_000)];

/** Published by both roles, and erased. */
async function openErased() {
  const h = await openHarness();
  h.publish([...MINE, ...OTHERS]);
  const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
  await settle(h, services);
  const offset = erase(h, MINE);
  await settle(h, services);
  return { h, services, at: h.placeOf(MINE[0] as RawEvent), offset };
}

/** Both roles from a start until all is folded and sent. */
async function runBoth(h: Harness): Promise<void> {
  const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
  await settle(h, services);
  await h.stop(services);
}

describe('an erasure', () => {
  it('takes what was published, in order and once, and leaves nothing but that it was', async () => {
    const h = await openHarness();
    h.publish([...MINE, ...OTHERS]);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await settle(h, services);
    expect(aliveOf(h)).toContain(`${CALL_OUTCOMES} ${OUTCOME('mine')}`);
    erase(h, MINE);
    await settle(h, services);
    const last = lastOf(h);
    expect(last.get(`${CALL_OUTCOMES} ${OUTCOME('mine')}`)).toBeNull();
    expect(last.get(`${AGENT_OFFERS} ${OUTCOME('mine')}/Anna/1`)).toBeNull();
    expect(aliveOf(h)).toHaveLength(6);
    expectGapless(h);
    for (const role of [PROJECTOR, OUTCOMES]) {
      const state = await stateOf(h, role, MINE[0] as RawEvent);
      expect(state && isErased(state)).toBe(true);
      expect(state?.facts).toEqual([]);
    }
    const told = h.said.flatMap((one) => (one.name === 'subject-erased' ? [[one.role, one.tombstones]] : []));
    expect(told).toHaveLength(2);
    expect(told).toEqual(
      expect.arrayContaining([
        ['outcomes', 2],
        ['projector', 0],
      ]),
    );
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('before anything was published publishes nothing, and what comes after is refused without a copy of it', async () => {
    const h = await openHarness();
    h.publish(MINE.slice(0, 5));
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await settle(h, services, 0);
    erase(h, MINE);
    h.publish(MINE.slice(5));
    await settle(h, services);
    expect([...lastOf(h)]).toEqual([]);
    const letters = h.letters();
    expect(letters).toHaveLength(MINE.length - 5);
    for (const { letter, key } of letters) {
      expect(letter).toMatchObject({ code: 'erased', key: null, value: null, headers: [] });
      expect(letter.originAppendedAt).toBeGreaterThan(0);
      expect(`${letter.reason}${originText(letter)}${key}`).not.toContain('mine');
      expect(redriveRefusal(letter, true)).toBe('its subject was erased');
    }
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('takes what the state forgot long ago, where it names it', async () => {
    const h = await openHarness();
    const settings: Settings = { ...DEFAULT_SETTINGS, dropAfterMs: 60_000, markerMs: 120_000 };
    h.publish([...MINE, ...OTHERS]);
    const services = [h.start(PROJECTOR, settings), h.start(OUTCOMES, settings)];
    // The call is dropped, and then its marker.
    await settle(h, services);
    expect(await stateOf(h, OUTCOMES, MINE[0] as RawEvent)).toBeNull();
    erase(h, MINE, namedOf(h, 'mine'));
    await settle(h, services);
    expect(aliveOf(h).filter((name) => name.includes('mine'))).toEqual([]);
    expect(aliveOf(h)).toHaveLength(6);
    expectGapless(h);
    expect(await h.findings(settings)).toEqual([]);
    h.publish(MINE);
    await settle(h, services);
    expect(aliveOf(h)).toHaveLength(6);
    expect(h.letters().map(({ letter }) => letter.code)).toEqual(MINE.map(() => 'erased'));
    await h.stop(services);
  });

  it('asked for twice stands twice, and takes nothing more', async () => {
    const h = await openHarness();
    h.publish(MINE);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await settle(h, services);
    const named = namedOf(h, 'mine');
    erase(h, MINE, named);
    erase(h, MINE, named);
    await settle(h, services);
    expect(aliveOf(h)).toEqual([]);
    expectGapless(h);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it.each([
    ['without a key', { key: null }, 'bad-erasure'],
    ['of a key that is nobody', { key: utf8Bytes('nobody') }, 'bad-erasure'],
    ['that says something else', { headers: [{ name: ERASE_HEADER, value: utf8Bytes('yes') }] }, 'bad-erasure'],
    ['without the header', { headers: [] }, 'no-value'],
  ] as const)('%s is a dead letter and erases nothing', async (_name, wrong, code) => {
    const h = await openHarness();
    h.publish(MINE);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    const [raw] = MINE as [RawEvent];
    const right = {
      key: utf8Bytes(subjectKey(raw.tenantId, raw.subjectId)),
      value: null,
      headers: [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }],
    };
    h.append(h.placeOf(raw), { ...right, ...wrong });
    const there = h.placeOf(raw);
    h.append({ ...there, partition: (there.partition + 1) % PARTITIONS }, right);
    await settle(h, services);
    expect(
      h
        .letters()
        .map(({ letter }) => letter.code)
        .toSorted((a, b) => (a < b ? -1 : 1)),
    ).toEqual([code, 'wrong-partition']);
    // A key may be anything, also a number to call: the letter has it as its key, and its reason does not.
    expect(h.letters().map(({ letter }) => letter.reason)).toContain(CODES[code]);
    const log = h.world.ports().log('check');
    for (const at of ATS) expect(await erasuresIn(log, at, 0, 1_000, PARTITIONS)).toEqual(new Set());
    expect(aliveOf(h)).toHaveLength(2);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('that an older version took for a record without a value erases when its dead letter is sent again', async () => {
    const h = await openHarness();
    h.publish(MINE);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await settle(h, services);
    const [raw] = MINE as [RawEvent];
    const at = h.placeOf(raw);
    const key = utf8Bytes(subjectKey(raw.tenantId, raw.subjectId));
    const headers = [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }];
    const letter = { code: 'no-value', originTopic: at.topic, originPartition: at.partition, originOffset: 8 };
    const more = { originAppendedAt: START, key, value: null, headers, attempts: 1, source: raw.source };
    const kept = { kind: 'dead-letter', reason: '', ...letter, ...more } as const;
    expect(redriveRefusal(kept, false)).toBeNull();
    expect(redriveTarget(kept, h.codec, PARTITIONS)).toEqual(at);
    h.append(at, redriveRecord(kept));
    await settle(h, services);
    expect(aliveOf(h)).toEqual([]);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('takes the disguised records of a disguised subject', async () => {
    const h = await openHarness();
    const settings: Settings = { ...DEFAULT_SETTINGS, disguise: piiDisguise('one key of thirty-two characters') };
    h.publish([...MINE, ...OTHERS]);
    const services = [h.start(PROJECTOR, settings), h.start(OUTCOMES, settings)];
    await settle(h, services);
    erase(h, MINE);
    await settle(h, services);
    expect([...lastOf(h).values()].filter((value) => value === null)).toHaveLength(2);
    expect(aliveOf(h)).toHaveLength(6);
    expect(await h.findings(settings)).toEqual([]);
    await h.stop(services);
  });
});

/** The store of `outcomes` is lost, and `callfold recover --execute` lays down where to begin. */
async function recoverOutcomes(h: Harness): Promise<void> {
  lose(h, OUTCOMES);
  await offerAll(h, OUTCOMES);
}

describe('an erasure that is gone from the log, by what refused events say', () => {
  /** Erased, said once more, and of the log only that is left. */
  async function forgotten(again = MINE) {
    const { h, services, at, offset } = await openErased();
    h.publish(again);
    await h.clock.runUntil(() => false, 60_000);
    // Time passes in every partition, so that what begins anew there would be told.
    h.publish(['a', 'b', 'c', 'd'].flatMap((id) => call(id, START + 90_000)));
    await settle(h, services);
    h.world.topics.retain(at, offset + 1);
    compact(h);
    return { h, at, services };
  }

  it('leaves nothing that is compared: letters, records and states of its subject are of before', async () => {
    const { h, services } = await forgotten();
    expect(h.letters().map(({ letter }) => letter.code)).toEqual(MINE.map(() => 'erased'));
    // What compaction took leaves gaps, which `orderOf` judges.
    expect((await h.findings()).filter((text) => !text.startsWith('gap '))).toEqual([]);
    await h.stop(services);
  });

  it('is no surplus of a recovery', async () => {
    const { h, at, services } = await forgotten(MINE.slice(0, 1));
    await h.stop(services);
    const survey = (await surveyAll(h))[at.partition];
    const letters = survey?.topics.find(({ topic }) => topic === DEAD_LETTERS);
    expect(letters).toMatchObject({ surplus: 0, beforeHorizon: 1 });
  });
});

describe('a fold from the start, of a log with an erasure', () => {
  it.each([
    ['what it took still stands in front of its tombstones', () => undefined],
    ['compaction took what it took', (h: Harness) => compact(h)],
  ])('publishes nothing of it again: %s', async (_name, since) => {
    const { h, services } = await openErased();
    await h.stop(services);
    since(h);
    const before = everything(h);
    const surveys = await surveyAll(h);
    expect(
      surveys.flatMap(({ topics }) => topics).reduce((sum, { missing, surplus }) => sum + missing + surplus, 0),
    ).toBe(0);
    await recoverOutcomes(h);
    await runBoth(h);
    expect(everything(h)).toEqual(before);
  });

  it('gives its tombstones again where compaction took even those, and never what they take', async () => {
    const { h, services, at } = await openErased();
    await h.stop(services);
    // Tombstones go from the start on, and what stands behind them stays.
    h.publish(call('last', START + 60_000));
    await runBoth(h);
    compact(h);
    const tombs = h.read(CALL_OUTCOMES).filter(({ value }) => value === null);
    h.world.topics.retain({ topic: CALL_OUTCOMES, partition: at.partition }, (tombs.at(-1)?.offset ?? 0) + 1);
    await recoverOutcomes(h);
    await runBoth(h);
    const texts = h.read(CALL_OUTCOMES).flatMap(({ key, value }) => (value ? [utf8Text(key ?? utf8Bytes(''))] : []));
    expect(texts).not.toContain(OUTCOME('mine'));
  });

  it('that corrects a range finds nothing to publish of it', async () => {
    const { h, services, at } = await openErased();
    compact(h);
    // Also the tombstones are gone.
    for (const topic of [CALL_OUTCOMES, AGENT_OFFERS]) {
      h.world.topics.retain({ ...at, topic }, h.world.topics.bounds({ ...at, topic }).end);
    }
    const compared = await compareRange(comparing(h, at));
    const names = compared.differences.map(({ id }) => id);
    expect(names.filter((id) => id.includes('mine'))).toEqual([]);
    await h.stop(services);
  });
});

describe('an erasure in a partition that is not its subject’s', () => {
  it('is a dead letter, and is taken where it belongs once that is sent again', async () => {
    const h = await openHarness();
    h.publish([...MINE, ...OTHERS]);
    const services = [h.start(PROJECTOR), h.start(OUTCOMES)];
    await settle(h, services);
    const mine = MINE[0] as RawEvent;
    const at = h.placeOf(mine);
    h.append(
      { ...at, partition: (at.partition + 1) % PARTITIONS },
      {
        key: utf8Bytes(subjectKey(mine.tenantId, mine.subjectId)),
        value: null,
        headers: [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }],
      },
    );
    await settle(h, services);
    const [letter] = h.letters().map((one) => one.letter);
    expect(letter).toMatchObject({ code: 'wrong-partition', value: null });
    expect(redriveTarget(letter!, h.codec, PARTITIONS)).toEqual(at);
    const letters = (async function* () {
      yield letter!;
    })();
    const publisher = h.world.ports().publisher();
    const redriving = { target: at, letters, publisher, stop: { requested: false }, progress: () => undefined };
    expect(await redrive(redriving)).toMatchObject({ sent: 1 });
    await settle(h, services);
    expect(aliveOf(h).filter((name) => name.includes('mine'))).toEqual([]);
    for (const role of [PROJECTOR, OUTCOMES]) expect(isErased((await stateOf(h, role, mine))!)).toBe(true);
    await h.stop(services);
  });
});

function compact(h: Harness): void {
  for (const topic of [CALL_OUTCOMES, AGENT_OFFERS]) {
    for (const { partition } of ATS) h.world.topics.compact({ topic, partition });
  }
}
