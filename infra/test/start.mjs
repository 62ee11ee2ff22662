// @ts-check
/**
 * `npm start` for a short while: it comes up, prints what a newcomer is promised (abandonments and voicemail redirects
 * within a minute), and goes down cleanly when told.
 *
 * Without arguments: the built command itself, ended by SIGTERM, which must end it with exit code 0.
 * With --npm: `npm start` as the README gives it, ended as Ctrl-C in a terminal ends it: SIGINT to the
 * whole group. npm passes its own on, so the command gets two at once and must take them for one.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts, isFree } from '../parts/index.mjs';
import { eachLine, ROOT, signalGroup } from './process.mjs';

/** A first build on a slow machine is part of `npm start`. */
const UP_MS = { command: 30_000, npm: 300_000 };
/** The promise of the README's first screen. */
const PROMISE_MS = 60_000;
const DOWN_MS = 20_000;
const POLL_MS = 100;
const USUAL_PORT = 8_080;
const OUTCOMES_MIN = 10;
const OUTCOME =
  /\b(answered|abandoned|missed|voicemail|completed|blocked|stalled|cancelled|(left|not)[ -](before|connected))\b/i;

const npm = process.argv.includes('--npm');
const say = (/** @type {string} */ line) => process.stdout.write(`[start] ${line}\n`);

/**
 * @param {number} port
 * @param {string} dataDir
 */
function launch(port, dataDir) {
  const [command = '', ...args] = npm ? ['npm', 'start'] : [process.execPath, 'services/cli/bin/callfold.js', 'dev'];
  say(`${[command, ...args].join(' ')}, port ${port}`);
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, CALLFOLD_HTTP_PORT: String(port), CALLFOLD_DATA_DIR: dataDir, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  /** @type {{ group: number, end: string | null, outcomes: string[] }} `end` is null while it runs */
  const run = { group: child.pid ?? 0, end: null, outcomes: [] };
  child.once('error', (error) => {
    run.end = error.message;
  });
  // Not 'exit': what npm and a shell started in between holds the pipe, too.
  child.once('close', (code, signal) => {
    run.end = signal ?? `exit code ${code}`;
  });
  eachLine(child.stdout, (line) => {
    if (OUTCOME.test(line)) run.outcomes.push(line);
  });
  return run;
}

/**
 * @param {string} what
 * @param {number} limitMs
 * @param {() => boolean | Promise<boolean>} condition
 */
async function until(what, limitMs, condition) {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`no ${what} within ${limitMs / 1_000} s`);
    await pause(POLL_MS);
  }
}

/** @param {number} port */
async function lives(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => null);
  await answer?.arrayBuffer().catch(() => null);
  return answer?.status === 200;
}

/**
 * @param {ReturnType<typeof launch>} run
 * @param {number} port
 * @returns {[what: string, test: () => Promise<void>][]}
 */
function checksOf(run, port) {
  const ended = () => {
    if (run.end !== null) throw new Error(`it ended by itself with ${run.end}`);
    return false;
  };
  const saw = (/** @type {RegExp} */ word) => run.outcomes.some((line) => word.test(line));
  return [
    ['/livez answers', () => until('answer', npm ? UP_MS.npm : UP_MS.command, async () => ended() || lives(port))],
    [
      `${OUTCOMES_MIN} outcomes are printed within a minute, abandonments and voicemail redirects among them`,
      () =>
        until('such outcomes', PROMISE_MS, () => {
          const enough = run.outcomes.length >= OUTCOMES_MIN && saw(/abandoned/i) && saw(/voicemail/i);
          return enough || ended();
        }),
    ],
    [
      `${npm ? 'Ctrl-C' : 'SIGTERM'} ends it with exit code 0`,
      async () => {
        ended();
        signalGroup(run.group, npm ? 'SIGINT' : 'SIGTERM');
        await until('end', DOWN_MS, () => run.end !== null);
        if (run.end !== 'exit code 0') throw new Error(`it ended with ${run.end}`);
        if (!(await isFree(port))) throw new Error(`port ${port} is still taken`);
      },
    ],
  ];
}

// The README's port where it is free; where not, the run is still worth having.
const port = npm && (await isFree(USUAL_PORT)) ? USUAL_PORT : ((await freePorts(1))[0] ?? 0);
const dataDir = mkdtempSync(join(tmpdir(), 'callfold-start-'));
const run = launch(port, dataDir);
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(name, () => signalGroup(run.group, 'SIGTERM'));
}
let passed = 0;
let failed = 0;
for (const [what, test] of checksOf(run, port)) {
  const begun = performance.now();
  try {
    await test();
    passed += 1;
    say(`passed: ${what} (${((performance.now() - begun) / 1_000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    say(`FAILED: ${what}: ${error instanceof Error ? error.message : error}`);
  }
}
signalGroup(run.group, 'SIGKILL');
rmSync(dataDir, { recursive: true, force: true });
if (failed > 0) process.exitCode = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
