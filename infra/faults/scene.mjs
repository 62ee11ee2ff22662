// @ts-check
/**
 * One fault on a stage: fresh topics and an empty Redis, the load, the observer, the services; then what is said of it.
 * A fault is written in the words of this file.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../random.mjs';
import { openChild } from './child.mjs';
import { createCrew } from './crew.mjs';
import { PARTITIONS } from './limits.mjs';
import { createSentry } from './sentry.mjs';

const LOOK_MS = 100;
/** The load must have come up to its rate, and every partition be at work. */
const UNDER_WAY_MS = 120_000;
/** The pace is a little more than the rate, since the last second is never quite whole. */
const PACE = 1.15;
/** Of one burst: the load ends by itself after so long, and what was published is caught up with. */
const BURST_SECONDS = 8;
/** What recovers later than this is given up; judged it is by the fault's own bound. */
const GIVEN_UP_MS = 180_000;
const DRAINED_MS = 600_000;

/** @typedef {'projector' | 'outcomes'} RoleName */
/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];
/** @typedef {import('./child.mjs').Child} Child */
/** @typedef {import('./stage.mjs').Stage} Stage */
/** @typedef {import('@callfold/engine').Finding} Finding */
/** @typedef {Record<RoleName, (number | null)[]> & { starts: number[], ends: number[] }} Positions */
/** @typedef {Awaited<ReturnType<typeof openScene>>} Scene */

/**
 * What is promised of a fault, and how it is brought about.
 * @typedef {object} Fault
 * @property {string} name kebab-case, unique
 * @property {string} title
 * @property {string} promise
 * @property {number} boundSeconds until every partition moves again, or until it is said why not
 * @property {string} because of what the bound is made
 * @property {boolean} short part of the short run
 * @property {import('./stage.mjs').Needs} needs
 * @property {'drained' | 'refused'} [ends] `drained` (default): everything published is folded in the end.
 *   `refused`: the services must stop and say so; `run` itself checks what stands, before and after
 * @property {(scene: Scene) => Promise<void>} run
 */

/** @typedef {{ times: number, inFlight: number, seconds: number, rate: number }} Struck
 * over all strikes: the most in flight, the longest recovery, the lowest rate */

/** @param {string} what @param {number} withinMs @param {() => Promise<boolean>} holds */
async function until(what, withinMs, holds) {
  for (const giveUpAt = Date.now() + withinMs; !(await holds()); await pause(LOOK_MS)) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
  }
}

/**
 * Every partition has committed something since, or has nothing left.
 * @param {Positions} before
 * @param {Positions} now
 * @param {readonly RoleName[]} roles
 */
const allMoved = (before, now, roles) =>
  roles.every((role) =>
    now[role].every((next, partition) => {
      const was = before[role][partition] ?? null;
      return next !== null && (was === null || next > was || next === now.ends[partition]);
    }),
  );

/** The log's end less what is committed, of the role that is further behind. @param {Positions} at */
function inFlightOf(at) {
  const total = (/** @type {(number | null)[]} */ list) => list.reduce((sum, one) => Number(sum) + (one ?? 0), 0) ?? 0;
  return total(at.ends) - Math.min(total(at.projector), total(at.outcomes));
}

/** Publishes, and waits until that is at the rate. @param {Child} load @param {number} rate @param {number} seconds */
async function beginLoad(load, rate, seconds) {
  const burst = { rate: rate * PACE, events: rate * seconds };
  await load.ask('burst', burst);
  await until(`${rate} events a second`, UNDER_WAY_MS, async () => {
    const { perSecond, left } = await load.ask('state');
    // A machine that is busy with other things was too slow at first: once more.
    if (left === 0 && perSecond < rate) await load.ask('burst', burst);
    return perSecond >= rate;
  });
}

/** The load and the observer. @param {string} dir @param {string} seed @param {Record<string, string>} env */
async function openChildren(dir, seed, env) {
  const load = openChild(new URL('./load.mjs', import.meta.url), join(dir, 'load.log'));
  const observer = openChild(new URL('./observer.mjs', import.meta.url), join(dir, 'observer.log'));
  await Promise.all([
    load.ask('open', { env, seed, partitions: PARTITIONS }),
    observer.ask('open', { env, partitions: PARTITIONS }),
  ]);
  await observer.ask('watch');
  return { load, observer };
}

/**
 * @param {Stage} stage
 * @param {Fault} fault
 * @param {{ rate: number, seed: string, number: number, say: (line: string) => void }} options
 */
