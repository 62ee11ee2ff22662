// @ts-check
/**
 * Runs cases of one seed, in a process of its own so that it can be killed: the index under way stands in a file, where
 * whoever watches finds it also when this process hangs or runs out of memory.
 */

import { openSync, writeSync } from 'node:fs';
import { createCodec } from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import { caseOf } from './cases.mjs';
import { createChecks } from './checks.mjs';
import { schemaSource } from './foreign.mjs';

const [file = '', seed = '', first = '', records = '', only = ''] = process.argv.slice(2);
const PREPARED = 200;
const FAILURES_MOST = 20;

const progress = openSync(file, 'w');
const place = Buffer.alloc(16);

/** @param {number} index @param {number} counted */
function tell(index, counted) {
  place.writeDoubleLE(index, 0);
  place.writeDoubleLE(counted, 8);
  writeSync(progress, place, 0, place.length, 0);
}

const codec = createCodec(schemaSource(), () => 0);
const ids = await codec.register(TOPICS.map(({ name }) => name));
const checks = createChecks(codec, ids);
/** @type {{ index: number, what: string, message: string }[]} */
const failures = [];
let counted = 0;
let index = Number(first);

/** @param {number} at @param {string} what @param {() => number} run */
function attempt(at, what, run) {
  try {
    counted += run();
  } catch (error) {
    counted += 1;
    failures.push({
      index: at,
      what,
      message: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
    });
  }
}

while (counted < Number(records) && failures.length < FAILURES_MOST) {
  const from = index;
  const cases = [];
  for (; index < from + (only === 'only' ? 1 : PREPARED); index += 1) {
    tell(index, counted);
    cases.push(caseOf(seed, index, ids));
  }
  await codec.prepare(cases.flatMap((one) => (one.kind === 'avro' ? [/** @type {any} */ ({ value: one.value })] : [])));
  for (const [i, one] of cases.entries()) {
    tell(from + i, counted);
    attempt(from + i, `${one.kind}: ${one.what}`, () => checks.check(one));
  }
  if (only === 'only') break;
}
// A fold is a matter of all events since the last one was ended: the run up to here repeats it.
if (failures.length === 0) attempt(index, 'the end of a fold', () => (checks.endFold(), 0));

const { maxRSS } = process.resourceUsage();
const { event, rejected, lines } = checks.tally;
process.send?.(
  { counted, cases: index - Number(first), event, lines, rejected: Object.fromEntries(rejected), failures, maxRSS },
  () => process.disconnect(),
);
