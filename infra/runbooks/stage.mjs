// @ts-check
/** What a runbook is run on: real Kafka, registry and Redis, the services, and a shell that knows `callfold`. */

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts, startKafka, startRedis, startRegistry, testDir } from '../parts/index.mjs';

const COMMAND = fileURLToPath(new URL('../../services/cli/bin/callfold.js', import.meta.url));
export const PARTITIONS = 2;
const LOOK_MS = 200;
const PATIENCE_MS = 180_000;

/** @typedef {{ code: number | null, out: string, err: string }} Ended */
/** @typedef {Awaited<ReturnType<typeof openStage>>} Stage */

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env: Record<string, string>, input?: string }} how
 * @returns {Promise<Ended>}
 */
function run(file, args, { env, input = '' }) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

/** @param {(line: string) => void} say */
export async function openStage(say) {
  const dir = testDir('runbooks');
  const [kafka, registry, redis] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka'), quick: true }),
    startRegistry({ dir: join(dir, 'registry') }),
    startRedis({ dir: join(dir, 'redis') }),
  ]);
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const shim = join(bin, 'callfold');
  writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`);
  chmodSync(shim, 0o755);
  /** @type {Record<string, string>} */
  const env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_SESSION_TIMEOUT_MS: '6000',
    CALLFOLD_PARTITIONS: String(PARTITIONS),
    CALLFOLD_SETTLE_MS: '500',
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
  };
  /** @type {Map<string, import('node:child_process').ChildProcess>} */
  const services = new Map();

  const callfold = (/** @type {string[]} */ args, input = '', more = {}) =>
    run(process.execPath, [COMMAND, ...args], { env: { ...env, ...more }, input });

  /** @param {string} role */
  async function stop(role) {
    const child = services.get(role);
    services.delete(role);
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  const stage = {
    env,
    callfold,
    redisUrl: redis.url,
    /** One shell block of a page. @param {string} text */
    shell: (text) => run('bash', ['-c', text], { env }),
    /** @param {'projector' | 'outcomes'} role @param {Record<string, string>} [more] @param {string} [name] of a second one */
    async serve(role, more = {}, name = role) {
      const [port = 0] = await freePorts(1);
      const child = spawn(process.execPath, [COMMAND, 'serve', role], {
        env: { ...process.env, ...env, CALLFOLD_HTTP_PORT: String(port), CALLFOLD_LOG_LEVEL: 'error', ...more },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      services.set(name, child);
    },
    stop,
    /** @param {readonly object[]} events */
    async publish(events) {
      const ended = await callfold(['import', '-'], `${events.map((one) => JSON.stringify(one)).join('\n')}\n`);
      if (ended.code !== 0) throw new Error(ended.err);
    },
    /** @param {string} what @param {() => Promise<boolean>} holds */
    async until(what, holds) {
      for (const giveUpAt = Date.now() + PATIENCE_MS; !(await holds()); await pause(LOOK_MS))
        if (Date.now() > giveUpAt) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    },
    /** @returns {Promise<{ partitions: Record<string, unknown>[], generations: Record<string, unknown>[] }>} */
    async status() {
      return JSON.parse((await callfold(['status', '--json'])).out);
    },
    /** All that there is is folded and sent. */
    async level() {
      await this.until('all is folded and sent', async () => {
        const { partitions } = await this.status();
        const isLevel = partitions.every(
          ({ position, end, lag, outbox, nextTimer }) =>
            (Number(end) === 0 || (position !== null && lag === 0)) &&
            (outbox ?? 0) === 0 &&
            (nextTimer === null || Number(nextTimer) > Date.now() + 60_000),
        );
        return isLevel && partitions.some(({ position }) => position !== null);
      });
    },
    async close() {
      for (const role of services.keys()) await stop(role);
      await Promise.all([kafka, registry, redis].map((part) => part.stop({ wipe: true })));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const applied = await callfold(['topics', 'apply', '--execute']);
  if (applied.code !== 0) {
    await stage.close();
    throw new Error(applied.err);
  }
  say('Kafka, registry and Redis are up');
  return stage;
}

/** Of a call of `callsOf`: before it has its end. @param {{ status: string }} event */
export const isFirst = ({ status }) => /^(Registred|Participant join \(Contact\))/.test(status);

/** Calls of some minutes ago: abandoned, sent to voicemail, answered. @param {string} name @param {number} count */
export function callsOf(name, count) {
  /** @type {readonly (readonly (readonly [number, string])[])[]} */
  const ends = [
    [
      [8, 'Participant leave (Contact)'],
      [8, 'Call ended'],
    ],
    [
      [9, 'Redirect to voice mail'],
      [30, 'Participant leave (Contact)'],
      [30, 'Call ended'],
    ],
    [
      [5, 'Participant join ([Anna])'],
      [40, 'Participant leave (Contact)'],
      [40, 'Call ended'],
    ],
  ];
  return Array.from({ length: count }, (_, n) => {
    const at = Date.now() - 600_000 + n * 10;
    /** @type {readonly (readonly [number, string])[]} */
    const words = [[0, 'Registred in CallCenter24'], [1, 'Participant join (Contact)'], ...(ends[n % 3] ?? [])];
    return words.map(([second, status]) => ({
      source: 'callcenter24',
      callId: `${name}-${n}`,
      occurredAt: new Date(at + second * 1_000).toISOString(),
      status,
    }));
  }).flat();
}
