/** Kafka, a registry and a Redis of a test's own, and how the built command finds them. */

import { join } from 'node:path';
import { readConfig } from '@callfold/adapters/config';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import { startKafka, startRedis, startRegistry, testDir } from '../../../infra/parts/index.mjs';
import { callfold, checkBuilt } from './built-command.ts';

export type PartsOptions = {
  readonly kafka?: Omit<Parameters<typeof startKafka>[0], 'dir'>;
  readonly redis?: Omit<Parameters<typeof startRedis>[0], 'dir'>;
  /** Beside where the parts are. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Parts = Awaited<ReturnType<typeof openParts>>;

export type Site = Awaited<ReturnType<typeof openKafkaSite>>;

/** What the commands' code finds there, by way of a site of its own. */
export async function onSite<Result>(env: Parts['env'], work: (site: Site) => Promise<Result>): Promise<Result> {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

/** @param name of the folder in which they keep what they have */
export async function openParts(name: string, options: PartsOptions = {}) {
  checkBuilt();
  const dir = testDir(name);
  const [kafka, registry, redis] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka'), quick: true, ...options.kafka }),
    startRegistry({ dir: join(dir, 'registry') }),
    startRedis({ dir: join(dir, 'redis'), ...options.redis }),
  ]);
  const env: Readonly<Record<string, string>> = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_SESSION_TIMEOUT_MS: '6000',
    ...options.env,
  };
  return {
    dir,
    kafka,
    registry,
    redis,
    env,
    /** @param more for this command alone */
    async applyTopics(more: Readonly<Record<string, string>> = {}): Promise<void> {
      const { code, err } = await callfold(['topics', 'apply', '--execute'], { env: { ...env, ...more } });
      if (code !== 0) throw new Error(`No topics: ${err}`);
    },
    async stop(): Promise<void> {
      await Promise.all([kafka, registry, redis].map((part) => part.stop({ wipe: true })));
    },
  };
}
