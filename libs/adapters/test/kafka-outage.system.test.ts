/** Three brokers that are killed one after the other, under load: leaders and coordinators move, answers are lost. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { At, Consumer, Outgoing, Publisher } from '@callfold/engine';
import type { Kafka } from '../../../infra/parts/index.mjs';
import { startKafka, testDir } from '../../../infra/parts/index.mjs';
import { openKafkaAdmin } from '../src/kafka/admin.ts';
import type { KafkaConnection } from '../src/kafka/client.ts';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { logger } from './kafka-broker.ts';

const PARTITIONS = 6;
const OUTAGE_TEST_MS = 400_000;
const soon = { timeout: 120_000, interval: 50 };
const ORIGIN: At = { topic: 'raw', partition: 2 };
const nameOf = (at: At): string => `${at.topic}/${at.partition}`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);
const record = (value: number) => ({ key: null, value: Buffer.from(String(value)), headers: [] });

/** Each partition gets 0, 1, 2, ... in order, and an append that resolved stands. */
function keepWriting(connection: KafkaConnection) {
  const writer = createKafkaWriter({ connection });
  const counts = upTo(PARTITIONS).map(() => 0);
  let isOver = false;
  const running = counts.map(async (_, partition) => {
    while (!isOver) {
      const first = counts[partition]!;
      await writer.append({ topic: 'raw', partition }, upTo(20, first).map(record));
      counts[partition] = first + 20;
      await pause(10);
    }
  });
  return {
    counts,
    async stop() {
      isOver = true;
      await Promise.all(running);
      await writer.close();
    },
  };
}

/** Two members, and a ledger that takes each position once. */
function keepReading(connection: KafkaConnection) {
  const positions = new Map<string, number>();
  const seen = new Map<string, number[]>();
  const wrong: string[] = [];
  const members: Consumer[] = [0, 1].map(() => createKafkaConsumer({ connection, groupId: 'g', topics: ['raw'] }));
  const running = members.map((member) =>
    member.run({
      assigned: async (at) => positions.get(nameOf(at)) ?? 0,
      async batch(at, { from, records, next }) {
        const position = positions.get(nameOf(at)) ?? 0;
        if (position !== from) {
          wrong.push(`${nameOf(at)} from ${from}, not ${position}`);
          return position;
        }
        positions.set(nameOf(at), next);
        seen.set(nameOf(at), [...(seen.get(nameOf(at)) ?? []), ...records.map(({ value }) => Number(value))]);
        return next;
      },
      paused: async () => null,
      resumed() {},
      revoked: async () => null,
    }),
  );
  return {
    seen,
    wrong,
    async stop() {
      await Promise.all(members.map((member) => member.stop()));
      await Promise.all(running);
    },
  };
}

async function standing(publisher: Publisher, from: number): Promise<{ values: number[]; next: number }> {
  const values: number[] = [];
  let next = from;
  for (let end = from + 1; next < end; ) {
    const slice = await publisher.readBack('derived', ORIGIN.partition, next);
    values.push(...slice.records.map(({ value }) => Number(value)));
    ({ next, end } = slice);
  }
  return { values, next };
}

/** 0, 1, 2, ..., as the engine does it: a fence and a read-back after whatever went wrong. */
function keepPublishing(connection: KafkaConnection) {
  const publisher = createKafkaPublisher({ connection, groupId: 'g' });
  let isOver = false;
  let published = 0;
  let failures = 0;
  const running = (async () => {
    let mustFence = true;
    let from = 0;
    while (!isOver) {
      try {
        if (mustFence) {
          await publisher.fence(ORIGIN, ['derived']);
          const { values, next } = await standing(publisher, from);
          published = Math.max(published, (values.at(-1) ?? -1) + 1);
          from = next;
          mustFence = false;
        }
        const some = upTo(5, published).map((value): Outgoing => ({ ...record(value), topic: 'derived' }));
        from = (await publisher.send(ORIGIN, some)).get('derived')!;
        published += some.length;
        await pause(5);
      } catch {
        failures += 1;
        mustFence = true;
        await pause(100);
      }
    }
  })();
  return {
    publisher,
    async stop(): Promise<{ readonly published: number; readonly failures: number }> {
      isOver = true;
      await running;
      return { published, failures };
    },
  };
}

