#!/usr/bin/env node
// @ts-check
/**
 * `npm run mutants`: takes each guard out in turn and runs the test that must fail then. A mutant that survives, whose
 * text is not found exactly once, or whose test does not pass without it, is a failure.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, tool } from '../test/process.mjs';
import { MUTANTS } from './mutants.mjs';

/** @typedef {import('./mutants.mjs').Mutant} Mutant */
/** @typedef {{ status: string, fullName: string, failureMessages?: string[] }} Test */

const USAGE = `node infra/mutants/run.mjs [--only TEXT] [--workers N]

Runs all mutants, or those whose guard has TEXT in it.`;
/** Enough to meet what each of the guards is for. */
const HISTORIES = 150;
const LIMIT_MS = 600_000;

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/**
 * One run of vitest over some files, mutated or not.
 * @param {readonly string[]} files
 * @param {{ guard?: string, name?: string }} options
 * @returns {Promise<{ tests: Test[], output: string }>}
 */
async function runTests(files, { guard = '', name = '' }) {
  const folder = mkdtempSync(join(tmpdir(), 'callfold-mutant-'));
  const report = join(folder, 'report.json');
  const config = join(ROOT, 'infra/mutants/vitest.config.ts');
  const args = ['run', '--config', config, '--reporter=json', `--outputFile=${report}`, ...files];
  if (name !== '') args.push('--testNamePattern', name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const env = { ...process.env, CALLFOLD_MUTANT: guard, CALLFOLD_SIM_HISTORIES: String(HISTORIES) };
  let output = '';
  const child = spawn(tool('vitest'), args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (output = (output + text).slice(-4_000)));
  await new Promise((resolve) => child.once('close', resolve));
  try {
    /** @type {{ testResults: { message?: string, assertionResults: Test[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const said = testResults.map(({ message }) => message ?? '').join('\n');
    return { tests: testResults.flatMap(({ assertionResults }) => assertionResults), output: `${output}\n${said}` };
  } catch {
    return { tests: [], output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {readonly Test[]} tests @param {Mutant} mutant */
const named = (tests, { name }) =>
  tests.filter(({ fullName, status }) => fullName.includes(name) && status !== 'skipped');

/** @param {readonly Mutant[]} mutants whose named test does not pass as the sources are */
async function notSound(mutants) {
  const files = [...new Set(mutants.map(({ test }) => test))];
  const { tests, output } = await runTests(files, {});
  const unsound = mutants.filter((mutant) => {
    const own = named(tests, mutant);
    return own.length === 0 || own.some(({ status }) => status !== 'passed');
  });
  if (unsound.length > 0) process.stderr.write(`${output}\n`);
  return unsound;
}

/** @param {Mutant} mutant */
async function killed(mutant) {
  const begun = performance.now();
  const { tests, output } = await runTests([mutant.test], { guard: mutant.guard, name: mutant.name });
  const own = named(tests, mutant);
  const failed = own.filter(({ status }) => status === 'failed');
  const seconds = (performance.now() - begun) / 1_000;
  // A file that does not load has failed for another reason than the guard.
  return { mutant, isKilled: failed.length > 0, seconds, why: own.length === 0 ? output : '' };
}

/** @param {Awaited<ReturnType<typeof killed>>} result */
function tell({ mutant, isKilled, seconds, why }) {
  const { guard, file, from, to, test, name } = mutant;
  const how = to === '' ? `without \`${from}\`` : `\`${from}\` becomes \`${to}\``;
  const verdict = isKilled ? 'fails' : 'DOES NOT FAIL';
  say(`| ${guard} | ${file} | ${how.replaceAll('\n', ' ')} | ${verdict}: ${name} (${test}) | ${seconds.toFixed(1)} |`);
  if (why !== '') say(`the test did not run:\n${why}`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  const mutants = MUTANTS.filter(({ guard }) => guard.includes(values.only));
  const unsound = await notSound(mutants);
  for (const { guard, name } of unsound) say(`${guard}: "${name}" does not pass as the sources are`);
  say('| guard | file | removed how | test that fails | seconds |\n|---|---|---|---|---|');
  const waiting = mutants.filter((mutant) => !unsound.includes(mutant));
  let passed = 0;
  let failed = unsound.length;
  const work = async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await killed(mutant);
      tell(result);
      if (result.isKilled) passed += 1;
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, work));
  if (failed > 0 || passed === 0) process.exitCode = 1;
  say(`\n${passed} passed, ${failed} failed`);
}

await main();
