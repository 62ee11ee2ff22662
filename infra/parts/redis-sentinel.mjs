// @ts-check
/** A Redis master with replicas and the sentinels that watch over them. */

import { join } from 'node:path';
import { HOST } from './ports.mjs';
import { startRedis } from './redis.mjs';
import { askRedis, until } from './redis-ask.mjs';
import { SENTINEL_SETTINGS, WAITS } from './settings.mjs';

const MASTER = 'callfold';
/** Nobody's: a replica that gives it is turned away. */
const WRONG_PASSWORD = 'held-back';

/**
 * `name, value, name, value` as Redis lists things.
 * @param {unknown} flat
 */
function fieldsOf(flat) {
  const list = /** @type {string[]} */ (flat);
  return new Map(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] ?? '', list[2 * i + 1] ?? '']));
}

/** @param {number} port */
const linkIsUp = async (port) => /master_link_status:up/.test(String(await askRedis(port, ['INFO', 'replication'])));

/** @type {typeof import('./index.mjs').startRedisSentinel} */
export async function startRedisSentinel(options) {
  const { dir, replicas: replicaCount = 1, sentinels: sentinelCount = 3, config = {} } = options;
  const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => i + 1);
  const first = await startRedis({ dir: join(dir, 'server-1'), config });
  const follow = { replicaof: `${HOST} ${first.port}`, 'repl-diskless-sync-delay': '0', ...config };
  const replicas = await Promise.all(
    numbers(replicaCount).map((n) => startRedis({ dir: join(dir, `server-${n + 1}`), config: follow })),
  );
  const servers = [first, ...replicas];
  const quorum = Math.floor(sentinelCount / 2) + 1;
  const sentinel = [
    `monitor ${MASTER} ${HOST} ${first.port} ${quorum}`,
    ...Object.entries(SENTINEL_SETTINGS).map(([name, value]) => `${name} ${MASTER} ${value}`),
  ];
  const sentinels = await Promise.all(
    numbers(sentinelCount).map((n) =>
      startRedis({ dir: join(dir, `sentinel-${n}`), sentinel: true, config: { sentinel } }),
    ),
  );

  /** As most of the sentinels that answer have it. */
  async function master() {
    const asked = await Promise.allSettled(
      sentinels.map(({ port }) => askRedis(port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER])),
    );
    const ports = asked.flatMap((one) =>
      one.status === 'fulfilled' ? [Number(/** @type {string[]} */ (one.value)[1])] : [],
    );
    const named = servers.find(({ port }) => ports.filter((one) => one === port).length >= quorum);
    if (!named) throw new Error(`the sentinels do not agree on a master: ${ports.join(', ')}`);
    return named;
  }

  async function isWhole() {
    for (const { port } of sentinels) {
      const known = fieldsOf(await askRedis(port, ['SENTINEL', 'MASTER', MASTER]));
      if (known.get('num-other-sentinels') !== String(sentinelCount - 1)) return false;
      if (known.get('num-slaves') !== String(replicaCount) || known.get('flags') !== 'master') return false;
    }
    const main = await master();
    const links = await Promise.all(servers.filter((one) => one !== main).map(({ port }) => linkIsUp(port)));
    return links.every(Boolean);
  }

  async function whole() {
    for (const server of [...servers, ...sentinels]) if (!server.alive) await server.start();
    for (const { port } of servers) await askRedis(port, ['CONFIG', 'SET', 'masterauth', '']);
    await until('the sentinels did not find each other and the replicas', WAITS.readyMs, isWhole, WAITS.pollMs);
  }
  await whole();

  /** @type {(lead: (replica: number, master: number) => Promise<unknown>) => Promise<void>} */
  async function eachReplica(lead) {
    const { port } = await master();
    for (const server of servers) if (server.alive && server.port !== port) await lead(server.port, port);
  }

  return {
    name: MASTER,
    url: `redis+sentinel://${sentinels.map(({ port }) => `${HOST}:${port}`).join(',')}/${MASTER}`,
    servers,
    sentinels,
    master,
    /** Turned away at the door and not stopped: a sentinel still finds it well, and its data is that of this moment. */
    async holdReplicas() {
      await eachReplica(async (replica, main) => {
        await askRedis(replica, ['CONFIG', 'SET', 'masterauth', WRONG_PASSWORD]);
        await askRedis(main, ['CLIENT', 'KILL', 'TYPE', 'replica']);
      });
    },
    whole,
    async stop(how) {
      await Promise.all([...sentinels, ...servers].map((one) => one.stop(how)));
    },
  };
}
