#!/usr/bin/env node
// @ts-check
/**
 * The figures of `callfold report` over a month of calls beside those that are expected, to the digit: expected figures
 * were counted apart from the project, or come from what happened to each caller and never from events.
 *
 *   npm run month:report                       February 1999 where shared/data is there, else a generated month
 *   npm run month:report -- --generated        a generated month of that shape [--calls N] [--seed SEED]
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/process.mjs';
import { februaryInput } from './february.mjs';
import { generateMonth } from './month.mjs';

const CALLFOLD = join(ROOT, 'services/cli/bin/callfold.js');
/** What `callfold report` is to give. What else stands in a file of expected figures is about something else. */
const COMPARED = [
  'calls',
  'outcomes',
  'shortAbandoned',
  'offers',
  'waitMsAnswered',
  'waitMsAbandoned',
  'talkMs',
  'asaSeconds',
  'meanWaitOfAbandonedSeconds',
  'abandonedOfAllPercent',
  'meanTalkSeconds',
  'report.serviceLevelPercent',
  'report.abandonmentPercent',
  'report.byHour',
  'report.byAgent',
];

const { values } = parseArgs({
  options: {
    generated: { type: 'boolean', default: false },
    calls: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {string} dir */
function input(dir) {
  const february = values.generated ? null : februaryInput(dir);
  if (february) return february;
  const { events, expected } = generateMonth({ seed: values.seed, calls: Number(values.calls) });
  const file = join(dir, 'month.ndjson');
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return { name: `a generated month of ${values.calls} calls, seed ${values.seed}`, file, expected };
}

/** @param {string[]} args @param {string} out a file for its standard output */
function callfold(args, out) {
  const { status, signal } = spawnSync(process.execPath, [CALLFOLD, ...args], {
    cwd: ROOT,
    stdio: ['ignore', openSync(out, 'w'), 'inherit'],
  });
  if (status !== 0) throw new Error(`callfold ${args[0]} ended with ${signal ?? `exit code ${status}`}`);
}

/** Single values by their path. @param {any} value @param {string} path @returns {[path: string, value: unknown][]} */
function leavesOf(value, path) {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, one]) => leavesOf(one, path === '' ? name : `${path}.${name}`));
}

/** @param {any} figures @returns {Map<string, unknown>} */
function comparedOf(figures) {
  const at = (/** @type {string} */ path) => path.split('.').reduce((value, name) => value?.[name], figures);
  return new Map(COMPARED.flatMap((path) => leavesOf(at(path), path)));
}

function main() {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'report-'));
  try {
    const { name, file, expected } = input(dir);
    say(name);
    const [records, report] = [join(dir, 'records.ndjson'), join(dir, 'report.json')];
    callfold(['fold', file], records);
    callfold(['report', '--json', '--threshold', '20,30,60', records], report);
    const [wanted, given] = [comparedOf(expected), comparedOf(JSON.parse(readFileSync(report, 'utf8')).callcenter24)];
    const width = Math.max(...[...wanted.keys(), ...given.keys()].map((path) => path.length));
    say(`\n      ${'figure'.padEnd(width)}${'expected'.padStart(16)}${'callfold report'.padStart(18)}`);
    let failed = 0;
    const paths = new Set([...wanted.keys(), ...given.keys()]);
    for (const path of paths) {
      const same = wanted.get(path) !== undefined && wanted.get(path) === given.get(path);
      if (!same) failed += 1;
      const [one, other] = [wanted.get(path), given.get(path)].map((value) => JSON.stringify(value ?? null));
      say(`${same ? 'ok    ' : 'FAILED'}${path.padEnd(width)}${one?.padStart(16)}${other?.padStart(18)}`);
    }
    say(`${paths.size - failed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  main();
} catch (error) {
  say(`report: ${error instanceof Error ? error.stack : error}`);
  say('0 passed, 1 failed');
  process.exitCode = 1;
}
