/**
 * What may stand in a real log, read by `Log` and by a member: packed batches, transactions, large records, what is
 * gone.
 */

import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { At, Log, LogRecord } from '@callfold/engine';
import { ZSTD_HERE } from '../src/kafka/compression.ts';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import type { KafkaLog } from '../src/kafka/log.ts';
import { createKafkaLog } from '../src/kafka/log.ts';
import type { KafkaWriter } from '../src/kafka/writer.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { runMember } from './contract/log-harness.ts';
import type { TestBroker } from './kafka-broker.ts';
import { openBroker, RAW_CONFIG } from './kafka-broker.ts';
import type { Sockets } from './kafka-sockets.ts';
import { watchSockets } from './kafka-sockets.ts';

const MIB = 1_048_576;
const soon = { timeout: 20_000, interval: 20 };
const raw = (text: string) => ({ key: null, value: Buffer.from(text), headers: [] });
const numbered = (count: number) => Array.from({ length: count }, (_, index) => raw(`record ${index}`));
const texts = (records: readonly LogRecord[]): string[] => records.map(({ value }) => String(value));

async function readAll(log: Log, at: At, from = 0, step = 1_000): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let next = from, end = from + 1; next < end; ) {
    const slice = await log.read(at, next, step);
    all.push(...slice.records);
    ({ next, end } = slice);
  }
  return all;
}

/** The client's own producer, which can do what ours has no use for. */
type Producer = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  transaction(): Promise<{
    send(what: object): Promise<unknown>;
    commit(): Promise<void>;
    abort(): Promise<void>;
  }>;
};

