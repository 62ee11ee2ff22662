// @ts-check
/** An earlier version of callfold, from this clone's history, built in the cache. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

/**
 * Version N-1 as long as there is no release: its commits are those of the script before today's, and its owners know
 * nothing of requests, generations or figures. With the first release its tag takes this place.
 */
export const BEFORE = '13b6eff921f6da462ada057e5e63aa76b0976368';
const STEP_LIMIT_MS = 900_000;

/** @returns {string | null} why it cannot be had here */
export function whyNotBefore() {
  const found = spawnSync('git', ['cat-file', '-e', `${BEFORE}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
  if (found.status === 0) return null;
  return `this clone's history does not reach back to ${BEFORE.slice(0, 8)} (git fetch --unshallow)`;
}

/** @param {(line: string) => void} say @returns {string} the root of its clone, built */
export function buildBefore(say) {
  const dir = join(cacheDir, `callfold-${BEFORE.slice(0, 12)}`);
  if (existsSync(dir)) return dir;
  say(`building ${BEFORE.slice(0, 8)}, once`);
  const making = `${dir}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    const tar = execFileSync('git', ['archive', BEFORE], { cwd: ROOT, maxBuffer: 1_073_741_824 });
    execFileSync('tar', ['-x', '-C', making], { input: tar });
    const env = { ...process.env, DO_NOT_TRACK: '1', TURBO_TELEMETRY_DISABLED: '1' };
    for (const step of [
      ['ci', '--no-audit', '--no-fund'],
      ['run', 'build'],
    ])
      execFileSync('npm', step, { cwd: making, env, stdio: ['ignore', 'ignore', 'pipe'], timeout: STEP_LIMIT_MS });
    renameSync(making, dir);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return dir;
}
