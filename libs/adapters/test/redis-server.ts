/** A real Redis for the tests of this folder, on a port and in a folder of its own, and a plain client beside the store's. */

import { join } from 'node:path';
import { startRedis, testDir } from '../../../infra/parts/index.mjs';
import type { RedisClient, RedisStore } from '../src/index.ts';
import { createRedisClient, createRedisStore } from '../src/index.ts';

export type TestRedis = {
  readonly url: string;
  /** For planting and looking, past the store. */
  readonly plain: RedisClient;
  /** A store with a connection of its own; closed with the server. */
  store(space?: { readonly group?: string; readonly generation?: string }): RedisStore;
  restart(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
};

/** Short, so that a test of a lost answer takes no longer than it must. */
export const ANSWER_MS = 1_500;

export async function openRedis(name: string, config: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const server = await startRedis({ dir: join(testDir(name), 'redis'), config });
  const clients: RedisClient[] = [];
  const client = (): RedisClient => {
    const made = createRedisClient({ url: server.url, answerMs: ANSWER_MS, name: `test-${clients.length}` });
    clients.push(made);
    return made;
  };
  return {
    url: server.url,
    plain: client(),
    store: ({ group = 'contract', generation = '1' } = {}) =>
      createRedisStore({ client: client(), clusterId: 'cluster', group, generation }),
    async restart() {
      await server.kill('SIGTERM');
      await server.stop();
      await server.start();
    },
    kill: (signal) => server.kill(signal),
    start: () => server.start(),
    async close() {
      await Promise.all(clients.map((one) => one.close()));
      await server.stop({ wipe: true });
    },
  };
}
