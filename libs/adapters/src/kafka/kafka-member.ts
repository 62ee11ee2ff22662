import type { KafkaConsumer, KafkaConsumerOptions } from './consumer.ts';
import { createKafkaConsumer } from './consumer.ts';
import type { KafkaLog } from './log.ts';
import { createKafkaLog } from './log.ts';

/** A member of a group and the log as it sees it: the witness is committed by the member, since nobody else may. */
export function createKafkaMember(options: KafkaConsumerOptions): {
  readonly consumer: KafkaConsumer;
  readonly log: KafkaLog;
} {
  const consumer = createKafkaConsumer(options);
  const { connection, groupId } = options;
  return { consumer, log: createKafkaLog({ connection, groupId, commit: (commits) => consumer.commit(commits) }) };
}
