import type {
  AvroCodec,
  Config,
  KafkaConnection,
  KafkaConsumer,
  KafkaLogger,
  Logger,
  RedisEvent,
  Registry,
} from '@callfold/adapters';
import {
  checkRedis,
  createAskedAdmin,
  createCodec,
  createKafkaLog,
  createKafkaMember,
  createKafkaPublisher,
  createKafkaWriter,
  createRedisClient,
  createRedisGenerations,
  createRedisStore,
  createRegistry,
  openKafkaAdmin,
  redisReplicas,
  systemClock,
} from '@callfold/adapters';
import { DERIVED_OF, rawTopic, SOURCES, TOPICS, undisguised } from '@callfold/core';
import type { Log, Shelf } from '@callfold/engine';
import { liveStore, Refused } from '@callfold/engine';
import { ownerToken } from '../owner-name.ts';
import type { RawSite, RoleName, Site } from '../site.ts';

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
  const { url, username, password, token, tls } = registry;
  const address = { url, ...(tls && { tls }) };
  if (token) return createRegistry({ ...address, auth: { bearer: token } });
  return createRegistry(username ? { ...address, auth: { username, password: password ?? '' } } : address);
}

/** Says only what needs somebody: the rest of the client's talk is its own. */
export function quietLogger(say: (text: string) => void): KafkaLogger {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: (_fields, message) => say(`Kafka: ${message}`) };
}

