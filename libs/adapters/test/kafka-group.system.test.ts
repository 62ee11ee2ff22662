/** Members of a real group: sharing, slow handlers, stopping while joining, and what an idle client costs. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { At, Batch, Consumer, ConsumerHandler } from '@callfold/engine';
import type { KafkaConsumerOptions } from '../src/kafka/consumer.ts';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaLog } from '../src/kafka/log.ts';
import { openLink } from '../src/kafka/link.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { runMember } from './contract/log-harness.ts';
import type { TestBroker } from './kafka-broker.ts';
import { logger, openBroker } from './kafka-broker.ts';
import { watchSockets } from './kafka-sockets.ts';

const PARTITIONS = 4;
const RECORDS = 100_000;
const soon = { timeout: 60_000, interval: 20 };
const nameOf = (at: At): string => `${at.topic}/${at.partition}`;

/** What a store does: takes a batch only when it begins where the last one ended. */
function createLedger() {
  const positions = new Map<string, number>();
  const values: number[] = [];
  let refused = 0;
  return {
    positions,
    values,
    get refused() {
      return refused;
    },
    take(at: At, { from, records, next }: Batch): number {
      const position = positions.get(nameOf(at)) ?? 0;
      if (position !== from) {
        refused += 1;
        return position;
      }
      for (const { value } of records) values.push(Number(value));
      positions.set(nameOf(at), next);
      return next;
    },
  };
}
type Ledger = ReturnType<typeof createLedger>;

function join(consumer: Consumer, ledger: Ledger, pauseMs: number): Promise<void> {
  const handler: ConsumerHandler = {
    assigned: async (at) => ledger.positions.get(nameOf(at)) ?? 0,
    async batch(at, batch) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      return ledger.take(at, batch);
    },
    paused: async () => null,
    resumed() {},
    revoked: async () => null,
  };
  return consumer.run(handler);
}

