// @ts-check
/** The real parts of a run of faults that need the same: Kafka of one or three brokers, the registry, Redis. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createKafkaLog, openKafkaAdmin, readConfig } from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import { newAdmin } from '../../libs/adapters/dist/kafka/kafkajs.js';
import { openLink } from '../../libs/adapters/dist/kafka/link.js';
import { connectionOf, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { startKafka, startProxy, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';
import { BROKER_SESSION_SECONDS, PARTITIONS, SESSION_SECONDS } from './limits.mjs';
import { OPEN_REDIS } from './redis-parts.mjs';
import { startRegistryFront } from './registry-front.mjs';

/** Short, so that records are derived and sent all the time, and not only at the end. */
const SETTLE_MS = 1_000;
const GONE_MS = 60_000;
const LOOK_MS = 100;
const COMMAND_MS = 120_000;

const KAFKA_SETTINGS = {
  // Leaders move 3 s after a kill instead of 9.
  'broker.session.timeout.ms': String(BROKER_SESSION_SECONDS * 1_000),
};

/**
 * @typedef {object} Needs
 * @property {1 | 3} brokers
 * @property {'single' | 'sentinel' | 'cluster'} redis
 * @property {boolean} [proxy] the services come to Kafka, to a single Redis and to the registry on ways that can break
 */

/** @typedef {Awaited<ReturnType<typeof openStage>>} Stage */

/**
 * @param {Needs} needs
 * @param {(line: string) => void} say
 */
export async function openStage(needs, say) {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'faults-'));
  const quick = { quick: true, settings: KAFKA_SETTINGS, proxied: needs.proxy ?? false };
  const kafka = await startKafka({ dir: join(dir, 'kafka'), brokers: needs.brokers, ...quick, say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const redis = await OPEN_REDIS[needs.redis](join(dir, 'redis'));
  const redisProxy = needs.proxy ? await startProxy({ to: redis.servers[0]?.port ?? 0 }) : null;
  const front = needs.proxy ? await startRegistryFront(registry.url) : null;

  /** @param {string} generation state and groups of its own @returns {Record<string, string>} */
  const env = (generation) => ({
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_GENERATION: generation,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
    CALLFOLD_REPLICATION_FACTOR: String(needs.brokers),
    CALLFOLD_SESSION_TIMEOUT_MS: String(SESSION_SECONDS * 1_000),
    CALLFOLD_SETTLE_MS: String(SETTLE_MS),
  });
  /** As `env`, on the ways that can break. @param {string} generation @returns {Record<string, string>} */
  const servicesEnv = (generation) => ({
    ...env(generation),
    ...(kafka.proxied.length > 0 && { CALLFOLD_KAFKA_BROKERS: kafka.proxied.join(',') }),
    ...(redisProxy && { CALLFOLD_REDIS_URL: `redis://${redisProxy.where}` }),
    ...(front && { CALLFOLD_REGISTRY_URL: front.url }),
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

  /** The ends of a topic's partitions. @param {string} topic */
  async function endsOf(topic) {
    const log = createKafkaLog({ connection, groupId: 'faults' });
    try {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
      return (await Promise.all(partitions.map((partition) => log.bounds({ topic, partition })))).map(({ end }) => end);
    } finally {
      await log.close();
    }
  }

  const stage = {
    needs,
    dir,
    kafka,
    registry,
    redis,
    /** Of those who need `proxy`. */
    get ways() {
      if (redisProxy === null || front === null) throw new Error('this fault did not ask for `proxy`');
      return { kafka: kafka.proxies, redis: redisProxy, registry: front };
    },
    env,
    servicesEnv,
    removeTopics,
    endsOf,
    /** For what only an administrator does. @param {(admin: ReturnType<typeof newAdmin>) => Promise<unknown>} work */
    async withAdmin(work) {
      const admin = newAdmin(connection);
      await admin.connect();
      try {
        await work(admin);
      } finally {
        await admin.disconnect();
      }
    },
    /** The broker that leads it now. @param {{ topic: string, partition: number }} at */
    async leaderOf(at) {
      const link = openLink(connection);
      try {
        const id = await link.leader(at);
        const node = kafka.nodes.find((one) => one.id === id);
        if (!node) throw new Error(`nobody leads ${at.topic}/${at.partition}`);
        return node;
      } finally {
        await link.close();
      }
    },
    /** Topics and schemas, as the product makes them. @param {string} generation */
    applyTopics: (generation) => callfold(['topics', 'apply', '--execute'], env(generation)),
    /** Whole, and nothing left of what was there before. @param {string} generation of what comes now */
    async fresh(generation) {
      for (const node of kafka.nodes) if (!node.alive) await node.start();
      if (!registry.alive) await registry.start();
      for (const proxy of [...kafka.proxies, ...(redisProxy ? [redisProxy] : [])]) await proxy.normal();
      front?.normal();
      await redis.empty();
      await removeTopics(TOPICS.map(({ name }) => name));
      await stage.applyTopics(generation);
    },
    /** @param {{ keep: boolean }} how */
    async close({ keep }) {
      await Promise.allSettled([redisProxy?.close(), front?.close()]);
      await Promise.allSettled([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis.stop()]);
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
  return stage;
}
