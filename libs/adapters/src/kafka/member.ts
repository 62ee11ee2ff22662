/** A member of a consumer group, as `consumer.ts` needs it: what the client says, without what it does unasked. */

import type { At } from '@callfold/engine';
import type { KafkaConnection, Member, MemberEvents, MemberOptions } from './client.ts';
import { explain } from './errors.ts';
import { carried, newConsumer } from './kafkajs.ts';
import type { Held } from './share-out.ts';

const grouped = (ats: readonly At[]): { topic: string; partitions: number[] }[] =>
  ats.map(({ topic, partition }) => ({ topic, partitions: [partition] }));

/** Between a crash and the next join there is no group, and nothing to pause: all partitions are assigned anew. */
function unlessAway(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSNonRetriableError') throw error;
  }
}

export function openMember(connection: KafkaConnection, options: MemberOptions): Member {
  let events: MemberEvents | null = null;
  let generationOf = (): number => 0;
  let held: Held | null = null;
  const consumer = newConsumer(connection, options, {
    outOfRange: (at) => events?.outOfRange(at),
    async beforeJoin(lost, generation) {
      generationOf = generation;
      await events?.letGo(lost);
    },
    held: () => held,
  });
  const doing = `reading as a member of group ${options.groupId}`;

  function listen(to: MemberEvents): void {
    const { GROUP_JOIN, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      const topics = Object.entries(payload.memberAssignment);
      const generation = generationOf();
      held = { generation, partitions: new Map(topics) };
      const ats = topics.flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })));
      to.joined(ats, generation);
    });
    consumer.on(CRASH, ({ payload }) => to.crashed(explain(doing, payload.error), payload.restart));
  }

  return {
    start: async (to) => {
      if (events === null) listen(to);
      events = to;
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: options.concurrency,
          eachBatch: async (payload) => {
            const fetched = carried(payload);
            await to.batch({
              at: { topic: fetched.topic, partition: fetched.partition },
              from: Number((payload.batch as unknown as { readonly fetchedOffset: string }).fetchedOffset),
              fetched,
              heartbeat: () => payload.heartbeat(),
              resolve: (next) => payload.resolveOffset(String(next - 1)),
            });
          },
        });
      } catch (error) {
        throw explain(`${doing} of ${options.topics.join(', ')}`, error);
      }
    },
    pause: (ats) => unlessAway(() => consumer.pause(grouped(ats))),
    resume: (ats) => unlessAway(() => consumer.resume(grouped(ats))),
    seek: ({ topic, partition }, offset) =>
      unlessAway(() => consumer.seek({ topic, partition, offset: String(offset) })),
    commit: (commits) =>
      consumer.commitOffsets(commits.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) }))),
    stop: () => consumer.disconnect(),
  };
}
