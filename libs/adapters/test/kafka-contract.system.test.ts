import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaLog } from '../src/kafka/log.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { logContract } from './contract/log-contract.ts';
import { publisherContract } from './contract/publisher-contract.ts';
import { openBroker, RAW_CONFIG } from './kafka-broker.ts';

type Closing = { close(): Promise<void> };

logContract(
  'kafka',
  async () => {
    const broker = await openBroker('kafka-log');
    const opened: Closing[] = [];
    const topics: string[] = [];
    const keep = <Port extends Closing>(port: Port): Port => {
      opened.push(port);
      return port;
    };
    const { connection, admin } = broker;
    return {
      async topic(name, partitions) {
        await admin.create(name, partitions, 1, RAW_CONFIG);
        topics.push(name);
      },
      log: async (groupId) => keep(createKafkaLog({ connection, groupId })),
      writer: async () => keep(createKafkaWriter({ connection })),
      consumer: async (groupId, names) => createKafkaConsumer({ connection, groupId, topics: names }),
      async close() {
        await Promise.all(opened.map((port) => port.close()));
        await admin.remove(topics);
        await broker.close();
      },
    };
  },
  { sharedGroup: true },
);

publisherContract(
  'kafka',
  async () => {
    const broker = await openBroker('kafka-publisher');
    const opened: Closing[] = [];
    const topics: string[] = [];
    return {
      async topic(name, partitions) {
        await broker.admin.create(name, partitions, 1, { 'message.timestamp.type': 'CreateTime' });
        topics.push(name);
      },
      async publisher() {
        const publisher = createKafkaPublisher({ connection: broker.connection, groupId: `contract-${process.pid}` });
        opened.push(publisher);
        return publisher;
      },
      async close() {
        await Promise.all(opened.map((publisher) => publisher.close()));
        await broker.admin.remove(topics);
        await broker.close();
      },
    };
  },
  { multiProcess: true, unequal: true },
);
