import type { ConnectionOptions } from 'node:tls';
import type { KafkaLogger, RegistryAuth, Sasl } from '@callfold/adapters';
import { createCodec, createKafkaWriter, createRegistry } from '@callfold/adapters';
import { rawTopic, SOURCES } from '@callfold/core';
import type { EventPublisher } from './publisher.ts';
import { createEventPublisher } from './publisher.ts';

export type ConnectOptions = {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** The schema registry's Confluent API. */
  readonly registryUrl: string;
  readonly registryAuth?: RegistryAuth;
  readonly clientId?: string;
  /** `true`: TLS with the system's authorities. */
  readonly ssl?: ConnectionOptions | boolean;
  readonly sasl?: Sasl;
  /** About how long an event is tried before it counts as not acknowledged; default two minutes: a restart. */
  readonly deliveryMs?: number;
  /** Events that may wait for their acknowledgement; default 20,000. */
  readonly maxPending?: number;
  /** pino's shape; default: silent. */
  readonly log?: KafkaLogger;
};

export type ConnectedPublisher = EventPublisher & {
  /** Closes the connections. What still waits is not acknowledged: wait for it before. */
  close(): Promise<void>;
};

const DELIVERY_MS = 120_000;
const PAUSE_MOST_MS = 1_000;
const nothing = (): void => undefined;
const SILENT: KafkaLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * A publisher on Kafka and the registry. Sends are idempotent and acknowledged by all replicas in sync, one request at
 * a time per partition, each repeated as it was until the broker has it: a broker that restarts loses, doubles and
 * reorders nothing.
 * @throws when the registry is away, or refuses a schema. Kafka is first asked with the first event.
 */
export async function connectPublisher(options: ConnectOptions): Promise<ConnectedPublisher> {
  const { brokers, registryUrl, registryAuth, deliveryMs = DELIVERY_MS, maxPending } = options;
  const codec = createCodec(createRegistry({ url: registryUrl, ...(registryAuth && { auth: registryAuth }) }));
  await codec.register(SOURCES.map(rawTopic));
  const writer = createKafkaWriter({
    connection: {
      brokers,
      clientId: options.clientId ?? 'callfold-client',
      log: options.log ?? SILENT,
      ...(options.ssl !== undefined && { ssl: options.ssl }),
      ...(options.sasl && { sasl: options.sasl }),
    },
    limits: { attempts: Math.max(1, Math.ceil(deliveryMs / PAUSE_MOST_MS)), longestPauseMs: PAUSE_MOST_MS },
  });
  const publisher = createEventPublisher({ writer, codec, ...(maxPending !== undefined && { maxPending }) });
  return {
    publish: (event, how) => publisher.publish(event, how),
    publishAll: (events) => publisher.publishAll(events),
    get pending() {
      return publisher.pending;
    },
    close: () => writer.close(),
  };
}
