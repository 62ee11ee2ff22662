/** Three brokers that are killed one after the other, under load: leaders and coordinators move, answers are lost. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { At, Consumer, Outgoing } from '@callfold/engine';
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
const nameOf = (at: At): string => `${at.topic}/${at.partition}`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('while brokers die and come back', { timeout: OUTAGE_TEST_MS }, () => {
  let kafka: Kafka;
  let connection: KafkaConnection;
  beforeAll(async () => {
    kafka = await startKafka({
      dir: join(testDir('kafka-outage'), 'kafka'),
      brokers: 3,
      javaOptions: '-Xms128m -Xmx256m',
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
    let isOver = false;
    // Written: each partition gets 0, 1, 2, ... in order, and an append that resolved stands.
    const writer = createKafkaWriter({ connection });
    const written = Array.from({ length: PARTITIONS }, () => 0);
    const writing = written.map(async (_, partition) => {
      while (!isOver) {
        const first = written[partition]!;
        const records = Array.from({ length: 20 }, (__, index) => ({
          key: null,
          value: Buffer.from(String(first + index)),
          headers: [],
        }));
        await writer.append({ topic: 'raw', partition }, records);
        written[partition] = first + records.length;
        await pause(10);
      }
    });
    // Read: by two members, into a ledger that takes each position once.
    const positions = new Map<string, number>();
    const read = new Map<string, number[]>();
    const wrong: string[] = [];
    const members: Consumer[] = [0, 1].map(() => createKafkaConsumer({ connection, groupId: 'g', topics: ['raw'] }));
    const reading = members.map((member) =>
      member.run({
        assigned: async (at) => positions.get(nameOf(at)) ?? 0,
        async batch(at, { from, records, next }) {
          const position = positions.get(nameOf(at)) ?? 0;
          if (position !== from) {
            wrong.push(`${nameOf(at)} from ${from}, not ${position}`);
            return position;
          }
          positions.set(nameOf(at), next);
          read.set(nameOf(at), [...(read.get(nameOf(at)) ?? []), ...records.map(({ value }) => Number(value))]);
          return next;
        },
        async revoked() {},
      }),
    );
    // Published: as the engine does, with a fence and a read-back after whatever went wrong.
    const publisher = createKafkaPublisher({ connection, groupId: 'g' });
    const origin = { topic: 'raw', partition: 2 };
    let published = 0;
    let failures = 0;
    const publishing = (async () => {
      let mustFence = true;
      let from = 0;
      while (!isOver) {
        try {
          if (mustFence) {
            await publisher.fence(origin, ['derived']);
            const { end } = await publisher.bounds('derived', origin.partition);
            while (from < end) {
              const slice = await publisher.readBack('derived', origin.partition, from);
              for (const { value } of slice.records) published = Math.max(published, Number(value) + 1);
              from = slice.next;
            }
            mustFence = false;
          }
          const some = Array.from(
            { length: 5 },
            (_, index): Outgoing => ({
              topic: 'derived',
              key: null,
              value: Buffer.from(String(published + index)),
              headers: [],
            }),
          );
          from = (await publisher.send(origin, some)).get('derived')!;
          published += some.length;
          await pause(5);
        } catch {
          failures += 1;
          mustFence = true;
          await pause(100);
        }
      }
    })();

    await vi.waitFor(() => expect(Math.min(...written)).toBeGreaterThan(200), soon);
    for (const node of kafka.nodes.slice(0, 2)) {
      const before = [...written];
      await node.kill();
      await vi.waitFor(() => expect(written.every((count, index) => count > before[index]! + 200)).toBe(true), soon);
      await node.start();
      await pause(3_000);
    }
    isOver = true;
    await Promise.all([...writing, publishing]);
    const total = written.reduce((sum, count) => sum + count, 0);
    const readTotal = (): number => [...read.values()].reduce((sum, { length }) => sum + length, 0);
    await vi.waitFor(() => expect(readTotal()).toBeGreaterThanOrEqual(total), soon);
    await Promise.all(members.map((member) => member.stop()));
    await Promise.all(reading);

    expect(wrong).toEqual([]);
    for (const [partition, count] of written.entries()) {
      expect(read.get(`raw/${partition}`)).toEqual(Array.from({ length: count }, (_, index) => index));
    }
    const stands: number[] = [];
    for (let next = 0, end = 1; next < end; ) {
      const slice = await publisher.readBack('derived', origin.partition, next);
      stands.push(...slice.records.map(({ value }) => Number(value)));
      ({ next, end } = slice);
    }
    expect(stands).toEqual(Array.from({ length: published }, (_, index) => index));
    console.log(`${total} written and read, ${published} published, ${failures} sends failed on the way`);
    await Promise.all([writer.close(), publisher.close()]);
  });

  it('goes on by itself when all of them were away', async () => {
    const consumer = createKafkaConsumer({ connection, groupId: 'all-away', topics: ['raw'] });
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
      async revoked() {},
    });
    await vi.waitFor(() => expect(seen.size).toBe(PARTITIONS), soon);
    isGone = true;
    await kafka.kill();
    await pause(15_000);
    await kafka.start();
    const writer = createKafkaWriter({ connection });
    const before = new Map(seen);
    await vi.waitFor(
      () => writer.append({ topic: 'raw', partition: 0 }, [{ key: null, value: Buffer.from('x'), headers: [] }]),
      soon,
    );
    await vi.waitFor(() => expect(seen.get('raw/0')).toBeGreaterThan(before.get('raw/0')!), soon);
    await consumer.stop();
    await ran;
    await writer.close();
  });
});
