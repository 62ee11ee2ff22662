#!/usr/bin/env node
// @ts-check
/**
 * A rule is changed under load: the threshold of short abandonments, and a bug of an older version that did not know
 * voicemail. The aggregates are rebuilt, compared and changed over, what was published is corrected, and then the whole
 * of it backwards; each answer is held against a fold of its own.
 *
 *   npm run story -- [--rate EVENTS_A_SECOND] [--seconds OF_THE_OLD_VERSION] [--rebuild-rate RECORDS] [--seed SEED]
 *     [--there] and not back
 */

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '@callfold/adapters';
import { checkDiff, checkReplay, derivedEnds } from './checks.mjs';
import { differing, foldLog } from './fold.mjs';
import { startReaders } from './readers.mjs';
import { openStage, versionEnv } from './stage.mjs';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '10' },
    'rebuild-rate': { type: 'string' },
    seed: { type: 'string', default: '1' },
    there: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const SWITCH_MOST_MS = 1_000;
const READ_CALLS = 25;
const LOOK_MS = 50;
/** Exit code where something differs. */
const DIFFERENT = 3;
const SHOWN = 5;
const CHANGED = { CALLFOLD_SHORT_ABANDON_MS: '9000' };

const begunAt = performance.now();
const say = (/** @type {string} */ line) =>
  process.stdout.write(`${((performance.now() - begunAt) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);
const seconds = (/** @type {number} */ ms) => (ms / 1_000).toFixed(1);
const counts = { passed: 0, failed: 0 };

/** @param {string} what @param {boolean} holds @param {readonly string[]} [why] */
function check(what, holds, why = []) {
  counts[holds ? 'passed' : 'failed'] += 1;
  say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  if (!holds) for (const line of why.slice(0, SHOWN)) say(`       ${line}`);
}

/** @typedef {import('./stage.mjs').Stage} Stage */
/** @typedef {import('./fold.mjs').Versions} Versions */
/** @typedef {import('./fold.mjs').History} History */
/** @typedef {import('@callfold/core').Settings} Settings */
/** @typedef {ReturnType<typeof startReaders>} Readers */

/** @param {string} text @returns {any[]} */
const lines = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** @param {Stage} stage @param {readonly string[]} args @param {Record<string, string>} env @param {number} code */
async function must(stage, args, env, code) {
  const ended = await stage.crew.ask(args, env);
  if (ended.code === code) return ended;
  throw new Error(
    `callfold ${args.join(' ')} ended with ${ended.code}, and not ${code}: ${ended.out.slice(-2_000)}${ended.err}`,
  );
}

/** @param {Stage} stage @param {string} what */
async function underLoad(stage, what) {
  const perSecond = await stage.rateSince();
  check(`${what} under ${perSecond.toLocaleString('en-US')} events a second`, perSecond >= rate);
}

/** @param {Stage} stage @param {string} to @param {Record<string, string>} env */
async function switchTo(stage, to, env) {
  const { out, ms } = await must(stage, ['switch', to, '--execute', '--confirm', to, '--json'], env, 0);
  const [{ heldMs }] = lines(out);
  check(
    `switch to ${to}: readers saw a standing generation for ${Math.round(heldMs)} ms (the command took ${seconds(ms)} s)`,
    heldMs < SWITCH_MOST_MS,
  );
}

/**
 * @typedef {{
 *   from: string, to: string, buggy: boolean, settings: Record<string, string>,
 *   left: History, right: History, standing: History, says: History, readFrom: readonly number[],
 *   replaysAtRest: boolean,
 * }} Change a generation by other rules, and what is published by another version: what each of them is made of.
 *   `replaysAtRest`: the log is long by then, and a replay, which compares all of it, would run after a load for long
 */

/** Beside the live one, and then how they differ. @param {Stage} stage @param {Change} change */
async function build(stage, { from, to, buggy, settings }) {
  const code = versionEnv(buggy);
  const log = (await stage.ends()).reduce((sum, one) => sum + one, 0);
  // With a rate it gives way to all that is at work, and on a machine that has nothing to spare it does not end.
  const pace = values['rebuild-rate'] === undefined ? [] : ['--rate', values['rebuild-rate']];
  const rebuilt = await must(stage, ['rebuild', to, ...pace], { ...code, ...settings }, 0);
  say(`rebuild ${to}: ${log.toLocaleString('en-US')} records and what came meanwhile in ${seconds(rebuilt.ms)} s`);
  await underLoad(stage, `rebuild ${to}`);
  const since = await stage.positions([from, to]);
  const diffed = await must(stage, ['diff', from, to, '--json'], code, DIFFERENT);
  const upTo = await stage.ends();
  await underLoad(stage, `diff ${from} ${to} in ${seconds(diffed.ms)} s`);
  const found = lines(diffed.out);
  say(`diff says ${JSON.stringify(found.pop().counts)}`);
  return { found, since, upTo };
}

/** There, back, and there again. @param {Stage} stage @param {Readers} readers @param {Change} change */
async function changeOver(stage, readers, { from, to, buggy }) {
  for (const name of [to, from, to]) {
    await switchTo(stage, name, versionEnv(buggy));
    const before = readers.readingsOf(name);
    while (readers.readingsOf(name) < before + READ_CALLS) await pause(LOOK_MS);
  }
  await underLoad(stage, 'there, back, and there again');
}

/** What stands is corrected. @param {Stage} stage @param {Change} change */
async function replay(stage, { buggy, replaysAtRest }) {
  if (replaysAtRest) await stage.rest();
  const from = await derivedEnds(stage.site);
  const since = await stage.outcomesAt();
  const range = ['--from', 'earliest', '--to', 'latest', '--source', 'callcenter24'];
  const execute = ['--execute', '--confirm', 'outcomes', '--json'];
  const { code, out, err, ms } = await stage.crew.ask(['replay', 'outcomes', ...range, ...execute], versionEnv(buggy));
  const said = err
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes(' a second'));
  // What came of a call meanwhile its owner publishes by itself; the command says of how many, and ends with 3.
  check(`replay outcomes --execute in ${seconds(ms)} s: ${said.at(-1)}`, code === 0 || code === DIFFERENT, said);
  if (!replaysAtRest) await underLoad(stage, 'replay outcomes');
  const rows = lines(out);
  const positions = since.map((_, partition) => rows.find((row) => row.partition === partition)?.position ?? 0);
  return { from, since, positions };
}

/**
 * At rest: everything that was found and done, held against a fold of its own.
 * @param {Stage} stage
 * @param {Readers} readers
 * @param {Change} change
 * @param {Awaited<ReturnType<typeof build>>} built
 * @param {Awaited<ReturnType<typeof replay>>} replayed
 */
async function hold(stage, readers, change, built, replayed) {
  const { from, to, left, right, standing, says } = change;
  const judged = await checkDiff(stage.site, [left, right], built, readers.keys);
  check(
    `diff listed exactly the ${judged.exact} calls that differ, and ${judged.during} that went on meanwhile`,
    judged.wrong.length === 0 && judged.exact > 0,
    judged.wrong,
  );
  const stoodStill = (/** @type {number} */ partition, /** @type {string} */ key) =>
    (judged.lastOf[partition]?.get(key) ?? Infinity) < (change.readFrom[partition] ?? 0);
  for (const [name, said] of /** @type {const} */ ([
    [from, judged.left],
    [to, judged.right],
  ])) {
    const { calls, wrong } = readers.compare(name, said, stoodStill);
    const what = `${readers.readingsOf(name)} readings of ${name} show each of ${calls} calls as it alone has them`;
    check(what, wrong.length === 0 && calls > 0, wrong);
  }
  check('no reader saw a position go back', readers.problems.length === 0, readers.problems);
  const corrected = await checkReplay(stage.site, [standing, says], replayed);
  check(
    `replay published exactly the ${corrected.exact} records that changed, once each, and ${corrected.during} of calls that went on`,
    corrected.wrong.length === 0 && corrected.exact > 0,
    corrected.wrong,
  );
  const verified = await stage.crew.ask(['verify'], versionEnv(change.buggy));
  check(`verify: ${verified.err.trim().split('\n').at(-1)}`, verified.code === 0, verified.out.split('\n'));
}

/**
 * One change of the rules, from its rebuild to its corrections, read all the time.
 * @param {Stage} stage
 * @param {readonly (readonly string[])[]} keys of the calls that are read, by partition
 * @param {Change} change
 */
async function tell(stage, keys, change) {
  const readers = startReaders(stage.site, keys);
  try {
    await stage.beginLoad();
    const built = await build(stage, change);
    await changeOver(stage, readers, change);
    const replayed = await replay(stage, change);
    say(`everything is folded and sent ${seconds(await stage.rest())} s after the load's end; now the other fold`);
    // It folds in this process, where nobody reads meanwhile.
    await readers.stop();
    say(`${readers.all} readings, the longest in ${Math.round(readers.longestMs)} ms`);
    await hold(stage, readers, change, built, replayed);
  } finally {
    await readers.stop().catch((error) => check(`readers read to the end: ${error}`, false));
  }
}

