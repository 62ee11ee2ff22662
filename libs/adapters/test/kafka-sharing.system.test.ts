/** How a real group shares its partitions out: together, evenly, and with as few that move as can be. */

import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import type { Member } from './contract/log-harness.ts';
import { runMember } from './contract/log-harness.ts';
import type { TestBroker } from './kafka-broker.ts';
import { openBroker } from './kafka-broker.ts';

const PARTITIONS = 8;
const soon = { timeout: 60_000, interval: 20 };

const numbersOf = (member: Member, topic: string): number[] =>
  [...member.held]
    .filter((name) => name.startsWith(`${topic}/`))
    .map((name) => Number(name.slice(topic.length + 1)))
    .sort((a, b) => a - b);

describe('a group that shares out', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await openBroker('kafka-sharing');
  });
  afterAll(async () => broker.close());

  it('gives partition i of every topic to one member, and moves only what must move as members come and go', async () => {
    const topics = await Promise.all(['one', 'two'].map((name) => broker.topic(name, PARTITIONS)));
    const [first = '', second = ''] = topics;
    const groupId = broker.name('group');
    const member = (): Member =>
      runMember(createKafkaConsumer({ connection: broker.connection, groupId, topics }), new Map());
    const settled = (...counts: readonly (readonly [Member, number])[]): Promise<void> =>
      vi.waitFor(() => {
        for (const [one, count] of counts) {
          expect(numbersOf(one, first)).toHaveLength(count);
          expect(numbersOf(one, second)).toEqual(numbersOf(one, first));
        }
      }, soon);

    const a = member();
    await settled([a, 8]);
    const b = member();
    await settled([a, 4], [b, 4]);
    const before = { a: numbersOf(a, first), b: numbersOf(b, first) };
    const c = member();
    await vi.waitFor(() => expect(numbersOf(c, second)).toHaveLength(2), soon);
    await settled([a, 3], [b, 3], [c, 2]);
    for (const number of numbersOf(a, first)) expect(before.a).toContain(number);
    for (const number of numbersOf(b, first)) expect(before.b).toContain(number);

    const kept = { b: numbersOf(b, first), c: numbersOf(c, first) };
    await a.stop();
    await settled([b, 4], [c, 4]);
    expect(numbersOf(b, first)).toEqual(expect.arrayContaining(kept.b));
    expect(numbersOf(c, first)).toEqual(expect.arrayContaining(kept.c));
    await Promise.all([b.stop(), c.stop()]);
    expect([...a.wrong, ...b.wrong, ...c.wrong]).toEqual([]);
  });

  it('takes part in a group whose other member knows only the round robin, as in an upgrade', async () => {
    const topic = await broker.topic('mixed', PARTITIONS);
    const groupId = broker.name('group');
    const old = new Kafka({ brokers: [...broker.connection.brokers], logLevel: logLevel.NOTHING }).consumer({
      groupId,
    });
    let olds: readonly number[] = [];
    old.on(old.events.GROUP_JOIN, ({ payload }) => {
      olds = payload.memberAssignment[topic] ?? [];
    });
    await old.connect();
    await old.subscribe({ topics: [topic] });
    await old.run({ autoCommit: false, eachMessage: async () => {} });
    await vi.waitFor(() => expect(olds).toHaveLength(PARTITIONS), soon);
    const connection = broker.connection;
    const ours = runMember(createKafkaConsumer({ connection, groupId, topics: [topic] }), new Map());
    await vi.waitFor(() => {
      expect(numbersOf(ours, topic)).toHaveLength(PARTITIONS / 2);
      expect([...numbersOf(ours, topic), ...olds].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }, soon);
    await old.disconnect();
    await vi.waitFor(() => expect(numbersOf(ours, topic)).toHaveLength(PARTITIONS), soon);
    await ours.stop();
    expect(ours.wrong).toEqual([]);
  });
});
