// @ts-check
/** Redis of each shape, as a stage needs it: where it is, all of it whole again, and nothing in it. */

import { askRedis, startRedis, startRedisCluster, startRedisSentinel } from '../parts/index.mjs';

/**
 * @typedef {object} RedisPart
 * @property {string} url as CALLFOLD_REDIS_URL
 * @property {readonly import('../parts/index.mjs').Redis[]} servers
 * @property {import('../parts/index.mjs').RedisSentinel} [sentinel]
 * @property {import('../parts/index.mjs').RedisCluster} [cluster]
 * @property {() => Promise<void>} empty whole again, as it was started, and nothing in it
 * @property {() => Promise<void>} stop
 */

/** What faults set. @param {number} port */
const usual = async (port) => {
  await askRedis(port, ['CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction']);
  await askRedis(port, ['FLUSHALL']);
};

/** @param {string} dir @returns {Promise<RedisPart>} */
async function openSingle(dir) {
  const server = await startRedis({ dir });
  return {
    url: server.url,
    servers: [server],
    async empty() {
      if (!server.alive) await server.start();
      await usual(server.port);
    },
    stop: () => server.stop({ wipe: true }),
  };
}

/** @param {string} dir @returns {Promise<RedisPart>} */
async function openSentinel(dir) {
  const sentinel = await startRedisSentinel({ dir });
  return {
    url: sentinel.url,
    servers: sentinel.servers,
    sentinel,
    async empty() {
      await sentinel.whole();
      await usual((await sentinel.master()).port);
    },
    stop: () => sentinel.stop({ wipe: true }),
  };
}

/** @param {string} dir @returns {Promise<RedisPart>} */
async function openCluster(dir) {
  const cluster = await startRedisCluster({ dir, replicas: true });
  return {
    url: cluster.url,
    servers: cluster.servers,
    cluster,
    async empty() {
      await cluster.whole();
      for (const { port } of await cluster.masters()) await usual(port);
    },
    stop: () => cluster.stop({ wipe: true }),
  };
}

/** @type {Record<'single' | 'sentinel' | 'cluster', (dir: string) => Promise<RedisPart>>} */
export const OPEN_REDIS = { single: openSingle, sentinel: openSentinel, cluster: openCluster };
