/** The tables of docs/contracts/postgres.sql, loaded into a real Postgres and filled with the golden records. */

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { derivedContracts } from '../contracts/columns.mjs';
import { ROOT } from '../contracts/generate.mjs';
import type { Postgres } from '../parts/index.mjs';
import { startPostgres, whyNoPostgres } from '../parts/index.mjs';
import { blocksOf } from './page-blocks.ts';

const HISTORIES = join(ROOT, 'libs/engine/test/histories');
const why = whyNoPostgres();
if (why) process.stderr.write(`!!! NOT RUN: docs/contracts/postgres.sql was loaded nowhere. ${why}\n`);

type Json = Record<string, unknown>;

const golden = readdirSync(HISTORIES)
  .filter((name) => name.endsWith('.records.jsonl'))
  .flatMap((name) => readFileSync(join(HISTORIES, name), 'utf8').split('\n').filter(Boolean))
  .map((line) => JSON.parse(line) as Json);

const tableOf = (kind: unknown): string => `${String(kind).replaceAll('-', '_')}s`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const upsert = (record: Json): string =>
  `SELECT callfold.upsert_${tableOf(record['kind'])}(${quoted(JSON.stringify(record))});`;

test('there are golden records of every table, some of them revised', () => {
  expect(new Set(golden.map(({ kind }) => tableOf(kind)))).toEqual(
    new Set(derivedContracts().map(({ table }) => table)),
  );
  expect(golden.some(({ revision }) => revision === 2)).toBe(true);
});

// Where there is no Postgres, because it is no part that callfold itself needs.
describe.skipIf(why !== null)('Postgres', () => {
  let postgres: Postgres;
  const rows = async (sql: string): Promise<string[]> => (await postgres.psql(sql)).split('\n').filter(Boolean);

  beforeAll(async () => {
    postgres = await startPostgres({ dir: mkdtempSync(join(tmpdir(), 'callfold-postgres-')) });
    await postgres.psql(readFileSync(join(ROOT, 'docs/contracts/postgres.sql'), 'utf8'));
  });

  afterAll(() => postgres?.stop({ wipe: true }));

  test('keeps the highest revision of every record, as it is, in whatever order and however often they come', async () => {
    const twice = [...golden, ...golden.toReversed()];
    await postgres.psql(`SET timezone = 'Europe/Moscow';\n${twice.map(upsert).join('\n')}`);
    for (const { table, columns } of derivedContracts()) {
      const latest = new Map<unknown, Json>();
      for (const record of golden) {
        if (tableOf(record['kind']) !== table) continue;
        const known = latest.get(record['outcomeId']);
        if (!known || Number(record['revision']) > Number(known['revision'])) latest.set(record['outcomeId'], record);
      }
      const kept = await rows(`SET timezone = 'UTC'; SELECT row_to_json(t) FROM callfold.${table} t;`);
      const times = new Set(
        columns.filter(({ type }) => JSON.stringify(type).includes('"timestamp')).map((c) => c.name),
      );
      const asJson = (row: Json): Json =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            times.has(name) && typeof value === 'string' ? new Date(value).toISOString() : value,
          ]),
        );
      const found = new Map(kept.map((line) => JSON.parse(line) as Json).map((row) => [row['outcomeId'], asJson(row)]));
      expect(latest.size, table).toBeGreaterThan(0);
      expect(found, table).toEqual(latest);
    }
  });

  test('takes an export as docs/consuming.md loads it, twice', async () => {
    const calls = golden.filter(({ kind }) => kind === 'call-outcome');
    const file = join(postgres.dir, 'calls.ndjson');
    writeFileSync(file, calls.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const [script = ''] = blocksOf('consuming.md', 'postgres');
    expect(script).toContain("'calls.ndjson'");
    await postgres.psql('TRUNCATE callfold.call_outcomes;');
    for (let time = 0; time < 2; time += 1)
      expect(await postgres.psql(script.replace('calls.ndjson', file))).toBe(`${calls.length}\n`);
    const sum = 'SELECT count(*), sum(revision) FROM callfold.call_outcomes;';
    const last = new Map<unknown, number>();
    for (const { outcomeId, revision } of calls)
      last.set(outcomeId, Math.max(last.get(outcomeId) ?? 0, Number(revision)));
    expect(await rows(sum)).toEqual([`${last.size}|${[...last.values()].reduce((a, b) => a + b, 0)}`]);
  });

  test('says of every table and column what it means', async () => {
    for (const { topic, table, schema } of derivedContracts()) {
      const [said] = await rows(`SELECT obj_description('callfold.${table}'::regclass);`);
      expect(said).toBe(`${topic}: ${schema.doc}`);
      const columns = await rows(
        `SELECT a.attname || '=' || col_description(a.attrelid, a.attnum) FROM pg_attribute a
         WHERE a.attrelid = 'callfold.${table}'::regclass AND a.attnum > 0 ORDER BY a.attnum;`,
      );
      expect(columns).toEqual(schema.fields.map(({ name, doc }) => `${name}=${doc}`));
    }
  });

  test('has the columns that the source of dbt names, and what it says of them holds', async () => {
    type Column = {
      name: string;
      data_type: string;
      data_tests?: (string | { accepted_values: { values: string[] } })[];
    };
    type Dbt = { sources: { schema: string; tables: { name: string; columns: Column[] }[] }[] };
    const { sources } = parse(readFileSync(join(ROOT, 'docs/contracts/dbt/sources.yml'), 'utf8')) as Dbt;
    for (const { schema, tables } of sources) {
      for (const { name: table, columns } of tables) {
        const there = await rows(
          `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a
           WHERE a.attrelid = '${schema}.${table}'::regclass AND a.attnum > 0 ORDER BY a.attnum;`,
        );
        const said = columns.map(({ name, data_type: type, data_tests: tests = [] }) =>
          [name, type, tests.includes('not_null') ? 't' : 'f'].join('|'),
        );
        expect(there, table).toEqual(said);
        for (const { name, data_tests: tests = [] } of columns) {
          for (const one of tests) {
            if (typeof one === 'string') continue;
            const list = one.accepted_values.values.map(quoted).join(', ');
            const others = `SELECT count(*) FROM ${schema}.${table} WHERE "${name}" NOT IN (${list});`;
            expect(await rows(others), `${table}.${name}`).toEqual(['0']);
          }
        }
      }
    }
  });
});
