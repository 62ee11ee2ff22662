// @ts-check
/** February 1999 of a bank's call centre: real calls, where the data is there. Users do not have it. */

import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../test/process.mjs';

const SHARED = join(ROOT, '..', 'shared');
const DATA = join(SHARED, 'data', 'technion');
const MONTH = join(DATA, 'february_1999.tsv');
const TOOL = join(SHARED, 'tools', 'technion-to-events.mjs');

/** @returns {string | null} why there is no February here */
export function whyNoFebruary() {
  const missing = [MONTH, TOOL].find((file) => !existsSync(file));
  return missing === undefined ? null : `there is no ${missing}`;
}

/** @param {string} dir for the events */
export function februaryInput(dir) {
  if (whyNoFebruary() !== null) return null;
  const file = join(dir, 'february.ndjson');
  const made = spawnSync(process.execPath, [TOOL, MONTH], { stdio: ['ignore', openSync(file, 'w'), 'inherit'] });
  if (made.status !== 0) throw new Error(`${TOOL} ended with ${made.status}`);
  const expected = JSON.parse(readFileSync(join(DATA, 'february_expected.json'), 'utf8'));
  const events = readFileSync(file, 'utf8').split('\n').length - 1;
  return { name: 'February 1999, the Anonymous Bank', file, expected, events };
}
