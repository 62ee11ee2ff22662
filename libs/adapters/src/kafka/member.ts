/** A member of a consumer group, as `consumer.ts` needs it: what the client says, without what it does unasked. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At } from '@callfold/engine';
import type { KafkaConnection, Left, Member, MemberEvents, MemberOptions } from './client.ts';
import { explain } from './errors.ts';
import { carried, newConsumer } from './kafkajs.ts';
import type { JoinedGroup } from './mends.ts';
import type { Held } from './share-out.ts';

const grouped = (ats: readonly At[]): { topic: string; partitions: number[] }[] =>
  ats.map(({ topic, partition }) => ({ topic, partitions: [partition] }));

/** The others wait for whoever says farewell, and partitions for whoever asks for it. */
const FAREWELL_MS = 500;
const FAREWELL = 'callfold-left';

export const encodeFarewell = (generation: number, farewell: string): string => `${FAREWELL} ${generation} ${farewell}`;

/** Null: there is none, or it is not of that generation. */
export function decodeFarewell(metadata: string, generation: number): string | null {
  const prefix = encodeFarewell(generation, '');
  return metadata.startsWith(prefix) ? metadata.slice(prefix.length) : null;
}

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
  let group: JoinedGroup | null = null;
  let held: Held | null = null;
  const consumer = newConsumer(connection, options, {
    outOfRange: (at) => events?.outOfRange(at),
    async beforeJoin(lost, joined) {
      group = joined;
      await leave((await events?.letGo(lost)) ?? []);
    },
    held: () => held,
  });
  const doing = `reading as a member of group ${options.groupId}`;

  /** Whoever gets them fences before it folds, and not only before it sends. */
  function untold(error: unknown): undefined {
    const { message } = explain(`telling or asking group ${options.groupId} of partitions given away`, error);
    connection.log.debug({ message }, 'the next owners are not told, or not heard to be told, that everything is sent');
  }

  /** Undefined: not in time, or not at all. */
  async function soon<Answer>(asked: Promise<Answer> | undefined): Promise<Answer | undefined> {
    return Promise.race([asked?.catch(untold), sleep(FAREWELL_MS, undefined, { ref: false })]);
  }

  /** A word is of the generation that it is said in, and is heard in the next one only. */
  async function leave(left: readonly Left[]): Promise<void> {
    const generation = group?.generation() ?? 0;
    const words = left.map(({ topic, partition, next, farewell }) => {
      return { topic, partition, offset: String(next), metadata: encodeFarewell(generation, farewell) };
    });
    await soon(group?.commit(words));
  }

  function listen(to: MemberEvents): void {
    const { GROUP_JOIN, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      const topics = Object.entries(payload.memberAssignment);
      const generation = group?.generation() ?? 0;
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
    leave,
    async farewells(ats) {
      const before = (group?.generation() ?? 0) - 1;
      const committed = (await soon(group?.committed(ats))) ?? [];
      return new Map(
        committed.flatMap(({ topic, partition, metadata }) => {
          const farewell = decodeFarewell(metadata, before);
          return farewell === null ? [] : [[`${topic}/${partition}`, farewell] as const];
        }),
      );
    },
    stop: () => consumer.disconnect(),
  };
}
