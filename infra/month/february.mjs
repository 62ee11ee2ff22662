// @ts-check
/** February 1999 of a bank's call centre: real calls, where the data is there. Users do not have it. */

import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../test/process.mjs';

const SHARED = join(ROOT, '..', 'shared');
const DATA = join(SHARED, 'data', 'technion');

/** @param {string} dir for the events */
export function februaryInput(dir) {
  const month = join(DATA, 'february_1999.tsv');
  const tool = join(SHARED, 'tools', 'technion-to-events.mjs');
  if (!existsSync(month) || !existsSync(tool)) return null;
  const file = join(dir, 'february.ndjson');
  const made = spawnSync(process.execPath, [tool, month], { stdio: ['ignore', openSync(file, 'w'), 'inherit'] });
  if (made.status !== 0) throw new Error(`${tool} ended with ${made.status}`);
  const expected = JSON.parse(readFileSync(join(DATA, 'february_expected.json'), 'utf8'));
  const events = readFileSync(file, 'utf8').split('\n').length - 1;
  return { name: 'February 1999, the Anonymous Bank', file, expected, events };
}
