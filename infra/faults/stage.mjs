// @ts-check
/** The real parts of a run of faults that need the same: Kafka of one or three brokers, the registry, Redis. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createRedisClient, openKafkaAdmin, readConfig } from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import { connectionOf, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

export const PARTITIONS = 4;
/** The least that a broker takes by default. */
export const SESSION_MS = 6_000;
/** Short, so that records are derived and sent all the time, and not only at the end. */
const SETTLE_MS = 1_000;
const GONE_MS = 60_000;
const LOOK_MS = 100;
const COMMAND_MS = 120_000;

const KAFKA_SETTINGS = {
  // Leaders move 3 s after a kill instead of 9.
  'broker.session.timeout.ms': '3000',
  // Retention is one of the faults.
  'log.retention.check.interval.ms': '1000',
  'log.initial.task.delay.ms': '1000',
};

/** @typedef {{ brokers: 1 | 3, redis: 'single' | 'sentinel' | 'cluster', proxy?: boolean }} Needs */

/**
 * What a Redis of any shape is for a stage.
 * @typedef {object} RedisPart
 * @property {string} url as CALLFOLD_REDIS_URL
 * @property {import('../parts/index.mjs').Part[]} servers
 * @property {() => Promise<void>} empty whole again, and nothing in it
 * @property {() => Promise<void>} stop
 */

/** @param {string} dir @returns {Promise<RedisPart>} */
async function openSingle(dir) {
  const server = await startRedis({ dir });
  return {
    url: server.url,
    servers: [server],
    async empty() {
      if (!server.alive) await server.start();
      const client = createRedisClient({ url: server.url });
      await client.callMasters('flushall', []);
      await client.close();
    },
    stop: () => server.stop({ wipe: true }),
  };
}

/** @type {Partial<Record<Needs['redis'], (dir: string) => Promise<RedisPart>>>} */
const REDIS = { single: openSingle };

/** @typedef {Awaited<ReturnType<typeof openStage>>} Stage */

/**
 * @param {Needs} needs
 * @param {(line: string) => void} say
 */
export async function openStage(needs, say) {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'faults-'));
  const openRedis = REDIS[needs.redis];
  if (!openRedis) throw new Error(`no Redis of the shape ${needs.redis} can be started`);
  const quick = { quick: true, settings: KAFKA_SETTINGS };
  const kafka = await startKafka({ dir: join(dir, 'kafka'), brokers: needs.brokers, ...quick, say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const redis = await openRedis(join(dir, 'redis'));

  /** @param {string} generation state and groups of its own @returns {Record<string, string>} */
  const env = (generation) => ({
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_GENERATION: generation,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
    CALLFOLD_REPLICATION_FACTOR: String(needs.brokers),
    CALLFOLD_SESSION_TIMEOUT_MS: String(SESSION_MS),
    CALLFOLD_SETTLE_MS: String(SETTLE_MS),
  });
  const connection = connectionOf(readConfig(env('admin')), quietLogger(say));

  /** @param {string[]} args of the command `callfold` @param {Record<string, string>} own */
  async function callfold(args, own) {
    const command = [join(ROOT, 'services/cli/bin/callfold.js'), ...args];
    await promisify(execFile)(process.execPath, command, { env: { ...process.env, ...own }, timeout: COMMAND_MS });
  }

  /** @param {readonly string[]} topics */
  async function removeTopics(topics) {
    const admin = await openKafkaAdmin(connection);
    try {
      const there = [...(await admin.describe(topics)).keys()];
      if (there.length > 0) await admin.remove(there);
      for (const until = Date.now() + GONE_MS; (await admin.describe(topics)).size > 0; await pause(LOOK_MS)) {
        if (Date.now() > until) throw new Error(`Kafka has not deleted ${topics.join(', ')} within a minute`);
      }
    } finally {
      await admin.close();
    }
  }

  const stage = {
    needs,
    dir,
    kafka,
    registry,
    redis,
    connection,
    env,
    removeTopics,
    /** Topics and schemas, as the product makes them. @param {string} generation */
    applyTopics: (generation) => callfold(['topics', 'apply', '--execute'], env(generation)),
    /** Whole, and nothing left of what was there before. @param {string} generation of what comes now */
    async fresh(generation) {
      for (const node of kafka.nodes) if (!node.alive) await node.start();
      if (!registry.alive) await registry.start();
      await redis.empty();
      await removeTopics(TOPICS.map(({ name }) => name));
      await stage.applyTopics(generation);
    },
    /** @param {{ keep: boolean }} how */
    async close({ keep }) {
      await Promise.allSettled([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis.stop()]);
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
  return stage;
}
