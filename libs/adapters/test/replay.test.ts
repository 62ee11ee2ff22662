import type { RawEvent, Settings } from '@callfold/core';
import { CALL_OUTCOMES, DEFAULT_SETTINGS, DERIVED_OF, utf8Text } from '@callfold/core';
import type { At, Compared, Log, RangeCounts, Replayed, Service } from '@callfold/engine';
import { compareRange, offerRecovery, replayRange, requestsTaken } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { ATS, call, comparing, event, openHarness, OUTCOMES, PROJECTOR, seqOf, START } from './engine-harness.ts';

/**
 * `callfold replay outcomes` over the memory world. Code that was wrong is settings that are put right afterwards, with
 * the checkpoint made to believe that they always were.
 */

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER };
/** Short, so that the world is not looked at for days. */
const RIGHT: Settings = {
  ...DEFAULT_SETTINGS,
  closeAfterMs: 4 * MINUTE,
  dropAfterMs: 5 * MINUTE,
  markerMs: 10 * MINUTE,
};
const WRONG: Settings = { ...RIGHT, shortAbandonMs: 100_000 };

const abandoned = (from: number, count: number, at = START): RawEvent[] =>
  Array.from({ length: count }, (_, n) =>
    call(`call-${from + n}`, at + n * 7_000).filter(({ status }) => !status?.includes('Anna')),
  ).flat();

const annaJoins = (callId: string, occurredAt: number): RawEvent =>
  event({ source: 'callcenter24', callId, occurredAt, status: 'Participant join ([Anna])' });

async function settle(h: Harness, services: readonly Service[]): Promise<void> {
  expect(await h.clock.runUntil(h.settled(services, 30_000), HOUR)).toBe(true);
}

async function runFor(h: Harness, settings: Settings): Promise<void> {
  const service = h.start(OUTCOMES, settings);
  await settle(h, [service]);
  await h.stop([service]);
}

/** From now on the code is the right one. */
function mend(h: Harness, wrong: Settings = WRONG, right: Settings = RIGHT): void {
  const server = h.world.storeServer('outcomes');
  const mended = [...server.snapshot()].map(([place, slot]) => {
    let meta = slot.meta ?? '';
    for (const [name, value] of Object.entries({ ...wrong } as Readonly<Record<string, unknown>>)) {
      meta = meta.replace(`${name}=${String(value)}`, `${name}=${String(right[name as 'settleMs'])}`);
    }
    return [place, { ...slot, meta: slot.meta === null ? null : meta }] as const;
  });
  server.restore(new Map(mended));
}

type Options = { readonly range?: typeof ALL; readonly settings?: Settings; readonly patienceMs?: number };

/** One partition as the command does it, while the world goes on. */
async function run<Result>(h: Harness, work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  ended.catch(() => undefined);
  await h.clock.runUntil(() => isOver, HOUR);
  return ended;
}

const asking = (h: Harness, at: At, options: Options) =>
  comparing(h, at, { range: ALL, settings: RIGHT, patienceMs: 60_000, ...options });

const compare = (h: Harness, at: At, options: Options = {}): Promise<Compared> =>
  run(h, compareRange(asking(h, at, options)));

async function replay(h: Harness, at: At, options: Options = {}): Promise<Replayed> {
  const asked = asking(h, at, options);
  return run(
    h,
    (async () => {
      await requestsTaken(asked);
      return replayRange(asked, await compareRange(asked));
    })(),
  );
}

function sum(all: readonly Compared[]): RangeCounts {
  const total = { same: 0, missing: 0, changed: 0, surplus: 0, beforeHorizon: 0, moving: 0, erased: 0 };
  for (const { counts } of all) {
    for (const of of counts.values()) {
      for (const name of Object.keys(total) as (keyof RangeCounts)[]) total[name] += of[name];
    }
  }
  return total;
}

const compareAll = async (h: Harness, options: Options = {}): Promise<RangeCounts> => {
  const all: Compared[] = [];
  for (const at of ATS) all.push(await compare(h, at, options));
  return sum(all);
};

async function replayAll(h: Harness, options: Options = {}): Promise<Replayed> {
  const total = { published: 0, moved: 0 };
  for (const at of ATS) {
    const { published, moved } = await replay(h, at, options);
    total.published += published;
    total.moved += moved;
  }
  return total;
}

