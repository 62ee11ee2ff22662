// @ts-check
/**
 * The gateway under load, on real Kafka, with the broker killed in the middle: what was answered 202 is in the log.
 *
 *   npm run load:gateway             a minute of 10,000 events a second, and a minute of single events
 *   npm run load:gateway -- --short  the same in some seconds, killed during the batches alone: part of npm test
 */

import { setTimeout as pause } from 'node:timers/promises';
import { idleConnections, residentMib } from './idle.mjs';
import { compare, eventsInLog } from './log-check.mjs';
import { percentile, sendBatches, sendSingles } from './sender.mjs';
import { openStage } from './stage.mjs';

const short = process.argv.includes('--short');
const SHAPE = short
  ? { seconds: 9, killAt: 3, single: 4, killSinglesAt: null }
  : { seconds: 60, killAt: 25, single: 60, killSinglesAt: 20 };
const EVENTS_PER_SECOND = 10_000;
const BATCH = 200;
const CONNECTIONS = 64;

const say = (/** @type {string} */ line) => process.stdout.write(`[gateway] ${line}\n`);
let passed = 0;
let failed = 0;
/** @param {string} what @param {boolean} holds */
function check(what, holds) {
  if (holds) passed += 1;
  else failed += 1;
  say(`${holds ? 'passed' : 'FAILED'}: ${what}`);
}

/** What was due so long before the broker died was answered by then; and so long after it was back all is as before. */
const SETTLED_MS = 4_000;

/**
 * The same figures of what was due while the broker was there.
 * @param {import('./sender.mjs').Run} run @param {{ readonly diedMs: number, readonly backMs: number }} away
 */
function tellUndisturbed(run, { diedMs, backMs }) {
  const lastMs = run.seconds * 1_000;
  const [until, from] = [diedMs - SETTLED_MS, Math.min(lastMs, backMs + SETTLED_MS)];
  const calm = [...run.answers.values()].filter(({ dueMs }) => dueMs < until || dueMs >= from);
  const good = calm.filter(({ status }) => status === 202).map(({ ms }) => ms);
  const rate = Math.round((good.length * run.events * 1_000) / (Math.max(0, until) + lastMs - from));
  if (good.length > 0)
    say(
      `${run.name}: while the broker was there ${rate} a second, ${calm.length - good.length} of ${calm.length} not answered 202; ` +
        `p50 ${percentile(good, 0.5).toFixed(1)} ms, p99 ${percentile(good, 0.99).toFixed(1)} ms`,
    );
}

/** @param {import('./sender.mjs').Run} run @param {Map<string, Set<number>>} stands */
function judge(run, stands) {
  const { accepted, lost, otherwise, hanging, standsAnyway } = compare(run, stands);
  const good = [...run.answers.values()].filter(({ status }) => status === 202).map(({ ms }) => ms);
  const bad = [...run.answers.values()].filter(({ status }) => status !== 202);
  const statuses = [...new Set(bad.map(({ status }) => status))].sort((a, b) => a - b).join(', ');
  const ms = (/** @type {number} */ share) => percentile(good, share).toFixed(1);
  say(
    `${run.name}: ${accepted} events accepted in ${run.seconds.toFixed(1)} s, ${Math.round(accepted / run.seconds)} a second; ` +
      `answered 202 after p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms, at most ${ms(1)} ms`,
  );
  const worst = Math.max(0, ...bad.map((one) => one.ms)).toFixed(0);
  if (otherwise > 0)
    say(
      `${run.name}: ${otherwise} events answered ${statuses}, after ${worst} ms at most; ${standsAnyway} of them stand`,
    );
  check(`${run.name}: of ${accepted} events answered 202, ${lost} are missing in the log`, lost === 0 && accepted > 0);
  check(`${run.name}: ${hanging} events were left without an answer`, hanging === 0);
}

const stage = await openStage({ redis: false, say });

/** Kills the broker so long after now, and starts it again. @param {number} seconds @returns when, ms from now */
async function killBrokerAfter(seconds) {
  const begun = performance.now();
  await pause(seconds * 1_000);
  const diedMs = performance.now() - begun;
  await stage.kafka.kill();
  say('the broker is killed');
  await stage.kafka.start();
  const backMs = performance.now() - begun;
  say(`the broker is there again, ${((backMs - diedMs) / 1_000).toFixed(1)} s later`);
  return { diedMs, backMs };
}

try {
  await stage.callfold(['topics', 'apply', '--execute']);
  const gateway = await stage.start(['serve', 'gateway'], { CALLFOLD_GATEWAY_EVENTS_PER_SECOND: '1000000' });
  const { url } = gateway;
  const before = residentMib(gateway.pid);
  const load = { url, name: 'batches', eventsPerSecond: EVENTS_PER_SECOND, batch: BATCH, seconds: SHAPE.seconds };
  const [batches, away] = await Promise.all([sendBatches(load), killBrokerAfter(SHAPE.killAt)]);
  say(`memory: ${before.toFixed(0)} MiB before, ${residentMib(gateway.pid).toFixed(0)} MiB after the batches`);
  const [singles, awayAgain] = await Promise.all([
    sendSingles({ url, name: 'singles', connections: CONNECTIONS, seconds: SHAPE.single }),
    SHAPE.killSinglesAt === null ? null : killBrokerAfter(SHAPE.killSinglesAt),
  ]);
  const { stands, records } = await eventsInLog(stage.env);
  say(`${records} records are in the log`);
  tellUndisturbed(batches, away);
  judge(batches, stands);
  if (awayAgain !== null) tellUndisturbed(singles, awayAgain);
  judge(singles, stands);
  for (const { name, answers } of awayAgain === null ? [batches] : [batches, singles]) {
    const isRefused = [...answers.values()].some(({ status }) => status === 503);
    check(`${name}: the broker was away for long enough that some were answered 503`, isRefused);
  }
  await idleConnections(gateway, check);
  check('SIGTERM ends it with exit code 0', (await gateway.stop()) === 0);
} finally {
  await stage.close();
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
