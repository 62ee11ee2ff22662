// @ts-check
/** Kafka, registry and Redis for the measurement of rebalances, with topics as `callfold topics apply` makes them. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

const CALLFOLD = join(ROOT, 'services/cli/bin/callfold.js');
const COMMAND_MS = 180_000;
/** Short, so that records are derived and sent all the time. */
const SETTLE_MS = 1_000;

/** @typedef {Awaited<ReturnType<typeof openStage>>} Stage */

/** @param {{ partitions: number, sessionMs: number, say: (line: string) => void }} options */
export async function openStage({ partitions, sessionMs, say }) {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'scale-'));
  const kafka = await startKafka({ dir: join(dir, 'kafka'), say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const redis = await startRedis({ dir: join(dir, 'redis') });
  /** @type {Record<string, string>} */
  const env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_PARTITIONS: String(partitions),
    CALLFOLD_SESSION_TIMEOUT_MS: String(sessionMs),
    CALLFOLD_SETTLE_MS: String(SETTLE_MS),
  };
  const stage = {
    dir,
    env,
    /** The command, to its end. @param {string[]} args @returns {Promise<{ code: number, text: string }>} */
    async callfold(args) {
      const options = { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: COMMAND_MS };
      try {
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [CALLFOLD, ...args], options);
        return { code: 0, text: stdout + stderr };
      } catch (error) {
        const { code, stdout, stderr } = /** @type {any} */ (error);
        return { code: Number(code ?? 1), text: `${stdout}${stderr}` };
      }
    },
    async close() {
      await Promise.allSettled([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis.stop({ wipe: true })]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const made = await stage.callfold(['topics', 'apply', '--execute']);
  if (made.code !== 0) {
    await stage.close();
    throw new Error(`the topics could not be made: ${made.text}`);
  }
  return stage;
}
