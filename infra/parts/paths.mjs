// @ts-check
/** Folders: data and logs under the git-ignored `.infra/`, one sub-folder for `infra:up`, one for every test run. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from './pid.mjs';
import { DIR_SETTING } from './settings.mjs';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const infraDir = join(repository, '.infra');

export const cacheDir = join(infraDir, 'cache');
export const pomFile = fileURLToPath(new URL('../pom.xml', import.meta.url));

/** The folder of `infra:up`. */
export function devDir(env = process.env) {
  return resolve(env[DIR_SETTING] || join(infraDir, 'dev'));
}

/**
 * An empty folder for one process's own parts. Leftovers of processes that are gone are removed on the way.
 * @param {string} name
 */
export function testDir(name) {
  if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`testDir: "${name}" may hold a-z, 0-9 and - only.`);
  const names = existsSync(infraDir) ? readdirSync(infraDir) : [];
  for (const old of names) {
    const pid = /^test-.*-(\d+)$/.exec(old)?.[1];
    if (pid && (Number(pid) === process.pid ? old === `test-${name}-${pid}` : !isAlive(Number(pid)))) {
      rmSync(join(infraDir, old), { recursive: true, force: true, maxRetries: 5 });
    }
  }
  const dir = join(infraDir, `test-${name}-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  return dir;
}
