/** `callfold report` and `callfold export` on a real Kafka, registry and Redis of its own: the derived topics have one name for all. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '@callfold/adapters';
import type { DerivedRecord, ReportFigures } from '@callfold/core';
import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, recordJson } from '@callfold/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKafka, startRedis, startRegistry, testDir } from '../../../infra/parts/index.mjs';
import { call, HOUR, lost, NOON, offer, stay } from '../../../libs/core/test/report-records.ts';
import type { Context } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import type { ExportOptions } from '../src/commands/export-options.ts';
import { exportCommand } from '../src/commands/export.ts';
import { reportCommand } from '../src/commands/report.ts';
import { topicsApply } from '../src/commands/topics.ts';
import { openKafkaSite } from '../src/wiring/kafka.ts';

const PARTITIONS = 3;
const parts: { stop(options?: { wipe: boolean }): Promise<unknown> }[] = [];

/** What has started is stopped, also when another part does not start. */
async function kept<Part extends (typeof parts)[number]>(starting: Promise<Part>): Promise<Part> {
  const part = await starting;
  parts.push(part);
  return part;
}

let env: Record<string, string> = {};

beforeAll(async () => {
  const dir = testDir('report');
  const [kafka, registry, redis] = await Promise.all([
    kept(startKafka({ dir: join(dir, 'kafka'), quick: true })),
    kept(startRegistry({ dir: join(dir, 'registry') })),
    kept(startRedis({ dir: join(dir, 'redis') })),
  ]);
  env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
  };
  await topicsApply({ execute: true }, contextOf({ out: '', said: '' }));
});

afterAll(async () => {
  await Promise.all(parts.map((part) => part.stop({ wipe: true })));
});

function contextOf(texts: { out: string; said: string }): Context {
  return {
    config: readConfig(env),
    out: (text) => void (texts.out += text),
    say: (text) => void (texts.said += `${text}\n`),
    json: true,
    stop: { requested: false, wanted: new Promise(() => undefined) },
  };
}

/** Where a record stands, and the record, or the id of one that was erased. */
type Row = readonly [topic: string, partition: number, said: DerivedRecord | string];

async function publish(rows: readonly Row[]): Promise<void> {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  try {
    for (const [topic, partition, said] of rows) {
      const erased = typeof said === 'string';
      const key = Buffer.from(erased ? said : said.outcomeId);
      // The port is for events, which have a value always; what passes an erasure's null on is the client.
      const value = erased ? (null as unknown as Uint8Array) : site.codec.encode(topic, said);
      await site.writer.append({ topic, partition }, [{ key, value, headers: [] }]);
    }
  } finally {
    await site.close();
  }
}

const time = (published: number) => ({ what: 'time', time: published }) as const;

test('the last revision of every record in every partition counts, and what was erased does not', async () => {
  await publish([
    [CALL_OUTCOMES, 0, call('a')],
    [CALL_OUTCOMES, 2, call('b')],
    [CALL_OUTCOMES, 0, lost('a', 'abandoned', 4, { revision: 2, correctionOf: 'answered' })],
    [CALL_OUTCOMES, 1, call('erased')],
    [CALL_OUTCOMES, 1, call('erased').outcomeId],
    [AGENT_OFFERS, 1, offer('b', 'Ada')],
    [AGENT_INTERVALS, 2, stay('x', 'Busy', NOON, NOON + HOUR)],
  ]);
  const texts = { out: '', said: '' };
  expect(await reportCommand([], { zone: 'Europe/Berlin' }, contextOf(texts))).toBe(EXIT.done);
  const figures = JSON.parse(texts.out) as ReportFigures;
  expect(figures).toMatchObject({
    records: 4,
    zone: 'Europe/Berlin',
    callcenter24: { calls: 2, outcomes: { abandoned: 1, answered: 1 }, shortAbandoned: 1, offers: 1 },
    vonage: { timeMs: { Busy: HOUR } },
  });
  expect(texts.said).toContain('7 records read');
});

test('an export has the last revision of every record, or those of a range, as they stand', async () => {
  const file = join(testDir('export'), 'calls.ndjson');
  const from = { what: 'earliest' } as const;
  const to = { what: 'latest' } as const;
  const exported = async (options: Partial<ExportOptions>): Promise<string[]> => {
    const texts = { out: '', said: '' };
    const asked = { from, to, output: file, ...options };
    expect(await exportCommand(CALL_OUTCOMES, asked, contextOf(texts)), texts.said).toBe(EXIT.done);
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  };
  const json = (record: DerivedRecord): string => JSON.stringify(recordJson(record));
  const corrected = lost('a', 'abandoned', 4, { revision: 2, correctionOf: 'answered' });
  expect(await exported({})).toEqual([json(corrected), json(call('b'))]);
  expect(await exported({ all: true })).toEqual([json(call('a')), json(corrected), json(call('b'))]);
  expect(await exported({ all: true, to: { what: 'offset', offset: 1 } })).toEqual(
    [call('a'), call('erased'), call('b')].map(json),
  );
  expect(await exported({ from: time(Date.now() + HOUR) })).toEqual([]);
  expect(await exported({ to: time(Date.now() + HOUR) })).toHaveLength(2);
});
