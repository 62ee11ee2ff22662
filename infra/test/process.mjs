// @ts-check
/** Children of the test runner: a process group of its own each, a time limit, and an end for all that they started. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 20_000;

/** A failure is said once more at the end: whoever has only the last page of a run must see what failed. */
export const NOTES_MAX = 10;
const NOTE_CHARS = 400;
/** @param {string} text @returns it on one line, which is not long */
export const noteOf = (text) => text.trim().replaceAll(/\s+/g, ' ').slice(0, NOTE_CHARS);
const TELLS_A_FAILURE = /\bFAILED\b|\bDOES NOT FAIL\b/;

/** Nobody is told how often we test. */
const QUIET = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };

/** @param {string} name a tool of our own devDependencies */
export function tool(name) {
  const path = join(ROOT, 'node_modules', '.bin', name);
  if (!existsSync(path)) throw new Error(`${name} is not installed. Run \`npm ci\` in the clone, then try again.`);
  return path;
}

/**
 * @param {number} group its leader's pid
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // Nobody is left in it, which is what a signal was to bring about.
  }
}

/**
 * Runs a program to its end. Its output goes to ours, line by line; its input is empty.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{
 *   signal: AbortSignal,
 *   limitMs: number,
 *   env?: Record<string, string>,
 *   onLine?: (line: string) => void,
 * }} options with `onLine` its standard output is read on the way
 * @returns {Promise<{ code: number | null, why: string }>} `why` says how it ended
 */
export function runProcess(command, args, { signal, limitMs, env = {}, onLine }) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...QUIET, ...env },
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'],
      detached: true,
    });
    let why = '';
    /** @type {NodeJS.Timeout | undefined} */
    let killer;
    const end = (/** @type {string} */ because) => {
      if (why !== '' || child.pid === undefined) return;
      why = because;
      signalGroup(child.pid, 'SIGTERM');
      killer = setTimeout(() => signalGroup(child.pid ?? 0, 'SIGKILL'), GRACE_MS);
    };
    const limit = setTimeout(() => end(`stopped after its limit of ${limitMs / 60_000} minutes`), limitMs);
    const aborted = () => end(`stopped by ${signal.reason}`);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
    if (onLine && child.stdout) eachLine(child.stdout, onLine);
    const done = () => {
      clearTimeout(limit);
      clearTimeout(killer);
      signal.removeEventListener('abort', aborted);
    };
    child.once('error', (error) => {
      done();
      reject(new Error(`${command} does not start: ${error.message}`, { cause: error }));
    });
    child.once('close', (code, by) => {
      done();
      // What it left behind must not outlive it.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      settle({ code: why === '' ? code : null, why: why || (by ? `ended by ${by}` : `ended with exit code ${code}`) });
    });
  });
}

/**
 * Passes a child's output on to ours, and each whole line of it to `onLine`.
 * @param {NodeJS.ReadableStream} stream
 * @param {(line: string) => void} onLine
 */
export function eachLine(stream, onLine) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (/** @type {string} */ text) => {
    process.stdout.write(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

/**
 * Runs a script of this repository that ends with a line `N passed, N failed`.
 * @param {readonly string[]} command
 * @param {{ signal: AbortSignal, limitMs: number, env: Record<string, string> }} options
 * @returns {Promise<import('./suites.mjs').Result>}
 */
export async function script([file = '', ...args], { signal, limitMs, env }) {
  if (!existsSync(resolve(ROOT, file))) throw new Error(`${file}, named in infra/test/suites.mjs, is not there.`);
  let last = '';
  /** @type {string[]} */
  const notes = [];
  const end = await runProcess(process.execPath, [file, ...args], {
    signal,
    limitMs,
    env,
    onLine: (line) => {
      if (line.trim() !== '') last = line.trim();
      if (TELLS_A_FAILURE.test(line) && notes.length < NOTES_MAX) notes.push(noteOf(line));
    },
  });
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  if (passed === undefined || failed === undefined) {
    return { passed: 0, failed: 1, skipped: 0, notes: [`${file} ${end.why} and gave no count as its last line.`] };
  }
  const silent = end.code !== 0 && Number(failed) === 0;
  if (silent) notes.push(`${file} ${end.why}, though it counted no failure.`);
  return {
    passed: Number(passed),
    failed: Number(failed) + (silent ? 1 : 0),
    skipped: 0,
    notes: silent || Number(failed) > 0 ? notes : [],
  };
}
