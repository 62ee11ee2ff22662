#!/usr/bin/env node
// @ts-check
/**
 * Real consumers that nobody here wrote, on call outcomes that callfold published to a real Kafka: kcat, a Java
 * consumer, PostgreSQL, DuckDB on the Parquet file. All must have the same records as `callfold export`, field by field,
 * and `callfold export` one for every call. Its last lines say what was checked, and what was not and why.
 *
 *   npm run consumers                 a generated month [--calls N] [--seed SEED], then February 1999 where its data is
 *   npm run consumers -- --generated  the generated month alone
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { februaryInput, whyNoFebruary } from '../month/february.mjs';
import { generateMonth } from '../month/month.mjs';
import { byKafka, run } from '../month/ways.mjs';
import { startPostgres, whyNoPostgres } from '../parts/index.mjs';
import { createRandom } from '../random.mjs';
import { ROOT } from '../test/process.mjs';
import { readByExample, readByJava, readByKcat, readParquet, readPostgres, whyNoKcat } from './readers.mjs';
import { differences, latestOf } from './records.mjs';

const TOPIC = 'callfold.call-outcomes';
const SHOWN = 3;
/** Of one call of these its agent is heard of only after its outcome was published, which is corrected then. */
const HELD_ONE_OF = 20;
/** psql reads a script of these at once. */
const UPSERTS = 2_000;

