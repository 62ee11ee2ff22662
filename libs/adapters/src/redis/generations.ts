import type { At, GenerationBook, TableName } from '@callfold/engine';
import { BOOK_1 } from './book-1.lua.ts';
import type { RedisClient } from './client.ts';
import type { KeySpace } from './keys.ts';
import { bookKey, checkpointKey, feedKey, outboxKey, tableKey, timersKey } from './keys.ts';
import { runScript, scriptOf } from './script.ts';

const BOOK = scriptOf(BOOK_1);

/** Fields and timers that go in one command: it holds the server for about a millisecond. */
const DROP_FIELDS = 1_000;

/** No version knows this layout, so whoever slept through a drop is refused. It stays: some bytes a partition. */
const DROPPED = 'dropped';
const TABLES: readonly TableName[] = ['states', 'agents', 'requests'];
const CLAIM_FIELDS = ['epoch', 'token', 'commit', 'next', 'meta', 'outboxFirst', 'outboxTrim', 'outboxNext', 'fed'];

export type RedisGenerationsOptions = KeySpace & { readonly client: RedisClient };

async function* dropHash(client: RedisClient, key: string): AsyncGenerator<number> {
  let cursor = '0';
  do {
    const [next, flat] = (await client.call('hscan', [key, cursor, 'count', DROP_FIELDS])) as [string, string[]];
    cursor = next;
    const fields = flat.filter((_, index) => index % 2 === 0);
    // A small hash is answered whole, whatever the count.
    for (let from = 0; from < fields.length; from += DROP_FIELDS)
      yield Number(await client.call('hdel', [key, ...fields.slice(from, from + DROP_FIELDS)]));
  } while (cursor !== '0');
}

async function* dropSet(client: RedisClient, key: string): AsyncGenerator<number> {
  for (;;) {
    const some = (await client.call('zrangebyscore', [key, '-inf', '+inf', 'limit', 0, DROP_FIELDS])) as string[];
    if (some.length === 0) return;
    yield Number(await client.call('zrem', [key, ...some]));
  }
}

/** @param options `generation`: the first one's, which names the book */
export function createRedisGenerations({ client, ...space }: RedisGenerationsOptions): GenerationBook {
  const key = bookKey(space);
  return {
    async read() {
      const [version, text] = (await client.call('hmget', [key, 'version', 'text'])) as (string | null)[];
      return version && text ? { version: Number(version), text } : null;
    },
    async write(version, text) {
      return (await runScript(client, BOOK, [key], [version, text])) === 'ok';
    },
    async *drop(generation: string, at: At) {
      const dropped = { ...space, generation };
      await client.call('hset', [checkpointKey(dropped, at), 'layout', DROPPED]);
      await client.call('hdel', [checkpointKey(dropped, at), ...CLAIM_FIELDS]);
      for (const table of TABLES) yield* dropHash(client, tableKey(dropped, at, table));
      yield* dropHash(client, outboxKey(dropped, at));
      yield* dropSet(client, timersKey(dropped, at));
      await client.call('unlink', [feedKey(dropped, at)]);
    },
  };
}
