import type { RawEvent } from '@callfold/core';
import { partitionOf, utf8Bytes, utf8Text } from '@callfold/core';
import type { At, Codec, RawWriter } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { describe, expect, it } from 'vitest';
import { createEventProducer } from '../src/index.ts';

const PARTITIONS = 4;

function event(callId: string, second: number, source = 'callcenter24', tenantId = 'default'): RawEvent {
  const read = readEvent({
    source,
    tenantId,
    callId,
    chatId: callId,
    occurredAt: Date.UTC(2026, 0, 5) + second * 1_000,
  });
  if ('rejected' in read) throw new Error(read.reason);
  return read;
}

/** Texts in the place of Avro: what counts here is where a value goes, and when. */
const codec = { encodeRaw: ({ subjectId, occurredAt }) => utf8Bytes(`${subjectId} ${occurredAt}`) } as Pick<
  Codec,
  'encodeRaw'
> as Codec;

type Append = { readonly at: At; readonly keys: readonly string[]; readonly values: readonly string[] };

/** A log that takes its time, can be told to fail, and knows what it was asked at once. */
function slowLog() {
  const taken: Append[] = [];
  const running = new Map<string, number>();
  const waiting: (() => void)[] = [];
  const state = { failures: 0, most: 0, asked: 0, held: false };
  const turn = (): Promise<void> =>
    state.held ? new Promise((resolve) => waiting.push(resolve)) : new Promise((resolve) => setImmediate(resolve));
  const writer: RawWriter = {
    async partitions() {
      state.asked += 1;
      await turn();
      return PARTITIONS;
    },
    async append(at, records) {
      const name = `${at.topic}/${at.partition}`;
      running.set(name, (running.get(name) ?? 0) + 1);
      state.most = Math.max(state.most, running.get(name) ?? 0);
      await turn();
      running.set(name, (running.get(name) ?? 0) - 1);
      if (state.failures > 0) {
        state.failures -= 1;
        throw new Error(`${name} was not written`);
      }
      taken.push({
        at,
        keys: records.map(({ key }) => utf8Text(key ?? new Uint8Array())),
        values: records.map(({ value }) => utf8Text(value ?? new Uint8Array())),
      });
    },
  };
  return {
    writer,
    taken,
    state,
    letGo(): void {
      state.held = false;
      for (const go of waiting.splice(0)) go();
    },
    valuesOf: (partition: number): string[] =>
      taken.filter(({ at }) => at.partition === partition).flatMap(({ values }) => values),
  };
}

describe('createEventProducer', () => {
  it('gives every event its topic, its key and its partition', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec });
    const events = [
      event('1', 0),
      event('a/b%c', 0),
      event('1', 0, 'atlas', 'acme'),
      event('chat', 0, 'chatterfy'),
      event('Ünïcode-☎', 0),
    ];
    for (const one of events) await producer.send(one);
    await producer.flush();
    const found = log.taken.flatMap(({ at, keys }) => keys.map((key) => [at.topic, key, at.partition]));
    const place = (tenant: string, id: string): number => partitionOf(tenant, id, PARTITIONS);
    expect(new Set(found.map(String))).toEqual(
      new Set(
        [
          ['callfold.raw.callcenter24', 'default/1', place('default', '1')],
          ['callfold.raw.callcenter24', 'default/a%2Fb%25c', place('default', 'a/b%c')],
          ['callfold.raw.atlas', 'acme/1', place('acme', '1')],
          ['callfold.raw.chatterfy', 'default/chat', place('default', 'chat')],
          ['callfold.raw.callcenter24', 'default/Ünïcode-☎', place('default', 'Ünïcode-☎')],
        ].map(String),
      ),
    );
    expect(producer.sent).toBe(events.length);
  });

  it('keeps the order in each partition, one append at a time, in batches of at most so many', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec, batchRecords: 7 });
    const events = Array.from({ length: 500 }, (_, n) => event(`call-${n % 13}`, n));
    for (const one of events) await producer.send(one);
    await producer.flush();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const should = events.filter(({ subjectId }) => partitionOf('default', subjectId, PARTITIONS) === partition);
      expect(log.valuesOf(partition)).toEqual(should.map(({ subjectId, occurredAt }) => `${subjectId} ${occurredAt}`));
    }
    expect(Math.max(...log.taken.map(({ values }) => values.length))).toBe(7);
    expect(log.state.most).toBe(1);
    expect(log.state.asked).toBe(1);
  });

  it('keeps the order also of events that are sent without waiting for one another', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec, batchRecords: 3 });
    const sends = Array.from({ length: 50 }, (_, n) => producer.send(event('one', n)));
    await Promise.all(sends);
    await producer.flush();
    const values = log.valuesOf(partitionOf('default', 'one', PARTITIONS));
    expect(values).toHaveLength(50);
    expect(values).toEqual([...values].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('cuts batches by bytes too', async () => {
    const log = slowLog();
    const bytes = codec.encodeRaw(event('one', 0)).length;
    const producer = createEventProducer({ writer: log.writer, codec, batchBytes: 4 * bytes });
    for (let n = 0; n < 10; n += 1) await producer.send(event('one', n));
    await producer.flush();
    expect(log.taken.map(({ values }) => values.length)).toEqual([4, 4, 2]);
  });

  it('takes no more than two batches of a partition ahead of the log', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec, batchRecords: 10 });
    await producer.send(event('one', 0));
    log.state.held = true;
    let sent = 1;
    const sending = (async () => {
      for (let n = 1; n < 100; n += 1) {
        await producer.send(event('one', n));
        sent += 1;
      }
    })();
    for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeGreaterThanOrEqual(10);
    expect(sent).toBeLessThanOrEqual(20);
    log.letGo();
    await sending;
    await producer.flush();
    expect(log.taken.flatMap(({ values }) => values)).toHaveLength(100);
  });

  it('rejects the flush when anything may be missing, and takes it again after', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec });
    const events = Array.from({ length: 40 }, (_, n) => event(`call-${n}`, n));
    log.state.failures = 2;
    for (const one of events) await producer.send(one);
    await expect(producer.flush()).rejects.toThrow(/was not written/);
    for (const one of events) await producer.send(one);
    await producer.flush();
    const values = new Set(log.taken.flatMap((one) => one.values));
    expect(values.size).toBe(events.length);
  });

  it('tells of a failure at the next send already, when the partition has no room', async () => {
    const log = slowLog();
    const producer = createEventProducer({ writer: log.writer, codec, batchRecords: 1 });
    log.state.failures = 1;
    await producer.send(event('one', 0));
    await expect(producer.send(event('one', 1))).rejects.toThrow(/was not written/);
    await expect(producer.flush()).rejects.toThrow(/was not written/);
    await producer.send(event('one', 2));
    await producer.flush();
    expect(log.taken).toHaveLength(1);
  });

  it('asks for the number of partitions again when the question failed', async () => {
    const log = slowLog();
    let isAway = true;
    const partitions = (topic: string): Promise<number> =>
      isAway ? Promise.reject(new Error('Kafka is away')) : log.writer.partitions(topic);
    const producer = createEventProducer({ writer: { ...log.writer, partitions }, codec });
    await expect(producer.send(event('one', 0))).rejects.toThrow('Kafka is away');
    isAway = false;
    await producer.send(event('one', 0));
    await producer.flush();
    expect(log.taken).toHaveLength(1);
  });

  it('has nothing to do when nothing was sent', async () => {
    const producer = createEventProducer({ writer: slowLog().writer, codec });
    await producer.flush();
    expect(producer.sent).toBe(0);
  });
});
