// @ts-check
/** A Redis Cluster of three masters, with or without replicas, whose slots can be moved while it is written to. */

import { join } from 'node:path';
import { pause } from './part.mjs';
import { freePorts, HOST, isFree } from './ports.mjs';
import { startRedis } from './redis.mjs';
import { askRedis, until } from './redis-ask.mjs';
import { CLUSTER_SETTINGS, WAITS } from './settings.mjs';

const SLOTS = 16_384;
const MASTERS = 3;
/** Nodes talk to each other on their port plus this. */
const BUS = 10_000;
const BUS_BELOW = 32_000;
const MIGRATE_MS = 10_000;
const KEYS_AT_ONCE = 100;

async function nodePort() {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if (port + BUS < BUS_BELOW && (await isFree(port + BUS))) return port;
  }
}

/** @param {number} port */
const nodesAt = async (port) =>
  String(await askRedis(port, ['CLUSTER', 'NODES']))
    .trimEnd()
    .split('\n');

/** @param {number} port */
const idOf = async (port) => String(await askRedis(port, ['CLUSTER', 'MYID']));

/**
 * Everybody knows everybody, all slots are served and each replica has its master's data.
 * @param {readonly import('./index.mjs').Part[]} servers
 */
async function isWhole(servers) {
  let masters = 0;
  for (const { port } of servers) {
    const info = String(await askRedis(port, ['CLUSTER', 'INFO']));
    const nodes = await nodesAt(port);
    if (!info.includes('cluster_state:ok') || nodes.length !== servers.length) return false;
    if (nodes.some((node) => /handshake|fail/.test(node))) return false;
    const own = String(await askRedis(port, ['INFO', 'replication']));
    if (own.includes('role:master')) masters += 1;
    else if (!own.includes('master_link_status:up')) return false;
  }
  return masters === MASTERS;
}

/** @type {typeof import('./index.mjs').startRedisCluster} */
export async function startRedisCluster(options) {
  const { dir, replicas: isDoubled = false, config = {} } = options;
  const names = Array.from({ length: (isDoubled ? 2 : 1) * MASTERS }, (_, n) => `node-${n + 1}`);
  const own = { ...CLUSTER_SETTINGS, ...config };
  const servers = await Promise.all(
    names.map(async (name) => startRedis({ dir: join(dir, name), port: await nodePort(), config: own })),
  );
  const masters = servers.slice(0, MASTERS);
  const replicas = servers.slice(MASTERS);
  const [first] = servers;
  for (const [n, { port }] of masters.entries()) {
    const from = Math.floor((SLOTS * n) / MASTERS);
    const to = Math.floor((SLOTS * (n + 1)) / MASTERS);
    await askRedis(port, ['CLUSTER', 'SET-CONFIG-EPOCH', n + 1]);
    await askRedis(port, ['CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, i) => from + i)]);
  }
  for (const { port } of servers.slice(1)) await askRedis(port, ['CLUSTER', 'MEET', HOST, first?.port ?? 0]);
  for (const [n, { port }] of replicas.entries()) {
    const id = await idOf(masters[n]?.port ?? 0);
    const follows = async () => (await askRedis(port, ['CLUSTER', 'REPLICATE', id])) === 'OK';
    await until(`node ${port} did not learn of its master`, WAITS.readyMs, follows, WAITS.pollMs);
  }
  async function whole() {
    for (const server of servers) if (!server.alive) await server.start();
    await until('the cluster did not become whole', WAITS.readyMs, () => isWhole(servers), WAITS.pollMs);
  }
  await whole();

  const someone = () => {
    const alive = servers.find((server) => server.alive);
    if (!alive) throw new Error('no node of the cluster runs');
    return alive;
  };

  /** @param {number} slot */
  async function ownerOf(slot) {
    const ranges = /** @type {[number, number, [string, number]][]} */ (
      await askRedis(someone().port, ['CLUSTER', 'SLOTS'])
    );
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
    const owner = servers.find((server) => server.port === port);
    if (!owner) throw new Error(`slot ${slot} has no owner`);
    return owner;
  }

  /** Those that take writes now. */
  async function mastersNow() {
    const found = [];
    for (const server of servers) {
      if (!server.alive) continue;
      const [role] = /** @type {string[]} */ (await askRedis(server.port, ['ROLE']));
      if (role === 'master') found.push(server);
    }
    return found;
  }

  return {
    url: `redis+cluster://${servers.map(({ port }) => `${HOST}:${port}`).join(',')}`,
    servers,
    masters: mastersNow,
    whole,
    slotOf: async (key) => Number(await askRedis(someone().port, ['CLUSTER', 'KEYSLOT', key])),
    ownerOf,
    async migrate(slot, { keyPauseMs = 0 } = {}) {
      const source = (await ownerOf(slot)).port;
      const target = (await mastersNow()).find(({ port }) => port !== source)?.port ?? 0;
      const [sourceId, targetId] = await Promise.all([idOf(source), idOf(target)]);
      await askRedis(target, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId]);
      await askRedis(source, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId]);
      let keys = 0;
      for (;;) {
        const some = /** @type {string[]} */ (await askRedis(source, ['CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE]));
        if (some.length === 0) break;
        for (const key of some) {
          await pause(keyPauseMs);
          await askRedis(source, ['MIGRATE', HOST, target, key, 0, MIGRATE_MS], MIGRATE_MS);
          keys += 1;
        }
      }
      await pause(keyPauseMs);
      // The new owner first: in between, the old one still points to it.
      await askRedis(target, ['CLUSTER', 'SETSLOT', slot, 'NODE', targetId]);
      await askRedis(source, ['CLUSTER', 'SETSLOT', slot, 'NODE', targetId]);
      return { from: source, to: target, keys };
    },
    async stop(how) {
      await Promise.all(servers.map((one) => one.stop(how)));
    },
  };
}
