// Publishes one event as an upstream would: kafkajs and the schema registry's client, nothing of callfold's.
//
//   node docs/examples/publish.mjs CALL-ID STATUS
//   reads CALLFOLD_KAFKA_BROKERS and CALLFOLD_REGISTRY_URL

import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { Kafka, Partitioners } from 'kafkajs';

const TOPIC = 'callfold.raw.callcenter24';
const tenantId = 'default';
const [callId = 'example-1', status = 'Redirect to voice mail'] = process.argv.slice(2);

const registry = new SchemaRegistry({ host: process.env.CALLFOLD_REGISTRY_URL ?? '' });
const kafka = new Kafka({ clientId: 'example', brokers: (process.env.CALLFOLD_KAFKA_BROKERS ?? '').split(',') });
// The partition is the Java client's murmur2 of the key: kafkajs's default partitioner.
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

const id = await registry.getLatestSchemaId(`${TOPIC}-value`);
const event = {
  tenantId,
  eventId: null, // your own id of the event, if you have one
  callId,
  occurredAt: Date.now(),
  status,
  attributes: null,
  payload: null,
  adapter: null,
};
await producer.connect();
// All events of one call get one key, and so stand in one partition. `%` and `/` inside a part are percent-encoded.
const key = `${tenantId}/${callId.replaceAll('%', '%25').replaceAll('/', '%2F')}`;
await producer.send({ topic: TOPIC, acks: -1, messages: [{ key, value: await registry.encode(id, event) }] });
await producer.disconnect();
process.stdout.write(`published: ${callId} ${status}\n`);
