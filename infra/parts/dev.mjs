// @ts-check
/** The one set of parts that `infra:up` starts and `infra:down` stops: fixed ports, data that stays. */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findJars, findJava } from './jars.mjs';
import { startKafka } from './kafka.mjs';
import { withLock } from './lock.mjs';
import { pidFileOf, stopIn } from './part.mjs';
import { devDir } from './paths.mjs';
import { readPid } from './pid.mjs';
import { HOST, isFree } from './ports.mjs';
import { checkRedisServer, startRedis } from './redis.mjs';
import { startRegistry } from './registry.mjs';
import { PORT_SETTINGS, PORTS, WAITS } from './settings.mjs';

/** One broker and three have folders of their own: a cluster's size is written into its data. */
const SIZES = /** @type {const} */ ([1, 3]);

/** @typedef {keyof typeof PORTS} PortName */

/** @param {NodeJS.ProcessEnv} env */
function portsFrom(env) {
  const ports = { ...PORTS };
  for (const name of /** @type {PortName[]} */ (Object.keys(PORTS))) {
    const given = env[PORT_SETTINGS[name]];
    if (!given) continue;
    ports[name] = Number(given);
    if (!/^\d+$/.test(given) || ports[name] < 1 || ports[name] > 65_533) {
      throw new Error(`${PORT_SETTINGS[name]} is "${given}"; it must be a port from 1 to 65533.`);
    }
  }
  return ports;
}

/** @param {string} dir */
function foldersOf(dir) {
  const kafka = SIZES.flatMap((size) =>
    Array.from({ length: size }, (_, index) => ({
      name: `Kafka broker ${index + 1}${size === 1 ? '' : ` of ${size}`}`,
      size,
      port: /** @type {PortName} */ ('kafka'),
      offset: index,
      dir: join(dir, `kafka-${size}`, `node-${index + 1}`),
    })),
  );
  const registry = { name: 'Schema registry', size: 0, port: /** @type {PortName} */ ('registry'), offset: 0 };
  const redis = { name: 'Redis', size: 0, port: /** @type {PortName} */ ('redis'), offset: 0 };
  return [...kafka, { ...registry, dir: join(dir, 'registry') }, { ...redis, dir: join(dir, 'redis') }];
}

/**
 * Refuses before anything is started: another cluster size is up, or a port is somebody else's.
 * @param {string} dir
 * @param {typeof PORTS} ports
 * @param {1 | 3} brokers
 */
async function checkRoom(dir, ports, brokers) {
  for (const folder of foldersOf(dir)) {
    const running = readPid(pidFileOf(folder.dir)) !== null;
    if (folder.size !== 0 && folder.size !== brokers) {
      if (!running) continue;
      throw new Error(`Kafka is up with ${folder.size} broker(s), ${brokers} asked for. First: npm run infra:down`);
    }
    if (running) continue;
    const names = /** @type {PortName[]} */ (folder.port === 'kafka' ? ['kafka', 'controller'] : [folder.port]);
    for (const name of names) {
      const port = ports[name] + folder.offset;
      if (await isFree(port)) continue;
      throw new Error(
        `Port ${port} of ${HOST}, wanted for ${folder.name}, is taken by another program. End that one, or choose ` +
          `other ports: ${PORT_SETTINGS[name]}=${ports[name] + 1_000} npm run infra:up`,
      );
    }
  }
}

/**
 * Refuses before anything is started, with everything that is missing in one message.
 * @param {(line: string) => void} say
 * @param {NodeJS.ProcessEnv} env
 */
async function checkPrograms(say, env) {
  const checks = await Promise.allSettled([
    (async () => findJava(env))(),
    (async () => checkRedisServer())(),
    findJars({ say, env }),
  ]);
  const missing = checks.flatMap((check) => (check.status === 'rejected' ? [check.reason.message] : []));
  if (missing.length > 0) throw new Error(missing.join('\n'));
}

/**
 * Starts what does not run yet, and waits until everything answers.
 * @param {{ brokers: 1 | 3, say: (line: string) => void, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<Record<string, string>>} environment variables for the services
 */
export async function up({ brokers, say, env = process.env }) {
  const ports = portsFrom(env);
  const dir = devDir(env);
  mkdirSync(dir, { recursive: true });
  return withLock(join(dir, 'lock'), WAITS.downloadMs, async () => {
    await checkPrograms(say, env);
    await checkRoom(dir, ports, brokers);
    const begun = Date.now();
    const tell = (/** @type {import('./index.mjs').Part} */ part) => {
      const how = part.found ? 'already up' : `up after ${((Date.now() - begun) / 1_000).toFixed(1)} s`;
      say(`${part.name}: ${how}, port ${part.port}, log ${part.logFile}`);
      return part;
    };
    const following = (/** @type {number} */ first) => Array.from({ length: brokers }, (_, index) => first + index);
    const starts = await Promise.allSettled([
      startKafka({
        dir: join(dir, `kafka-${brokers}`),
        brokers,
        ports: following(ports.kafka),
        controllerPorts: following(ports.controller),
        keep: true,
        say,
      }).then((kafka) => {
        kafka.nodes.forEach(tell);
        return { CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(',') };
      }),
      startRegistry({ dir: join(dir, 'registry'), port: ports.registry, keep: true, say }).then((registry) => {
        tell(registry);
        return { CALLFOLD_REGISTRY_URL: registry.url };
      }),
      startRedis({ dir: join(dir, 'redis'), port: ports.redis, keep: true }).then((redis) => {
        tell(redis);
        return { CALLFOLD_REDIS_URL: redis.url };
      }),
    ]);
    const failures = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason.message] : []));
    if (failures.length > 0) {
      throw new Error(`${[...new Set(failures)].join('\n')}\nWhat was started stays up; stop it: npm run infra:down`);
    }
    return Object.assign({}, ...starts.map((start) => (start.status === 'fulfilled' ? start.value : {})));
  });
}

/**
 * Stops everything that was started here; with `wipe` removes its data and logs as well. Jars stay cached.
 * @param {{ wipe: boolean, say: (line: string) => void, env?: NodeJS.ProcessEnv }} options
 */
export async function down({ wipe, say, env = process.env }) {
  const dir = devDir(env);
  if (!existsSync(dir)) {
    say('nothing was up');
    return;
  }
  await withLock(join(dir, 'lock'), WAITS.downloadMs, async () => {
    const ends = await Promise.all(
      foldersOf(dir).map(async (folder) => {
        const how = await stopIn(folder.dir);
        if (how === 'stopped') say(`${folder.name}: stopped`);
        if (how === 'killed') say(`${folder.name}: did not stop within ${WAITS.stopMs / 1_000} s and was killed`);
        return how;
      }),
    );
    if (ends.every((how) => how === 'not running')) say('nothing was up');
    if (!wipe) return;
    for (const name of [...SIZES.map((size) => `kafka-${size}`), 'registry', 'redis']) {
      rmSync(join(dir, name), { recursive: true, force: true });
    }
    say(`data and logs in ${dir} removed`);
  });
}
