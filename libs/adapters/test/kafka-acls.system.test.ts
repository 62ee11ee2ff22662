/** A broker with TLS and SCRAM that allows only what its lists do: every user works with its own list, and no less. */

import { join } from 'node:path';
import type { Admin as KafkaAdmin } from 'kafkajs';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka as KafkaClient,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { DEFAULT_SETTINGS, rawTopic, TOPICS } from '@callfold/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kafka } from '../../../infra/parts/index.mjs';
import { freePorts, startKafka, testDir } from '../../../infra/parts/index.mjs';
import type { Acl, AclUser } from '../src/kafka/acls.ts';
import { ACL_USERS, ACLS } from '../src/kafka/acls.ts';
import { openKafkaAdmin } from '../src/kafka/admin.ts';
import type { KafkaConnection } from '../src/kafka/client.ts';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaLog } from '../src/kafka/log.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { checkTopics } from '../src/kafka/topics.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { runMember } from './contract/log-harness.ts';
import { logger } from './kafka-broker.ts';
import { makeAuthority } from './tls-keys.ts';

const START_MS = 180_000;
const SECRET = 'of-a-test';
const AT = { topic: rawTopic('callcenter24'), partition: 0 };
const CALLS = 'callfold.call-outcomes';
const RECORD = { key: null, value: Buffer.from('a'), headers: [] };
const RESOURCE = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
} as const;
const PATTERN = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED } as const;
const OPERATION = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Alter: AclOperationTypes.ALTER,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  AlterConfigs: AclOperationTypes.ALTER_CONFIGS,
} as const;

let kafka!: Kafka;
let root!: KafkaAdmin;
let secured = '';
let ca = '';