export async function openScene(stage, fault, { rate, seed, number, say }) {
  const generation = `${fault.name.slice(0, 24)}-${number}`;
  const dir = join(stage.dir, generation);
  mkdirSync(dir, { recursive: true });
  await stage.fresh(generation);
  const env = stage.env(generation);
  const { load, observer } = await openChildren(dir, seed, env);
  const crew = createCrew({ dir, env: stage.servicesEnv(generation), say });
  /** @returns {Promise<Positions>} */
  const positions = () => observer.ask('positions');
  /** What holds them may be away: that is part of the time until recovery. */
  async function positionsWhenThere() {
    for (const giveUpAt = Date.now() + GIVEN_UP_MS; ; await pause(LOOK_MS)) {
      try {
        return await positions();
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
      }
    }
  }
  const sentry = createSentry({ positions, crew });
  /** @type {Struck} */
  const struck = { times: 0, inFlight: 0, seconds: 0, rate: Infinity };
  /** @type {Finding[]} */
  const findings = [];
  let same = 0;
  let published = 0;

  const scene = {
    stage,
    crew,
    random: createRandom(`${seed}/${fault.name}`),
    generation,
    env,
    dir,
    say,
    positions,
    until,
    pause: (/** @type {number} */ ms) => pause(ms),

    /**
     * A burst of load with something in it.
     * @param {() => Promise<void>} work begun when the load is at its rate and, if `isFolded`, every partition at work
     * @param {number} [seconds] the load lasts no longer
     */
    async underLoad(work, seconds = BURST_SECONDS, isFolded = crew.living.length > 0) {
      const before = await positions();
      await beginLoad(load, rate, seconds);
      const atWork = async () => allMoved(before, await positions(), ROLES);
      if (isFolded) await until('every partition at work', UNDER_WAY_MS, atWork);
      try {
        await work();
      } finally {
        ({ published } = await load.ask('end'));
      }
    },

    /**
     * Does it, and waits until every partition of these roles has committed something after it.
     * @param {() => Promise<void>} action
     * @param {{ roles?: readonly RoleName[] }} [what]
     */
    async strike(action, { roles = ROLES } = {}) {
      const now = await load.ask('state');
      // Bringing it about took longer than the burst: it strikes under load all the same.
      if (now.left === 0 || now.perSecond < rate) await beginLoad(load, rate, BURST_SECONDS);
      const { perSecond } = await load.ask('state');
      await action();
      const from = performance.now();
      const before = await scene.struckNow(perSecond);
      await until('recovery', GIVEN_UP_MS, async () => allMoved(before, await positionsWhenThere(), roles));
      scene.recoveredAfter(performance.now() - from);
    },
    /** For faults that tell by themselves when they struck. @param {number} [atRate] events a second just before */
    async struckNow(atRate) {
      const now = await positionsWhenThere();
      struck.times += 1;
      struck.rate = Math.min(struck.rate, atRate ?? (await load.ask('state')).perSecond);
      struck.inFlight = Math.max(struck.inFlight, inFlightOf(now));
      return now;
    },
    recoveredAfter(/** @type {number} */ ms) {
      struck.seconds = Math.max(struck.seconds, ms / 1_000);
      say(`  struck, and recovered after ${(ms / 1_000).toFixed(1)} s`);
    },

    /** Waits until everything published is folded, sent and settled. */
    async drained() {
      await until('everything folded and sent', DRAINED_MS, () => observer.ask('atRest'));
    },
    /** Holds what stands against a fresh fold, at rest; what it finds counts. */
    async check() {
      const found = await observer.ask('check');
      findings.push(...found.findings);
      ({ same } = found);
      if (found.same === 0) throw new Error('nothing was there to compare');
    },
    /** Topics that were made anew want a producer that knows nothing of those before. */
    reopenLoad: () => load.ask('open', { env, seed, partitions: PARTITIONS }),
    /** What stands in Redis and in the derived topics. @returns {Promise<unknown>} */
    snapshot: () => observer.ask('snapshot'),
    /** @param {unknown} before a snapshot; what differs from it counts */
    async unchanged(before) {
      findings.push(...(await observer.ask('unchanged', before)));
    },
    /** What is wrong is counted. @param {Finding} finding */
    found: (finding) => void findings.push(finding),

    /** After `run`: the services stop, everything is compared. */
    async finish() {
      if (fault.ends !== 'refused') {
        await scene.drained();
        await sentry.stop();
        await crew.stop();
        await scene.check();
      }
      return { struck, findings, same, published, silent: await sentry.stop() };
    },
    async close() {
      await sentry.stop();
      await crew.kill();
      await Promise.all([load.end(), observer.end()]);
    },
  };
  return scene;
}
