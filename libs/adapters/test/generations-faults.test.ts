import { decodeState } from '@callfold/core';
import type { SwitchStep } from '@callfold/engine';
import { liveOf, readGenerations, switchGeneration } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import { START } from './engine-harness.ts';
import type { Projector } from './generations-harness.ts';
import { ATS, call, openGenerations, SOURCE, voicemail, withBug } from './generations-harness.ts';

/**
 * A change-over under load, with a reader that never looks away, while something dies at each of its steps: whatever is
 * read is one generation, and no partition is ever seen to go back.
 */

type World = Awaited<ReturnType<typeof openGenerations>>;
const STEPS: readonly SwitchStep[] = ['announced', 'held', 'reached', 'switched', 'offered'];
const OLD_CALLS = 24;

const passes = (world: World, ms: number): Promise<boolean> => world.clock.runUntil(() => false, ms);

async function awaited<Result>(world: World, work: Promise<Result>): Promise<Result> {
  const end = { over: false };
  const done = work.finally(() => {
    end.over = true;
  });
  done.catch(() => undefined);
  expect(await world.clock.runUntil(() => end.over, 600_000)).toBe(true);
  return done;
}

const liveNow = async (world: World): Promise<string> =>
  liveOf((await awaited(world, readGenerations(world.shelfOf(world.newProcess())))).all).name;

/** New calls, many at first, as long as it is not told to end. */
async function load(world: World, over: { aborted: boolean }): Promise<void> {
  for (let n = 0; !over.aborted; n += 1) {
    world.publish(n % 2 === 0 ? call(`new-${n}`, world.clock.now()) : voicemail(`new-${n}`, world.clock.now()));
    await world.clock.sleep(n < 400 ? 20 : 500);
  }
}

type Seen = { readonly readings: Map<string, number>; readonly problems: string[] };

/** How many of the old calls' states know of the voicemail: none in the one, all in the other. */
function voicemailsIn(states: ReadonlyMap<string, string>): number {
  const old = [...states].filter(([key]) => key.startsWith('default/old-'));
  return old.filter(([key, text]) => decodeState(text, SOURCE, key).facts.some(({ word }) => word === 'redirected'))
    .length;
}

async function look(world: World, seen: Seen, over: { aborted: boolean }): Promise<void> {
  const shelf = world.shelfOf(world.newProcess());
  let last = ATS.map(() => 0);
  for (let n = 0; !over.aborted; n += 1) {
    const { name, positions, states } = await world.readWhole(shelf, n % 20 === 0);
    const should = name === 'next' ? OLD_CALLS : 0;
    const found = states.size === 0 ? should : voicemailsIn(states);
    if (found !== should)
      seen.problems.push(`${name}: ${found} of the old calls, and not ${should}, know of a voicemail`);
    if (positions.some((position, i) => position < (last[i] ?? 0)))
      seen.problems.push(`${name}: at ${String(positions)} after ${String(last)}`);
    last = positions;
    seen.readings.set(name, (seen.readings.get(name) ?? 0) + 1);
    await world.clock.sleep(25);
  }
}

/** A live generation that an older version folded, and another one that is kept up beside it. */
async function prepared() {
  const world = await openGenerations();
  for (let n = 0; n < OLD_CALLS; n += 1) world.publish(voicemail(`old-${n}`, START));
  const before = world.projector(withBug(world.codec));
  await passes(world, 5_000);
  await awaited(world, before.service.stop());
  const projectors: Projector[] = [world.projector(), world.projector()];
  await awaited(world, world.rebuild('next').ended);
  await passes(world, 5_000);
  return { world, projectors };
}

type Scene = Awaited<ReturnType<typeof prepared>>;
type Event = (scene: Scene, command: { kill(): void }) => void;

const EVENTS: Readonly<Record<string, Event>> = {
  'an owner of both generations dies': ({ projectors }) => projectors[0]?.kill(),
  'every owner dies, and others come': ({ world, projectors }) => {
    for (const one of projectors.splice(0)) one.kill();
    projectors.push(world.projector(), world.projector());
  },
  'the command dies': (_scene, command) => command.kill(),
  'the command and an owner die': ({ projectors }, command) => {
    command.kill();
    projectors[1]?.kill();
  },
  'another projector comes': ({ world, projectors }) => void projectors.push(world.projector()),
  'an owner sleeps for half a minute': ({ world, projectors }) => {
    const asleep = projectors[0]?.process;
    asleep?.pause();
    void world.clock.sleep(30_000).then(() => asleep?.resume());
  },
};

describe.each(Object.entries(EVENTS))('a change-over during which %s', (_name, happens) => {
  it.each(STEPS)('after it was %s', async (at) => {
    const scene = await prepared();
    const { world } = scene;
    const over = { aborted: false };
    const seen: Seen = { readings: new Map(), problems: [] };
    const working = [load(world, over), look(world, seen, over)];
    await passes(world, 1_000);
    let happened = 0;
    const once = (name: SwitchStep, process: { kill(): void }): void => {
      if (name !== at || happened > 0) return;
      happened += 1;
      happens(scene, process);
    };
    const first = switchGeneration(world.switching(once), 'next').then(
      () => 'done',
      (error: unknown) => String(error),
    );
    await passes(world, 45_000);
    expect(happened).toBe(1);
    // It did it, or it died or gave up with nothing changed; then the same command again.
    if ((await liveNow(world)) !== 'next') await awaited(world, switchGeneration(world.switching(), 'next'));
    else if (!_name.includes('command')) expect(await awaited(world, first)).toBe('done');
    expect(await liveNow(world)).toBe('next');
    await passes(world, 20_000);
    over.aborted = true;
    await passes(world, 5_000);
    await Promise.all(working);
    expect(seen.problems).toEqual([]);
    expect(seen.readings.get('projector')).toBeGreaterThan(20);
    expect(seen.readings.get('next')).toBeGreaterThan(20);
    const { generations } = (await awaited(world, readGenerations(world.shelfOf(world.newProcess())))).all;
    for (const one of generations) {
      const own = one.name === 'next' ? world.codec : withBug(world.codec);
      expect(await world.generationFindings(one, own)).toEqual([]);
    }
  });
});
