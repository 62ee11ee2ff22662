#!/usr/bin/env node
// @ts-check
/**
 * The console under load, on real parts: 2,000 live calls, 500 agents and 1,000 changes a second, what the page then
 * costs in a real browser, and what 200 viewers cost one console.
 *
 *   npm run load:console             the page for 10 minutes, the viewers for one
 *   npm run load:console -- --short  both shorter
 *   npm run load:console -- --only viewers
 */

import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuMsOf } from '../bench/children.mjs';
import { machineOf } from '../bench/machine.mjs';
import { findChromium, firstPaint, launchChromium } from '../e2e/chromium.mjs';
import { AGREE_MS, standing } from '../e2e/look.mjs';
import { until } from '../e2e/stage.mjs';
import { openChild } from '../faults/child.mjs';
import { residentMib } from '../gateway/idle.mjs';
import { percentile } from '../gateway/sender.mjs';
import { openStage } from '../gateway/stage.mjs';
import { ROOT } from '../test/process.mjs';
import { watchPage } from './browser.mjs';

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false }, only: { type: 'string' } } });
if (![undefined, 'page', 'viewers'].includes(values.only)) throw new Error(`--only ${values.only}: page, viewers`);
const SECONDS = values.short ? { page: 100, viewers: 30 } : { page: 600, viewers: 60 };
const PARTITIONS = 4;
const CALLS = 2_000;
/** Of these at any moment some are over, and their recording comes, and others have not begun. */
const LINES = 2_400;
const AGENTS = 500;
const CHANGES = 1_000;
/** A call to which two things happen between two looks at the feed has changed once. */
const EVENTS = 1_000;
const VIEWERS = 200;
const FULL_MS = 60_000;
const CALM_MS = 15_000;
const PAINTS = 3;

/** What is promised: of one core, and ms. */
const CORES_MOST = 0.25;
const PAINT_MOST_MS = 1_000;
/** What a heap differs by from one collection to the next; ten bytes kept of each change are six times as much. */
const HEAP_MORE_MIB = 1;

const say = (/** @type {string} */ line) => process.stdout.write(`[console] ${line}\n`);
const counts = { passed: 0, failed: 0 };
/** @param {string} what @param {boolean} holds */
function check(what, holds) {
  counts[holds ? 'passed' : 'failed'] += 1;
  say(`${holds ? 'passed' : 'FAILED'}: ${what}`);
}
const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(1)} %`;
const median = (/** @type {number[]} */ all) => percentile(all, 0.5);

/** @typedef {import('../gateway/stage.mjs').Service} Service */

/** @param {Service} service @param {string} name */
async function metricOf({ url }, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = new RegExp(`^callfold_console_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`the console has no metric ${name}`);
  return Number(found);
}

/** What the console spends, and how much changes, while something is done. @param {Service} service */
async function meter(service) {
  const spent = () => cpuMsOf(service.pid) ?? Number.NaN;
  const [begun, cpu, changes] = [performance.now(), spent(), await metricOf(service, 'changes_total')];
  return async () => {
    const ms = performance.now() - begun;
    const changed = (await metricOf(service, 'changes_total')) - changes;
    return { cores: (spent() - cpu) / ms, mib: residentMib(service.pid), changes: (changed * 1_000) / ms };
  };
}

/** @param {Service} service @param {string} path */
async function countOf({ url }, path) {
  let count = 0;
  for (let cursor = ''; ; ) {
    const asked = `${url}/v1/${path}?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = /** @type {any} */ (await (await fetch(asked)).json());
    count += answer[path].length;
    if (answer.next === null) return count;
    cursor = answer.next;
  }
}

/** While it is measured, and not only once. @param {Service} service */
async function checkLive(service) {
  const [calls, agents] = [await countOf(service, 'calls'), await countOf(service, 'agents')];
  check(
    `${calls} live calls and ${agents} agents (at least ${CALLS} and ${AGENTS})`,
    calls >= CALLS && agents >= AGENTS,
  );
}

/** @param {Service} service @param {string} executablePath */
async function lookAtPage(service, executablePath) {
  const browser = await launchChromium(executablePath);
  try {
    const paints = [];
    for (let n = 0; n < PAINTS; n += 1) paints.push(await firstPaint(browser, service.url));
    check(`first paint after ${paints.join(', ')} ms (at most ${PAINT_MOST_MS})`, Math.max(...paints) < PAINT_MOST_MS);
    const page = await browser.newPage({ viewport: { width: 1_440, height: 960 } });
    await page.goto(service.url);
    await until('the page is live', AGREE_MS, async () => (await standing(page).catch(() => null)) === 'live');
    await pause(CALM_MS);
    const measured = await meter(service);
    const { cores, memory, stood } = await watchPage(browser, page, SECONDS.page);
    const console = await measured();
    await checkLive(service);
    check(
      `the page was ${stood.join(', ')} for ${SECONDS.page} s`,
      stood.every((one) => one === 'live'),
    );
    tellConsole('one page', console);
    check(`the browser took ${percent(cores)} of a core (at most ${percent(CORES_MOST)})`, cores < CORES_MOST);
    const third = Math.floor(memory.length / 3);
    const heaps = memory.map(({ heapMiB }) => heapMiB);
    const [first, last] = [median(heaps.slice(0, third)), median(heaps.slice(-third))];
    const nodes = memory.map((one) => one.nodes);
    say(`heap after each collection, MiB: ${heaps.map((one) => one.toFixed(1)).join(' ')}; nodes: ${nodes.join(' ')}`);
    check(
      `the page's memory: ${first.toFixed(1)} MiB in the first third, ${last.toFixed(1)} in the last`,
      last < first + HEAP_MORE_MIB,
    );
  } finally {
    await browser.close();
  }
}

