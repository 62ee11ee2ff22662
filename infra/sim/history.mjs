// @ts-check
/**
 * One history: a world, owners at work in it, input and faults for a while, then healing. Safety is looked at all the
 * time, liveness after the healing. The same seed gives the same history, to the byte.
 */

import { createRandom } from '../random.mjs';
import { createChecks } from './checks.mjs';
import { createFaults, REPLICA_MS } from './faults.mjs';
import { LATEST_INPUT, recordOf } from './input.mjs';
import { createOwners } from './owners.mjs';
import { planHistory } from './plan.mjs';
import { placeOf } from './reader.mjs';
import { createVerdicts } from './verdicts.mjs';
import { createWeather } from './weather.mjs';
import { openWorld, ROLES } from './world.mjs';

/** All that is late has come by then, and every timer has had its time: in virtual ms. */
const LIVENESS_MS = 600_000;
/** What stays closed after a cut is looked at so often. */
const LOOK_MS = 100;
/** Whether all has come to rest is looked at so often. */
const REST_MS = 500;

/**
 * @typedef {{
 *   seed: string,
 *   failures: readonly string[],
 *   met: ReadonlyMap<string, number>,
 *   lines: readonly string[],
 *   digest: string,
 *   virtualMs: number,
 * }} Told
 */

/** @typedef {ReturnType<typeof openHistory>} History */

/**
 * @param {string} seed
 * @param {import('@callfold/adapters').AvroCodec} codec
 * @param {{ traced: boolean }} options
 */
function openHistory(seed, codec, options) {
  const plan = planHistory(seed);
  const world = openWorld(plan, codec, options);
  const checks = createChecks(world);
  const chance = createRandom(`checks/${seed}`);
  const verdicts = createVerdicts(world);
  const weather = createWeather(world, createRandom(`weather/${seed}`), {
    onCommit(role, at) {
      const next = world.memory.storeServer(role).peek(at)?.next ?? 0;
      world.sawCommitted(role, at, next);
      verdicts.sawPosition(role, at);
      if (chance.chance(plan.checkShare) && !verdicts.isBeyond(role, at)) checks.take(role, at);
    },
  });
  const owners = createOwners(world, weather, createRandom(`owners/${seed}`));
  const faults = createFaults(world, weather, owners, verdicts);
  return { plan, world, checks, weather, owners, faults, verdicts };
}

/** @param {History} history @param {import('./input.mjs').Append} append */
function appendOne({ world, weather }, append) {
  const { at, dirt } = append;
  const end = world.topics.append(at, [recordOf(append, world.codec)]);
  const text = append.erases
    ? `${append.raw?.subjectId} is erased`
    : (dirt ?? `${append.raw?.subjectId} ${append.raw?.status}`);
  world.journal.note(() => `append: ${placeOf(at)} offset ${end - 1}: ${text}`);
  if (append.erases) world.journal.count('erasure');
  if (dirt !== null) world.journal.count(`dirt: ${dirt}`);
  return !weather.closed.has(placeOf(at));
}

/**
 * What happens when, of one history, by time.
 * @param {History} history
 * @returns {{ atMs: number, act: () => unknown }[]}
 */
function agenda(history) {
  const { plan, faults, world, weather, checks } = history;
  /** @type {import('./input.mjs').Append[]} */
  let waiting = [];
  /** The producers wait while a log is closed. @param {import('./input.mjs').Append} append */
  const offer = (append) => {
    if (weather.closed.has(placeOf(append.at))) waiting.push(append);
    else appendOne(history, append);
  };
  const look = () => {
    if (weather.closed.size === 0 && waiting.length === 0) return;
    faults.reopen();
    const again = waiting;
    waiting = [];
    for (const append of again) offer(append);
  };
  const lastMs = plan.lengthMs * LATEST_INPUT + 5_000;
  const regularly = (/** @type {number} */ everyMs, /** @type {() => void} */ act) =>
    Array.from({ length: Math.floor(lastMs / everyMs) }, (_, n) => ({ atMs: (n + 1) * everyMs, act }));
  const acts = [
    ...plan.input.map((append) => ({ atMs: append.atMs, act: () => offer(append) })),
    ...plan.faults.map((fault) => ({
      atMs: fault.atMs,
      act: async () => {
        await checks.checkTaken();
        await faults.strike(fault);
      },
    })),
    ...(plan.faults.some(({ kind }) => kind === 'failover') ? regularly(REPLICA_MS, faults.replicate) : []),
    ...(plan.faults.some(({ kind }) => kind === 'log truncated') ? regularly(LOOK_MS, look) : []),
    { atMs: plan.lengthMs, act: () => heal(history) },
  ];
  world.journal.note(
    () => `plan: ${JSON.stringify({ ...plan, input: plan.input.length, faults: plan.faults.length })}`,
  );
  return acts.sort((a, b) => a.atMs - b.atMs);
}

