import type { Settings } from '@callfold/core';
import { aggregateJson, aggregateOf, DEFAULT_SETTINGS, decodeState, partitionOf } from '@callfold/core';
import type {
  DiffCounts,
  Difference,
  Generation,
  Generations,
  Log,
  Store,
  Switching,
  SwitchStep,
} from '@callfold/engine';
import {
  aggregatesOf,
  diffPartition,
  dropGeneration,
  foldPartition,
  generationNamed,
  readGenerations,
  rulesOf,
  switchGeneration,
} from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import { abandoned, ATS, call, openGenerations, SOURCE, voicemail } from './generations-harness.ts';
import { PROJECTOR, START } from './engine-harness.ts';

type World = Awaited<ReturnType<typeof openGenerations>>;
const PATIENCE_MS = 600_000;

/** Lets virtual time pass until the work is done; a failure of it is the test's. */
async function within<Result>(world: World, work: Promise<Result>, mostMs = PATIENCE_MS): Promise<Result> {
  const end: { result?: Result; error?: unknown; over: boolean } = { over: false };
  work.then(
    (result) => Object.assign(end, { result, over: true }),
    (error: unknown) => Object.assign(end, { error, over: true }),
  );
  expect(await world.clock.runUntil(() => end.over, mostMs)).toBe(true);
  if ('error' in end) throw end.error;
  return end.result as Result;
}

async function all(world: World): Promise<Generations> {
  return (await within(world, readGenerations(world.shelfOf(world.newProcess())))).all;
}

const named = async (world: World, name: string): Promise<Generation> => generationNamed(await all(world), name);

async function positionsOf(world: World, { key }: Generation): Promise<number[]> {
  const store = world.world.ports().store(key);
  return Promise.all(ATS.map(async (at) => (await store.peek(at))?.next ?? 0));
}

/** All generations that are kept stand at the log's end. */
async function level(world: World): Promise<void> {
  const isLevel = async (): Promise<boolean> => {
    const { generations } = await all(world);
    const ends = ATS.map((at) => world.world.topics.bounds(at).end);
    for (const one of generations) if (String(await positionsOf(world, one)) !== String(ends)) return false;
    return true;
  };
  for (let turn = 0; turn < 600 && !(await isLevel()); turn += 1) await world.clock.runUntil(() => false, 100);
  expect(await isLevel()).toBe(true);
}

async function diffOf(world: World, left: string, right: string, settings: Record<string, Settings> = {}) {
  const shelf = world.shelfOf(world.newProcess());
  const { generations } = await all(world);
  const find = (name: string): Generation => generations.find((one) => one.name === name) as Generation;
  const sides = [left, right].map((name) => {
    const one = aggregatesOf(shelf, find(name));
    return { ...one, settings: settings[name] ?? one.settings };
  });
  const counts: DiffCounts = { same: 0, different: 0, unseen: 0, beforeHorizon: 0, moving: 0 };
  const found: Difference[] = [];
  const run = async (): Promise<void> => {
    for (const at of ATS) {
      const log = world.world.ports().log('diff');
      const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
      for await (const one of diffPartition({ at, source: SOURCE, log, clock: world.clock, left: a, right: b }, counts))
        found.push(one);
    }
  };
  await within(world, run());
  return { counts, found };
}

/** By subject what an independent fold of the log says, as readers would see it. */
async function foldedBy(world: World, settings: Settings): Promise<Map<string, string>> {
  const said = new Map<string, string>();
  for (const at of ATS) {
    const reading = { at, source: SOURCE, log: world.world.ports().log('check'), codec: world.codec };
    const { end } = world.world.topics.bounds(at);
    const { states } = await foldPartition(reading, rulesOf(PROJECTOR, settings), end);
    for (const [key, text] of states) {
      const aggregate = aggregateOf(decodeState(text, SOURCE, key), settings);
      said.set(key, JSON.stringify(aggregate && aggregateJson(aggregate)));
    }
  }
  return said;
}

function publishMixed(world: World, prefix: string, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const at = START + n * 1_000;
    if (n % 3 === 0) world.publish(voicemail(`${prefix}-v${n}`, at));
    else if (n % 3 === 1) world.publish(abandoned(`${prefix}-a${n}`, at, 2 + (n % 12)));
    else world.publish(call(`${prefix}-c${n}`, at));
  }
}

/** So many calls in the live generation, and beside it `next`, which is kept up. */
async function openWithNext(calls: number) {
  const world = await openGenerations();
  publishMixed(world, 'call', calls);
  const projector = world.projector();
  await level(world);
  await within(world, world.rebuild('next').ended);
  await level(world);
  const { key } = await named(world, 'next');
  return { world, projector, key };
}

