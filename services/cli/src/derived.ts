import type { DerivedRecord, DerivedTopic } from '@callfold/core';
import { CALL_OUTCOMES } from '@callfold/core';
import type { Published } from '@callfold/engine';
import type { Context } from './command.ts';
import { askDev } from './nearby.ts';
import { openKafkaSite } from './kafka-site.ts';
import type { Point, Span } from './points.ts';
import { pointText, spanOf } from './points.ts';
import type { Site } from './site.ts';

/** The derived topics as they stand: of Kafka where it is configured, else of the `callfold dev` nearby. */

const SAY_EVERY_MS = 1_000;

/** One row of a derived topic; `record` null is a tombstone. */
export type DerivedRow = {
  readonly offset: number;
  readonly outcomeId: string;
  readonly record: DerivedRecord | null;
};

type Page = { readonly rows: readonly DerivedRow[]; readonly next: number; readonly end: number };

/** Points in the log of a topic; their times are those at which records were published. */
export type Range = { readonly from: Point; readonly to: Point };

const WHOLE: Range = { from: { what: 'earliest' }, to: { what: 'latest' } };

export type DerivedReader = {
  readonly partitions: number;
  span(topic: DerivedTopic, partition: number, range: Range): Promise<Span>;
  page(topic: DerivedTopic, partition: number, from: number): Promise<Page>;
  close(): Promise<void>;
};

export async function decodedRows(
  site: Site,
  topic: DerivedTopic,
  records: readonly Published[],
): Promise<DerivedRow[]> {
  // An older version of this project wrote by an older schema.
  await site.codec.prepare(records);
  return records.map(({ offset, key, value }) => ({
    offset,
    outcomeId: Buffer.from(key ?? []).toString(),
    record: value && (site.codec.decodeDerived(topic, value) as unknown as DerivedRecord),
  }));
}

export async function pageOf(site: Site, topic: DerivedTopic, partition: number, from: number): Promise<Page> {
  const { records, next, end } = await site.readDerived(topic, partition, from);
  return { rows: await decodedRows(site, topic, records), next, end };
}

async function openKafkaReader(context: Context): Promise<DerivedReader> {
  const site = await openKafkaSite(context.config, context.say);
  return {
    partitions: await site.partitions(CALL_OUTCOMES),
    span: (topic, partition, { from, to }) => spanOf(site.log('outcomes'), { topic, partition }, from, to),
    page: (topic, partition, from) => pageOf(site, topic, partition, from),
    close: () => site.close(),
  };
}

async function answerOf<Answer>(context: Context, path: string): Promise<Answer> {
  const answer = await askDev(context.config, path);
  if (!answer.ok) throw new Error(`callfold dev answered ${answer.status} at ${path}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

async function openDevReader(context: Context): Promise<DerivedReader> {
  // Every topic has the same number of partitions.
  type Topic = Pick<DerivedReader, 'partitions'>;
  const { partitions } = await answerOf<Topic>(context, `/v1/derived/${CALL_OUTCOMES}`);
  type Row = { readonly offset: number; readonly key: string; readonly record: DerivedRecord | null };
  type Rows = { readonly records: readonly Row[] };
  return {
    partitions,
    span(topic, partition, { from, to }) {
      const query = `from=${encodeURIComponent(pointText(from))}&to=${encodeURIComponent(pointText(to))}`;
      return answerOf<Span>(context, `/v1/derived/${topic}/${partition}/span?${query}`);
    },
    async page(topic, partition, from) {
      const path = `/v1/derived/${topic}/${partition}?from=${from}`;
      const { records, next, end } = await answerOf<Rows & Pick<Page, 'next' | 'end'>>(context, path);
      return { rows: records.map(({ offset, key, record }) => ({ offset, outcomeId: key, record })), next, end };
    },
    close: async () => undefined,
  };
}

/** In Kafka where it is configured, else of the `callfold dev` nearby. */
export function openDerivedReader(context: Context): Promise<DerivedReader> {
  return (context.config.kafka ? openKafkaReader : openDevReader)(context);
}

/** A range of a partition of a derived topic. */
export type DerivedPartition = {
  readonly topic: DerivedTopic;
  readonly partition: number;
  readonly span: Span;
  /** Its rows, in the order in which they stand; `next` is the offset behind them. From the start at each call. */
  pages(): AsyncGenerator<{ readonly rows: readonly DerivedRow[]; readonly next: number }>;
};

async function* pagesOf(reader: DerivedReader, topic: DerivedTopic, partition: number, { from, to }: Span) {
  for (let at = from; at < to; ) {
    const { rows, next } = await reader.page(topic, partition, at);
    yield { rows: rows.filter(({ offset }) => offset < to), next: Math.min(next, to) };
    if (next <= at) return;
    at = next;
  }
}

/** The range in every partition of a topic. */
export function partitionsOf(
  reader: DerivedReader,
  topic: DerivedTopic,
  range: Range = WHOLE,
): Promise<DerivedPartition[]> {
  const partitions = Array.from({ length: reader.partitions }, (_, partition) => partition);
  return Promise.all(
    partitions.map(async (partition) => {
      const span = await reader.span(topic, partition, range);
      return { topic, partition, span, pages: () => pagesOf(reader, topic, partition, span) };
    }),
  );
}

/** All partitions of the topics that are asked for, one after the other; each is read before the next is asked for. */
export async function* readDerivedTopics(
  topics: readonly DerivedTopic[],
  context: Context,
): AsyncGenerator<{ readonly topic: DerivedTopic; readonly pages: AsyncGenerator<readonly DerivedRow[]> }> {
  const reader = await openDerivedReader(context);
  async function* rowsOf({ topic, partition, span, pages }: DerivedPartition) {
    let saidAt = Date.now();
    for await (const { rows, next } of pages()) {
      yield rows;
      if (context.stop.requested) return;
      if (Date.now() - saidAt < SAY_EVERY_MS) continue;
      context.say(`${topic}/${partition}: read to ${next} of ${span.to}`);
      saidAt = Date.now();
    }
  }
  try {
    for (const topic of topics) {
      for (const partition of await partitionsOf(reader, topic)) {
        if (context.stop.requested) return;
        yield { topic, pages: rowsOf(partition) };
      }
    }
  } finally {
    await reader.close();
  }
}
