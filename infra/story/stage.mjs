// @ts-check
/** What the story is told on: real parts, the services of one version, the load, and readers that look all the time. */

import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '@callfold/adapters';
import { aggregatesOf, generationNamed, readGenerations, standpoints } from '@callfold/engine';
import { openKafkaSite } from '../../services/cli/dist/wiring/kafka.js';
import { TOPIC } from '../bench/topics.mjs';
import { openChild } from '../faults/child.mjs';
import { createCrew } from '../faults/crew.mjs';
import { PARTITIONS } from '../faults/limits.mjs';
import { openStage as openParts } from '../faults/stage.mjs';

const GENERATION = '1';
const LOOK_MS = 200;
/** What a busy machine holds up is not made up for: the pace is a little more than the rate. */
const PACE = 1.1;
const PATIENCE_MS = 300_000;
/** Timers due later than this end calls some other day. */
const SETTLED_MS = 600_000;
const BUG = { NODE_OPTIONS: `--import ${new URL('../../services/cli/test/voicemail-bug.mjs', import.meta.url).href}` };

/** What a version is told. @param {boolean} buggy @returns {Record<string, string>} */
export const versionEnv = (buggy) => (buggy ? BUG : {});

/** @typedef {Awaited<ReturnType<typeof openStage>>} Stage */

/** @param {{ rate: number, seed: string, say: (line: string) => void }} options */
export async function openStage({ rate, seed, say }) {
  const parts = await openParts({ brokers: 1, redis: 'single' }, say);
  await parts.fresh(GENERATION);
  const env = parts.env(GENERATION);
  const site = await openKafkaSite(readConfig(env), say);
  const crew = createCrew({ dir: parts.dir, env, say });
  const load = openChild(new URL('../faults/load.mjs', import.meta.url), `${parts.dir}/load.log`);
  await load.ask('open', { env, seed, partitions: PARTITIONS });
  const ats = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
  /** @type {{ at: number, ends: number } | null} when the load began, and how long the log was */
  let begun = null;

  const ends = () => Promise.all(ats.map(async (at) => (await site.log('projector').bounds(at)).end));
  const sum = (/** @type {readonly number[]} */ list) => list.reduce((total, one) => total + one, 0);

  async function isAtRest() {
    const { all } = await readGenerations(site.shelf);
    for (const one of all.generations) {
      const rows = await standpoints(site.shelf.storeOf(one.key), site.log('projector'), ats, one);
      if (rows.some(({ position, end }) => position < end)) return false;
    }
    const store = site.store('outcomes');
    const each = ats.map(async (at) => {
      const [stored, { end }] = await Promise.all([store.peek(at), site.log('outcomes').bounds(at)]);
      if ((stored?.next ?? 0) < end || (await store.outbox(at)).length > 0) return false;
      return (await store.timers(at, Date.now() + SETTLED_MS, 1)).length === 0;
    });
    return (await Promise.all(each)).every(Boolean);
  }

  const stage = {
    env,
    site,
    crew,
    dir: parts.dir,
    ends,
    /** Where both of two generations are, at least. @param {readonly string[]} names */
    async positions(names) {
      const { all } = await readGenerations(site.shelf);
      const stores = names.map((name) => aggregatesOf(site.shelf, generationNamed(all, name)).store);
      const of = (/** @type {import('@callfold/engine').At} */ at) =>
        Promise.all(stores.map(async (store) => (await store.peek(at))?.next ?? 0));
      return Promise.all(ats.map(async (at) => Math.min(...(await of(at)))));
    },
    outcomesAt: () => Promise.all(ats.map(async (at) => (await site.store('outcomes').peek(at))?.next ?? 0)),
    async beginLoad() {
      await load.ask('burst', { rate: rate * PACE, events: rate, endless: true });
      begun = { at: performance.now(), ends: sum(await ends()) };
    },
    /** Events a second that the log has taken since it was asked last. */
    async rateSince() {
      if (begun === null) throw new Error('there is no load');
      const now = { at: performance.now(), ends: sum(await ends()) };
      const perSecond = ((now.ends - begun.ends) * 1_000) / (now.at - begun.at);
      begun = now;
      return Math.round(perSecond);
    },
    /** Everything is folded, settled and sent; the load has ended. */
    async rest() {
      await load.ask('end');
      const from = performance.now();
      for (const until = Date.now() + PATIENCE_MS; !(await isAtRest()); await pause(LOOK_MS))
        if (Date.now() > until) throw new Error(`not folded, settled and sent within ${PATIENCE_MS / 1_000} s`);
      return performance.now() - from;
    },
    /**
     * At rest: one version goes, another comes.
     * @param {boolean} buggy
     * @param {Record<string, string>} [settings] of the projector: those of a generation that is kept
     * @returns {Promise<number[]>} from which offsets
     */
    async rollOut(buggy, settings = {}) {
      await crew.stop();
      await crew.start('projector', { env: { ...versionEnv(buggy), ...settings } });
      await crew.start('outcomes', { env: versionEnv(buggy) });
      await crew.ready();
      return ends();
    },
    /** @param {{ keep: boolean }} how the logs */
    async close({ keep }) {
      await crew.kill();
      await load.end();
      await site.close();
      await parts.close({ keep });
    },
  };
  return stage;
}