describe('a generation', () => {
  it('of another setting differs in exactly what an independent fold says, and readers change over and back', async () => {
    const world = await openGenerations();
    publishMixed(world, 'call', 90);
    const projectors = [world.projector(), world.projector()];
    await level(world);
    const changed = { ...DEFAULT_SETTINGS, shortAbandonMs: 9_000 };
    const rebuild = world.rebuild('next', {}, changed);
    await within(world, rebuild.ended);
    expect(rebuild.result.ended).toBe(true);
    publishMixed(world, 'later', 30);
    await level(world);
    const [was, is] = [await foldedBy(world, DEFAULT_SETTINGS), await foldedBy(world, changed)];
    const should = [...was].filter(([key, text]) => is.get(key) !== text).map(([key]) => key);
    const { counts, found } = await diffOf(world, 'projector', 'next');
    expect(should.length).toBeGreaterThan(5);
    expect(found.map(({ key }) => key).sort()).toEqual(should.sort());
    expect(new Set(found.flatMap(({ fields }) => Object.keys(fields)))).toEqual(new Set(['short']));
    expect(counts).toMatchObject({ same: 120 - should.length, unseen: 0, beforeHorizon: 0, moving: 0 });
    const done = await within(world, switchGeneration(world.switching(), 'next'));
    expect(done).toMatchObject({ from: 'projector', to: 'next' });
    expect(done.heldMs).toBeLessThan(1_000);
    const shelf = world.shelfOf(world.newProcess());
    expect(await within(world, world.readWhole(shelf))).toMatchObject({ name: 'next' });
    publishMixed(world, 'last', 30);
    await level(world);
    expect(await within(world, switchGeneration(world.switching(), 'projector'))).toMatchObject({ to: 'projector' });
    await level(world);
    for (const name of ['projector', 'next']) {
      expect(await world.generationFindings(await named(world, name))).toEqual([]);
    }
    await world.stop(projectors.map(({ service }) => service));
  });

  it('is handed over also where more comes between any two looks at it', async () => {
    const world = await openGenerations();
    publishMixed(world, 'call', 60);
    const projector = world.projector();
    await level(world);
    const log = world.world.ports().log('projector');
    let asked = 0;
    const busy: Log = {
      ...log,
      async bounds(at) {
        asked += 1;
        let callId = '';
        for (let n = 0; callId === ''; n += 1)
          if (partitionOf('default', `${asked}-${n}`, ATS.length) === at.partition) callId = `${asked}-${n}`;
        world.publish(call(callId, START + asked * 1_000));
        return log.bounds(at);
      },
    };
    const rebuild = world.rebuild('next', { log: busy });
    await within(world, rebuild.ended, 60_000);
    expect(asked).toBeGreaterThan(3);
    await level(world);
    expect(await world.generationFindings(await named(world, 'next'))).toEqual([]);
    await world.stop([projector.service]);
  });

  it('is changed over to when it passes the live one at once, not while it catches up with seconds between commits', async () => {
    const { world, projector, key } = await openWithNext(60);
    const over = { aborted: false };
    const load = (async () => {
      for (let n = 0; !over.aborted; n += 1) {
        world.publish(call(`more-${n}`, START + n * 1_000));
        await world.clock.sleep(20, over);
      }
    })();
    const begun = world.clock.now();
    const switching = world.switching();
    /** What it has committed is seen every 1.5 s for some seconds, and then as it is. */
    const rarely = (store: Store): Store => {
      const seen = new Map<string, { readonly turn: number; readonly stored: ReturnType<Store['peek']> }>();
      return {
        ...store,
        peek(at) {
          const turn = Math.floor((world.clock.now() - begun) / 1_500);
          if (turn >= 4) return store.peek(at);
          const known = seen.get(String(at.partition));
          const stored = known?.turn === turn ? known.stored : store.peek(at);
          seen.set(String(at.partition), { turn, stored });
          return stored;
        },
      };
    };
    const { shelf } = switching;
    const storeOf = (one: string): Store => (one === key ? rarelyOf(one) : shelf.storeOf(one));
    const rare = new Map<string, Store>();
    function rarelyOf(one: string): Store {
      const store = rare.get(one) ?? rarely(shelf.storeOf(one));
      rare.set(one, store);
      return store;
    }
    const done = await within(world, switchGeneration({ ...switching, shelf: { ...shelf, storeOf } }, 'next'));
    expect(done.heldMs).toBeLessThan(1_000);
    over.aborted = true;
    await within(world, load);
    await world.stop([projector.service]);
  });

  it('is tried again when it is not there in time, and readers never wait for a second', async () => {
    const { world, projector, key } = await openWithNext(60);
    const switching = world.switching();
    /** While it is held, what it has committed is not seen: the first times, or always. */
    const withSlow = (slow: number): Switching => {
      let held = 0;
      let isHeld = false;
      const storeOf = (one: string): Store => {
        const store = switching.shelf.storeOf(one);
        if (one !== key) return store;
        return { ...store, peek: async (at) => (isHeld && held <= slow ? null : store.peek(at)) };
      };
      const step = (name: SwitchStep): void => {
        isHeld = name === 'held';
        if (isHeld) held += 1;
      };
      return { ...switching, step, shelf: { ...switching.shelf, storeOf } };
    };
    await expect(within(world, switchGeneration(withSlow(Infinity), 'next'), 60_000)).rejects.toThrow(
      /did not come as far as the live generation within 900 ms, 5 times: .* Nothing has changed/,
    );
    expect((await within(world, readGenerations(switching.shelf))).all).toMatchObject({
      live: 'projector',
      switching: null,
    });
    const done = await within(world, switchGeneration(withSlow(2), 'next'), 60_000);
    expect(done).toMatchObject({ from: 'projector', to: 'next' });
    expect(done.heldMs).toBeGreaterThanOrEqual(900);
    expect(done.heldMs).toBeLessThan(1_000);
    await level(world);
    for (const name of ['projector', 'next']) {
      expect(await world.generationFindings(await named(world, name))).toEqual([]);
    }
    await world.stop([projector.service]);
  });

  it('is the same after kills at random moments and the same command again, and cannot be begun otherwise', async () => {
    const world = await openGenerations();
    publishMixed(world, 'call', 120);
    const projector = world.projector();
    await level(world);
    let kills = 0;
    for (let turn = 1; turn <= 12; turn += 1) {
      const rebuild = world.rebuild('next', { perSecond: 400 });
      await world.clock.runUntil(() => false, 37 * turn);
      if (rebuild.result.ended === null) kills += 1;
      rebuild.kill();
    }
    expect(kills).toBeGreaterThan(3);
    const other = world.rebuild('next', {}, { ...DEFAULT_SETTINGS, teardownMs: 1 });
    await expect(within(world, other.ended)).rejects.toThrow('teardownMs: 5000 → 1');
    await within(world, world.rebuild('next').ended);
    await level(world);
    expect(await world.generationFindings(await named(world, 'next'))).toEqual([]);
    expect((await diffOf(world, 'projector', 'next')).counts).toMatchObject({ same: 120, different: 0, unseen: 0 });
    await world.stop([projector.service]);
  });

  it('takes at a rate the store for a short while at a time, so that live commits come between', async () => {
    const world = await openGenerations();
    publishMixed(world, 'call', 1_200);
    const projector = world.projector();
    await level(world);
    const largest = async (name: string, perSecond: number | null): Promise<number> => {
      const shelf = world.shelfOf(world.newProcess());
      let most = 0;
      const counting = (store: Store): Store => ({
        ...store,
        commit(at, claim, commit) {
          most = Math.max(most, commit.tables.get('states')?.size ?? 0);
          return store.commit(at, claim, commit);
        },
      });
      const counted = { ...shelf, storeOf: (key: string) => counting(shelf.storeOf(key)) };
      await within(world, world.rebuild(name, { perSecond, shelf: counted }).ended);
      return most;
    };
    const free = await largest('free', null);
    const beside = await largest('beside', 5_000);
    expect(free).toBeGreaterThan(500);
    expect(beside).toBeGreaterThan(0);
    // So many, and what one fold of records adds to them.
    expect(beside).toBeLessThan(400);
    await world.stop([projector.service]);
  });

  it('is taken away in slices, not while it is live, and whoever slept through it writes nothing', async () => {
    const { world, projector, key } = await openWithNext(30);
    const process = world.newProcess();
    const dropping = { shelf: world.shelfOf(process), clock: process.clock, ats: ATS };
    await expect(within(world, dropGeneration(dropping, 'projector'))).rejects.toThrow('is live');
    const asleep = world.projector();
    await world.clock.runUntil(() => false, 5_000);
    asleep.process.pause();
    // Asked to end, it does between two slices, and the same goes on.
    const ended = await within(world, dropGeneration({ ...dropping, stop: { requested: true } }, 'next'));
    expect(ended).toEqual({ gone: expect.any(Number) as number, isWhole: false });
    expect((await all(world)).generations.map(({ phase }) => phase)).toEqual(['kept', 'dropping']);
    const { gone, isWhole } = await within(world, dropGeneration(dropping, 'next'));
    expect([isWhole, ended.gone + gone > 30]).toEqual([true, true]);
    expect((await all(world)).generations.map(({ name }) => name)).toEqual(['projector']);
    publishMixed(world, 'later', 30);
    asleep.process.resume();
    await world.clock.runUntil(() => false, 60_000);
    const store = world.world.ports().store(key);
    for (const at of ATS) expect(await store.peek(at)).toBeNull();
    // The name is free again, and is another generation.
    await within(world, world.rebuild('next').ended);
    await level(world);
    expect((await named(world, 'next')).key).not.toBe(key);
    expect(await world.generationFindings(await named(world, 'next'))).toEqual([]);
    await world.stop([projector.service, asleep.service]);
  });
});
