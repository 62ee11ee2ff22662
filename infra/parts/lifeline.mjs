// @ts-check
/**
 * Ends test instances with the process that started them, however that one ends (exit, Ctrl-C, kill -9): a watcher
 * holds the other end of a pipe, and when the pipe closes it kills what is still on its list. Run as a program, this
 * file is the watcher.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startedAt } from './pid.mjs';

const self = fileURLToPath(import.meta.url);

/** @type {import('node:child_process').ChildProcess | undefined} */
let watcher;

/** @param {string} line */
function tell(line) {
  if (!watcher || watcher.exitCode !== null || watcher.signalCode !== null) {
    // A session of its own: Ctrl-C in the terminal must not end the watcher before it has done its work.
    watcher = spawn(process.execPath, [self], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    watcher.stdin?.on('error', () => {});
    /** @type {import('node:net').Socket} */ (watcher.stdin).unref();
    watcher.unref();
  }
  watcher.stdin?.write(`${line}\n`);
}

/** @param {number} pid */
export function endWithMe(pid) {
  tell(`+${pid} ${startedAt(pid)}`);
}

/** @param {number} pid */
export function ended(pid) {
  tell(`-${pid}`);
}

function watch() {
  /** @type {Map<number, string>} */
  const alive = new Map();
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const [, sign, pid, started] = /^([+-])(\d+) ?(.*)$/.exec(line) ?? [];
      if (sign === '+') alive.set(Number(pid), started ?? '');
      else alive.delete(Number(pid));
    })
    .on('close', () => {
      for (const [pid, started] of alive) {
        if (startedAt(pid) === started) process.kill(pid, 'SIGKILL');
      }
    });
}

if (process.argv[1] === self) watch();