beforeAll(async () => {
  const [open, closed, controller] = (await freePorts(3)) as [number, number, number];
  const host = '127.0.0.1';
  const dir = testDir('kafka-acls');
  const authority = makeAuthority(join(dir, 'keys'));
  ca = authority.ca;
  const scram = ACL_USERS.flatMap((user, i) => [
    '--add-scram',
    `SCRAM-SHA-${i % 2 === 0 ? 256 : 512}=[name=callfold-${user},password=${SECRET}]`,
  ]);
  kafka = await startKafka({
    dir: join(dir, 'kafka'),
    quick: true,
    ports: [open],
    controllerPorts: [controller],
    formatArgs: scram,
    settings: {
      listeners: `PLAINTEXT://${host}:${open},SECURE://${host}:${closed},CONTROLLER://${host}:${controller}`,
      'advertised.listeners': `PLAINTEXT://${host}:${open},SECURE://${host}:${closed}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
      ...authority.kafkaSettings(authority.issue('broker', 'IP:127.0.0.1'), 'SECURE'),
      'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.secure.scram-sha-256.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'listener.name.secure.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'false',
    },
  });
  secured = `${host}:${closed}`;
  root = new KafkaClient({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await root.connect();
  const admin = await openKafkaAdmin({ brokers: kafka.brokers, clientId: 'test-root', log: logger });
  for (const { name, config } of TOPICS) await admin.create(name, 1, 1, config);
  await admin.close();
}, START_MS);
afterAll(async () => {
  await root?.disconnect();
  await kafka?.stop({ wipe: true });
});

function connectionOf(user: AclUser): KafkaConnection {
  const mechanism = ACL_USERS.indexOf(user) % 2 === 0 ? 'scram-sha-256' : 'scram-sha-512';
  const sasl = { mechanism, username: `callfold-${user}`, password: SECRET } as const;
  return { brokers: [secured], clientId: `test-${user}`, log: logger, sasl, ssl: { ca: [ca] } };
}

const entriesOf = (user: AclUser, acls: readonly Acl[]) =>
  acls.flatMap(({ resource, name, pattern, operations }) =>
    operations.map((operation) => ({
      resourceType: RESOURCE[resource],
      resourceName: name,
      resourcePatternType: PATTERN[pattern],
      principal: `User:callfold-${user}`,
      host: '*',
      operation: OPERATION[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );

/** The user may do what these entries say, and nothing else. */
async function allow(user: AclUser, acls: readonly Acl[]): Promise<void> {
  await root.deleteAcls({
    filters: [
      {
        resourceType: AclResourceTypes.ANY,
        resourcePatternType: ResourcePatternTypes.ANY,
        principal: `User:callfold-${user}`,
        operation: AclOperationTypes.ANY,
        permissionType: AclPermissionTypes.ANY,
      },
    ],
  });
  const acl = entriesOf(user, acls);
  if (acl.length > 0) await root.createAcls({ acl });
}

/** What a user of this kind does all day. */
const WORK: Readonly<Record<AclUser, (connection: KafkaConnection) => Promise<void>>> = {
  projector: (connection) => fold(connection, 'callfold.projector'),
  async outcomes(connection) {
    await fold(connection, 'callfold.outcomes');
    const log = createKafkaLog({ connection, groupId: 'callfold.outcomes' });
    const publisher = createKafkaPublisher({ connection, groupId: 'callfold.outcomes' });
    try {
      await log.tick(AT);
      await publisher.fence(AT, [CALLS, 'callfold.dead-letters']);
      await publisher.send(AT, [
        { ...RECORD, key: Buffer.from('k'), topic: CALLS },
        { ...RECORD, topic: 'callfold.dead-letters' },
      ]);
      await publisher.readBack(CALLS, 0, 0);
    } finally {
      await Promise.all([log.close(), publisher.close()]);
    }
  },
  async gateway(connection) {
    const writer = createKafkaWriter({ connection });
    try {
      await writer.partitions(AT.topic);
      await writer.append(AT, [RECORD]);
    } finally {
      await writer.close();
    }
  },
  async upstream(connection) {
    const admin = await openKafkaAdmin(connection);
    const writer = createKafkaWriter({ connection });
    try {
      await admin.clusterId();
      await writer.append(AT, [RECORD]);
    } finally {
      await Promise.all([writer.close(), admin.close()]);
    }
  },
  async analyst(connection) {
    const consumer = createKafkaConsumer({ connection, groupId: 'analyst.daily', topics: [CALLS] });
    const member = runMember(consumer, new Map());
    await heard(member, `${CALLS}/0`);
  },
  async operator(connection) {
    const admin = await openKafkaAdmin(connection);
    const log = createKafkaLog({ connection, groupId: 'callfold.projector' });
    const publisher = createKafkaPublisher({ connection, groupId: 'callfold.outcomes' });
    const writer = createKafkaWriter({ connection });
    try {
      // As `callfold dlq redrive` does: the raw event once more, and a mark that it was sent.
      await writer.append(AT, [RECORD]);
      await writer.append({ topic: 'callfold.dead-letters', partition: 0 }, [RECORD]);
      await log.bounds(AT);
      const findings = await checkTopics(admin, {
        partitions: 1,
        replicationFactor: 1,
        settings: DEFAULT_SETTINGS,
      });
      expect(findings).toEqual([]);
      await admin.create('callfold.of-an-operator', 1, 1, {});
      await admin.setConfig('callfold.of-an-operator', { 'retention.ms': '1000000' });
      await log.read(AT, 0, 1);
      await log.witness(AT);
      await publisher.fence(AT, [CALLS]);
      await publisher.readBack(CALLS, 0, 0);
    } finally {
      await root.deleteTopics({ topics: ['callfold.of-an-operator'] }).catch(() => undefined);
      await Promise.all([admin.close(), log.close(), publisher.close(), writer.close()]);
    }
  },
};

type Running = ReturnType<typeof runMember>;

/** Until it was given the partition, or was refused. */
async function heard(member: Running, place: string): Promise<void> {
  try {
    await Promise.race([
      member.ran,
      vi.waitFor(() => expect(member.events).toContain(`assigned ${place}`), { timeout: 60_000 }),
    ]);
  } finally {
    await member.stop();
  }
}

/** Reads as a member of its group, and as the engine does beside it. */
async function fold(connection: KafkaConnection, groupId: string): Promise<void> {
  const log = createKafkaLog({ connection, groupId });
  try {
    await log.bounds(AT);
    await log.read(AT, 0, 1);
    await log.witness(AT);
    const member = runMember(createKafkaConsumer({ connection, groupId, topics: [AT.topic] }), new Map());
    await heard(member, `${AT.topic}/0`);
  } finally {
    await log.close();
  }
}

describe.each(ACL_USERS)('%s', (user) => {
  it('does its work with its list', { timeout: 120_000 }, async () => {
    await allow(user, ACLS[user]);
    await expect(WORK[user](connectionOf(user))).resolves.toBeUndefined();
  });

  /** Of entries that are all alike, and that the work above does not use, one each is enough. */
  const telling = ACLS[user].filter(
    ({ name }) => !name.startsWith('callfold.chat-') && !name.startsWith('callfold.agent-'),
  );

  it.each(telling.map((acl) => [`${acl.resource} ${acl.name}`, acl] as const))(
    'does not without %s, and the error says what is missing',
    { timeout: 120_000 },
    async (_name, missing) => {
      await allow(
        user,
        ACLS[user].filter((one) => one !== missing),
      );
      const failed = await WORK[user](connectionOf(user)).then(
        () => null,
        (error: Error) => error,
      );
      expect(failed?.message).toMatch(/AUTHORIZATION_FAILED|may not read the group/);
      expect(failed?.message).toContain('callfold topics acls');
      expect(failed?.message).toContain(missing.name);
    },
  );
});

describe('nothing more', () => {
  it('an analyst writes nothing, and reads neither raw events nor dead letters', { timeout: 120_000 }, async () => {
    await allow('analyst', ACLS.analyst);
    const connection = connectionOf('analyst');
    const writer = createKafkaWriter({ connection });
    const log = createKafkaLog({ connection, groupId: 'analyst.daily' });
    await expect(writer.append({ topic: CALLS, partition: 0 }, [RECORD])).rejects.toThrow(/AUTHORIZATION_FAILED/);
    await expect(log.bounds(AT)).rejects.toThrow(/TOPIC_AUTHORIZATION_FAILED/);
    await expect(log.bounds({ topic: 'callfold.dead-letters', partition: 0 })).rejects.toThrow(/AUTHORIZATION_FAILED/);
    await Promise.all([writer.close(), log.close()]);
  });

  it('the projector writes no derived record and no raw one', { timeout: 120_000 }, async () => {
    await allow('projector', ACLS.projector);
    const writer = createKafkaWriter({ connection: connectionOf('projector') });
    for (const topic of [CALLS, 'callfold.dead-letters', AT.topic]) {
      await expect(writer.append({ topic, partition: 0 }, [RECORD])).rejects.toThrow(/AUTHORIZATION_FAILED/);
    }
    await writer.close();
  });

  it.each(['gateway', 'upstream'] as const)('%s reads nothing', { timeout: 120_000 }, async (user) => {
    await allow(user, ACLS[user]);
    const log = createKafkaLog({ connection: connectionOf(user), groupId: 'callfold.projector' });
    await expect(log.read(AT, 0, 1)).rejects.toThrow(/TOPIC_AUTHORIZATION_FAILED/);
    await log.close();
  });
});