/** @param {string} who @param {{ cores: number, mib: number, changes: number }} figures */
function tellConsole(who, { cores, mib, changes }) {
  say(
    `the console, ${who}: ${percent(cores)} of a core, ${mib.toFixed(0)} MiB; the machine's load is ${loadavg()[0]?.toFixed(1)}`,
  );
  check(`${Math.round(changes)} changes a second (at least ${CHANGES})`, changes >= CHANGES);
}

/** @param {Service} service @param {import('../faults/child.mjs').Child} viewers @param {() => Promise<number>} endLoad */
async function watchMany(service, viewers, endLoad) {
  await viewers.ask('open', { url: service.url, count: VIEWERS });
  await pause(CALM_MS);
  await viewers.ask('count');
  const measured = await meter(service);
  const [begun, before] = [performance.now(), cpuMsOf(viewers.pid) ?? Number.NaN];
  await pause(SECONDS.viewers * 1_000);
  const seconds = (performance.now() - begun) / 1_000;
  const console = await measured();
  const readers = ((cpuMsOf(viewers.pid) ?? Number.NaN) - before) / seconds / 1_000;
  /** @type {{ ages: number[], bytes: number }[]} */
  const told = await viewers.ask('told');
  tellConsole(`${VIEWERS} viewers`, console);
  const bytes = told.reduce((sum, one) => sum + one.bytes, 0) / seconds;
  say(`each viewer is told ${Math.round(bytes / VIEWERS / 1_000)} kB a second; reading all takes ${percent(readers)}`);
  const ages = told.flatMap((one) => one.ages);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => Math.round(percentile(ages, share)));
  say(`from when it happened to each viewer: p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms, of ${ages.length}`);
  const fewest = Math.min(...told.map((one) => one.ages.length));
  check(`each viewer heard of it all the time, at least ${fewest} times`, fewest > SECONDS.viewers);
  await checkLive(service);
  const published = await endLoad();
  say(`${published} events were published`);
  await pause(CALM_MS);
  /** @type {{ resets: number, isOpen: boolean, lastId: string }[]} */
  const stand = await viewers.ask('stand');
  const slow = await metricOf(service, 'slow_streams_total');
  check(`none of ${VIEWERS} was closed`, slow === 0 && stand.every(({ isOpen }) => isOpen));
  check(
    'none was told to begin anew',
    stand.every(({ resets }) => resets === 1),
  );
  const ids = new Set(stand.map(({ lastId }) => lastId));
  check(`all have the last change: ${[...ids].join(', ')}`, ids.size === 1 && !ids.has(''));
}

/** @param {string} executablePath */
async function main(executablePath) {
  say(machineOf(ROOT).text);
  const stage = await openStage({ redis: true, say });
  const load = openChild(new URL('./load.mjs', import.meta.url), `${stage.dir}/load.log`);
  const viewers = openChild(new URL('./viewers.mjs', import.meta.url), `${stage.dir}/viewers.log`);
  try {
    const more = { CALLFOLD_PARTITIONS: String(PARTITIONS) };
    await stage.callfold(['topics', 'apply', '--execute'], more);
    await stage.start(['serve', 'projector'], more);
    await stage.start(['serve', 'outcomes'], more);
    const service = await stage.start(['serve', 'console'], more);
    const env = { ...stage.env, ...more };
    await load.ask('start', { env, partitions: PARTITIONS, rate: EVENTS, calls: LINES, agents: AGENTS });
    await until(`${CALLS} calls and ${AGENTS} agents are live`, FULL_MS, async () => {
      const [calls, agents] = [await countOf(service, 'calls'), await countOf(service, 'agents')];
      return calls >= CALLS && agents >= AGENTS;
    });
    await pause(CALM_MS);
    if (values.only !== 'viewers') await lookAtPage(service, executablePath);
    if (values.only !== 'page') await watchMany(service, viewers, () => load.ask('end'));
  } finally {
    await Promise.all([load.end(), viewers.end()]);
    await stage.close();
  }
}

const executablePath = findChromium();
if (executablePath === undefined) {
  say('NOT RUN: Chromium is missing (apt-get install chromium).');
  counts.failed += process.env['CI'] ? 1 : 0;
} else {
  await main(executablePath).catch((error) => {
    check(error instanceof Error ? (error.stack ?? error.message) : String(error), false);
  });
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;
