// @ts-check
/** Redis with Sentinel and Redis Cluster: a failover that loses answered commits, slots that move, a lost master. */

import { setTimeout as pause } from 'node:timers/promises';
import { askRedis } from '../../parts/index.mjs';
import { TOPIC } from '../../bench/topics.mjs';
import { setBack, ZERO } from './words.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */

const LAG_MS = 2_000;
const MOVES = 4;
const KEY_PAUSE_MS = 150;
const ERRORS = ['MOVED', 'ASK', 'TRYAGAIN'];

/** @param {Scene} scene */
function clusterOf({ stage }) {
  if (!stage.redis.cluster) throw new Error('this fault needs a cluster');
  return stage.redis.cluster;
}

/**
 * Positions of the partitions that the load goes to, of both roles, stand in these.
 * @param {import('../../parts/index.mjs').RedisCluster} cluster
 */
async function checkpoints(cluster) {
  const found = [];
  for (const { port } of await cluster.masters())
    found.push(.../** @type {string[]} */ (await askRedis(port, ['KEYS', `*/${TOPIC}/*:checkpoint`])));
  return found.toSorted();
}

/** Times that the nodes told a client to look elsewhere. @param {import('../../parts/index.mjs').RedisCluster} cluster */
async function pointed(cluster) {
  let sum = 0;
  for (const { port } of await cluster.masters()) {
    const said = String(await askRedis(port, ['INFO', 'errorstats']));
    for (const name of ERRORS) sum += Number(new RegExp(`errorstat_${name}:count=(\\d+)`).exec(said)?.[1] ?? 0);
  }
  return sum;
}

/** @type {Fault} */
const lostWrites = {
  name: 'redis-failover-lost-writes',
  title: `the replica is held back for ${LAG_MS / 1_000} s of commits, the master is killed, Sentinel promotes the replica`,
  promise: `the position is claimed back and folded again, what stands in the derived topics is not sent again: ${ZERO}`,
  boundSeconds: 45,
  because:
    'Sentinel needs 2 s, some seconds to vote and 12 s more when a vote has no winner; then as for a cut connection',
  short: true,
  needs: { brokers: 1, redis: 'sentinel' },
  async run(scene) {
    const { sentinel } = scene.stage.redis;
    if (!sentinel) throw new Error('this fault needs sentinels');
    await scene.crew.usual();
    await scene.underLoad(async () => {
      await sentinel.holdReplicas();
      await pause(LAG_MS);
      const since = Date.now();
      const before = await scene.positions();
      await scene.strike(async () => (await sentinel.master()).kill());
      if (setBack(scene, before, since) === 0) throw new Error('no acknowledged commit was lost');
    });
  },
};

/** @type {Fault} */
const slotMoves = {
  name: 'redis-slot-moves',
  title: `the slots of ${MOVES} partitions move to another node, key by key, while they are committed to`,
  promise: `waits while its slot is on the way, and goes on where it is: ${ZERO}`,
  boundSeconds: 45,
  because: 'as for a cut connection, and 25 s more: what came while a slot was on its way is one large commit',
  short: false,
  needs: { brokers: 1, redis: 'cluster' },
  async run(scene) {
    const cluster = clusterOf(scene);
    await scene.crew.usual();
    const before = await pointed(cluster);
    await scene.underLoad(async () => {
      const keys = await checkpoints(cluster);
      for (let n = 0; n < MOVES; n += 1) {
        const [key = ''] = keys.splice(scene.random.whole(0, keys.length - 1), 1);
        await scene.strike(async () => {
          await cluster.migrate(await cluster.slotOf(key), { keyPauseMs: KEY_PAUSE_MS });
        });
      }
    });
    if ((await pointed(cluster)) === before) throw new Error('no client met a slot on its way');
  },
};

/** @type {Fault} */
const masterKilled = {
  name: 'redis-cluster-master-killed',
  title: 'a master of the cluster is killed and its replica takes over',
  promise: `waited for; commits that the replica has not seen are folded again: ${ZERO}`,
  boundSeconds: 45,
  because:
    'the nodes need 3 s to miss it and some seconds to vote, twice when nobody wins; then as for a cut connection',
  short: false,
  needs: { brokers: 1, redis: 'cluster' },
  async run(scene) {
    const cluster = clusterOf(scene);
    await scene.crew.usual();
    await scene.underLoad(async () => {
      const keys = await checkpoints(cluster);
      const key = keys[scene.random.whole(0, keys.length - 1)] ?? '';
      const master = await cluster.ownerOf(await cluster.slotOf(key));
      await scene.strike(() => master.kill());
    });
  },
};

/** @type {readonly Fault[]} */
export const REDIS_FAILOVER = [lostWrites, slotMoves, masterKilled];
