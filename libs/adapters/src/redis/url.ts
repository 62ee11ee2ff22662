import { Refused } from '@callfold/engine';

export type RedisNode = { readonly host: string; readonly port: number };

/** One server, the master that sentinels name, or a cluster found from some of its nodes. */
export type RedisTarget = {
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
} & (
  | { readonly kind: 'server'; readonly database: number }
  | {
      readonly kind: 'sentinel';
      readonly database: number;
      readonly master: string;
      readonly sentinelUsername: string | null;
      readonly sentinelPassword: string | null;
    }
  | { readonly kind: 'cluster' }
);

const SERVER_PORT = 6379;
const SENTINEL_PORT = 26_379;

const FORMS =
  'redis://HOST:PORT[/DB], redis+sentinel://HOST:PORT,HOST:PORT/MASTER-NAME[/DB] ' +
  'or redis+cluster://HOST:PORT,HOST:PORT, each with rediss for TLS and USER:PASSWORD@ before the first host';

function refuse(what: string): Refused {
  // The URL itself is not said: it may hold a password.
  return new Refused(`CALLFOLD_REDIS_URL: ${what}. It must be ${FORMS}.`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw refuse(`a part is not percent-encoded rightly (${error instanceof Error ? error.name : 'bad text'})`);
  }
}

function nodeOf(text: string, defaultPort: number): RedisNode {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1]?.replace(/^\[|\]$/g, '');
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (host === undefined || port < 1 || port > 65_535) throw refuse('a part of it is no HOST:PORT');
  return { host, port };
}

function databaseOf(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,5}$/.test(text)) throw refuse('what follows the hosts is no database number');
  return Number(text);
}

/**
 * Reads a Redis URL. Throws `Refused` when it is none of the three forms.
 * Sentinels with a password of their own: `?sentinelUsername=U&sentinelPassword=P`.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const match = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(\?[^#]*)?$/.exec(url);
  if (match === null) throw refuse('it is not a Redis URL');
  const [, scheme, form, credentials, hosts = '', path = '', query = ''] = match;
  const colon = credentials?.indexOf(':') ?? -1;
  const user = credentials === undefined ? '' : colon === -1 ? credentials : credentials.slice(0, colon);
  const defaultPort = form === '+sentinel' ? SENTINEL_PORT : SERVER_PORT;
  const [firstHost = '', ...otherHosts] = hosts.split(',');
  const others = otherHosts.map((one) => nodeOf(one, defaultPort));
  const base = {
    nodes: [nodeOf(firstHost, defaultPort), ...others] as const,
    tls: scheme === 'rediss',
    username: user === '' ? null : decoded(user),
    password: credentials === undefined || colon === -1 ? null : decoded(credentials.slice(colon + 1)),
  };
  const parts = path.split('/').slice(1).map(decoded);
  const asked = new URLSearchParams(query);
  const sentinel = form === '+sentinel';
  for (const name of asked.keys()) {
    if (!sentinel || (name !== 'sentinelUsername' && name !== 'sentinelPassword'))
      throw refuse(`"${name}" is not known`);
  }
  if (parts.length > (sentinel ? 2 : 1)) throw refuse('there is too much after the hosts');
  if (sentinel) {
    const [master = '', database] = parts;
    if (master === '') throw refuse("the sentinels' name of the master is missing");
    const sentinelUsername = asked.get('sentinelUsername');
    const sentinelPassword = asked.get('sentinelPassword');
    return { ...base, kind: 'sentinel', master, database: databaseOf(database), sentinelUsername, sentinelPassword };
  }
  if (form === '+cluster') {
    if (databaseOf(parts[0]) !== 0) throw refuse('a cluster has no databases but 0');
    return { ...base, kind: 'cluster' };
  }
  if (base.nodes.length !== 1) throw refuse('several hosts are for redis+sentinel:// and redis+cluster://');
  return { ...base, kind: 'server', database: databaseOf(parts[0]) };
}

/** The target for people, without a password. */
export function describeTarget(target: RedisTarget): string {
  const nodes = target.nodes
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(',');
  if (target.kind === 'sentinel') return `Redis master ${target.master} of the sentinels ${nodes}`;
  return target.kind === 'cluster' ? `Redis Cluster ${nodes}` : `Redis ${nodes}`;
}
