// @ts-check
/** Redis from the PATH: one server (or sentinel) with its own folder, port and settings. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './part.mjs';
import { freePorts, HOST } from './ports.mjs';
import { askRedis, RedisSaid } from './redis-ask.mjs';
import { REDIS_SETTINGS, VERSIONS } from './settings.mjs';

const WAIT_MS = 2_000;
const REDIS_HELP =
  'Install it (Debian, Ubuntu: `apt-get install redis-server`; macOS: `brew install redis`). ' +
  'With Docker instead: `docker compose up -d --wait`.';

/** Throws when there is none, or one that is too old. */
export function checkRedisServer() {
  let said;
  try {
    said = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`Redis is needed and \`redis-server\` is not on the PATH. ${REDIS_HELP}`, { cause: error });
  }
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(said) ?? [];
  const [needMajor, needMinor] = VERSIONS.redisAtLeast.split('.').map(Number);
  const enough =
    Number(major) > Number(needMajor) || (Number(major) === needMajor && Number(minor) >= Number(needMinor));
  if (!enough)
    throw new Error(`Redis ${VERSIONS.redisAtLeast} or newer is needed; this is ${said.trim()}. ${REDIS_HELP}`);
}

/**
 * True when the server takes commands: PONG, or a demand for a password. False while it loads its data.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export async function pingRedis(port) {
  try {
    return (await askRedis(port, ['PING'], WAIT_MS)) === 'PONG';
  } catch (error) {
    if (error instanceof RedisSaid) return error.message.startsWith('NOAUTH');
    throw error;
  }
}

/** @param {string} value */
const quoted = (value) => (/^[\w./:@-]+( [\w./:@-]+)*$/.test(value) ? value : JSON.stringify(value));

/** @param {Readonly<Record<string, string | readonly string[]>>} settings */
const configText = (settings) =>
  Object.entries(settings)
    .flatMap(([name, value]) => (typeof value === 'string' ? [value] : value).map((one) => `${name} ${quoted(one)}\n`))
    .join('');

/** @type {typeof import('./index.mjs').startRedis} */
export async function startRedis(options) {
  const { dir, config = {}, sentinel = false, keep = false } = options;
  checkRedisServer();
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  mkdirSync(join(dir, 'data'), { recursive: true });
  const file = join(dir, 'redis.conf');
  const own = { bind: HOST, port: String(port), dir: join(dir, 'data'), daemonize: 'no' };
  // A sentinel refuses settings of a server.
  writeFileSync(file, configText({ ...own, ...(sentinel ? {} : REDIS_SETTINGS), ...config }));
  const part = await launch({
    name: sentinel ? 'Redis Sentinel' : 'Redis',
    dir,
    log: 'redis.log',
    command: 'redis-server',
    args: [file, ...(sentinel ? ['--sentinel'] : [])],
    port,
    keep,
    answers: () => pingRedis(port),
  });
  return Object.assign(part, { url: `redis://${HOST}:${port}` });
}
