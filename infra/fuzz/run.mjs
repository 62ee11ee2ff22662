#!/usr/bin/env node
// @ts-check
/**
 * Mutated Avro and JSON through the one decoder and validator and through the engine: nothing crashes, hangs or takes
 * memory without a bound, and every record is an event or refused once, with a code.
 *
 *   npm run fuzz                              120,000 records of seed 1
 *   npm run fuzz -- --seed 7 --records 5000000
 *   npm run fuzz -- --seed 7 --only 4711      the one case of that index, again
 *     [--part decode|engine] [--first INDEX]
 *
 * The engine gets a twentieth of the records, or with --part engine all of them.
 */

import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CODES } from '@callfold/core';
import { ROOT } from '../test/process.mjs';
import { WORLD_RECORDS } from './world-size.mjs';

/** One record may take this long before the process is killed: thousands of times what the slowest takes. */
const HANG_MS = 60_000;
const LOOK_MS = 1_000;
/** @type {Readonly<Record<string, string>>} by part */
const CHILDREN = { decode: 'infra/fuzz/child.mjs', engine: 'infra/fuzz/engine.mjs' };
/** Of JavaScript's own memory. Past it the process ends, and the index at which it did is said. */
const HEAP_MB = 256;
/** Of the whole process, buffers included. The largest record has 1 MiB. */
const RSS_MB = 700;
/** Through the engine a record costs some hundred times as much as through the decoder alone. */
const ENGINE_SHARE = 20;

/** What needs a log, a CSV header, or a sender with a key of its own. */
const ELSEWHERE = new Set([
  'no-value',
  'bad-erasure',
  'wrong-partition',
  'too-late',
  'erased',
  'not-csv',
  'foreign-tenant',
]);
/** What decoding and validating can refuse. Each must come up among this many records. */
const REACHED = Object.keys(CODES).filter((code) => !ELSEWHERE.has(code));
const TELLING_RECORDS = 20_000;

/**
 * @typedef {{
 *   counted: number, cases: number, event: number, lines: number, rejected: Record<string, number>,
 *   failures: { index: number, what: string, message: string }[], maxRSS: number, notes?: string,
 * }} Answer
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    records: { type: 'string', default: '120000' },
    first: { type: 'string', default: '0' },
    only: { type: 'string' },
    part: { type: 'string' },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {string} file @returns {{ index: number, counted: number }} */
function placeIn(file) {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  return bytes.length < 16
    ? { index: 0, counted: 0 }
    : { index: bytes.readDoubleLE(0), counted: bytes.readDoubleLE(8) };
}

/**
 * @param {string} script
 * @param {string[]} args
 * @param {string} progress the file that says where it is
 * @returns {Promise<{ answer: Answer | null, why: string, index: number }>}
 */
function watched(script, args, progress) {
  return new Promise((settle, reject) => {
    const child = fork(join(ROOT, script), [progress, ...args], {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    /** @type {Answer | null} */
    let answer = null;
    let why = '';
    let seen = '';
    let since = Date.now();
    child.on('message', (message) => {
      answer = /** @type {Answer} */ (message);
    });
    const timer = setInterval(() => {
      const now = JSON.stringify(placeIn(progress));
      if (now !== seen) since = Date.now();
      seen = now;
      if (Date.now() - since < HANG_MS) return;
      why = `it took more than ${HANG_MS / 1_000} s`;
      child.kill('SIGKILL');
    }, LOOK_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (why === '' && code !== 0) why = `the process ended with ${signal ?? `exit code ${code}`}`;
      settle({ answer, why, index: placeIn(progress).index });
    });
  });
}

/** @param {string} part @param {number} records @param {string} progress @returns {Promise<number>} failures */
async function run(part, records, progress) {
  const { seed, only } = values;
  const first = only ?? values.first;
  const args = [seed, first, String(records), ...(only === undefined ? [] : ['only'])];
  const { answer, why, index } = await watched(CHILDREN[part] ?? '', args, progress);
  // The engine's records meet one another: a world of them is run again as a whole.
  const which = (/** @type {number} */ at) =>
    part === 'decode' ? `--only ${at}` : `--first ${at} --records ${WORLD_RECORDS}`;
  const again = (/** @type {number} */ at) => `again with: npm run fuzz -- --seed ${seed} --part ${part} ${which(at)}`;
  if (answer === null) {
    say(`FAILED ${part}: ${why} at index ${index}; ${again(index)}`);
    return 1;
  }
  for (const { index: at, what, message } of answer.failures)
    say(`FAILED ${part}, ${what}: ${message}\n  ${again(at)}`);
  const mib = Math.round(answer.maxRSS / 1_024);
  const { counted, cases, event, lines } = answer;
  const codes = Object.entries(answer.rejected).sort(([, a], [, b]) => b - a);
  say(
    `${part}: ${counted} records (${lines} of them lines) in ${cases} cases, seed ${seed}: ${event} events, ${codes
      .map(([code, n]) => `${n} ${code}`)
      .join(', ')}; at most ${mib} MiB${answer.notes ? `; ${answer.notes}` : ''}`,
  );
  const missed =
    part === 'decode' && counted >= TELLING_RECORDS ? REACHED.filter((code) => !(code in answer.rejected)) : [];
  for (const code of missed)
    say(`FAILED ${part}: none of ${counted} records was refused as ${code}: the fuzzer got blind`);
  const tooMuch = mib > RSS_MB;
  if (tooMuch) say(`FAILED ${part}: ${mib} MiB, and ${RSS_MB} must do`);
  return answer.failures.length + missed.length + (tooMuch ? 1 : 0);
}

const dir = mkdtempSync(join(tmpdir(), 'callfold-fuzz-'));
const records = Number(values.records);
let passed = 0;
let failed = 0;
try {
  for (const part of Object.keys(CHILDREN)) {
    if (values.part !== undefined && values.part !== part) continue;
    const share = part === 'decode' || values.part !== undefined ? records : Math.ceil(records / ENGINE_SHARE);
    const failures = await run(part, share, join(dir, part));
    failed += failures;
    if (failures === 0) passed += 1;
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
