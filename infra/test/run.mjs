#!/usr/bin/env node
// @ts-check
/**
 * `npm test`: runs the suites of suites.mjs in order, each with its own time and result, and ends with one line
 * alone: `N passed, N failed`, summed over all of them.
 */

import { setMaxListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { shareParts } from './real-parts.mjs';
import { SUITES } from './suites.mjs';

const USAGE = `node infra/test/run.mjs [--only NAME,NAME] [--list]

Runs every suite, or those named. With CI=true a test that cannot run here counts as failed, not as skipped.`;

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

/** @param {string | undefined} only */
function choose(only) {
  if (only === undefined) return SUITES.filter((suite) => suite.byNameOnly !== true);
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    throw new Error(`no suite is called ${unknown.join(', ')}; there are ${SUITES.map(({ name }) => name).join(', ')}`);
  }
  return SUITES.filter(({ name }) => names.includes(name));
}

/**
 * @param {import('./suites.mjs').Suite} suite
 * @param {import('./suites.mjs').Context} context
 */
async function runSuite(suite, context) {
  say(`\n=== ${suite.name}: ${suite.what}`);
  const begun = performance.now();
  const result = await suite.run(context).catch((error) => ({
    passed: 0,
    failed: 1,
    skipped: 0,
    notes: [error instanceof Error ? error.message : String(error)],
  }));
  const took = performance.now() - begun;
  const verdict = result.failed > 0 ? 'FAILED' : result.passed > 0 ? 'passed' : 'SKIPPED';
  say(`=== ${suite.name}: ${verdict}, ${counts(result)}, ${seconds(took)}`);
  return { name: suite.name, ...result, took };
}

/** @param {import('./suites.mjs').Result} result */
const counts = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** @param {(import('./suites.mjs').Result & { name: string, took: number })[]} results */
function summarise(results) {
  say('\nsuite         time  result');
  for (const result of results) {
    say(`${result.name.padEnd(9)} ${seconds(result.took).padStart(8)}  ${counts(result)}`);
  }
  for (const { name, notes } of results) for (const note of notes) say(`\n!!! ${name}: ${note}`);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  if (failed > 0 || passed === 0) process.exitCode = 1;
  say(`\n${passed} passed, ${failed} failed`);
}

async function main() {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) return say(USAGE);
  if (values.list) {
    return SUITES.forEach(({ name, what, byNameOnly }) => {
      say(`${name.padEnd(10)} ${what}${byNameOnly ? ' (only by name)' : ''}`);
    });
  }
  const suites = choose(values.only);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // The second time somebody means it; what runs then ends with us, through the parts' own watcher.
    process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort(name)));
  }
  const parts = shareParts(say);
  const context = { ci: /^(1|true)$/.test(process.env['CI'] ?? ''), signal: stop.signal, say, parts: parts.start };
  const results = [];
  try {
    for (const suite of suites) {
      if (!stop.signal.aborted) results.push(await runSuite(suite, context));
    }
  } finally {
    await parts.stop();
  }
  if (stop.signal.aborted) {
    const left = suites.length - results.length;
    results.push({
      name: 'runner',
      passed: 0,
      failed: 1,
      skipped: 0,
      took: 0,
      notes: [`${stop.signal.reason}, ${left} left`],
    });
  }
  summarise(results);
}

await main().catch((error) => {
  process.stderr.write(`npm test: ${error instanceof Error ? error.message : error}\n\n${USAGE}\n`);
  process.exitCode = 2;
});
