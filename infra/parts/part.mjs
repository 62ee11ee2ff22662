// @ts-check
/** One running program of a part: started, awaited until it answers, stopped, killed, started again on its data. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ended, endWithMe } from './lifeline.mjs';
import { forgetPid, readPid, startedAt, writePid } from './pid.mjs';
import { WAITS } from './settings.mjs';

const LOG_MAX_BYTES = 10 * 1_048_576;
const LOG_TAIL_LINES = 15;

/** @param {number} ms */
export const pause = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

/** @param {string} dir */
export const pidFileOf = (dir) => join(dir, 'pid.json');

/** @param {string} file */
function tailOf(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  return lines
    .slice(-LOG_TAIL_LINES)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** @param {string} file */
function openLog(file) {
  if (existsSync(file) && statSync(file).size > LOG_MAX_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

/**
 * Waits until the process is gone, however it was told to.
 * @param {number} pid
 * @param {string} started
 * @param {number} withinMs
 * @returns {Promise<boolean>} false: still there
 */
async function gone(pid, started, withinMs) {
  const end = Date.now() + withinMs;
  while (startedAt(pid) === started) {
    if (Date.now() > end) return false;
    await pause(WAITS.pollMs);
  }
  return true;
}

/**
 * Stops what the folder's pid file names: SIGTERM, and SIGKILL when that was not enough.
 * @param {string} dir
 * @returns {Promise<'stopped' | 'killed' | 'not running'>}
 */
export async function stopIn(dir) {
  const found = readPid(pidFileOf(dir));
  if (!found) {
    forgetPid(pidFileOf(dir));
    return 'not running';
  }
  process.kill(found.pid, 'SIGTERM');
  let how = /** @type {'stopped' | 'killed'} */ ('stopped');
  if (!(await gone(found.pid, found.started, WAITS.stopMs))) {
    process.kill(found.pid, 'SIGKILL');
    how = 'killed';
    if (!(await gone(found.pid, found.started, WAITS.stopMs))) {
      throw new Error(
        `process ${found.pid} of ${dir} outlived SIGKILL for ${WAITS.stopMs / 1_000} s; look at it by hand.`,
      );
    }
  }
  forgetPid(pidFileOf(dir));
  return how;
}

/**
 * @typedef {object} Program
 * @property {string} name what messages call it, e.g. "Kafka broker 1"
 * @property {string} dir holds pid file, log and data
 * @property {string} log the log file's name
 * @property {string} command
 * @property {readonly string[]} args
 * @property {number} port kept in the pid file
 * @property {() => Promise<boolean>} answers real readiness, asked again and again; a throw counts as no
 * @property {boolean} keep true: stays when this process ends, and one that runs already is taken over
 */

/**
 * Waits until the program answers; `died` says how it ended, or null while it runs.
 * @param {Program} program
 * @param {string} logFile
 * @param {() => string | null} died
 */
async function untilReady(program, logFile, died) {
  const end = Date.now() + WAITS.readyMs;
  while (!(await program.answers().catch(() => false))) {
    const how = died();
    const late = Date.now() > end ? `did not answer within ${WAITS.readyMs / 1_000} s` : null;
    const what = how ? `ended before it answered (${how})` : late;
    if (what) throw new Error(`${program.name} ${what}. Its log ${logFile} ends with:\n${tailOf(logFile)}`);
    await pause(WAITS.pollMs);
  }
}

/**
 * @param {Program} program
 * @returns {Promise<import('./index.mjs').Part>}
 */
export async function launch(program) {
  const { name, dir, keep, port } = program;
  const pidFile = pidFileOf(dir);
  const logFile = join(dir, 'log', program.log);
  let running = { pid: 0, started: '' };
  let found = false;

  async function spawnNew() {
    mkdirSync(join(dir, 'log'), { recursive: true });
    const log = openLog(logFile);
    const child = spawn(program.command, program.args, { cwd: dir, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    const pid = child.pid;
    if (pid === undefined) {
      const [error] = await once(child, 'error', { signal: AbortSignal.timeout(WAITS.stopMs) });
      throw new Error(`${name} could not be started: ${error.message}`);
    }
    child.unref();
    if (!keep) {
      endWithMe(pid);
      child.once('exit', () => ended(pid));
    }
    running = { pid, started: startedAt(pid) ?? '' };
    writePid(pidFile, pid, { port });
    const died = () => child.signalCode ?? (child.exitCode === null ? null : `exit code ${child.exitCode}`);
    try {
      await untilReady(program, logFile, died);
    } catch (error) {
      if (died() === null) child.kill('SIGKILL');
      throw error;
    }
  }

  async function takeOver(/** @type {{ pid: number, started: string, [note: string]: unknown }} */ known) {
    if (!keep) throw new Error(`${name} runs already in ${dir} (process ${known.pid}); stop it first.`);
    if (known['port'] !== port) {
      throw new Error(
        `${name} is up on port ${known['port']} and port ${port} was asked for. Stop it first: npm run infra:down`,
      );
    }
    running = known;
    await untilReady(program, logFile, () => (startedAt(known.pid) === known.started ? null : 'gone'));
  }

  /** @type {import('./index.mjs').Part} */
  const part = {
    name,
    dir,
    port,
    logFile,
    get found() {
      return found;
    },
    get pid() {
      return running.pid;
    },
    get alive() {
      return startedAt(running.pid) === running.started;
    },
    async start() {
      const known = readPid(pidFile);
      found = known !== null;
      await (known ? takeOver(known) : spawnNew());
    },
    async kill(signal = 'SIGKILL') {
      if (!part.alive) return;
      process.kill(running.pid, signal);
      if (signal !== 'SIGKILL') return;
      if (!(await gone(running.pid, running.started, WAITS.stopMs))) throw new Error(`${name} outlived SIGKILL`);
      forgetPid(pidFile);
    },
    async stop({ wipe = false } = {}) {
      // A stopped process takes no SIGTERM; data that is thrown away needs no orderly end.
      await part.kill(wipe ? 'SIGKILL' : 'SIGCONT');
      await stopIn(dir);
      // What Redis has forked to save its data outlives it, and ends when it has written.
      if (wipe) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
    },
  };
  await part.start();
  return part;
}
