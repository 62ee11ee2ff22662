// @ts-check
/** Connections of the services to Kafka and Redis: cut, slow, half-open, and requests that come late. */

import { setTimeout as pause } from 'node:timers/promises';
import { KAFKA_BOUND, REDIS_BOUND, ROLES, ZERO } from './words.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */
/** @typedef {import('../../parts/index.mjs').Proxy} Proxy */
/** @typedef {import('../../parts/index.mjs').ProxyState} ProxyState */
/** @typedef {Pick<Fault, 'boundSeconds' | 'because'>} Bound */
/** @typedef {(scene: Scene) => readonly Proxy[]} Ways */

const CUTS = 5;
const BETWEEN_CUTS_MS = 1_500;
/** Longer than any answer is waited for (10 s) and than the group's session. */
const SILENCE_MS = 13_000;
const SLOW_MS = 5_000;

/** @type {Ways} */
const toKafka = ({ stage }) => stage.ways.kafka;
/** @type {Ways} */
const toRedis = ({ stage }) => [stage.ways.redis];

const needs = /** @type {const} */ ({ brokers: 1, redis: 'single', proxy: true });

/** @param {Scene} scene */
const complaints = async ({ crew }) => (await Promise.all(ROLES.map((role) => crew.complaints(role)))).flat();

/**
 * @param {string} to
 * @param {Ways} ways
 * @param {Bound} bound
 * @returns {Fault}
 */
const cut = (to, ways, bound) => ({
  ...bound,
  name: `${to.toLowerCase()}-cut`,
  title: `every connection of the services to ${to} is reset, ${CUTS} times`,
  promise: `connected anew, ${ZERO}`,
  short: false,
  needs,
  async run(scene) {
    await scene.crew.usual();
    await scene.underLoad(async () => {
      for (let n = 0; n < CUTS; n += 1) {
        await scene.strike(async () => {
          for (const way of ways(scene)) way.cut();
        });
        await pause(scene.random.whole(1, BETWEEN_CUTS_MS));
      }
    });
  },
});

/**
 * @param {string} to
 * @param {Ways} ways
 * @param {Pick<ProxyState, 'latencyMs' | 'bytesPerSecond'>} how
 * @param {Bound} bound
 * @returns {Fault}
 */
const slow = (to, ways, how, bound) => ({
  ...bound,
  name: `${to.toLowerCase()}-slow`,
  title: `each way to ${to} takes ${how.latencyMs} ms and a connection ${how.bytesPerSecond / 1_000_000} MB a second`,
  promise: `slower, and goes on: ${ZERO}`,
  short: false,
  needs,
  async run(scene) {
    await scene.crew.usual();
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        for (const way of ways(scene)) way.set(how);
      });
      await pause(SLOW_MS);
    });
    for (const way of ways(scene)) await way.normal();
  },
});

/**
 * @param {string} to
 * @param {Ways} ways
 * @param {'both' | 'answers'} what
 * @param {Bound} bound
 * @param {boolean} short
 * @returns {Fault}
 */
const halfOpen = (to, ways, what, bound, short) => ({
  ...bound,
  name: `${to.toLowerCase()}-half-open-${what}`,
  title:
    what === 'both'
      ? `connections to ${to} stay open, and nothing comes through for ${SILENCE_MS / 1_000} s`
      : `${to} does what it is asked, and none of its answers arrive for ${SILENCE_MS / 1_000} s`,
  promise: `waited for; what was done unanswered is not done again: ${ZERO}`,
  short,
  needs,
  async run(scene) {
    await scene.crew.usual();
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        for (const way of ways(scene)) way.set({ toServer: what === 'both' ? 'swallow' : 'pass', toClient: 'swallow' });
        await pause(SILENCE_MS);
        // An answer of Redis is waited for 10 s; that Kafka is silent shows where a partition stands still, after 30.
        if (to === 'Redis' && (await complaints(scene)).length === 0)
          throw new Error('nobody said that Redis is silent');
        for (const way of ways(scene)) await way.normal();
      });
    });
  },
});

/**
 * The first instance of each role comes through the proxies, the second one does not: what the first had under way
 * arrives when its partitions are the second's.
 * @type {Fault}
 */
const cutOff = {
  ...KAFKA_BOUND,
  name: 'instance-cut-off',
  title: `one of two instances is cut off for ${SILENCE_MS / 1_000} s; then its requests to Kafka and Redis arrive after all`,
  promise: `the other takes over; late commits and sends are refused: ${ZERO}`,
  short: true,
  needs,
  async run(scene) {
    const { stage, crew } = scene;
    await crew.usual({ env: scene.env });
    await scene.underLoad(async () => {
      const { kafka, redis } = stage.ways;
      const ways = [...kafka, redis];
      await scene.strike(async () => {
        for (const way of ways) way.set({ toServer: 'hold', toClient: 'hold' });
      });
      await pause(SILENCE_MS);
      await scene.strike(async () => {
        for (const way of ways) await way.normal();
      });
    });
    await crew.ready();
  },
};

/** @type {Fault} */
const lateCommits = {
  ...REDIS_BOUND,
  name: 'redis-late-commits',
  title: `commits are held on their way for ${SILENCE_MS / 1_000} s, beside the repeats of them, and all arrive`,
  promise: `each is done once: ${ZERO}`,
  short: false,
  needs,
  async run(scene) {
    const { redis } = scene.stage.ways;
    await scene.crew.usual();
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        redis.set({ toServer: 'hold' });
        await pause(SILENCE_MS);
        await redis.normal();
      });
    });
  },
};

/** @type {readonly Fault[]} */
export const CONNECTIONS = [
  cut('Kafka', toKafka, KAFKA_BOUND),
  slow('Kafka', toKafka, { latencyMs: 50, bytesPerSecond: 4_000_000 }, KAFKA_BOUND),
  halfOpen('Kafka', toKafka, 'both', KAFKA_BOUND, false),
  halfOpen('Kafka', toKafka, 'answers', KAFKA_BOUND, false),
  cut('Redis', toRedis, REDIS_BOUND),
  slow('Redis', toRedis, { latencyMs: 20, bytesPerSecond: 10_000_000 }, REDIS_BOUND),
  halfOpen('Redis', toRedis, 'both', REDIS_BOUND, false),
  halfOpen('Redis', toRedis, 'answers', REDIS_BOUND, true),
  lateCommits,
  cutOff,
];
