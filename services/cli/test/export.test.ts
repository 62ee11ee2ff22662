/** `callfold export` of an embedded store, over its port; what it writes is read by DuckDB. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, startHttp } from '@callfold/adapters';
import type { DerivedRecord } from '@callfold/core';
import { CALL_OUTCOMES, CHAT_OUTCOMES, recordJson } from '@callfold/core';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf } from '../../../infra/test/page-blocks.ts';
import { call, episode, lost, NOON } from '../../../libs/core/test/report-records.ts';
import type { Context, Exit } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import type { ExportOptions, ExportTopic } from '../src/commands/export-options.ts';
import { topicOf, withExportOptions } from '../src/commands/export-options.ts';
import { exportCommand } from '../src/commands/export.ts';
import { addRoutes } from '../src/routes.ts';
import { openEmbeddedSite } from '../src/wiring/embedded.ts';

const PARTITIONS = 2;
const closing: (() => unknown)[] = [];
let dir = '';
let port = '';
/** Between what was published first and what came after. */
let between = 0;
let duck: DuckDBConnection;

/** Every kind of null, nesting and text that a cell can have. */
const plain = call('a', {
  rawStatus: 'said "so", twice\nand a line',
  attributes: { queue: 'sales', 'from;to': 'x,y' },
});
const other = lost('b', 'abandoned', 4, {
  rawStatus: '',
  anomalies: ['truncated', 'unknown-status'],
  occurredAt: NOON - 1,
});
const corrected = lost('a', 'missed', 9, { revision: 2, correctionOf: 'answered' });
const erased = call('erased');
const again = call('erased', { revision: 2 });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-export-'));
  const config = readConfig({ CALLFOLD_DATA_DIR: join(dir, 'data'), CALLFOLD_PARTITIONS: String(PARTITIONS) });
  const site = await openEmbeddedSite(config);
  const tail = { last: () => [] } as never;
  const parts = { site, config, tail, services: [statusOf(PARTITIONS)] as never };
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [],
    metrics: [],
    routes: (app) => addRoutes(app, parts),
  });
  ({ port } = new URL(http.url));
  closing.push(
    () => http.close(),
    () => site.close(),
  );
  const publish = async (topic: string, partition: number, said: DerivedRecord | string): Promise<void> => {
    const isErasure = typeof said === 'string';
    const key = Buffer.from(isErasure ? said : said.outcomeId);
    // The port is for events, which have a value always; an erasure has none.
    const value = isErasure ? (null as unknown as Uint8Array) : site.codec.encode(topic, said);
    await site.writer.append({ topic, partition }, [{ key, value, headers: [] }]);
  };
  await publish(CALL_OUTCOMES, 0, plain);
  await publish(CALL_OUTCOMES, 1, erased);
  await publish(CALL_OUTCOMES, 1, other);
  for (between = Date.now() + 1; Date.now() <= between; ) await new Promise((resolve) => setTimeout(resolve, 1));
  await publish(CALL_OUTCOMES, 0, corrected);
  await publish(CALL_OUTCOMES, 1, again);
  await publish(CALL_OUTCOMES, 1, erased.outcomeId);
  await publish(CHAT_OUTCOMES, 0, episode('c', { dwellMs: { Auto: 2 ** 40, 'В работе': 0 } }));
  duck = await (await DuckDBInstance.create(':memory:')).connect();
  closing.push(() => duck.closeSync());
});

afterAll(async () => {
  for (const close of closing) await close();
  rmSync(dir, { recursive: true, force: true });
});

/** As much of a service as says how many partitions there are. */
const statusOf = (partitions: number) => ({
  name: 'outcomes',
  status: () => Array.from({ length: partitions }, (_, partition) => ({ at: { topic: 't', partition } })),
});

type Ran = { readonly exit: Exit; readonly out: string; readonly said: string };