const outcomesOf = (h: Harness) =>
  h.read(CALL_OUTCOMES).map(({ value }) => h.codec.decodeDerived(CALL_OUTCOMES, value ?? new Uint8Array()));

function expectGapless(h: Harness): void {
  for (const topic of DERIVED_OF.callcenter24) {
    for (const { partition } of ATS) {
      const seqs = h
        .read(topic)
        .filter((one) => one.partition === partition)
        .map(seqOf);
      expect(seqs).toEqual(seqs.map((_, index) => index));
    }
  }
}

/** The fold of the log, as it should stand by the right code. */
async function expectVerified(h: Harness): Promise<void> {
  const projector = h.start(PROJECTOR, RIGHT);
  await settle(h, [projector]);
  await h.stop([projector]);
  expect(await h.findings(RIGHT)).toEqual([]);
  expectGapless(h);
}

/** Calls of an owner that takes requests, and how many of them are made to fail, one in each turn. */
const TAKING = new Set(['commit', 'fence', 'read', 'readBack', 'send']);
const STEPS = 12;

const CORRECTED = { published: 8, moved: 0 };

describe('a replay of outcomes', () => {
  it('tells what differs and changes nothing, then has the owner of idle partitions publish it once', async () => {
    const h = await openHarness();
    h.publish([...abandoned(0, 8), ...call('answered', START)]);
    await runFor(h, WRONG);
    expect(await compareAll(h, { settings: WRONG })).toMatchObject({ same: 10, changed: 0 });
    mend(h);
    const before = h.read(CALL_OUTCOMES).length;
    expect(await compareAll(h)).toMatchObject({ same: 2, changed: 8, missing: 0, surplus: 0 });
    expect(h.read(CALL_OUTCOMES)).toHaveLength(before);

    const service = h.start(OUTCOMES, RIGHT);
    expect(await replayAll(h)).toEqual(CORRECTED);
    expect(await compareAll(h)).toMatchObject({ same: 10, changed: 0 });
    expect(await replayAll(h)).toEqual({ published: 0, moved: 0 });
    const after = outcomesOf(h);
    expect(after).toHaveLength(before + 8);
    expect(after.filter(({ revision, short }) => revision === 2 && short === false)).toHaveLength(8);

    // The state knows what stands: the next change of a call is the revision after it.
    await h.clock.runUntil(() => false, MINUTE);
    const late = event({
      source: 'callcenter24',
      callId: 'call-3',
      occurredAt: START + 3 * 7_000 + 30_000,
      status: 'Participant join ([Boris])',
    });
    h.publish([late]);
    await settle(h, [service]);
    const third = outcomesOf(h).filter(({ callId, revision }) => callId === 'call-3' && Number(revision) > 2);
    expect(third).toMatchObject([{ revision: 3, outcome: 'answered', correctionOf: 'abandoned' }]);
    await h.stop([service]);
    await expectVerified(h);
  });

  it('corrects what has gone from the store, and only subjects of the range', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    const service = h.start(OUTCOMES, WRONG);
    await settle(h, [service]);
    const middle = ATS.map((at) => h.world.topics.bounds(at).end);
    await h.clock.runUntil(() => false, 20 * MINUTE);
    h.publish(abandoned(100, 4, START + 20 * MINUTE));
    await settle(h, [service]);
    await h.stop([service]);
    mend(h);
    const gone = h.world.storeServer('outcomes').fields(ATS[0] as At, 'states');
    expect(gone.every(([key]) => key.includes('call-10'))).toBe(true);
    const owner = h.start(OUTCOMES, RIGHT);
    const counts: number[] = [];
    for (const at of ATS) {
      const { published } = await replay(h, at, { range: { from: 0, to: middle[at.partition] ?? 0 } });
      counts.push(published);
    }
    expect(counts.reduce((all, one) => all + one)).toBe(8);
    expect(await compareAll(h)).toMatchObject({ changed: 4 });
    expect((await replayAll(h)).published).toBe(4);
    await h.stop([owner]);
    await expectVerified(h);
  });

  it('publishes what is missing, and leaves what the log does not give', async () => {
    const wrong = { ...RIGHT, closeAfterMs: 100 * HOUR };
    const h = await openHarness();
    const silent = Array.from({ length: 6 }, (_, n) => call(`silent-${n}`, START + n * 7_000).slice(0, 2)).flat();
    h.publish(silent);
    const old = h.start(OUTCOMES, wrong);
    await h.clock.runUntil(() => false, 5 * MINUTE);
    h.publish(abandoned(0, 4, START + 5 * MINUTE));
    await h.clock.runUntil(() => false, MINUTE);
    await h.stop([old]);
    mend(h, wrong);
    expect(await compareAll(h)).toMatchObject({ same: 4, missing: 6, surplus: 0 });
    const service = h.start(OUTCOMES, RIGHT);
    expect(await replayAll(h)).toEqual({ published: 6, moved: 0 });
    await settle(h, [service]);
    await h.stop([service]);
    expect(outcomesOf(h).filter(({ inferred }) => inferred === true)).toMatchObject(
      Array.from({ length: 6 }, () => ({ revision: 1, correctionOf: null, outcome: 'unknown' })),
    );
    await expectVerified(h);

    // The other way round: what was published then would not be published today, and is not taken back.
    mend(h, RIGHT, wrong);
    const standing = h.read(CALL_OUTCOMES).length;
    expect(await compareAll(h, { settings: wrong })).toMatchObject({ same: 4, surplus: 6, missing: 0, changed: 0 });
    const owner = h.start(OUTCOMES, wrong);
    expect(await replayAll(h, { settings: wrong })).toEqual({ published: 0, moved: 0 });
    await h.stop([owner]);
    expect(h.read(CALL_OUTCOMES)).toHaveLength(standing);
  });

  it('leaves the calls that went on to their owner in every lot, and reads once what has come since', async () => {
    const h = await openHarness();
    const count = 1_300;
    h.publish(abandoned(0, count));
    await runFor(h, WRONG);
    mend(h);
    const service = h.start(OUTCOMES, RIGHT);
    const at = ATS[0] as At;
    const asked = asking(h, at, {});
    const compared = await run(h, compareRange(asked));
    const subjects = compared.subjects.map(({ key }) => key);
    expect(subjects.length).toBeGreaterThan(501);
    // The first and the last one, which are asked for in different lots.
    const gone = [subjects[0], subjects.at(-1)].map((key) => String(key).split('/')[1] ?? '');
    h.publish(gone.map((callId) => annaJoins(callId, START + count * 7_000)));
    await settle(h, [service]);
    const reads: number[] = [];
    const read: Log['read'] = (place, offset, most) => {
      reads.push(offset);
      return asked.log.read(place, offset, most);
    };
    const log = { ...asked.log, read };
    const replayed = await run(h, replayRange({ ...asked, log }, compared));
    expect(replayed).toEqual({ published: subjects.length - gone.length, moved: gone.length });
    expect(reads.filter((offset) => offset === compared.position)).toHaveLength(1);
    await h.stop([service]);
  });

  it('says when no owner is at work, and goes on when one is', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    await runFor(h, WRONG);
    mend(h);
    for (const at of ATS) {
      await expect(replay(h, at, { patienceMs: 5_000 })).rejects.toThrow(/requests lie in the store and no owner/);
      await expect(replay(h, at, { patienceMs: 5_000 })).rejects.toThrow(/requests lie in the store and no owner/);
    }
    const service = h.start(OUTCOMES, RIGHT);
    expect(await replayAll(h)).toEqual({ published: 0, moved: 0 });
    expect(outcomesOf(h)).toHaveLength(16);
    await h.stop([service]);
    await expectVerified(h);
  });

  it('puts a request aside when its subject has gone on since, and what stands is right all the same', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    await runFor(h, WRONG);
    mend(h);
    for (const at of ATS) await expect(replay(h, at, { patienceMs: 1_000 })).rejects.toThrow(/no owner/);
    // An event of each call lies in the log before any owner looks at the requests.
    h.publish(Array.from({ length: 8 }, (_, n) => annaJoins(`call-${n}`, START + n * 7_000 + 20_000)));
    const service = h.start(OUTCOMES, RIGHT, { requestsMs: 60_000 });
    await settle(h, [service]);
    await h.clock.runUntil(() => false, 5 * 60_000);
    const taken = h.said.filter((one) => one.name === 'requests-taken');
    expect(taken.reduce((all, one) => all + (one.name === 'requests-taken' ? one.stale : 0), 0)).toBe(8);
    expect(
      outcomesOf(h)
        .filter(({ revision }) => revision === 2)
        .map(({ outcome }) => outcome),
    ).toEqual(Array.from({ length: 8 }, () => 'answered'));
    expect(await replayAll(h)).toMatchObject({ published: 0 });
    await h.stop([service]);
  });

  it('leaves what began before the log, and refuses other settings', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    await runFor(h, WRONG);
    mend(h);
    for (const at of ATS) h.world.topics.retain(at, 3);
    const { beforeHorizon, changed, missing } = await compareAll(h);
    expect({ changed, missing }).toEqual({ changed: 0, missing: 0 });
    expect(beforeHorizon).toBeGreaterThan(0);
    await expect(compare(h, ATS[0] as At, { settings: WRONG })).rejects.toThrow(/runs with other settings/);
  });
});