describe('reading from a real log', () => {
  let broker: TestBroker;
  let sockets: Sockets;
  let log: KafkaLog;
  let writer: KafkaWriter;
  let packing: KafkaWriter;

  beforeAll(async () => {
    sockets = watchSockets();
    broker = await openBroker('kafka-reading');
    const { connection } = broker;
    log = createKafkaLog({ connection, groupId: broker.name('group') });
    writer = createKafkaWriter({ connection });
    packing = createKafkaWriter({ connection, compression: 'gzip' });
  });
  afterAll(async () => {
    await Promise.all([log.close(), writer.close(), packing.close()]);
    sockets.restore();
    await broker.close();
  });

  /** Everything of partition 0, as a member of a group gets it. */
  async function consume(topic: string, until: number): Promise<string[]> {
    const { connection } = broker;
    const consumer = createKafkaConsumer({ connection, groupId: broker.name('group'), topics: [topic] });
    const member = runMember(consumer, new Map());
    await vi.waitFor(() => expect(member.seen.get(`${topic}/0`)?.length ?? 0).toBeGreaterThanOrEqual(until), soon);
    await member.stop();
    await member.ran;
    expect(member.wrong).toEqual([]);
    return member.seen.get(`${topic}/0`) ?? [];
  }

  it('reads gzip batches from any offset inside them', async () => {
    const topic = await broker.topic('gzip', 1);
    const at = { topic, partition: 0 };
    await packing.append(at, numbered(1_000));
    await packing.append(at, numbered(1_000));
    const wanted = [...numbered(1_000), ...numbered(1_000)].map(({ value }) => String(value));
    expect(texts(await readAll(log, at))).toEqual(wanted);
    expect(texts(await readAll(log, at, 1_500, 70))).toEqual(wanted.slice(1_500));
    expect(String((await log.readOne(at, 1_234))?.value)).toBe('record 234');
    expect(await consume(topic, 2_000)).toEqual(wanted);
  });

  it.each(['snappy', 'lz4', ...(ZSTD_HERE ? ['zstd'] : [])])('reads what the broker packed with %s', async (type) => {
    const topic = await broker.topic(type, 1, { ...RAW_CONFIG, 'compression.type': type });
    const at = { topic, partition: 0 };
    const long = Array.from({ length: 500 }, (_, index) => raw(`${index} ${'abc'.repeat(index)} ${index * 7919}`));
    await writer.append(at, long);
    expect(texts(await readAll(log, at))).toEqual(long.map(({ value }) => String(value)));
    expect(await consume(topic, 500)).toEqual(long.map(({ value }) => String(value)));
  });

  // Elsewhere it cannot fail, because Node reads it: that is the test before this.
  it.runIf(!ZSTD_HERE)('says what to do about zstd where Node cannot read it', async () => {
    const topic = await broker.topic('zstd', 1, { ...RAW_CONFIG, 'compression.type': 'zstd' });
    const at = { topic, partition: 0 };
    await writer.append(at, [raw('a'.repeat(500))]);
    await expect(log.read(at, 0, 10)).rejects.toThrow(/zstd\/0|zstd.*Node 22\.15/);
    const { connection } = broker;
    const consumer = createKafkaConsumer({ connection, groupId: broker.name('group'), topics: [topic] });
    const member = runMember(consumer, new Map());
    await expect(member.ran).rejects.toThrow(/zstd.*Node 22\.15/);
  });

  it('leaves out aborted transactions and markers, and gets past them', async () => {
    const topic = await broker.topic('transactions', 1);
    const at = { topic, partition: 0 };
    const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs') as {
      readonly Kafka: new (options: object) => { producer(options: object): Producer };
      readonly logLevel: { readonly NOTHING: number };
    };
    const producer = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).producer({
      transactionalId: broker.name('id'),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => () => 0,
    });
    await producer.connect();
    for (const [text, ends] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
      ['d', 'abort'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value: `${text}1` }, { value: `${text}2` }] });
      await transaction[ends]();
    }
    await producer.disconnect();
    expect(texts(await readAll(log, at))).toEqual(['a1', 'a2', 'c1', 'c2']);
    const { end } = await log.bounds(at);
    expect(end).toBe(12);
    // Nothing but an aborted record and markers: no record, and on to the end.
    expect(await log.read(at, 9, 10)).toEqual({ from: 9, records: [], next: 12, end: 12 });
    expect(await log.readOne(at, 3)).toBeNull();
    expect(await log.readOne(at, 2)).toBeNull();
    await writer.append(at, [raw('e')]);
    expect(await consume(topic, 5)).toEqual(['a1', 'a2', 'c1', 'c2', 'e']);
  });

  it('reads a record of 10 MiB, and what follows', async () => {
    const topic = await broker.topic('large', 1);
    const at = { topic, partition: 0 };
    const value = Buffer.alloc(10 * MIB, 'large ');
    await writer.append(at, [raw('before'), { key: null, value, headers: [] }, raw('after')]);
    expect((await log.readOne(at, 1))?.value?.length).toBe(value.length);
    expect((await readAll(log, at)).map((record) => record.value?.length)).toEqual([6, value.length, 5]);
    expect((await consume(topic, 3)).map((text) => text.length)).toEqual([6, value.length, 5]);
  });

  it('reads many partitions at once, the large ones and those that are not there among them', async () => {
    const topic = await broker.topic('at-once', 6);
    const text = (partition: number) => (partition % 2 === 0 ? 'x'.repeat(MIB + partition) : `record ${partition}`);
    const ats = Array.from({ length: 6 }, (_, partition) => ({ topic, partition }));
    await Promise.all(ats.map((at) => writer.append(at, [raw(text(at.partition)), raw('next')])));
    const read = await Promise.allSettled([
      ...ats.map((at) => log.readOne(at, 0)),
      log.readOne({ topic, partition: 5 }, 7),
      log.readOne({ topic, partition: 6 }, 0),
    ]);
    const said = read.map((one) =>
      one.status === 'fulfilled' ? one.value && String(one.value.value) : String(one.reason),
    );
    expect(said.slice(0, 7)).toEqual([...ats.map(({ partition }) => text(partition)), null]);
    expect(said[7]).toMatch(/UNKNOWN_TOPIC_OR_PARTITION/);
    expect(await Promise.all(ats.map((at) => log.bounds(at)))).toEqual(ats.map(() => ({ start: 0, end: 2 })));
  });

  it('says what is too large for the topic, and how to change it', async () => {
    const topic = await broker.topic('small', 1, { 'max.message.bytes': '1000' });
    const at = { topic, partition: 0 };
    await expect(writer.append(at, [raw('x'.repeat(2_000))])).rejects.toThrow(
      /small.*MESSAGE_TOO_LARGE.*max\.message\.bytes/,
    );
    await writer.append(at, [raw('y')]);
    expect(texts(await readAll(log, at))).toEqual(['y']);
  });

  it('says of an offset that is gone, or not there yet, what the log holds', async () => {
    const topic = await broker.topic('bounds', 1);
    const at = { topic, partition: 0 };
    await writer.append(at, numbered(3));
    await expect(log.read(at, 5, 10)).rejects.toThrow(/from offset 5.*holds offsets 0 up to 3.*OFFSET_OUT_OF_RANGE/);
    expect(await log.readOne(at, 5)).toBeNull();
    expect(await log.read(at, 3, 10)).toEqual({ from: 3, records: [], next: 3, end: 3 });
  });

  it('asks a member anew for its position when the log has nothing there, and moves nothing by itself', async () => {
    const topic = await broker.topic('reset', 1);
    await writer.append({ topic, partition: 0 }, numbered(3));
    const { connection } = broker;
    const groupId = broker.name('group');
    const consumer = createKafkaConsumer({ connection, groupId, topics: [topic], limits: { retryMs: 10 } });
    const answers = [1_000, 4, 1];
    const member = runMember(consumer, new Map(), { assigned: async () => answers.shift() ?? null });
    await vi.waitFor(() => expect(member.seen.get(`${topic}/0`)).toEqual(['record 1', 'record 2']), soon);
    expect(answers).toEqual([]);
    await member.stop();
    expect(member.events).toEqual(
      ['assigned', 'revoked', 'assigned', 'revoked', 'assigned', 'revoked'].map((what) => `${what} ${topic}/0`),
    );
    const group = createKafkaLog({ connection, groupId });
    expect(await group.witness({ topic, partition: 0 })).toBeNull();
    await group.close();
  });

  it('writes once what is sent again after a lost answer', async () => {
    const topic = await broker.topic('again', 1);
    const at = { topic, partition: 0 };
    sockets.fresh();
    const cut = createKafkaWriter({ connection: broker.connection });
    await cut.append(at, [raw('a')]);
    sockets.hold();
    const lost = cut.append(at, numbered(3));
    await vi.waitFor(async () => expect((await log.bounds(at)).end).toBe(4), soon);
    sockets.cut();
    await lost;
    await cut.append(at, [raw('b')]);
    expect(texts(await readAll(log, at))).toEqual(['a', 'record 0', 'record 1', 'record 2', 'b']);
    await cut.close();
  });

  it('moves the witness through the member while there is one', async () => {
    const topic = await broker.topic('witness', 1);
    const at = { topic, partition: 0 };
    const { connection } = broker;
    const groupId = broker.name('group');
    const consumer = createKafkaConsumer({ connection, groupId, topics: [topic] });
    const own = createKafkaLog({ connection, groupId, commit: (commits) => consumer.commit(commits) });
    const stranger = createKafkaLog({ connection, groupId });
    const member = runMember(consumer, new Map());
    await vi.waitFor(() => expect(member.held.size).toBe(1), soon);
    await Promise.all([5, 6, 7].map((next) => own.setWitness(at, next)));
    expect(await stranger.witness(at)).toBe(7);
    // Best effort: the group has members, and this one is none.
    await stranger.setWitness(at, 99);
    expect(await own.witness(at)).toBe(7);
    await member.stop();
    await stranger.setWitness(at, 8);
    expect(await own.witness(at)).toBe(8);
    await Promise.all([own.close(), stranger.close()]);
  });
});
