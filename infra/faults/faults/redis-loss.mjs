// @ts-check
/** One Redis that forgets, is full, is set wrongly, or comes back with less than it had. */

import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DERIVED_OF } from '@callfold/core';
import { askRedis } from '../../parts/index.mjs';
import { PARTITIONS } from '../limits.mjs';
import { setBack, REDIS_BOUND, ROLES, told, ZERO } from './words.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */
/** @typedef {import('../../parts/index.mjs').Redis} Redis */

const needs = /** @type {const} */ ({ brokers: 1, redis: 'single' });
const FLUSHES = 5;
const BETWEEN_MS = 500;
const HOLD_MS = 3_000;
/** Left for state when Redis becomes full: some commits more. */
const ROOM_BYTES = 3_000_000;
const TOLD_MS = 60_000;
const DERIVED = DERIVED_OF.callcenter24;
/** Exit code of a precondition that does not hold. */
const REFUSED = 4;
/** Of what was written since the fault began, as after a machine that lost what it had not written. */
const TAIL = 0.2;

/** @param {Scene} scene */
function serverOf({ stage }) {
  const [server] = stage.redis.servers;
  if (!server) throw new Error('there is no Redis');
  return server;
}

/** What was written last. @param {Redis} server */
function appendOnlyFile({ dir }) {
  const files = readdirSync(join(dir, 'data'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.aof') && !name.includes('.base.'))
    .map((name) => join(dir, 'data', name))
    .toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  const last = files.at(-1);
  if (last === undefined) throw new Error(`no append-only file in ${dir}`);
  return last;
}

/** @type {Fault} */
const scriptFlush = {
  ...REDIS_BOUND,
  name: 'redis-script-flush',
  title: `SCRIPT FLUSH, ${FLUSHES} times`,
  promise: `the scripts are told again, none is run twice: ${ZERO}`,
  short: false,
  needs,
  async run(scene) {
    const { port } = serverOf(scene);
    await scene.crew.usual();
    await scene.underLoad(async () => {
      for (let n = 0; n < FLUSHES; n += 1) {
        await scene.strike(async () => void (await askRedis(port, ['SCRIPT', 'FLUSH'])));
        await pause(scene.random.whole(1, BETWEEN_MS));
      }
    });
  },
};

/** @type {Fault} */
const full = {
  ...REDIS_BOUND,
  name: 'redis-full',
  title: 'maxmemory is reached; there is room again after some seconds',
  promise: `commits are refused whole, the partitions wait and say so, and go on when there is room: ${ZERO}`,
  short: true,
  needs,
  async run(scene) {
    const { port } = serverOf(scene);
    await scene.crew.usual();
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        const used = /used_memory:(\d+)/.exec(String(await askRedis(port, ['INFO', 'memory'])))?.[1];
        await askRedis(port, ['CONFIG', 'SET', 'maxmemory', Number(used) + ROOM_BYTES]);
        await told(scene, /reached maxmemory/);
        await pause(HOLD_MS);
        await askRedis(port, ['CONFIG', 'SET', 'maxmemory', 0]);
      });
    });
  },
};

/** @type {Fault} */
const wrongPolicy = {
  ...REDIS_BOUND,
  name: 'redis-wrong-policy',
  title: 'an instance starts on a Redis whose maxmemory-policy may drop state',
  promise: 'it refuses to start and names the setting; the others go on',
  short: false,
  needs,
  async run(scene) {
    const { crew } = scene;
    const { port } = serverOf(scene);
    await crew.usual();
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        await askRedis(port, ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']);
        const ends = await Promise.all(ROLES.map(async (role) => (await crew.start(role)).ended));
        await askRedis(port, ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction']);
        const wrong = ends.find(({ code }) => code !== REFUSED);
        if (wrong) throw new Error(`an instance ended with ${wrong.signal ?? wrong.code}, and not with ${REFUSED}`);
        const said = crew.logged('maxmemory-policy is allkeys-lru and must be noeviction');
        if (said.length < ROLES.length) throw new Error('the setting was not named');
      });
    });
  },
};

