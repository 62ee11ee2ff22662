import { join } from 'node:path';
import { createKafkaLog, openKafkaAdmin } from '@callfold/adapters';
import { partitionOf, SOURCES, rawTopic, utf8Text } from '@callfold/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKafka, startRegistry, testDir } from '../../../infra/parts/index.mjs';
import type { Acknowledged, ConnectedPublisher } from '../src/index.ts';
import { connectPublisher } from '../src/index.ts';

/** The publisher on a real broker and registry of its own: the broker is killed under it and started again. */

const PARTITIONS = 3;
const SUBJECTS = 12;
const START = Date.UTC(2026, 0, 5, 9);
const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let kafka: Awaited<ReturnType<typeof startKafka>>;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let publisher: ConnectedPublisher;

beforeAll(async () => {
  const dir = testDir('client');
  [kafka, registry] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka') }),
    startRegistry({ dir: join(dir, 'registry') }),
  ]);
  const admin = await openKafkaAdmin({ brokers: kafka.brokers, clientId: 'test', log });
  for (const topic of SOURCES.map(rawTopic)) await admin.create(topic, PARTITIONS, 1, {});
  await admin.close();
  publisher = await connectPublisher({ brokers: kafka.brokers, registryUrl: registry.url });
});

afterAll(async () => {
  await publisher?.close();
  await Promise.allSettled([kafka?.stop({ wipe: true }), registry?.stop({ wipe: true })]);
});

/** Keys and event numbers of a topic as they stand, by partition. */
async function standing(topic: string) {
  const reader = createKafkaLog({ connection: { brokers: kafka.brokers, clientId: 'test', log }, groupId: 'test' });
  const found: { partition: number; key: string; value: Uint8Array }[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { start, end } = await reader.bounds({ topic, partition });
    for (let offset = start; offset < end; ) {
      const { records, next } = await reader.read({ topic, partition }, offset, 5_000);
      for (const { key, value } of records)
        found.push({ partition, key: utf8Text(key ?? new Uint8Array()), value: value ?? new Uint8Array() });
      offset = next;
    }
  }
  await reader.close();
  return found;
}

test('nothing acknowledged is lost while the broker restarts, nothing stands twice, subjects are in order', async () => {
  const acknowledged: Acknowledged[] = [];
  let isOver = false;
  const failures: unknown[] = [];
  const working = Array.from({ length: SUBJECTS }, async (_, subject) => {
    for (let n = 0; !isOver; n += 5) {
      const five = Array.from({ length: 5 }, (_five, i) =>
        publisher.publish({
          source: 'atlas',
          callId: `call-${subject}`,
          eventId: `${subject}/${n + i}`,
          occurredAt: START + n + i,
          status: 'No answer',
        }),
      );
      acknowledged.push(...(await Promise.all(five)));
    }
  }).map((work) => work.catch((error: unknown) => failures.push(error)));
  const until = async (count: number): Promise<void> => {
    while (acknowledged.length < count && failures.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(500);
  await kafka.kill();
  const before = acknowledged.length;
  await kafka.start();
  await until(before + 500);
  isOver = true;
  await Promise.all(working);
  expect(failures).toEqual([]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(before + 500);

  const found = await standing('callfold.raw.atlas');
  expect(found).toHaveLength(acknowledged.length);
  const bySubject = new Map<string, string[]>();
  for (const { key, partition, value } of found) {
    const subject = key.slice('default/call-'.length);
    expect(partition).toBe(partitionOf('default', `call-${subject}`, PARTITIONS));
    const text = Buffer.from(value).toString('latin1');
    const id = new RegExp(`${subject}/(\\d+)`).exec(text)?.[1] ?? '';
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), id]);
  }
  expect(bySubject.size).toBe(SUBJECTS);
  for (const [subject, ids] of bySubject)
    expect(ids, `call-${subject}`).toEqual(Array.from({ length: ids.length }, (_, n) => String(n)));
});

test('of a run with refused events, every receipt says what became of its event', async () => {
  const chats = Array.from({ length: 2_000 }, (_, n) => ({
    source: 'chatterfy' as const,
    chatId: n % 500 === 499 ? '' : `chat-${n % 50}`,
    occurredAt: START + n,
    status: 'Auto',
  }));
  const counts = { acknowledged: 0, refused: 0, unknown: 0 };
  for await (const { status } of publisher.publishAll(chats)) counts[status] += 1;
  expect(counts).toEqual({ acknowledged: 1_996, refused: 4, unknown: 0 });
  expect(await standing('callfold.raw.chatterfy')).toHaveLength(1_996);
});
