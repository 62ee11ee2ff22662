// @ts-check
/** Pid files that survive the id's reuse: a pid counts only together with the start time of its process. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * When the process started, in the system's own words; null when there is no such process, or only its zombie is left.
 * @param {number} pid
 */
export function startedAt(pid) {
  try {
    if (existsSync('/proc/self/stat')) {
      // The name before the last ")" may hold anything; state is the first field after it, start time the 20th.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? null : (fields[19] ?? null);
    }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/**
 * @param {string} file
 * @param {number} pid
 * @param {Record<string, unknown>} [notes] kept beside the pid, as JSON
 */
export function writePid(file, pid, notes = {}) {
  writeFileSync(file, `${JSON.stringify({ pid, started: startedAt(pid), ...notes })}\n`);
}

/**
 * The pid file's content when its process still runs, else null.
 * @param {string} file
 * @returns {{ pid: number, started: string, [note: string]: unknown } | null}
 */
export function readPid(file) {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8'));
    return typeof found.pid === 'number' && found.started && startedAt(found.pid) === found.started ? found : null;
  } catch {
    return null;
  }
}

/** @param {string} file */
export function forgetPid(file) {
  rmSync(file, { force: true });
}
