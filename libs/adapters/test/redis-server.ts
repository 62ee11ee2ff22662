/**
 * A real Redis for the tests of this folder, on a port and in a folder of its own, and a plain client beside the
 * store's.
 */

import { join } from 'node:path';
import { startRedis, testDir } from '../../../infra/parts/index.mjs';
import type { RedisClient, RedisStore } from '../src/index.ts';
import { createRedisClient, createRedisStore } from '../src/index.ts';

type StoreOptions = {
  readonly url?: string;
  readonly group?: string;
  readonly generation?: string;
  readonly answerMs?: number;
};

export type TestRedis = {
  readonly url: string;
  readonly port: number;
  /** For planting and looking, past the store. */
  readonly plain: RedisClient;
  /** Another plain client, for instance as another user; closed with the server. */
  client(url: string): RedisClient;
  /** A store with a connection of its own; closed with the server. */
  store(options?: StoreOptions): RedisStore;
  restart(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
};

/** The space of the stores below, for those who look past them. */
export const SPACE = { clusterId: 'cluster', group: 'contract', generation: '1' };

/** Generous: on a busy machine a big commit takes its time. */
const ANSWER_MS = 30_000;

export async function openRedis(
  name: string,
  config: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<TestRedis> {
  const server = await startRedis({ dir: join(testDir(name), 'redis'), config });
  const clients: RedisClient[] = [];
  const client = (url: string, answerMs: number): RedisClient => {
    const made = createRedisClient({ url, answerMs, name: `${name}-${clients.length}` });
    clients.push(made);
    return made;
  };
  return {
    url: server.url,
    port: server.port,
    plain: client(server.url, ANSWER_MS),
    client: (url) => client(url, ANSWER_MS),
    store: ({ url = server.url, answerMs = ANSWER_MS, ...space } = {}) =>
      createRedisStore({ ...SPACE, ...space, client: client(url, answerMs) }),
    async restart() {
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