async function run(args: readonly string[], stopped = false): Promise<Ran> {
  const texts = { out: '', said: '' };
  let exit: Exit = EXIT.failed;
  const context: Context = {
    config: readConfig({ CALLFOLD_HTTP_PORT: port }),
    out: (text) => void (texts.out += text),
    say: (text) => void (texts.said += `${text}\n`),
    json: true,
    stop: { requested: stopped, wanted: new Promise(() => undefined) },
  };
  const command = withExportOptions(new Command('export')).exitOverride();
  command.configureOutput({ writeErr: (text) => (texts.said += text) });
  command.action(async (topic: ExportTopic, options: ExportOptions) => {
    exit = await exportCommand(topicOf(topic), options, context);
  });
  await command.parseAsync([...args], { from: 'user' });
  return { exit, ...texts };
}

/** What stands in a file of that name after the command has written it. */
async function exported(name: string, args: readonly string[]): Promise<string> {
  const path = join(dir, name);
  const { exit, said } = await run([...args, '--output', path]);
  expect(exit, said).toBe(EXIT.done);
  return readFileSync(path, 'utf8');
}

async function revisions(name: string, args: readonly string[]): Promise<unknown[]> {
  const lines = (await exported(name, ['call-outcomes', ...args])).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as { callId: string; revision: number })
    .map((r) => [r.callId, r.revision]);
}

/** Rows of a query, as JSON has them. */
async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await duck.runAndReadAll(sql)).getRowObjectsJson();
}