describe('a replay that is ended, or whose parts fail', () => {
  it('ends the same wherever a call fails: nothing is sent twice, nothing is forgotten', async () => {
    let calls = 0;
    let failAt = -1;
    let kind: 'before' | 'after' = 'before';
    const hit = new Set<string>();
    // Each call with which the owner takes the requests, once lost on its way and once on its way back.
    for (let turn = 0; turn < 2 * STEPS; turn += 1) {
      calls = 0;
      failAt = turn % STEPS;
      kind = turn < STEPS ? 'before' : 'after';
      let isArmed = false;
      const h = await openHarness((part, name) => {
        if (!isArmed || part === 'registry' || !TAKING.has(name)) return 'none';
        calls += 1;
        if (calls - 1 !== failAt) return 'none';
        hit.add(name);
        return kind;
      });
      h.publish(abandoned(0, 8));
      await runFor(h, WRONG);
      mend(h);
      const service = h.start(OUTCOMES, RIGHT);
      await settle(h, [service]);
      isArmed = true;
      await replayAll(h);
      isArmed = false;
      await replayAll(h);
      await h.stop([service]);
      expect(outcomesOf(h), `${kind} call ${failAt}`).toHaveLength(16);
      await expectVerified(h);
    }
    expect([...hit].sort()).toEqual(expect.arrayContaining(['commit', 'read', 'readBack', 'send']));
  });

  it('ends the same when the owner is killed and the store loses the commit that took the requests', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    await runFor(h, WRONG);
    mend(h);
    const server = h.world.storeServer('outcomes');
    const lost = server.snapshot();
    const service = h.start(OUTCOMES, RIGHT);
    expect(await replayAll(h)).toEqual(CORRECTED);
    await h.stop([service]);
    server.restore(lost);
    // Asked for again or not, the owner finds what stands, and its states know of it.
    const next = h.start(OUTCOMES, RIGHT);
    await settle(h, [next]);
    expect(await replayAll(h)).toEqual({ published: 0, moved: 0 });
    h.publish([annaJoins('call-5', START + 5 * 7_000 + 20_000)]);
    await settle(h, [next]);
    const ofCall = outcomesOf(h).filter(({ callId }) => callId === 'call-5');
    expect(ofCall.map(({ revision, outcome }) => [revision, outcome])).toEqual([
      [1, 'abandoned'],
      [2, 'abandoned'],
      [3, 'answered'],
    ]);
    await h.stop([next]);
    expect(outcomesOf(h)).toHaveLength(17);
    await expectVerified(h);
  });

  it('is recovered with everything else when the store loses all', async () => {
    const h = await openHarness();
    h.publish(abandoned(0, 8));
    await runFor(h, WRONG);
    mend(h);
    const service = h.start(OUTCOMES, RIGHT);
    expect(await replayAll(h)).toEqual(CORRECTED);
    await h.stop([service]);
    h.world.storeServer('outcomes').restore(new Map());
    const { store, log } = h.world.ports();
    for (const at of ATS) {
      const token = `recover-${at.partition}`;
      await offerRecovery({ at, store: store('outcomes'), log: log('outcomes'), token });
    }
    const next = h.start(OUTCOMES, RIGHT);
    await h.clock.runUntil(() => false, MINUTE);
    expect(outcomesOf(h)).toHaveLength(16);
    expect(await replayAll(h)).toEqual({ published: 0, moved: 0 });
    await h.stop([next]);
    await expectVerified(h);
    expect(h.read(CALL_OUTCOMES).every(({ key }) => utf8Text(key ?? new Uint8Array()).includes('call-'))).toBe(true);
  });
});