const { values } = parseArgs({
  options: {
    generated: { type: 'boolean', default: false },
    calls: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
let passed = 0;
let failed = 0;

function check(/** @type {string} */ what, /** @type {boolean} */ holds) {
  if (holds) passed += 1;
  else failed += 1;
  say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
}

/** @typedef {import('./records.mjs').Rows} Rows */

/**
 * @param {string} who
 * @param {Rows} wanted
 * @param {() => Promise<Rows>} read
 * @param {string | null} [why] it cannot be asked here
 */
async function compare(who, wanted, read, why = null) {
  if (why) {
    say(`!!! NOT RUN: ${who}: ${why}`);
    // In CI it is to be there.
    if (process.env['CI'] === 'true') failed += 1;
    return;
  }
  const from = Date.now();
  const rows = await read();
  const different = differences(wanted, rows);
  check(
    `${who}: ${rows.size} records, the same as callfold export (${((Date.now() - from) / 1_000).toFixed(1)} s)`,
    different.length === 0 && rows.size > 0,
  );
  for (const id of different.slice(0, SHOWN)) say(`  ${id}\n    export ${wanted.get(id)}\n    ${who} ${rows.get(id)}`);
}

/** @param {string} file NDJSON */
const recordsIn = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Every revision, in the order in which it stands: the upsert keeps the highest. @param {string} file NDJSON */
async function tableOf(/** @type {import('../parts/index.mjs').Postgres} */ postgres, file) {
  await postgres.psql(readFileSync(join(ROOT, 'docs/contracts/postgres.sql'), 'utf8'));
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  for (let from = 0; from < lines.length; from += UPSERTS) {
    const rows = lines.slice(from, from + UPSERTS).map((line) => `('${line.replaceAll("'", "''")}')`);
    await postgres.psql(
      `SELECT count(callfold.upsert_call_outcomes(line::jsonb)) FROM (VALUES ${rows.join(',\n')}) AS lines (line);`,
    );
  }
  return readPostgres(postgres, 'call_outcomes');
}

/** @template T @param {(postgres: import('../parts/index.mjs').Postgres) => Promise<T>} use */
async function withPostgres(use) {
  const postgres = await startPostgres({ dir: mkdtempSync(join(tmpdir(), 'callfold-postgres-')) });
  try {
    return await use(postgres);
  } finally {
    await postgres.stop({ wipe: true });
  }
}

/**
 * @param {string} dir
 * @param {Record<string, string>} env
 * @param {{ calls: number, corrected: boolean }} month how many calls it has, and whether some records are corrected
 */
async function ask(dir, env, { calls, corrected }) {
  const log = join(dir, 'export.log');
  const files = {
    latest: join(dir, 'latest.ndjson'),
    all: join(dir, 'all.ndjson'),
    parquet: join(dir, 'calls.parquet'),
  };
  await run(['export', 'call-outcomes', '--output', files.latest], env, { log });
  await run(['export', 'call-outcomes', '--output', files.parquet], env, { log });
  await run(['export', 'call-outcomes', '--all'], env, { out: files.all, log });
  const wanted = latestOf(recordsIn(files.latest));
  const all = recordsIn(files.all);
  check(
    `${wanted.size} of ${calls} calls in ${all.length} revisions exported${corrected ? ', some of them corrected' : ''}`,
    calls > 0 && wanted.size === calls && (!corrected || all.some(({ correctionOf }) => correctionOf !== null)),
  );
  const topic = {
    brokers: env['CALLFOLD_KAFKA_BROKERS'] ?? '',
    registryUrl: env['CALLFOLD_REGISTRY_URL'] ?? '',
    topic: TOPIC,
    revisions: all.length,
  };
  await compare('export --all', wanted, async () => latestOf(all));
  await compare('DuckDB on Parquet', wanted, () => readParquet(files.parquet));
  await compare('kcat', wanted, () => readByKcat(topic), whyNoKcat());
  await compare('Java', wanted, () => readByJava(topic));
  await compare('PostgreSQL', wanted, () => withPostgres((postgres) => tableOf(postgres, files.all)), whyNoPostgres());
  let last = '';
  await compare('docs/examples/consume.mjs', wanted, async () => {
    const { rows, said } = await readByExample(topic);
    last = said;
    return rows;
  });
  check(`it ends with: ${last}`, last === `${wanted.size} records of ${all.length} revisions, complete`);
}

/** @param {string} dir */
function generated(dir) {
  const { events, expected } = generateMonth({ seed: values.seed, calls: Number(values.calls) });
  const write = (/** @type {string} */ name, /** @type {typeof events} */ some) => {
    writeFileSync(join(dir, name), some.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return join(dir, name);
  };
  const held = new Set([...new Set(events.map(({ callId }) => callId))].filter((_id, n) => n % HELD_ONE_OF === 0));
  const isLate = (/** @type {(typeof events)[number]} */ { callId, status }) =>
    held.has(callId) && /^Participant (join|leave) \((?!Contact\))/.test(status);
  return {
    name: `a generated month of ${values.calls} calls, seed ${values.seed}`,
    file: write(
      'month.ndjson',
      events.filter((event) => !isLate(event)),
    ),
    later: write('later.ndjson', events.filter(isLate)),
    expected,
  };
}

/** @param {(dir: string) => ReturnType<typeof generated> | ReturnType<typeof februaryInput>} input */
async function checkMonth(input) {
  const dir = mkdtempSync(join(ROOT, '.infra', 'consumers-'));
  const from = Date.now();
  const found = input(dir);
  if (found === null) throw new Error('the month was there and is gone');
  const { name, file, expected } = found;
  say(`${name}; logs in ${dir}`);
  const { next: random } = createRandom(`consumers-${values.seed}`);
  const later = 'later' in found ? found.later : null;
  const month = { calls: expected.calls, corrected: later !== null };
  const look = (/** @type {Record<string, string>} */ env) => ask(dir, env, month);
  await byKafka(file, { dir, say, kills: 0, rate: Infinity, random, later, look });
  if (!values.keep && failed === 0) rmSync(dir, { recursive: true, force: true });
  return `${name}, ${expected.calls} calls (${((Date.now() - from) / 1_000).toFixed(0)} s)`;
}

async function main() {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const notFebruary = values.generated ? 'only the generated month was asked for' : whyNoFebruary();
  const checked = [await checkMonth(generated)];
  if (notFebruary === null) checked.push(await checkMonth(februaryInput));
  for (const month of checked) say(`checked: ${month}`);
  if (notFebruary !== null) say(`NOT checked: February 1999: ${notFebruary}`);
}

main()
  .catch((error) => {
    failed += 1;
    say(`consumers: ${error instanceof Error ? error.stack : error}`);
  })
  .finally(() => {
    say(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
