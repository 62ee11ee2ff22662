import {
  AGENT_INTERVALS,
  AGENT_OFFERS,
  CALL_OUTCOMES,
  CHAT_HANDOFFS,
  CHAT_OUTCOMES,
  DEAD_LETTERS,
} from '@callfold/core';

/** What each kind of user may do in Kafka, and nothing more: the one table, for `callfold topics acls`, docs and tests. */

export type AclOperation = 'Read' | 'Write' | 'Create' | 'Alter' | 'DescribeConfigs' | 'AlterConfigs';

export type Acl = {
  readonly resource: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  /** Prefixed: every name that begins so. */
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly AclOperation[];
  /** What it is for. */
  readonly why: string;
};

export const ACL_USERS = ['projector', 'outcomes', 'gateway', 'upstream', 'analyst', 'operator'] as const;
export type AclUser = (typeof ACL_USERS)[number];

const RAW = 'callfold.raw.';
const DERIVED = [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS];

const topic = (name: string, operations: readonly AclOperation[], why: string): Acl => ({
  resource: 'topic',
  name,
  pattern: 'literal',
  operations,
  why,
});
const prefixed = (resource: Acl['resource'], name: string, operations: readonly AclOperation[], why: string): Acl => ({
  resource,
  name,
  pattern: 'prefixed',
  operations,
  why,
});

/** Read and Write imply Describe. */
export const ACLS: Readonly<Record<AclUser, readonly Acl[]>> = {
  projector: [
    prefixed('topic', RAW, ['Read'], 'folds the raw topics'),
    prefixed('group', 'callfold.projector', ['Read'], 'shares the partitions, and says how far it is'),
  ],
  outcomes: [
    prefixed('topic', RAW, ['Read', 'Write'], 'folds the raw topics, and writes ticks to idle ones'),
    prefixed('group', 'callfold.outcomes', ['Read'], 'shares the partitions, and says how far it is'),
    prefixed('transactional-id', 'callfold/callfold.outcomes', ['Write'], 'fences earlier owners'),
    ...[...DERIVED, DEAD_LETTERS].map((name) =>
      topic(name, ['Read', 'Write'], 'publishes, and reads back what stands'),
    ),
  ],
  gateway: [prefixed('topic', RAW, ['Write'], 'publishes what it takes over HTTP')],
  upstream: [prefixed('topic', RAW, ['Write'], 'publishes raw events: a producer of yours, `callfold import`')],
  analyst: [
    ...DERIVED.map((name) =>
      topic(name, ['Read'], 'reads outcomes; dead letters hold raw data and are not for analysts'),
    ),
    prefixed('group', 'analyst.', ['Read'], 'groups of its own'),
  ],
  operator: [
    prefixed(
      'topic',
      'callfold.',
      ['Read', 'Write', 'Create', 'Alter', 'DescribeConfigs', 'AlterConfigs'],
      'makes topics, verifies, explains, recovers, sends dead letters again',
    ),
    prefixed('group', 'callfold.', ['Read'], 'sees and moves the groups'),
    prefixed('transactional-id', 'callfold/', ['Write'], 'fences, to recover'),
  ],
};

/** @param principalOf the name of a user in Kafka @returns one line of Kafka's own tool for each entry */
export function aclCommands(
  users: readonly AclUser[] = ACL_USERS,
  principalOf: (user: AclUser) => string = (user) => `User:callfold-${user}`,
): string[] {
  return users.flatMap((user) =>
    ACLS[user].map(({ resource, name, pattern, operations }) =>
      [
        'kafka-acls.sh --bootstrap-server "$BROKERS" --add --force',
        `--allow-principal ${principalOf(user)}`,
        ...operations.map((operation) => `--operation ${operation}`),
        `--${resource} ${name}`,
        ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
      ].join(' '),
    ),
  );
}
