import { randomUUID } from 'node:crypto';
import type { Admin, AvroCodec, Config, KafkaConnection, KafkaLogger, Registry } from '@callfold/adapters';
import {
  checkRedis,
  createCodec,
  createKafkaLog,
  createKafkaMember,
  createKafkaPublisher,
  createKafkaWriter,
  createRedisClient,
  createRedisStore,
  createRegistry,
  openKafkaAdmin,
  systemClock,
} from '@callfold/adapters';
import { rawTopic, SOURCES, TOPICS } from '@callfold/core';
import type { Log } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { RoleName, Site } from '../site.ts';

/** Kafka, registry and Redis. The only place that knows which adapters those are. */

type Closing = () => Promise<unknown>;

export function connectionOf(config: Config, log: KafkaLogger): KafkaConnection {
  const { kafka } = config;
  if (!kafka)
    throw new Refused('This needs Kafka: set CALLFOLD_KAFKA_BROKERS, CALLFOLD_REGISTRY_URL and CALLFOLD_REDIS_URL.');
  return {
    brokers: kafka.brokers,
    clientId: 'callfold',
    log,
    ...(kafka.ssl && { ssl: Object.keys(kafka.ssl).length > 0 ? kafka.ssl : true }),
    ...(kafka.sasl && { sasl: kafka.sasl }),
  };
}

export function registryOf(config: Config): Registry {
  const { registry } = config;
  if (!registry) throw new Refused('This needs the schema registry: set CALLFOLD_REGISTRY_URL.');
  const { url, username, password, token } = registry;
  if (token) return createRegistry({ url, auth: { bearer: token } });
  return createRegistry(username ? { url, auth: { username, password: password ?? '' } } : { url });
}

/** Says only what needs somebody: the rest of the client's talk is its own. */
export function quietLogger(say: (text: string) => void): KafkaLogger {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: (_fields, message) => say(`Kafka: ${message}`) };
}

async function registered(codec: AvroCodec): Promise<void> {
  await codec.register(TOPICS.map(({ name }) => name));
}

export async function openKafkaSite(config: Config, say: (text: string) => void): Promise<Site> {
  const connection = connectionOf(config, quietLogger(say));
  const closing: Closing[] = [];
  const keep = <Part extends { close(): Promise<unknown> }>(part: Part): Part => {
    closing.push(() => part.close());
    return part;
  };
  const codec = createCodec(registryOf(config));
  await registered(codec);
  const admin: Admin = keep(await openKafkaAdmin(connection));
  const clusterId = await admin.clusterId();
  const client = createRedisClient({ url: config.redisUrl ?? '', name: 'callfold' });
  closing.push(() => client.close());
  for (const warning of (await checkRedis(client)).warnings) say(warning);
  const group = (role: RoleName): string =>
    config.generation === '1' ? `callfold.${role}` : `callfold.${role}.${config.generation}`;
  const logs = new Map<RoleName, Log>();
  const lazily = <Part>(make: () => Part): (() => Part) => {
    let made: Part | undefined;
    return () => (made ??= make());
  };
  const writer = lazily(() => keep(createKafkaWriter({ connection })));
  const reader = lazily(() => keep(createKafkaPublisher({ connection, groupId: 'callfold.reader' })));
  const logOf = (role: RoleName): Log => {
    const found = logs.get(role) ?? keep(createKafkaLog({ connection, groupId: group(role) }));
    logs.set(role, found);
    return found;
  };
  const store = (role: RoleName) => createRedisStore({ client, clusterId, group: role, generation: config.generation });

  return {
    name: `Kafka at ${connection.brokers.join(', ')}`,
    codec,
    get writer() {
      return writer();
    },
    log: logOf,
    store,
    ports(role, observer) {
      const topics = SOURCES.map(rawTopic);
      const limits = { sessionMs: config.kafka?.sessionTimeoutMs ?? 10_000 };
      const { consumer, log } = createKafkaMember({ connection, groupId: group(role), topics, limits });
      keep(log);
      return {
        consumer,
        log,
        store: store(role),
        codec,
        publisher: role === 'outcomes' ? keep(createKafkaPublisher({ connection, groupId: group(role) })) : null,
        clock: systemClock,
        observer,
        newToken: randomUUID,
      };
    },
    readDerived: (topic, partition, from) => reader().readBack(topic, partition, from),
    partitions: (topic) => logOf('projector').partitions(topic),
    async close() {
      for (const close of closing.toReversed()) await close().catch(() => undefined);
    },
  };
}
