import type { At, CommitAnswer, FeedEntry, Store, Stored, TableName } from '@callfold/engine';
import { takeClaim } from '../claim.ts';
import { createCommitNumbers } from '../commit-numbers.ts';
import { FEED_LIMITS } from '../feed.ts';
import { outboxRange, packChanges } from './changes.ts';
import type { RedisCheck } from './check.ts';
import { checkRedis } from './check.ts';
import { CLAIM_1 } from './claim-1.lua.ts';
import type { RedisClient } from './client.ts';
import { COMMIT_7 } from './commit-7.lua.ts';
import type { KeySpace } from './keys.ts';
import { checkpointKey, feedKey, outboxKey, tableKey, timersKey } from './keys.ts';
import { runScript, scriptOf } from './script.ts';

/** The layout of keys and values that this version writes, and the only one it reads. */
const LAYOUT = '1';
/** Fields of one HMGET: more would hold the server for longer than others like to wait. */
const READ_FIELDS = 2_000;
const OUTBOX_ENTRIES = 1_000;
/** A hint to HSCAN: about this many fields in a slice. */
const SCAN_FIELDS = 1_000;

const CLAIM = scriptOf(CLAIM_1);
const COMMIT = scriptOf(COMMIT_7);

export type RedisStore = Store & {
  /** Throws `Refused` when a setting of the server would lose state; answers what else should be known. */
  check(): Promise<RedisCheck>;
  /** Closes the client that was given. */
  close(): Promise<void>;
};

export type RedisStoreOptions = KeySpace & { readonly client: RedisClient };

type Text = string | null;

function storedOf(epoch: Text, token: Text, next: Text, meta: Text): Stored {
  const claim = { epoch: Number(epoch), token: token ?? '' };
  return { next: next === null ? null : Number(next), meta, claim };
}

function* cuts<T>(list: readonly T[], size: number): Iterable<readonly T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}

/** State and position in one Redis, Sentinel's master or Cluster; docs/redis.md shows the keys. */
export function createRedisStore({ client, ...space }: RedisStoreOptions): RedisStore {
  const numbers = createCommitNumbers();

  const peek = async (at: At): Promise<Stored | null> => {
    const fields = ['epoch', 'token', 'next', 'meta'];
    const [epoch = null, token = null, next = null, meta = null] = (await client.call('hmget', [
      checkpointKey(space, at),
      ...fields,
    ])) as Text[];
    return epoch === null ? null : storedOf(epoch, token, next, meta);
  };

  const take = async (at: At, token: string, epoch: number): Promise<Stored | 'raced'> => {
    const answer = await runScript(client, CLAIM, [checkpointKey(space, at)], [LAYOUT, token, epoch]);
    const [what, taken = null, next = null, meta = null] = answer as Text[];
    return what === 'taken' ? storedOf(taken, token, next, meta) : 'raced';
  };

  return {
    claim: (at, token, above) =>
      takeClaim(at, token, above, { peek: () => peek(at), take: (epoch) => take(at, token, epoch) }),
    peek,
    async read(at, table, fields) {
      const key = tableKey(space, at, table);
      // Sent together, so that they take one round trip.
      const answers = await Promise.all(
        [...cuts(fields, READ_FIELDS)].map((some) => client.call('hmget', [key, ...some])),
      );
      return (answers as Text[][]).flat();
    },
    async timers(at, upTo, limit) {
      const most = upTo === Infinity ? '+inf' : upTo === -Infinity ? '-inf' : upTo;
      const answer = await client.call('zrangebyscore', [
        timersKey(space, at),
        '-inf',
        most,
        'withscores',
        'limit',
        0,
        limit,
      ]);
      const flat = answer as string[];
      return Array.from({ length: flat.length / 2 }, (_, i) => ({
        key: flat[2 * i] ?? '',
        due: Number(flat[2 * i + 1]),
      }));
    },
    async outbox(at) {
      const ends = (await client.call('hmget', [
        checkpointKey(space, at),
        'outboxFirst',
        'outboxTrim',
        'outboxNext',
      ])) as Text[];
      const [first = 0, trim = 0, next = 0] = ends.map(Number);
      const from = Math.max(first, trim);
      const all = Array.from({ length: Math.max(next - from, 0) }, (_, i) => from + i);
      const found: { number: number; entry: Uint8Array }[] = [];
      for (const some of cuts(all, OUTBOX_ENTRIES)) {
        const entries = (await client.callBuffer('hmget', [outboxKey(space, at), ...some])) as (Buffer | null)[];
        for (const [i, entry] of entries.entries()) if (entry !== null) found.push({ number: some[i] ?? 0, entry });
      }
      return found;
    },
    async commit(at, claim, commit) {
      const { from, upTo, trim } = outboxRange(commit);
      const keys = [
        checkpointKey(space, at),
        timersKey(space, at),
        outboxKey(space, at),
        tableKey(space, at, 'states'),
        tableKey(space, at, 'agents'),
        tableKey(space, at, 'requests'),
        feedKey(space, at),
      ];
      const stamp = numbers.of(claim, commit);
      const said = await runScript(client, COMMIT, keys, [
        LAYOUT,
        claim.epoch,
        claim.token,
        stamp.number,
        commit.expected ?? '',
        commit.next,
        commit.meta,
        from,
        upTo,
        trim,
        packChanges(commit),
        stamp.after,
        commit.feed ? FEED_LIMITS.entries : 0,
        FEED_LIMITS.subjects,
      ]);
      const answer = answerOf(client, said);
      numbers.answered(claim, stamp, answer);
      return answer;
    },
    async ask(at, requests) {
      if (requests.size > 0) await client.call('hset', [tableKey(space, at, 'requests'), ...[...requests].flat()]);
    },
    scan: (at, table) => scan(client, space, at, table),
    async changes(at, from, limit) {
      const key = feedKey(space, at);
      const answer =
        from === 'last'
          ? await client.call('xrevrange', [key, '+', '-', 'count', 1])
          : await client.call('xrange', [key, `${from}-0`, '+', 'count', limit]);
      return (answer as [id: string, fields: string[]][]).map(entryOf);
    },
    check: () => checkRedis(client),
    close: () => client.close(),
  };
}

/** `commit`, position and owner, and then the subjects, each with an empty value. */
function entryOf([id, [, commit = '', ...fields]]: [id: string, fields: string[]]): FeedEntry {
  const space = commit.indexOf(' ');
  const subjects = fields.filter((_, index) => index % 2 === 0);
  return {
    number: Number.parseInt(id, 10),
    owner: commit.slice(space + 1),
    next: Number(commit.slice(0, space)),
    subjects,
  };
}

function answerOf(client: RedisClient, said: unknown): CommitAnswer {
  if (said === 'ok') return { ok: true };
  if (said === 'fenced' || said === 'moved') return { ok: false, why: said };
  throw new Error(`${client.where}: a commit was answered ${String(said)}`);
}

async function* scan(
  client: RedisClient,
  space: KeySpace,
  at: At,
  table: TableName,
): AsyncGenerator<readonly (readonly [string, string])[]> {
  const key = tableKey(space, at, table);
  let cursor = '0';
  do {
    const [next, flat] = (await client.call('hscan', [key, cursor, 'count', SCAN_FIELDS])) as [string, string[]];
    cursor = next;
    const slice = Array.from(
      { length: flat.length / 2 },
      (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? ''] as const,
    );
    if (slice.length > 0) yield slice;
  } while (cursor !== '0');
}
