import type { KafkaConsumer, KafkaConsumerOptions } from './consumer.ts';
import { createKafkaConsumer } from './consumer.ts';
import type { KafkaLog } from './log.ts';
import { createKafkaLog } from './log.ts';
import type { KafkaPublisher } from './publisher.ts';

export type KafkaMemberOptions = Omit<KafkaConsumerOptions, 'prepare'> & {
  /** What it publishes with, and where to. */
  readonly publishes?: { readonly publisher: KafkaPublisher; readonly topics: readonly string[] };
};

/**
 * A member of a group and the log as it sees it: the witness is committed by the member, since nobody else may. It
 * joins when it is connected and knows its topics, so that the partitions it gets wait for none of that.
 */
export function createKafkaMember(options: KafkaMemberOptions): {
  readonly consumer: KafkaConsumer;
  readonly log: KafkaLog;
} {
  const { connection, groupId, topics, publishes } = options;
  const prepare = () => Promise.all([log.learn(topics), publishes?.publisher.learn(publishes.topics)]);
  const consumer = createKafkaConsumer({ ...options, prepare });
  const log = createKafkaLog({ connection, groupId, commit: (commits) => consumer.commit(commits) });
  return { consumer, log };
}