/**
 * Calls that have ended long ago and that the two versions say differently, by partition.
 * @param {Stage} stage
 * @param {readonly number[]} ends
 * @param {readonly [import('./fold.mjs').History, import('./fold.mjs').History]} histories
 */
async function callsToRead(stage, ends, histories) {
  const keys = [];
  for (const [partition, end] of ends.entries()) {
    const { said, lastOf } = await foldLog(stage.site, partition, end, 'aggregates', histories);
    const [left = new Map(), right = new Map()] = said;
    keys.push(
      differing(left, right)
        .filter((key) => (lastOf.get(key) ?? end) < end / 2)
        .slice(0, READ_CALLS),
    );
  }
  return keys;
}

/**
 * Which version read what.
 * @param {readonly number[]} start of the log, by partition
 */
const versionsFrom = (start) => ({
  /** @param {boolean} buggy @returns {Versions} */
  always: (buggy) => [{ from: start, buggy }],
  /** @param {boolean} first @param {readonly number[]} from @param {boolean} then @returns {Versions} */
  changing: (first, from, then) => [
    { from: start, buggy: first },
    { from, buggy: then },
  ],
});

/**
 * And then the older version and the older threshold again.
 * @param {Stage} stage
 * @param {readonly (readonly string[])[]} keys
 * @param {{ mended: number[], start: number[], old: Settings, changed: Settings }} before
 */
