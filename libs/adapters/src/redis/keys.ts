import type { At, TableName } from '@callfold/engine';

/** Whose keys these are: two that differ in any part share none. */
export type KeySpace = {
  /** Of Kafka: two clusters' topics of one name are not the same. */
  readonly clusterId: string;
  /** The consumer group: the service. */
  readonly group: string;
  /** Which build of the aggregates; a rebuild makes another beside it. */
  readonly generation: string;
};

const PREFIX = 'callfold';

/** Braces would end the hash tag, slashes a part; `%` keeps it reversible. */
const part = (text: string): string =>
  text.replace(/[%/{}]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** What the keys of one partition have in common: in a cluster it places them all in one slot. */
export function partitionTag({ clusterId, group, generation }: KeySpace, { topic, partition }: At): string {
  return `{${[clusterId, group, generation, topic].map(part).join('/')}/${partition}}`;
}

const keyOf = (space: KeySpace, at: At, name: string): string => `${PREFIX}:${partitionTag(space, at)}:${name}`;

/** Hash: layout, epoch, token, commit, next, meta, outboxFirst, outboxTrim, outboxNext, fed. */
export function checkpointKey(space: KeySpace, at: At): string {
  return keyOf(space, at, 'checkpoint');
}

/** Sorted set: subject key by due time, epoch ms. */
export function timersKey(space: KeySpace, at: At): string {
  return keyOf(space, at, 'timers');
}

/** Stream: what each of the last commits changed. */
export function feedKey(space: KeySpace, at: At): string {
  return keyOf(space, at, 'feed');
}

/** Hash: entry bytes by number. */
export function outboxKey(space: KeySpace, at: At): string {
  return keyOf(space, at, 'outbox');
}

/** Hash: state text by subject key, what an agent is doing by tenant/agent/call, or a request's text by its name. */
export function tableKey(space: KeySpace, at: At, table: TableName): string {
  return keyOf(space, at, table);
}

/** Hash: version, text: which generations of a service's state there are. `generation` is the first one's. */
export function bookKey({ clusterId, group, generation }: KeySpace): string {
  return `${PREFIX}:{${[clusterId, group, generation].map(part).join('/')}}:generations`;
}