describe('rows', () => {
  test('of every record the highest revision, and nothing of what was erased', async () => {
    expect(await revisions('latest.ndjson', [])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(await exported('same.ndjson', ['call-outcomes', '--latest'])).toBe(
      [corrected, other].map((record) => `${JSON.stringify(recordJson(record))}\n`).join(''),
    );
  });

  test('every revision, and nothing of what was erased further on', async () => {
    const all = await revisions('all.ndjson', ['--all']);
    expect(all).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('of a range of times or offsets only', async () => {
    const time = new Date(between).toISOString();
    expect(await revisions('before.ndjson', ['--all', '--to', time])).toEqual([
      ['a', 1],
      ['erased', 1],
      ['b', 1],
    ]);
    expect(await revisions('after.ndjson', ['--all', '--from', time])).toEqual([['a', 2]]);
    expect(await revisions('asof.ndjson', ['--to', time])).toContainEqual(['a', 1]);
    expect(await revisions('offsets.ndjson', ['--all', '--from', '1', '--to', '2'])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(await revisions('none.ndjson', ['--from', 'latest'])).toEqual([]);
  });
});

describe('DuckDB', () => {
  test('reads Parquet: times as timestamps, lists, maps and records nested, nulls as nulls', async () => {
    const ndjson = await exported('calls.ndjson', ['call-outcomes', '--all']);
    await exported('calls.parquet', ['call-outcomes', '--all']);
    const parquet = `read_parquet('${join(dir, 'calls.parquet')}')`;
    const types = new Map(
      (await rows(`DESCRIBE SELECT * FROM ${parquet}`)).map((row) => [row['column_name'], row['column_type']]),
    );
    expect(Object.fromEntries(types)).toMatchObject({
      outcomeId: 'VARCHAR',
      revision: 'INTEGER',
      occurredAt: 'TIMESTAMP WITH TIME ZONE',
      waitMs: 'BIGINT',
      short: 'BOOLEAN',
      agents: 'STRUCT(agent VARCHAR, joinedAt TIMESTAMP WITH TIME ZONE, leftAt TIMESTAMP WITH TIME ZONE)[]',
      anomalies: 'VARCHAR[]',
      decidedBy: 'STRUCT("rule" VARCHAR, eventIds VARCHAR[])',
      attributes: 'MAP(VARCHAR, VARCHAR)',
    });
    const wanted = ndjson
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([...types.keys()]).toEqual(Object.keys(wanted[0] ?? {}));
    const found = await rows(
      `SELECT * REPLACE (${[...types].map(([name, type]) => asJson(String(name), String(type))).join(', ')}) FROM ${parquet}`,
    );
    expect(found.map(parsed)).toEqual(wanted);
  });

  test('reads whole numbers of 64 bits in maps', async () => {
    await exported('chats.parquet', ['chat-outcomes']);
    const found = await rows(
      `SELECT map_keys("dwellMs") AS k, map_values("dwellMs") AS v FROM read_parquet('${join(dir, 'chats.parquet')}')`,
    );
    expect(found).toEqual([{ k: ['Auto', 'В работе'], v: [String(2 ** 40), '0'] }]);
  });

  test('reads an empty file', async () => {
    await exported('none.parquet', ['agent-offers']);
    expect(await rows(`SELECT count(*) AS n FROM read_parquet('${join(dir, 'none.parquet')}')`)).toEqual([{ n: '0' }]);
  });

  test('reads CSV: quotes, lines and JSON in cells, an empty text apart from null', async () => {
    const ndjson = await exported('calls2.ndjson', ['call-outcomes', '--all']);
    await exported('calls.csv', ['call-outcomes', '--all']);
    const wanted = ndjson
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = await rows(
      `SELECT * FROM read_csv('${join(dir, 'calls.csv')}', header = true, all_varchar = true, allow_quoted_nulls = false)`,
    );
    const texts = wanted.map((record) =>
      Object.fromEntries(
        Object.entries(record).map(([name, value]) => {
          if (value === null || typeof value === 'string') return [name, value];
          return [name, JSON.stringify(value)];
        }),
      ),
    );
    expect(found).toEqual(texts);
  });
});

test('what docs/consuming.md asks DuckDB has an answer', async () => {
  await exported('calls.parquet', ['call-outcomes']);
  const [byOutcome = '', inCall = '', ...more] = blocksOf('consuming.md', 'duckdb');
  expect(more).toEqual([]);
  await duck.run(`SET file_search_path = '${dir}'`);
  expect(await rows(byOutcome)).toEqual(
    expect.arrayContaining([
      { outcome: 'missed', calls: '1', 'wait, s': 9 },
      { outcome: 'abandoned', calls: '1', 'wait, s': 4 },
    ]),
  );
  expect(await rows(inCall)).toEqual([]);
});

/** A column as text that JSON.parse takes, its times in the project's form. */
function asJson(name: string, type: string): string {
  const iso = (value: string) => `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `to_json(${iso(`"${name}"`)}) AS "${name}"`;
  if (name !== 'agents') return `to_json("${name}") AS "${name}"`;
  const agent = `{agent: a.agent, joinedAt: ${iso('a."joinedAt"')}, leftAt: ${iso('a."leftAt"')}}`;
  return `to_json(list_transform("agents", lambda a: ${agent})) AS "agents"`;
}

const parsed = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, text]) => [name, typeof text === 'string' ? (JSON.parse(text) as unknown) : null]),
  );

describe('files', () => {
  test('are there whole or not at all', async () => {
    const path = join(dir, 'stopped.csv');
    const { exit, said } = await run(['call-outcomes', '--output', path], true);
    expect(exit).toBe(EXIT.failed);
    expect(said).toContain('no file is left');
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('are of the format that their name says, and the answer says what is in them', async () => {
    const path = join(dir, 'named.csv');
    const { out } = await run(['call-outcomes', '--output', path]);
    expect(JSON.parse(out)).toEqual({ topic: CALL_OUTCOMES, format: 'csv', output: path, rows: 2, erased: 1 });
  });

  test('a wrong range or topic is told', async () => {
    await expect(run(['call-outcomes', '--from', 'yesterday'])).rejects.toThrow(/no place in a log/);
    await expect(run(['calls'])).rejects.toThrow(/Allowed choices/);
    await expect(run(['call-outcomes', '--all', '--latest'])).rejects.toThrow(/cannot be used with/);
  });
});
