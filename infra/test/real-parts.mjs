// @ts-check
/** One Kafka broker, one registry and one Redis, shared by the suites that need them, in a folder of this run. */

import { rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { startKafka, startRedis, startRegistry, testDir } from '../parts/index.mjs';

/**
 * @param {(line: string) => void} say
 */
export function shareParts(say) {
  /** @type {{ stop: (how?: { wipe?: boolean }) => Promise<void> }[]} */
  const running = [];
  /** @type {Promise<Record<string, string>> | undefined} */
  let started;
  let dir = '';

  /**
   * @template {{ stop: (how?: { wipe?: boolean }) => Promise<void> }} P
   * @param {Promise<P>} part
   */
  const kept = async (part) => {
    const up = await part;
    running.push(up);
    return up;
  };

  async function start() {
    const begun = performance.now();
    dir = testDir('suites');
    const parts = await Promise.allSettled([
      kept(startKafka({ dir: `${dir}/kafka`, quick: true, say })),
      kept(startRegistry({ dir: `${dir}/registry`, say })),
      kept(startRedis({ dir: `${dir}/redis` })),
    ]);
    const errors = parts.flatMap((part) =>
      part.status === 'rejected' ? [String(part.reason?.message ?? part.reason)] : [],
    );
    const [kafka, registry, redis] = parts;
    if (kafka.status !== 'fulfilled' || registry.status !== 'fulfilled' || redis.status !== 'fulfilled') {
      throw new Error([...new Set(errors)].join('\n'));
    }
    const env = {
      CALLFOLD_TEST_KAFKA_BROKERS: kafka.value.brokers.join(','),
      CALLFOLD_TEST_REGISTRY_URL: registry.value.url,
      CALLFOLD_TEST_REDIS_URL: redis.value.url,
    };
    say(`Kafka, registry and Redis are up after ${((performance.now() - begun) / 1_000).toFixed(1)} s (${dir})`);
    for (const [name, value] of Object.entries(env)) say(`  ${name}=${value}`);
    return env;
  }

  return {
    start: () => (started ??= start()),
    async stop() {
      // A start that is still under way would outlive us otherwise.
      await started?.catch(() => {});
      await Promise.allSettled(running.map((part) => part.stop({ wipe: true })));
      if (dir !== '') rmSync(dir, { recursive: true, force: true });
    },
  };
}
