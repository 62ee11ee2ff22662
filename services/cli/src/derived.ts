import type { DerivedRecord, DerivedTopic } from '@callfold/core';
import { CALL_OUTCOMES } from '@callfold/core';
import type { Context } from './command.ts';
import { askDev } from './nearby.ts';
import { openKafkaSite } from './kafka-site.ts';

/** The derived topics as they stand: of Kafka where it is configured, else of the `callfold dev` nearby. */

const SAY_EVERY_MS = 1_000;

/** One row of a derived topic; `record` null is a tombstone. */
export type DerivedRow = { readonly outcomeId: string; readonly record: DerivedRecord | null };

type Page = { readonly rows: readonly DerivedRow[]; readonly next: number; readonly end: number };

type Reader = {
  readonly partitions: number;
  page(topic: DerivedTopic, partition: number, from: number): Promise<Page>;
  close(): Promise<void>;
};

async function openKafkaReader(context: Context): Promise<Reader> {
  const site = await openKafkaSite(context.config, context.say);
  return {
    partitions: await site.partitions(CALL_OUTCOMES),
    async page(topic, partition, from) {
      const { records, next, end } = await site.readDerived(topic, partition, from);
      // An older version of this project wrote by an older schema.
      await site.codec.prepare(records);
      const rows = records.map(({ key, value }) => ({
        outcomeId: Buffer.from(key ?? []).toString(),
        record: value && (site.codec.decodeDerived(topic, value) as unknown as DerivedRecord),
      }));
      return { rows, next, end };
    },
    close: () => site.close(),
  };
}

async function answerOf<Answer>(context: Context, path: string): Promise<Answer> {
  const answer = await askDev(context.config, path);
  if (!answer.ok) throw new Error(`callfold dev answered ${answer.status} at ${path}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

async function openDevReader(context: Context): Promise<Reader> {
  type Status = { readonly services: { readonly partitions: { readonly at: { readonly partition: number } }[] }[] };
  const { services } = await answerOf<Status>(context, '/v1/status');
  const numbers = services.flatMap(({ partitions }) => partitions.map(({ at }) => at.partition));
  type Rows = { readonly records: { readonly key: string; readonly record: DerivedRecord | null }[] };
  return {
    // Every topic has the same number of partitions.
    partitions: Math.max(-1, ...numbers) + 1,
    async page(topic, partition, from) {
      const path = `/v1/derived/${topic}/${partition}?from=${from}`;
      const { records, next, end } = await answerOf<Rows & Pick<Page, 'next' | 'end'>>(context, path);
      return { rows: records.map(({ key, record }) => ({ outcomeId: key, record })), next, end };
    },
    close: async () => undefined,
  };
}

async function* partitionRows(
  reader: Reader,
  topic: DerivedTopic,
  partition: number,
  context: Context,
): AsyncGenerator<readonly DerivedRow[]> {
  let saidAt = Date.now();
  for (let from = 0; ; ) {
    const { rows, next, end } = await reader.page(topic, partition, from);
    yield rows;
    if (next >= end || next <= from || context.stop.requested) return;
    if (Date.now() - saidAt >= SAY_EVERY_MS) {
      context.say(`${topic}/${partition}: read to ${next} of ${end}`);
      saidAt = Date.now();
    }
    from = next;
  }
}

/** A partition of a derived topic. */
export type DerivedPartition = {
  readonly topic: DerivedTopic;
  readonly partition: number;
  /** Its rows, in the order in which they stand. To be read before the next partition is asked for. */
  readonly pages: AsyncGenerator<readonly DerivedRow[]>;
};

/** The partitions of the topics that are asked for, one after the other. */
export async function* readDerivedTopics(
  topics: readonly DerivedTopic[],
  context: Context,
): AsyncGenerator<DerivedPartition> {
  const reader = await (context.config.kafka ? openKafkaReader : openDevReader)(context);
  try {
    for (const topic of topics) {
      for (let partition = 0; partition < reader.partitions && !context.stop.requested; partition += 1)
        yield { topic, partition, pages: partitionRows(reader, topic, partition, context) };
    }
  } finally {
    await reader.close();
  }
}
