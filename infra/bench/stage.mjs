// Kafka, registry and Redis for benchmarks: started on free ports, with topics as `callfold topics apply` makes them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRedisClient, createRedisStore, openKafkaAdmin } from '@callfold/adapters';
import { DERIVED_OF, TOPICS } from '@callfold/core';
import { startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { TOPIC } from './topics.mjs';

const DERIVED = DERIVED_OF.callcenter24;
const GONE_MS = 60_000;
const LOOK_MS = 100;

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** @param root the repository; data goes to its ignored folder and is wiped by `close` */
export async function openStage({ root, partitions, say }) {
  mkdirSync(join(root, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(root, '.infra', 'bench-'));
  // The time of a batch is its own here, that of its events: see fill.mjs.
  const kafka = await startKafka({ dir: join(dir, 'kafka'), say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const admin = await openKafkaAdmin({ brokers: kafka.brokers, clientId: 'bench', log: quiet });
  let redis = null;
  let redisNumber = 0;

  const create = ({ name, config }) => {
    const own = name === TOPIC ? { ...config, 'message.timestamp.type': 'CreateTime', 'retention.ms': '-1' } : config;
    return admin.create(name, partitions, 1, own);
  };
  for (const spec of TOPICS) await create(spec);
  const anew = async (names) => {
    await admin.remove(names);
    for (const until = Date.now() + GONE_MS; (await admin.describe(names)).size > 0; await pause(LOOK_MS)) {
      if (Date.now() > until) throw new Error(`bench: Kafka has not deleted ${names.join(', ')} within a minute`);
    }
    for (const spec of TOPICS) if (names.includes(spec.name)) await create(spec);
  };

  return {
    dir,
    brokers: kafka.brokers,
    derived: DERIVED,
    registryUrl: registry.url,
    /** What a peer is told of where it works. */
    peerSite: () => ({ brokers: kafka.brokers, registry: registry.url, partitions }),
    /** Pids by name. */
    get servers() {
      return { kafka: kafka.pids[0], ...(redis && { redis: redis.pid }) };
    },
    /** What a service is told by its environment. @param generation state of its own, and a group of its own */
    env: (generation) => ({
      CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
      CALLFOLD_REGISTRY_URL: registry.url,
      CALLFOLD_REDIS_URL: redis?.url ?? '',
      CALLFOLD_PARTITIONS: String(partitions),
      CALLFOLD_GENERATION: generation,
    }),
    /** An empty Redis, as every service is measured with one. */
    async freshRedis() {
      await redis?.stop({ wipe: true });
      redisNumber += 1;
      redis = await startRedis({ dir: join(dir, `redis-${redisNumber}`) });
    },
    /** Empty derived topics: a service must not find records of another's. */
    freshDerived: () => anew(DERIVED),
    /** An empty raw topic. */
    freshRaw: () => anew([TOPIC]),
    /** The state that a role of ours keeps, to look at. `close` it. */
    async storeOf(role, generation) {
      const client = createRedisClient({ url: redis.url });
      const clusterId = await admin.clusterId();
      return { store: createRedisStore({ client, clusterId, group: role, generation }), close: () => client.close() };
    },
    async redisMiB() {
      const client = createRedisClient({ url: redis.url });
      const [{ answer }] = await client.callMasters('info', ['memory']);
      await client.close();
      const [, bytes] = /used_memory:(\d+)/.exec(String(answer)) ?? [];
      return Math.round(Number(bytes) / 1_048_576);
    },
    async close() {
      await admin.close().catch(() => {});
      await Promise.all([kafka, registry, redis].map((part) => part?.stop({ wipe: true })));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
