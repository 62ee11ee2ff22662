import { Refused } from '@callfold/engine';
import type { RedisClient } from './client.ts';

/** What is allowed and should be known: each line is a whole sentence. */
export type RedisCheck = { readonly warnings: readonly string[] };

/** `name:value` lines of INFO. */
function infoOf(answer: unknown): Map<string, string> {
  const lines = String(answer).split('\r\n');
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
}

/**
 * A server that does not let us in at the start is a setting; later it may be a password being changed, and is tried
 * again.
 */
const CLOSED_DOOR = /\((NOAUTH|WRONGPASS|NOPERM) /;

async function ask(
  client: RedisClient,
  section: string,
): Promise<readonly { where: string; info: Map<string, string> }[]> {
  try {
    const answers = await client.callMasters('info', [section]);
    return answers.map(({ where, answer }) => ({ where, info: infoOf(answer) }));
  } catch (error) {
    if (error instanceof Error && CLOSED_DOOR.test(error.message)) throw new Refused(error.message, { cause: error });
    throw error;
  }
}

/** How many replicas each server that takes writes has. @throws when Redis is away */
export async function redisReplicas(client: RedisClient): Promise<readonly { where: string; replicas: number }[]> {
  const servers = await ask(client, 'replication');
  return servers.map(({ where, info }) => ({ where, replicas: Number(info.get('connected_slaves') ?? 0) }));
}

/**
 * Settings that state in Redis stands or falls with, of every server that takes writes.
 * Throws `Refused` for a wrong one, anything else when Redis is away.
 */
export async function checkRedis(client: RedisClient): Promise<RedisCheck> {
  const warnings: string[] = [];
  for (const { where, info } of await ask(client, 'memory')) {
    const policy = info.get('maxmemory_policy') ?? 'unknown';
    if (policy === 'noeviction') continue;
    throw new Refused(
      `${where}: maxmemory-policy is ${policy} and must be noeviction: any other may drop state that was committed. ` +
        'Set it in redis.conf or with CONFIG SET maxmemory-policy noeviction, then start again.',
    );
  }
  for (const { where, info } of await ask(client, 'server')) {
    if (info.get('redis_mode') === 'cluster' && client.kind !== 'cluster') {
      throw new Refused(`${where}: it is a node of a Redis Cluster: use redis+cluster:// in CALLFOLD_REDIS_URL.`);
    }
  }
  for (const { where, info } of await ask(client, 'replication')) {
    if (info.get('role') !== 'master') {
      throw new Error(
        `${where}: it is a replica and takes no writes; name the master, or its sentinels (redis+sentinel://)`,
      );
    }
    if (info.get('connected_slaves') === '0') {
      warnings.push(
        `${where}: no replica is connected. If the server is lost, its state is folded again from the log.`,
      );
    }
  }
  for (const { where, info } of await ask(client, 'persistence')) {
    if (info.get('aof_enabled') === '0') {
      warnings.push(
        `${where}: appendonly is off. After a restart what came since the last snapshot is folded again from the log.`,
      );
    }
  }
  return { warnings };
}
