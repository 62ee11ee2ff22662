// @ts-check
/** One process at a time: a folder is the lock (making one is atomic), the pid file in it says whose it is. */

import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './part.mjs';
import { readPid, writePid } from './pid.mjs';
import { WAITS } from './settings.mjs';

/** A lock without a pid file is that of a process between two lines; after this time it was left by a killed one. */
const UNNAMED_MS = 2_000;

/** @param {string} dir */
function isStale(dir) {
  if (readPid(join(dir, 'pid.json'))) return false;
  try {
    return Date.now() - statSync(dir).mtimeMs > UNNAMED_MS;
  } catch {
    return false;
  }
}

/**
 * @template T
 * @param {string} dir
 * @param {number} waitMs
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(dir, waitMs, work) {
  const end = Date.now() + waitMs;
  for (;;) {
    try {
      mkdirSync(dir);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isStale(dir)) rmSync(dir, { recursive: true, force: true });
    else if (Date.now() > end)
      throw new Error(`another process holds ${dir} for ${waitMs / 1_000} s; end it or remove it.`);
    else await pause(WAITS.pollMs);
  }
  writePid(join(dir, 'pid.json'), process.pid);
  try {
    return await work();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