describe('while brokers die and come back', { timeout: OUTAGE_TEST_MS }, () => {
  let kafka: Kafka;
  let connection: KafkaConnection;
  beforeAll(async () => {
    kafka = await startKafka({
      dir: join(testDir('kafka-outage'), 'kafka'),
      brokers: 3,
      quick: true,
      // Leaders move 3 s after a kill instead of 9.
      settings: { 'broker.session.timeout.ms': '3000' },
    });
    connection = { brokers: kafka.brokers, clientId: 'test-outage', log: logger };
    const admin = await openKafkaAdmin(connection);
    await admin.create('raw', PARTITIONS, 3, { 'message.timestamp.type': 'LogAppendTime' });
    await admin.create('derived', PARTITIONS, 3, {});
    await admin.close();
  }, OUTAGE_TEST_MS);
  afterAll(async () => kafka?.stop({ wipe: true }));

  it('loses nothing and doubles nothing, written, read or published', async () => {
    const writing = keepWriting(connection);
    const reading = keepReading(connection);
    const publishing = keepPublishing(connection);
    const { counts } = writing;
    await vi.waitFor(() => expect(Math.min(...counts)).toBeGreaterThan(200), soon);
    for (const node of kafka.nodes.slice(0, 2)) {
      const before = [...counts];
      await node.kill();
      await vi.waitFor(() => expect(counts.every((count, index) => count > before[index]! + 200)).toBe(true), soon);
      await node.start();
      await pause(3_000);
    }
    const { published, failures } = await publishing.stop();
    await writing.stop();
    const total = counts.reduce((sum, count) => sum + count, 0);
    const readTotal = (): number => [...reading.seen.values()].reduce((sum, { length }) => sum + length, 0);
    await vi.waitFor(() => expect(readTotal()).toBeGreaterThanOrEqual(total), soon);
    await reading.stop();

    expect(reading.wrong).toEqual([]);
    for (const [partition, count] of counts.entries()) {
      expect(reading.seen.get(`raw/${partition}`)).toEqual(upTo(count));
    }
    expect((await standing(publishing.publisher, 0)).values).toEqual(upTo(published));
    await publishing.publisher.close();
    console.log(`${total} written and read, ${published} published, ${failures} sends failed on the way`);
  });

  it('goes on by itself when all of them were away', async () => {
    const writer = createKafkaWriter({ connection });
    await Promise.all(upTo(PARTITIONS).map((partition) => writer.append({ topic: 'raw', partition }, [record(0)])));
    const said: string[] = [];
    const log = { ...logger, warn: (_: object, message: string) => said.push(message) };
    const consumer = createKafkaConsumer({ connection: { ...connection, log }, groupId: 'all-away', topics: ['raw'] });
    const assigned: string[] = [];
    let isGone = false;
    const seen = new Map<string, number>();
    const ran = consumer.run({
      async assigned(at) {
        assigned.push(nameOf(at));
        return isGone ? (seen.get(nameOf(at)) ?? 0) : 0;
      },
      async batch(at, { next }) {
        seen.set(nameOf(at), next);
        return next;
      },
      paused: async () => null,
      resumed() {},
      revoked: async () => null,
    });
    await vi.waitFor(() => expect(seen.size).toBe(PARTITIONS), soon);
    isGone = true;
    await kafka.kill();
    await vi.waitFor(() => expect(said.join()).toContain('the member joins anew when it is back'), soon);
    await kafka.start();
    const before = new Map(seen);
    await vi.waitFor(() => writer.append({ topic: 'raw', partition: 0 }, [record(1)]), soon);
    await vi.waitFor(() => expect(seen.get('raw/0')).toBeGreaterThan(before.get('raw/0')!), soon);
    await consumer.stop();
    await ran;
    await writer.close();
  });
});