/** A service's logs: what the client itself says of its attempts is for those who look closer. */
export function serviceLogger(logger: Logger): KafkaLogger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      logger['from' in fields ? 'debug' : level]({ event: 'kafka', ...fields }, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

async function registered(codec: AvroCodec): Promise<void> {
  await codec.register(TOPICS.map(({ name }) => name));
}

/** Told when the connection is lost and when it is there again; the attempts in between are all the same. */
function redisEvents(say: (text: string) => void, isOver: () => boolean): (event: RedisEvent) => void {
  let isLost = false;
  return (event) => {
    if (isOver()) return;
    if (event.name === 'redis-lost' && !isLost) say(`${event.where} is away: ${event.message}`);
    if (event.name === 'redis-connected' && isLost) say(`${event.where} is back`);
    isLost = event.name === 'redis-lost';
  };
}

/** For a service: what it finds wrong with its parts stands in its logs. */
export async function openServiceSite(config: Config, logger: Logger): Promise<Site> {
  const notice = (text: string): void => logger.warn({ event: 'notice' }, text);
  const site = await openKafkaSite(config, notice, serviceLogger(logger));
  for (const warning of site.warnings) notice(warning);
  return site;
}

/**
 * @param say for what concerns whoever runs it
 * @param log for what the Kafka clients say
 * @throws when a part is away; nothing is left open then
 */
export async function openKafkaSite(
  config: Config,
  say: (text: string) => void,
  log: KafkaLogger = quietLogger(say),
): Promise<Site> {
  const closing: Closing[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.toReversed()) await one().catch(() => undefined);
  };
  try {
    return await openParts(config, say, connectionOf(config, log), closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The raw topics alone, to be written to: no group, no Redis, and no right but to write.
 * @throws when a part is away; nothing is left open then
 */
export async function openKafkaRaw(config: Config, log: KafkaLogger): Promise<RawSite> {
  const connection = connectionOf(config, log);
  const codec = createCodec(registryOf(config));
  const topics = SOURCES.map(rawTopic);
  await codec.register(topics);
  const writer = createKafkaWriter({ connection });
  try {
    for (const topic of topics) await writer.partitions(topic);
  } catch (error) {
    await writer.close().catch(() => undefined);
    throw error;
  }
  return { name: `Kafka at ${connection.brokers.join(', ')}`, codec, writer, close: () => writer.close() };
}

async function openParts(
  config: Config,
  say: (text: string) => void,
  connection: KafkaConnection,
  closing: Closing[],
  close: () => Promise<void>,
): Promise<Site> {
  const keep = <Part extends { close(): Promise<unknown> }>(part: Part): Part => {
    closing.push(() => part.close());
    return part;
  };
  if (config.redisUrl === null)
    throw new Refused('CALLFOLD_KAFKA_BROKERS is set: CALLFOLD_REDIS_URL is needed beside it');
  const codec = createCodec(registryOf(config));
  await registered(codec);
  const cluster = keep(createAskedAdmin(() => openKafkaAdmin(connection)));
  const clusterId = await cluster.ask((admin) => admin.clusterId());
  let isOver = false;
  const onEvent = redisEvents(say, () => isOver);
  const client = keep(createRedisClient({ ...config.redisAccess, url: config.redisUrl, name: 'callfold', onEvent }));
  closing.push(async () => {
    isOver = true;
  });
  const { warnings } = await checkRedis(client);
  const group = (role: RoleName, key: string = config.generation): string =>
    key === '1' ? `callfold.${role}` : `callfold.${role}.${key}`;
  const logs = new Map<RoleName, Log>();
  /** By group. */
  const consumers = new Map<string, KafkaConsumer>();
  const lazily = <Part>(make: () => Part): (() => Part) => {
    let made: Part | undefined;
    return () => (made ??= make());
  };
  const writer = lazily(() => keep(createKafkaWriter({ connection })));
  const reader = lazily(() => keep(createKafkaPublisher({ connection, groupId: 'callfold.reader' })));
  const redriver = lazily(() => keep(createKafkaPublisher({ connection, groupId: 'callfold.dlq' })));
  const logOf = (role: RoleName): Log => {
    const found = logs.get(role) ?? keep(createKafkaLog({ connection, groupId: group(role) }));
    logs.set(role, found);
    return found;
  };
  const storeOf = (role: RoleName, generation: string) =>
    createRedisStore({ client, clusterId, group: role, generation });
  const shelf: Shelf = {
    book: createRedisGenerations({ client, clusterId, group: 'projector', generation: config.generation }),
    root: config.generation,
    settings: undisguised(config.settings),
    storeOf: (key) => storeOf('projector', key),
  };
  const store = (role: RoleName) => (role === 'projector' ? liveStore(shelf) : storeOf(role, config.generation));
  const topics = SOURCES.map(rawTopic);
  const derived = [...new Set(Object.values(DERIVED_OF).flat())];
  const limits = { sessionMs: config.kafka?.sessionTimeoutMs ?? 10_000 };
  let shown: string = config.generation;

  return {
    name: `Kafka at ${connection.brokers.join(', ')}`,
    warnings,
    codec,
    get writer() {
      return writer();
    },
    log: logOf,
    store,
    // What was fetched is no matter of one generation of the aggregates.
    positions: (owner) => createRedisStore({ client, clusterId, group: owner, generation: '1' }),
    ports(role, observer) {
      const groupId = group(role);
      const publisher = role === 'outcomes' ? keep(createKafkaPublisher({ connection, groupId })) : null;
      const publishes = publisher === null ? {} : { publishes: { publisher, topics: derived } };
      const { consumer, log } = createKafkaMember({ connection, groupId, topics, limits, ...publishes });
      keep(log);
      consumers.set(groupId, consumer);
      return {
        consumer,
        log,
        // Its own commits: what stands over the generations is for readers.
        store: storeOf(role, config.generation),
        codec,
        publisher,
        clock: systemClock,
        observer,
        newToken: ownerToken,
      };
    },
    shelf,
    openGeneration({ key }, observer) {
      const groupId = group('projector', key);
      const { consumer, log } = createKafkaMember({ connection, groupId, topics, limits });
      consumers.set(groupId, consumer);
      const ports = { consumer, log, codec, publisher: null, clock: systemClock, observer, newToken: ownerToken };
      return { ports, close: () => log.close() };
    },
    showGeneration({ key }) {
      shown = key;
    },
    member: (role) =>
      consumers.get(group(role, role === 'projector' ? shown : undefined))?.state() ?? {
        isMember: false,
        detail: 'not started',
      },
    members: (role, generation = config.generation) => cluster.ask((admin) => admin.members(group(role, generation))),
    replicas: () => redisReplicas(client),
    get redriver() {
      return redriver();
    },
    get derived() {
      return reader();
    },
    readDerived: (topic, partition, from) => reader().readBack(topic, partition, from),
    partitions: (topic) => logOf('projector').partitions(topic),
    close,
  };
}
