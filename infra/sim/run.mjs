#!/usr/bin/env node
// @ts-check
/**
 * The simulator: histories from seeds, on all cores. Prints what they met, and of each that failed the command that
 * runs it again; ends with one line alone: `N passed, N failed`.
 */

import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { coverageOf, FULL_RUN } from './coverage.mjs';
import { runHistory } from './history.mjs';
import { openCodec } from './world.mjs';

const USAGE = `node infra/sim/run.mjs [--seed TEXT] [--histories N] [--minutes M] [--workers N] [--trace]

Runs N histories (10000 unless told) named SEED-0, SEED-1, ...; with --histories 1 the one named SEED. The seed is of
this instant unless told. --minutes ends it earlier. --trace prints all that happened in one history.`;

const HISTORIES = 10_000;
/** A history takes a few hundredths of a second: one that takes so long has a loop that never waits. */
const STUCK_MS = 180_000;
const FAILURES_SHOWN = 10;
const PROGRESS_MS = 15_000;

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
const tell = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** @param {string} seed */
const again = (seed) => `npm run soak -- --seed ${seed} --histories 1 --trace`;

/**
 * @param {readonly string[]} seeds
 * @param {{ workers: number, untilMs: number }} options
 */
async function runAll(seeds, { workers, untilMs }) {
  /** @type {Map<string, number>} */
  const met = new Map();
  /** @type {{ seed: string, failures: string[] }[]} */
  const failed = [];
  let next = 0;
  let done = 0;
  let toldAt = performance.now();

  /** @param {string} seed @param {string[]} failures */
  function fail(seed, failures) {
    failed.push({ seed, failures });
    if (failed.length > FAILURES_SHOWN) return;
    say(`\nFAILED ${seed}\n  ${failures.slice(0, 3).join('\n  ')}\n  again: ${again(seed)}`);
  }

  /** @returns {Promise<void>} */
  const child = () =>
    new Promise((resolve) => {
      const worker = fork(fileURLToPath(new URL('./worker.mjs', import.meta.url)));
      /** @type {string | undefined} */
      let seed;
      /** @type {NodeJS.Timeout | undefined} */
      let stuck;
      const end = () => {
        clearTimeout(stuck);
        worker.removeAllListeners();
        worker.kill('SIGKILL');
        resolve();
      };
      const give = () => {
        clearTimeout(stuck);
        seed = performance.now() < untilMs && failed.length < FAILURES_SHOWN ? seeds[next] : undefined;
        if (seed === undefined) return end();
        next += 1;
        const given = seed;
        stuck = setTimeout(() => {
          fail(given, [`it did not end within ${STUCK_MS / 1_000} s`]);
          end();
        }, STUCK_MS);
        worker.send({ seed });
      };
      worker.on('message', (/** @type {{ seed: string | null, failures: string[], met: string[] }} */ told) => {
        if (told.seed !== null) {
          done += 1;
          for (const kind of told.met) met.set(kind, (met.get(kind) ?? 0) + 1);
          if (told.failures.length > 0) fail(told.seed, told.failures);
        }
        if (performance.now() - toldAt > PROGRESS_MS) {
          toldAt = performance.now();
          tell(`${done} of ${seeds.length} histories, ${failed.length} failed`);
        }
        give();
      });
      worker.on('exit', (code, by) => {
        fail(seed ?? 'none', [`its process ended by itself, ${by ?? `with code ${code}`}`]);
        end();
      });
    });

  await Promise.all(Array.from({ length: Math.min(workers, seeds.length) }, child));
  return { met, failed, done };
}

/** @param {string} seed */
async function traceOne(seed) {
  const { lines, failures, digest } = await runHistory(seed, await openCodec(), { traced: true });
  for (const line of lines) say(line);
  say(`\nsha256 of the trace: ${digest}`);
  for (const failure of failures) say(`FAILED: ${failure}`);
  finish(failures.length === 0 ? 1 : 0, failures.length === 0 ? 0 : 1);
}

/** @param {number} passed @param {number} failed */
function finish(passed, failed) {
  say(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

async function main() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now()) },
      histories: { type: 'string', default: String(HISTORIES) },
      minutes: { type: 'string', default: 'Infinity' },
      workers: { type: 'string', default: String(availableParallelism()) },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(USAGE);
  const { seed } = values;
  const [histories, minutes, workers] = [values.histories, values.minutes, values.workers].map(Number);
  if (!(Number(histories) >= 1) || !(Number(minutes) > 0) || !(Number(workers) >= 1))
    throw new Error('a number is none');
  if (values.trace) return traceOne(seed);
  const seeds = histories === 1 ? [seed] : Array.from({ length: Number(histories) }, (_, n) => `${seed}-${n}`);
  say(`seed ${seed}: ${seeds.length} histories`);
  const begun = performance.now();
  const { met, failed, done } = await runAll(seeds, {
    workers: Number(workers),
    untilMs: begun + Number(minutes) * 60_000,
  });
  const tookMs = performance.now() - begun;
  const { lines, missing, found } = coverageOf(met);
  for (const line of lines) say(line);
  say(`\n${done} histories in ${(tookMs / 1_000).toFixed(1)} s: ${((1_000 * done) / tookMs).toFixed(1)} a second`);
  for (const { seed: one } of failed) say(`failed, again: ${again(one)}`);
  const isFull = done >= FULL_RUN;
  if (isFull) for (const kind of missing) say(`never met: ${kind}`);
  if (done === 0) return finish(0, 1);
  // Histories that fail count each; those that do not are one promise together, and each kind that was met is one.
  finish((failed.length === 0 ? 1 : 0) + (isFull ? found : 0), failed.length + (isFull ? missing.length : 0));
}

await main().catch((error) => {
  tell(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exitCode = 2;
});