async function backwards(stage, keys, { mended, start, old, changed }) {
  const { always, changing } = versionsFrom(start);
  await must(stage, ['drop', '1', '--execute', '--confirm', '1'], CHANGED, 0);
  say('backwards: the older version and the older threshold again');
  // A projector folds by the settings of a generation that is kept: those of the one that is left now.
  const back = await stage.rollOut(true, CHANGED);
  await tell(stage, keys, {
    from: 'next',
    to: 'back',
    buggy: true,
    settings: {},
    left: { versions: changing(false, back, true), settings: changed },
    right: { versions: always(true), settings: old },
    standing: { versions: changing(false, back, true), settings: old },
    says: { versions: always(true), settings: old },
    readFrom: mended,
    replaysAtRest: true,
  });
}

async function main() {
  const stage = await openStage({ rate, seed: values.seed, say });
  let isTold = false;
  try {
    const start = (await stage.ends()).map(() => 0);
    const old = readConfig(stage.env).settings;
    const changed = readConfig({ ...stage.env, ...CHANGED }).settings;
    await stage.rollOut(true);
    await stage.beginLoad();
    await pause(Number(values.seconds) * 1_000);
    await underLoad(stage, 'the old version, which does not know voicemail,');
    await stage.rest();
    const mended = await stage.rollOut(false);
    const { always, changing } = versionsFrom(start);
    const keys = await callsToRead(stage, mended, [
      { versions: always(true), settings: old },
      { versions: always(false), settings: changed },
    ]);
    check(
      `${keys.flat().length} calls are read all the time`,
      keys.every((some) => some.length > 0),
    );
    await tell(stage, keys, {
      from: '1',
      to: 'next',
      buggy: false,
      settings: CHANGED,
      left: { versions: changing(true, mended, false), settings: old },
      right: { versions: always(false), settings: changed },
      standing: { versions: changing(true, mended, false), settings: old },
      says: { versions: always(false), settings: old },
      readFrom: mended,
      replaysAtRest: false,
    });
    if (!values.there) await backwards(stage, keys, { mended, start, old, changed });
    isTold = true;
  } finally {
    if (counts.failed > 0 || !isTold) say(`logs: ${stage.dir}`);
    await stage.close({ keep: counts.failed > 0 || !isTold });
  }
}

await main().catch((error) => {
  counts.failed += 1;
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
});
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
