/** A real broker for the tests of this folder: the one that CALLFOLD_TEST_KAFKA_BROKERS names, or one of their own. */

import { join } from 'node:path';
import { startKafka, testDir } from '../../../infra/parts/index.mjs';
import type { Admin, KafkaConnection, KafkaLogger } from '../src/kafka/client.ts';
import { openKafkaAdmin } from '../src/kafka/admin.ts';

const silent = (): void => {};
/** KAFKA_TEST_LOG=1 shows what the client says. */
const show =
  (level: string) =>
  (fields: object, message: string): void => {
    console.error(level, message, JSON.stringify(fields));
  };
export const logger: KafkaLogger =
  process.env['KAFKA_TEST_LOG'] === undefined
    ? { debug: silent, info: silent, warn: silent, error: silent }
    : { debug: show('debug'), info: show('info'), warn: show('warn'), error: show('error') };

export type TestBroker = {
  readonly brokers: readonly string[];
  readonly connection: KafkaConnection;
  readonly admin: Admin;
  /** A name that no other test, and no earlier run against the same broker, has used. */
  name(kind: string): string;
  /** An empty topic; the broker gives append times unless `config` says otherwise. */
  topic(kind: string, partitions: number, config?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
};

export const RAW_CONFIG = { 'message.timestamp.type': 'LogAppendTime', 'max.message.bytes': String(16 * 1_048_576) };

export async function openBroker(name: string): Promise<TestBroker> {
  const given = process.env['CALLFOLD_TEST_KAFKA_BROKERS'];
  const own = given === undefined ? await startKafka({ dir: join(testDir(name), 'kafka'), quick: true }) : null;
  const brokers = own?.brokers ?? (given ?? '').split(',');
  const connection: KafkaConnection = { brokers, clientId: `test-${name}`, log: logger };
  const admin = await openKafkaAdmin(connection);
  const topics: string[] = [];
  let names = 0;
  const nameOf = (kind: string): string => {
    names += 1;
    return `${name}.${kind}-${process.pid}-${Date.now()}-${names}`;
  };
  return {
    brokers,
    connection,
    admin,
    name: nameOf,
    async topic(kind, partitions, config = RAW_CONFIG) {
      const topic = nameOf(kind);
      await admin.create(topic, partitions, 1, config);
      topics.push(topic);
      return topic;
    },
    async close() {
      if (own === null && topics.length > 0) await admin.remove(topics);
      await admin.close();
      await own?.stop({ wipe: true });
    },
  };
}
