// @ts-check
/**
 * Versions, ports and settings of the real parts: Kafka, the schema registry, Redis.
 * `infra/up.mjs` and the tests start them from here; docker-compose.yml and infra/pom.xml say the same, held by
 * infra/test/compose.test.ts.
 */

export const VERSIONS = { kafka: '4.3.1', apicurio: '3.0.9', redis: '7.2', redisAtLeast: '6.2', javaAtLeast: 17 };

/** Host ports; below the range that systems hand out to outgoing connections, so that no connection takes one. */
export const PORTS = { kafka: 24_092, controller: 24_192, registry: 24_081, redis: 24_379 };

/** The environment variable that moves each port. Further brokers take the ports after the first. */
export const PORT_SETTINGS = {
  kafka: 'CALLFOLD_INFRA_KAFKA_PORT',
  controller: 'CALLFOLD_INFRA_CONTROLLER_PORT',
  registry: 'CALLFOLD_INFRA_REGISTRY_PORT',
  redis: 'CALLFOLD_INFRA_REDIS_PORT',
};

/** Where `infra:up` keeps data and logs; `.infra/dev` of the repository unless told otherwise. */
export const DIR_SETTING = 'CALLFOLD_INFRA_DIR';

/** Any 16 bytes in base64url; one fixed id, so that a folder can be started again by anybody. */
export const CLUSTER_ID = 'Y2FsbGZvbGQtaW5mcmExMA';

/** Only the first compiler: a start takes half the processor time, and long runs are slower. */
const FIRST_COMPILER = '-XX:TieredStopAtLevel=1';

/** Java options. Nobody measures the registry's speed, so it always starts quickly. */
export const JAVA_OPTIONS = { kafka: '-Xms256m -Xmx512m', registry: `-Xms64m -Xmx256m ${FIRST_COMPILER}` };

/** The cheapest collector. Not for Docker: the registry's image names one of its own, and Java refuses two. */
export const SERIAL_COLLECTOR = '-XX:+UseSerialGC';

/** For short-lived programs, over the other options. */
export const QUICK_JAVA_OPTIONS = `${FIRST_COMPILER} ${SERIAL_COLLECTOR}`;

/** A record of 16 MiB with headers and batch overhead fits; topics may ask for less. */
const LARGEST_BATCH_BYTES = 17 * 1_048_576;

/**
 * Broker settings that do not depend on names and ports of one machine.
 * @param {number} brokers
 * @returns {Record<string, string>}
 */
export function brokerSettings(brokers) {
  const replicas = String(Math.min(brokers, 3));
  const inSync = brokers >= 3 ? '2' : '1';
  return {
    'auto.create.topics.enable': 'false',
    'num.partitions': '4',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // A new group starts at once instead of waiting 3 s for more members.
    'group.initial.rebalance.delay.ms': '0',
    'message.max.bytes': String(LARGEST_BATCH_BYTES),
    'replica.fetch.max.bytes': String(LARGEST_BATCH_BYTES),
    // Half of the heap would go to the cleaner's buffer by default.
    'log.cleaner.dedupe.buffer.size': '33554432',
  };
}

/** @type {Record<string, string>} */
export const REDIS_SETTINGS = {
  'maxmemory-policy': 'noeviction',
  appendonly: 'yes',
  appendfsync: 'everysec',
  // The append-only file keeps the data; snapshots beside it would only cost memory while they are forked.
  save: '',
};

/**
 * Of sentinels, for each master: quick, and not so quick that a busy machine looks like a lost one. A failover takes
 * the first of them, and up to a second more until one sentinel has the others' votes; a vote without a winner is made
 * again after twice the other.
 */
export const SENTINEL_SETTINGS = { 'down-after-milliseconds': '2000', 'failover-timeout': '6000' };

/** Of cluster nodes, beside those of every Redis: a lost master's replica takes over a second or two after this. */
export const CLUSTER_SETTINGS = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '3000' };

/**
 * Registry settings, as Java system properties. With H2 in a file the ids stay the same after a restart; in memory, as
 * it comes, every record in Kafka would point at a schema that is gone. Without the write delay of half a second, a
 * schema whose id was given out is on disk, so that kill -9 cannot give the id to another one.
 * @param {string} database path without suffix
 * @returns {Record<string, string>}
 */
export function registrySettings(database) {
  return {
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    'apicurio.datasource.url': `jdbc:h2:file:${database};WRITE_DELAY=0`,
    'apicurio.datasource.jdbc.initial-size': '2',
    'apicurio.datasource.jdbc.min-size': '2',
    'apicurio.datasource.jdbc.max-size': '10',
    // On a loaded machine the first connection took longer than the usual 5 s, and the registry gave up.
    'quarkus.datasource.h2.jdbc.acquisition-timeout': 'PT60S',
  };
}

/** Path of the Confluent-compatible API. */
export const REGISTRY_API = '/apis/ccompat/v7';

/**
 * How long each wait may take at most. Loaded with ten processes, a two-core machine took 100 s for a start that takes
 * 8 alone; vitest ends a hook after 180 s, and should not be the first to speak.
 */
export const WAITS = { readyMs: 170_000, stopMs: 30_000, downloadMs: 900_000, pollMs: 50 };
