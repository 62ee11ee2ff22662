// @ts-check
/** Kafka and a registry of one's own, and services on them as users start them. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ended, endWithMe } from '../parts/lifeline.mjs';
import { freePorts, startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

const COMMAND_MS = 120_000;
const UP_MS = 60_000;
const STOP_MS = 30_000;
const LOOK_MS = 50;
const SAID_CHARACTERS = 2_000;

/**
 * @typedef {object} Service
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<number | null>} stop SIGTERM; its exit code
 */

/** @param {{ redis: boolean, say: (line: string) => void, root?: string }} options */
export async function openStage({ redis: wantsRedis, say, root = ROOT }) {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'gateway-'));
  const [kafka, registry] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka'), quick: true, say }),
    startRegistry({ dir: join(dir, 'registry'), say }),
  ]);
  const redis = wantsRedis ? await startRedis({ dir: join(dir, 'redis') }) : null;
  /** @type {Record<string, string>} */
  const env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    ...(redis && { CALLFOLD_REDIS_URL: redis.url }),
  };
  /** @type {Service[]} */
  const services = [];

  const stage = {
    dir,
    kafka,
    env,
    /** The command, to its end. @param {string[]} args @param {Record<string, string>} [more] */
    async callfold(args, more = {}) {
      const command = [join(root, 'services/cli/bin/callfold.js'), ...args];
      const { stdout } = await promisify(execFile)(process.execPath, command, {
        env: { ...process.env, ...env, ...more },
        timeout: COMMAND_MS,
      });
      return stdout;
    },
    /**
     * A service, once it is ready.
     * @param {string[]} args @param {Record<string, string>} [more] @returns {Promise<Service>}
     */
    async start(args, more = {}) {
      const service = await startService(root, dir, args, { ...env, ...more });
      services.push(service);
      return service;
    },
    async close() {
      for (const service of services.toReversed()) await service.stop();
      await Promise.all([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis?.stop({ wipe: true })]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return stage;
}

/**
 * @param {string} root of the clone
 * @param {string} dir for its log
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<Service>}
 */
export async function startService(root, dir, args, env) {
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, [join(root, 'services/cli/bin/callfold.js'), ...args], {
    env: { ...process.env, ...env, CALLFOLD_HTTP_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid = 0 } = child;
  endWithMe(pid);
  const log = createWriteStream(join(dir, `${args.join('-')}.log`));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said = `${said}${text}`.slice(-SAID_CHARACTERS)));
  const over = once(child, 'exit').then(([code]) => {
    ended(pid);
    return /** @type {number | null} */ (code);
  });
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + UP_MS; !(await isReady(url)); await pause(LOOK_MS)) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`callfold ${args.join(' ')} is not ready; what it said last: ${said}`);
  }
  return {
    url,
    pid,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const code = await over;
      clearTimeout(late);
      return code;
    },
  };
}

/** @param {string} url */
async function isReady(url) {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  await answer?.arrayBuffer().catch(() => null);
  return answer?.status === 200;
}
