/**
 * The figures of docs/fencing.md, and what reading through our own code costs beside the bare client:
 *   CALLFOLD_FIGURES=1000000 npx vitest run libs/adapters/test/kafka-figures.system.test.ts
 * Without the variable it is a short run that only holds the order of things.
 */

import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outgoing } from '@callfold/engine';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import type { TestBroker } from './kafka-broker.ts';
import { openBroker } from './kafka-broker.ts';

const RECORDS = Number(process.env['CALLFOLD_FIGURES'] ?? 100_000);
const SENDS = RECORDS >= 1_000_000 ? 500 : 50;
const PARTITIONS = 4;
const APPEND = 5_000;
const VALUE_BYTES = 74;
const FIGURES_MS = 300_000;

type Batch = { readonly messages: readonly { readonly value: Buffer }[] };
type Bare = {
  consumer(options: object): {
    connect(): Promise<void>;
    subscribe(to: object): Promise<void>;
    run(how: { eachBatch(payload: { readonly batch: Batch }): Promise<void> } & Record<string, unknown>): Promise<void>;
    disconnect(): Promise<void>;
  };
  producer(options: object): {
    connect(): Promise<void>;
    transaction(): Promise<{ send(what: object): Promise<unknown>; commit(): Promise<void> }>;
    disconnect(): Promise<void>;
  };
};

const quantile = (times: readonly number[], part: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) * part)]!;
const ms = (times: readonly number[]): string =>
  `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** From the first batch to the last record, and the processor time of this process over all of it. */
function stopwatch(wanted: number) {
  let seen = 0;
  let first = 0;
  let finish: (() => void) | null = null;
  const cpu = process.cpuUsage();
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    add(count: number): void {
      if (first === 0) first = performance.now();
      seen += count;
      if (seen === wanted) finish?.();
    },
    async read(): Promise<{ readonly perSecond: number; readonly cpuSeconds: number }> {
      await done;
      const used = process.cpuUsage(cpu);
      return {
        perSecond: Math.round(wanted / ((performance.now() - first) / 1_000)),
        cpuSeconds: (used.user + used.system) / 1e6,
      };
    },
  };
}

describe('figures', { timeout: FIGURES_MS }, () => {
  let broker: TestBroker;
  let bare: Bare;
  beforeAll(async () => {
    broker = await openBroker('kafka-figures');
    const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs') as {
      readonly Kafka: new (options: object) => Bare;
      readonly logLevel: { readonly NOTHING: number };
    };
    bare = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING });
  }, FIGURES_MS);
  afterAll(async () => broker?.close());

  it('of reading: through our consumer, and through the bare client', async () => {
    const topic = await broker.topic('read', PARTITIONS);
    const writer = createKafkaWriter({ connection: broker.connection });
    const value = Buffer.alloc(VALUE_BYTES, 7);
    const records = Array.from({ length: APPEND }, (_, index) => ({
      key: Buffer.from(`default/call-${index}`),
      value,
      headers: [],
    }));
    const each = RECORDS / PARTITIONS;
    const writing = await timed(() =>
      Promise.all(
        Array.from({ length: PARTITIONS }, async (_, partition) => {
          for (let done = 0; done < each; done += APPEND) await writer.append({ topic, partition }, records);
        }),
      ),
    );
    await writer.close();
    console.log(`written: ${Math.round(RECORDS / (writing / 1_000))} records a second`);

    const groupId = broker.name('ours');
    const consumer = createKafkaConsumer({ connection: broker.connection, groupId, topics: [topic] });
    const ours = stopwatch(RECORDS);
    const ran = consumer.run({
      assigned: async () => 0,
      async batch(_, batch) {
        ours.add(batch.records.length);
        return batch.next;
      },
      paused: async () => null,
      resumed() {},
      revoked: async () => null,
    });
    const oursRead = await ours.read();
    await consumer.stop();
    await ran;

    const client = bare.consumer({ groupId: broker.name('bare'), maxWaitTimeInMs: 50 });
    await client.connect();
    await client.subscribe({ topics: [topic], fromBeginning: true });
    const theirs = stopwatch(RECORDS);
    await client.run({
      autoCommit: false,
      partitionsConsumedConcurrently: PARTITIONS,
      eachBatch: async ({ batch }) => theirs.add(batch.messages.length),
    });
    const theirsRead = await theirs.read();
    await client.disconnect();
    for (const [name, { perSecond, cpuSeconds }] of Object.entries({ ours: oursRead, bare: theirsRead })) {
      console.log(`read, ${name}: ${perSecond} records a second, ${cpuSeconds.toFixed(2)} s of processor time`);
    }
    expect(oursRead.cpuSeconds).toBeLessThan(theirsRead.cpuSeconds);
  });

  it.each([1, 100, 1_000])('of sending %i records: plain after a fence, and in a transaction', async (size) => {
    const topic = await broker.topic('send', 1, {});
    const value = Buffer.alloc(300, 7);
    const origin = { topic: 'raw', partition: 0 };
    const publisher = createKafkaPublisher({ connection: broker.connection, groupId: broker.name('group') });
    const fences: number[] = [];
    for (let count = 0; count < 10; count += 1) fences.push(await timed(() => publisher.fence(origin, [topic])));
    const outgoing = Array.from({ length: size }, (): Outgoing => ({ topic, key: null, value, headers: [] }));
    const plain: number[] = [];
    for (let count = 0; count < SENDS; count += 1) plain.push(await timed(() => publisher.send(origin, outgoing)));
    await publisher.close();

    const producer = bare.producer({
      transactionalId: broker.name('id'),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => () => 0,
    });
    await producer.connect();
    const messages = outgoing.map(() => ({ value }));
    const transactions: number[] = [];
    for (let count = 0; count < SENDS; count += 1) {
      const one = await timed(async () => {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages });
        await transaction.commit();
      });
      transactions.push(one);
    }
    await producer.disconnect();
    console.log(`${size} records: plain ${ms(plain)}; transaction ${ms(transactions)}; fence ${ms(fences)}`);
    expect(quantile(plain, 0.5)).toBeLessThan(quantile(transactions, 0.5));
  });
});