/** @param {History} history */
function heal({ world, weather, owners }) {
  world.journal.note(() => 'all faults are over');
  weather.clear();
  world.skew(0);
  for (const { process } of owners.alive) process.resume();
  for (const role of ROLES) if (owners.of(role).length === 0) owners.start(role);
}

/**
 * How a partition stands with a role, over all its owners: `done`, the verdict that it was given up with, or what is
 * missing.
 * @param {History} history
 * @param {import('./plan.mjs').RoleName} role
 * @param {import('@callfold/engine').At} at
 * @returns {{ done: true, refused: string | null } | { done: false, why: string }}
 */
function standingOf({ world, owners, verdicts }, role, at) {
  const { end } = world.topics.bounds(at);
  const found = owners
    .of(role)
    .flatMap(({ service, name }) =>
      service.status().flatMap((status) => (placeOf(status.at) === placeOf(at) ? [{ name, ...status }] : [])),
    );
  let why = 'nobody has it';
  for (const one of found) {
    const { name, refused, position, committed, waiting, nextDue, away } = one;
    if (refused !== null) {
      const wrong = verdicts.whyWrong(role, at, refused);
      if (wrong === null) return { done: true, refused };
      why = `${name} refuses it (${wrong}): ${refused}`;
      continue;
    }
    // Only `outcomes` makes time pass where nothing comes. What is due after the bound is not waited for.
    const due = role === 'outcomes' && (nextDue ?? Infinity) < world.clock.now() + LIVENESS_MS ? nextDue : null;
    // What the store lost a moment ago its owner has not noticed yet.
    const stored = verdicts.positionOf(role, at);
    const isFolded = position === end && committed === end && stored === end;
    if (isFolded && waiting === 0 && due === null) return { done: true, refused: null };
    why = `${name}: ${JSON.stringify({ position, committed, stored, end, waiting, due, away })}`;
  }
  return { done: false, why };
}

/** @param {History} history */
async function finish(history) {
  const { world, checks, owners } = history;
  const { journal } = world;
  for (const role of ROLES) {
    for (const at of world.places) {
      const standing = standingOf(history, role, at);
      if (!standing.done) {
        journal.fail(`${role} of ${placeOf(at)} did not come to rest in ${LIVENESS_MS} ms: ${standing.why}`);
      } else if (standing.refused === null) {
        journal.count('folded to the end');
        await checks.checkAll(role, at);
      } else {
        const reason = reasonOf(standing.refused);
        journal.count(`refused: ${reason}`);
        // What was derived of records that the log lost since stands, and nothing can be said of it.
        const isCut = world.cuts.has(placeOf(at));
        if (role === 'outcomes' && !isCut) await checks.checkStanding(at);
      }
    }
  }
  for (let owner = owners.alive[0]; owner !== undefined; owner = owners.alive[0]) owners.kill(owner);
}

/** @param {string} message */
function reasonOf(message) {
  if (message.includes('no checkpoint in its store')) return 'the store lost its state';
  if (message.includes('retention passed it')) return 'retention passed the position';
  return message.includes('is not the one') ? 'another record than was folded' : 'the log ends before the position';
}

/**
 * @param {string} seed
 * @param {import('@callfold/adapters').AvroCodec} codec
 * @param {{ traced?: boolean }} [options]
 * @returns {Promise<Told>}
 */
export async function runHistory(seed, codec, { traced = false } = {}) {
  const history = openHistory(seed, codec, { traced });
  const { plan, world, checks, owners } = history;
  const { clock, journal } = world;
  for (const role of ROLES) for (let n = 0; n < plan.owners[role]; n += 1) owners.start(role);
  for (const { atMs, act } of agenda(history)) {
    if (journal.failures.length > 0) break;
    await until(world, atMs);
    await act();
  }
  let lookAt = 0;
  /** Whether all has come to rest; looked at once in a while, since looking costs more than what is looked at. */
  const rest = () => {
    if (journal.failures.length > 0) return true;
    if (clock.now() < lookAt) return false;
    lookAt = clock.now() + REST_MS;
    return ROLES.every((role) => world.places.every((at) => standingOf(history, role, at).done));
  };
  if (journal.failures.length === 0) {
    await clock.runUntil(rest, LIVENESS_MS);
    await checks.checkTaken();
  }
  if (journal.failures.length === 0) await finish(history);
  const { failures, met, lines } = journal;
  return { seed, failures, met, lines, digest: traced ? journal.digest() : '', virtualMs: world.now() };
}

/** @param {import('./world.mjs').World} world @param {number} atMs */
async function until({ clock, now }, atMs) {
  const leftMs = atMs - now();
  if (leftMs <= 0) return;
  let reached = false;
  void clock.sleep(leftMs).then(() => {
    reached = true;
  });
  await clock.runUntil(() => reached, leftMs);
}