describe('a group of members', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await openBroker('kafka-group');
  });
  afterAll(async () => broker.close());

  const memberOf = (groupId: string, topic: string, limits: KafkaConsumerOptions['limits'] = {}): Consumer =>
    createKafkaConsumer({ connection: broker.connection, groupId, topics: [topic], limits });

  it('reads 100,000 records once each, while members come and go', async () => {
    const topic = await broker.topic('many', PARTITIONS);
    const groupId = broker.name('group');
    const writer = createKafkaWriter({ connection: broker.connection });
    const perPartition = RECORDS / PARTITIONS;
    await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const records = Array.from({ length: perPartition }, (__, index) => ({
          key: null,
          value: Buffer.from(String(partition * perPartition + index)),
          headers: [],
        }));
        await writer.append({ topic, partition }, records);
      }),
    );
    await writer.close();

    const ledger = createLedger();
    // Small batches and a pause: the group must share out anew in the middle of it.
    const limits = { batchRecords: 500, maxBytesPerPartition: 16_384 };
    const first = memberOf(groupId, topic, limits);
    const second = memberOf(groupId, topic, limits);
    const third = memberOf(groupId, topic, limits);
    const readSome = (part: number): Promise<void> =>
      vi.waitFor(() => expect(ledger.values.length).toBeGreaterThan(RECORDS * part), soon);
    const ran = [join(first, ledger, 30)];
    await readSome(0.05);
    ran.push(join(second, ledger, 30));
    await readSome(0.25);
    ran.push(join(third, ledger, 10));
    await first.stop();
    await readSome(0.6);
    await second.stop();
    await readSome(0.9999);
    await vi.waitFor(() => expect(ledger.values.length).toBe(RECORDS), soon);
    await third.stop();
    await Promise.all(ran);
    expect(new Set(ledger.values).size).toBe(RECORDS);
    expect([...ledger.positions.values()]).toEqual(Array.from({ length: PARTITIONS }, () => perPartition));
  });

  it('gives the partitions of a member that is cut off to another, and lets it back in', async () => {
    const topic = await broker.topic('cut-off', PARTITIONS);
    const groupId = broker.name('group');
    const limits = { sessionMs: 6_000 };
    const sockets = watchSockets();
    const cutOff = runMember(memberOf(groupId, topic, limits), new Map());
    await vi.waitFor(() => expect(cutOff.held.size).toBe(PARTITIONS), soon);
    // From here on nothing that the brokers say reaches it, and they see no more of it than what it asked before.
    sockets.hold();
    sockets.restore();
    const other = runMember(memberOf(groupId, topic, limits), new Map());
    await vi.waitFor(() => expect(other.held.size).toBe(PARTITIONS), soon);
    sockets.cut();
    await vi.waitFor(() => {
      expect(cutOff.held.size).toBe(PARTITIONS / 2);
      expect(other.held.size).toBe(PARTITIONS / 2);
    }, soon);
    await Promise.all([cutOff.stop(), other.stop()]);
    expect([...cutOff.wrong, ...other.wrong]).toEqual([]);
  });

  it('keeps a member whose handler runs longer than the session', async () => {
    const topic = await broker.topic('slow', 1);
    const groupId = broker.name('group');
    const writer = createKafkaWriter({ connection: broker.connection });
    await writer.append({ topic, partition: 0 }, [{ key: null, value: Buffer.from('a'), headers: [] }]);
    let aborted = false;
    const member = runMember(memberOf(groupId, topic, { sessionMs: 6_000 }), new Map(), {
      async batch(_, __, signal) {
        await new Promise((resolve) => setTimeout(resolve, 9_000));
        ({ aborted } = signal);
        return undefined;
      },
    });
    await vi.waitFor(() => expect(member.seen.get(`${topic}/0`)).toEqual(['a']), soon);
    expect(aborted).toBe(false);
    expect(member.events).toEqual([`assigned ${topic}/0`]);
    await member.stop();
    await writer.close();
    expect(member.wrong).toEqual([]);
  });

  it('tells a slow handler when the group shares out anew', async () => {
    const topic = await broker.topic('told', 2);
    const groupId = broker.name('group');
    const writer = createKafkaWriter({ connection: broker.connection });
    for (const partition of [0, 1]) {
      await writer.append({ topic, partition }, [{ key: null, value: Buffer.from('a'), headers: [] }]);
    }
    const positions = new Map<string, number>();
    const stuck = new Set<string>();
    const slow = runMember(memberOf(groupId, topic), positions, {
      async batch(at, _, signal) {
        stuck.add(nameOf(at));
        await vi.waitFor(() => expect(signal.aborted).toBe(true), soon);
        return null;
      },
    });
    await vi.waitFor(() => expect(stuck.size).toBeGreaterThan(0), soon);
    const other = runMember(memberOf(groupId, topic), positions);
    await vi.waitFor(() => expect(other.held.size).toBe(1), soon);
    await vi.waitFor(() => expect(slow.held.size).toBe(1), soon);
    await Promise.all([slow.stop(), other.stop()]);
    await writer.close();
    expect([...slow.wrong, ...other.wrong]).toEqual([]);
  });

  it.each([0, 1, 20, 60, 120, 200])(
    'leaves nobody behind when it is stopped after %i ms, while it joins',
    async (ms) => {
      const topic = await broker.topic('early', 1);
      const groupId = broker.name('group');
      const first = runMember(memberOf(groupId, topic), new Map());
      await new Promise((resolve) => setTimeout(resolve, ms));
      await first.stop();
      await first.ran;
      expect(first.held.size).toBe(0);
      // A member left behind would keep the group from being shared out until its session is over.
      const startedAt = Date.now();
      const next = runMember(memberOf(groupId, topic), new Map());
      await vi.waitFor(() => expect(next.held.size).toBe(1), soon);
      expect(Date.now() - startedAt).toBeLessThan(6_000);
      await next.stop();
      expect([...first.wrong, ...next.wrong]).toEqual([]);
      expect(first.held.size).toBe(0);
    },
  );

  it('rejects when a handler throws, and when a topic is missing', async () => {
    const topic = await broker.topic('throwing', 1);
    const member = runMember(memberOf(broker.name('group'), topic), new Map(), {
      assigned: async () => {
        throw new Error('an invariant is broken');
      },
    });
    await expect(member.ran).rejects.toThrow('an invariant is broken');
    const missing = memberOf(broker.name('group'), 'kafka-group.nowhere');
    await expect(runMember(missing, new Map()).ran).rejects.toThrow(/nowhere.*callfold topics apply/);
  });

  it('sets no timer while it has nothing to do', async () => {
    const topic = await broker.topic('idle', 1);
    const link = openLink(broker.connection);
    const at = { topic, partition: 0 };
    await link.offset(await link.leader(at), at, 'end', 'committed');
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const own = await new Promise<number>((resolve) => {
      const started = process.hrtime.bigint();
      const turn = (): void => {
        if (process.hrtime.bigint() - started < 500_000_000n) setImmediate(turn);
        else resolve(timers.mock.calls.length);
      };
      turn();
    });
    timers.mockRestore();
    // Unmended, each connection sets one a millisecond.
    expect(own).toBeLessThan(5);
    await link.close();
  });

  it('says that brokers are away within seconds, and goes on trying as a member until it is stopped', async () => {
    const connection = { brokers: ['127.0.0.1:1'], clientId: 'away', log: logger };
    const log = createKafkaLog({ connection, groupId: 'away' });
    const startedAt = Date.now();
    await expect(log.bounds({ topic: 'any', partition: 0 })).rejects.toThrow(/127\.0\.0\.1:1.*CALLFOLD_KAFKA_BROKERS/);
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    await log.close();
    const member = runMember(createKafkaConsumer({ connection, groupId: 'away', topics: ['any'] }), new Map());
    await new Promise((resolve) => setTimeout(resolve, 500));
    await member.stop();
    await member.ran;
    expect(member.events).toEqual([]);
  });

  it('hands on what its members say of partitions that they give away, in the sharing out that follows, and never later', async () => {
    const topic = await broker.topic('farewells', PARTITIONS);
    const groupId = broker.name('group');
    const told: string[] = [];
    let said = 0;
    function enter(name: string): Consumer {
      const consumer = memberOf(groupId, topic);
      const farewell = async ({ partition }: At): Promise<string | null> => {
        said += 1;
        // Of one partition nobody says anything.
        return partition === 0 ? null : `${name} left ${partition}`;
      };
      void consumer.run({
        async assigned({ partition }, _signal, left) {
          told.push(`${name} has ${partition}${left === null ? '' : `: ${left}`}`);
          return 0;
        },
        batch: async (_at, { next }) => next,
        paused: farewell,
        resumed() {},
        revoked: farewell,
      });
      return consumer;
    }
    const heard = (count: number): Promise<void> => vi.waitFor(() => expect(told).toHaveLength(count), soon);
    const first = enter('first');
    await heard(PARTITIONS);
    expect(told.toSorted()).toEqual(['first has 0', 'first has 1', 'first has 2', 'first has 3']);
    told.length = 0;
    const second = enter('second');
    await heard(PARTITIONS / 2);
    const gained = told.map((one) => Number(/has (\d)/.exec(one)?.[1])).toSorted((a, b) => a - b);
    expect(told.toSorted()).toEqual(gained.map((n) => `second has ${n}${n === 0 ? '' : `: first left ${n}`}`));
    told.length = 0;
    // Whoever leaves the group says so as well.
    await first.stop();
    await heard(PARTITIONS / 2);
    const rest = [0, 1, 2, 3].filter((n) => !gained.includes(n));
    expect(told.toSorted()).toEqual(rest.map((n) => `second has ${n}${n === 0 ? '' : `: first left ${n}`}`));
    told.length = 0;
    expect(said).toBeGreaterThan(0);
    await second.stop();
    // In the next generation it was said, and in the one after it is said no more: nobody had them in between.
    const third = enter('third');
    await heard(PARTITIONS);
    expect(told.filter((one) => one.includes('first left'))).toEqual([]);
    told.length = 0;
    await third.stop();
  });
});