/** @type {Fault} */
const truncated = {
  name: 'redis-aof-truncated',
  title: `Redis is killed and starts again without the last ${TAIL * 100} % of what was appended`,
  promise: `the position it came back with is claimed and folded on from: ${ZERO}`,
  boundSeconds: 30,
  because: 'Redis reads its file within some seconds; then as for a connection that is cut',
  short: true,
  needs,
  async run(scene) {
    const server = serverOf(scene);
    await scene.crew.usual();
    // A file that was begun a moment before would have too little in it to lose. Its next start sets it back.
    await askRedis(server.port, ['CONFIG', 'SET', 'auto-aof-rewrite-percentage', 0]);
    // Earlier faults have written to the same file: what is cut off is of this one.
    const file = appendOnlyFile(server);
    const earlier = { file, size: statSync(file).size };
    await scene.underLoad(async () => {
      await pause(HOLD_MS);
      const since = Date.now();
      const before = await scene.positions();
      await scene.strike(async () => {
        await server.kill();
        const last = appendOnlyFile(server);
        const { size } = statSync(last);
        // Redis may have begun another file since.
        const written = last === earlier.file ? size - earlier.size : size;
        // In the middle of a command, most often.
        truncateSync(last, Math.max(0, size - Math.floor(written * TAIL) - scene.random.whole(0, 999)));
        await server.start();
      });
      if (setBack(scene, before, since) === 0) throw new Error('no acknowledged commit was lost');
    });
  },
};

/** @param {Scene} scene */
const derivedEnds = ({ stage }) => Promise.all(DERIVED.map((topic) => stage.endsOf(topic)));

/**
 * @param {string} name
 * @param {string} title
 * @param {(server: Redis) => Promise<void>} lose
 * @returns {Fault}
 */
const lost = (name, title, lose) => ({
  ...REDIS_BOUND,
  name,
  title,
  promise: `both services refuse and name \`callfold recover\`; nothing more is sent until it was run, and then ${ZERO}`,
  short: false,
  needs,
  async run(scene) {
    const { crew, until } = scene;
    await crew.usual();
    await scene.underLoad(() => pause(HOLD_MS));
    await scene.underLoad(async () => {
      await scene.struckNow();
      const from = performance.now();
      await lose(serverOf(scene));
      await until('every partition to name callfold recover', TOLD_MS, async () => {
        const said = await Promise.all(ROLES.map((role) => crew.complaints(role)));
        return said.every((details) => details.filter((text) => /callfold recover/.test(text)).length >= PARTITIONS);
      });
      scene.recoveredAfter(performance.now() - from);
      const before = await derivedEnds(scene);
      await pause(HOLD_MS);
      const after = await derivedEnds(scene);
      for (const [index, topic] of DERIVED.entries()) {
        if (String(after[index]) === String(before[index])) continue;
        const detail = `ends were ${before[index]} and are ${after[index]}`;
        scene.found({ fault: 'surplus', where: topic, detail });
      }
    });
    for (const role of ROLES) await crew.callfold(['recover', '--role', role, '--execute']);
    await crew.ready();
  },
});

/** @type {readonly Fault[]} */
export const REDIS_LOSS = [
  scriptFlush,
  full,
  wrongPolicy,
  truncated,
  lost('redis-flushall', 'FLUSHALL', async ({ port }) => void (await askRedis(port, ['FLUSHALL']))),
  lost('redis-came-up-empty', 'Redis is killed, and starts again with nothing', async (server) => {
    await server.kill();
    rmSync(join(server.dir, 'data', 'appendonlydir'), { recursive: true, force: true });
    rmSync(join(server.dir, 'data', 'appendonly.aof'), { force: true });
    await server.start();
  }),
];
