// @ts-check
/** A past day on the wallboard: `callfold board` of a file, held against `callfold fold` and `report` of its prefixes. */

import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';
import { scriptedDay } from './day.mjs';
import { AGREE_MS, boardOf, faultsOf, standing } from './look.mjs';
import { until } from './stage.mjs';

const run = promisify(execFile);
const COMMAND = join(ROOT, 'services/cli/bin/callfold.js');
const UP_MS = 60_000;
const DAY = '1999-02-12';
const NOW = Date.parse(`${DAY}T10:31:00Z`);
/** Longer than what is published waits for. */
const SETTLED_MS = 6_000;
/** Of the slider, over an hour. */
const STEP_MS = 5_000;
const ENV = { ...process.env, CALLFOLD_CONSOLE_ZONE: 'UTC', NO_COLOR: '1' };

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {{ readonly source: string, readonly callId?: string, readonly status: string }} Raw
 * @typedef {{ readonly at: number, readonly raw: Raw }} Timed
 */

/** The scripted day, in the order in which it happened. @returns {readonly Timed[]} */
const dayEvents = () =>
  scriptedDay(NOW)
    .flatMap(({ events }) => events)
    .map((raw) => ({ at: Date.parse(String(raw['occurredAt'] ?? raw['start'])), raw: /** @type {Raw} */ (raw) }))
    .sort((a, b) => a.at - b.at);

/** At which nothing is still to be published of what the log has. @param {readonly Timed[]} events */
function quietMoments(events) {
  const ends = events.map(({ at }) => Math.ceil((at + SETTLED_MS) / STEP_MS) * STEP_MS);
  return ends.filter((end, index) => (events[index + 1]?.at ?? Infinity) > end);
}

/** Of calls with nobody in but their contact. @param {readonly Timed[]} events */
function waitingOf(events) {
  /** @type {Map<string, string[]>} */
  const calls = new Map();
  for (const { raw } of events)
    if (raw.source === 'callcenter24') calls.set(`${raw.callId}`, [...(calls.get(`${raw.callId}`) ?? []), raw.status]);
  const isOver = /^(Participant leave|Call ended|Redirect)|^Participant join \((?!Contact)/;
  return [...calls.values()].filter(
    (words) => words.includes('Participant join (Contact)') && !words.some((word) => isOver.test(word)),
  ).length;
}

/** What `callfold report` says of a moment: of what had happened by then. @param {readonly Timed[]} events @param {string} dir */
async function reportOf(events, dir) {
  const [raw, folded] = [join(dir, 'prefix.ndjson'), join(dir, 'prefix-records.ndjson')];
  writeFileSync(raw, events.map((one) => `${JSON.stringify(one.raw)}\n`).join(''));
  const { stdout } = await run(process.execPath, [COMMAND, 'fold', raw], { env: ENV });
  // The end of a file closes what is still open; at the moment it is.
  writeFileSync(
    folded,
    stdout
      .split('\n')
      .filter((line) => !line.includes('"inferred":true'))
      .join('\n'),
  );
  const range = ['--zone', 'UTC', '--from', `${DAY}T00:00:00Z`, '--to', `${DAY}T23:59:59Z`];
  return JSON.parse(
    (await run(process.execPath, [COMMAND, '--json', 'report', folded, ...range], { env: ENV })).stdout,
  );
}

/** @param {string} dir */
async function openBoard(dir) {
  const file = join(dir, 'day.ndjson');
  writeFileSync(
    file,
    dayEvents()
      .map((one) => `${JSON.stringify(one.raw)}\n`)
      .join(''),
  );
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const env = { ...ENV, CALLFOLD_HTTP_PORT: String(port) };
  const child = spawn(process.execPath, [COMMAND, 'board', file, '--day', DAY, '--speed', '600'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const over = new Promise((resolve) => child.once('exit', resolve));
  process.once('exit', () => child.kill('SIGKILL'));
  await until('callfold board is ready', UP_MS, async () => {
    if (child.exitCode !== null) throw new Error(`callfold board ended by itself: ${child.exitCode}`);
    return (await fetch(`${url}/readyz`).catch(() => null))?.ok === true;
  });
  return {
    url,
    /** As by Ctrl-C. @returns {Promise<unknown>} its exit code */
    async close() {
      child.kill('SIGINT');
      return over;
    },
  };
}

/** @param {Page} page */
const momentOf = async (page) => Date.parse((await page.locator('[data-moment]').getAttribute('data-moment')) ?? '');

/** By the slider. @param {Page} page @param {number} moment */
async function seek(page, moment) {
  await page.getByRole('slider').fill(String(moment));
  await arrived(page, moment);
}

/** @param {Page} page @param {number} moment */
const arrived = (page, moment) =>
  until(`the page is at ${new Date(moment).toISOString()}`, AGREE_MS, async () => {
    const at = new URL(page.url()).searchParams.get('at');
    return (await momentOf(page)) === moment && at === new Date(moment).toISOString();
  });

/** @param {Page} page @param {object} should */
async function has(page, should) {
  let last = '';
  await until('the board is as it should be', AGREE_MS, async () => {
    last = JSON.stringify(await boardOf(page));
    return last === JSON.stringify(should);
  }).catch((error) => {
    throw new Error(`${error.message}; it has ${last} in place of ${JSON.stringify(should)}`);
  });
  return last;
}

/** @param {Page} page */
async function isReplay(page) {
  const words = await page.locator('.status').innerText();
  if ((await standing(page)) !== 'replay' || !/^Replay · 1999-02-12 \d\d:\d\d:\d\d UTC · /.test(words))
    throw new Error(`it says: ${words}`);
  return words;
}

/**
 * @typedef {object} How
 * @property {(what: string, work: () => Promise<string | void>) => Promise<void>} check
 * @property {(page: Page) => Promise<void>} axe
 * @property {(report: any, waiting: number) => object} expected
 * @typedef {{ browser: import('playwright-core').Browser, dir: string, url: string, page: Page, how: How }} Scene
 */

/** @param {Scene} scene @param {readonly Timed[]} events */
async function playIt({ dir, url, page, how: { check, expected } }, events) {
  await check('a past day plays at 600 times its speed to its end, and says that it is a replay', async () => {
    await page.goto(url);
    await page.locator('[data-plays="yes"]').waitFor();
    const begun = [await momentOf(page), performance.now()];
    const words = await isReplay(page);
    await page.locator('[data-plays="no"]').waitFor({ timeout: AGREE_MS });
    const speed = ((await momentOf(page)) - (begun[0] ?? 0)) / (performance.now() - (begun[1] ?? 0));
    if (speed < 300 || speed > 660) throw new Error(`it went ${speed.toFixed(0)} times as fast`);
    await has(page, expected(await reportOf(events, dir), waitingOf(events)));
    return `${words}; ${speed.toFixed(0)} times as fast, from the first look at it to the end`;
  });
}

/** @param {Scene} scene @param {readonly Timed[]} events @param {readonly number[]} moments */
async function seekIt({ dir, page, how: { check, expected } }, events, moments) {
  for (const moment of moments) {
    const clock = new Date(moment).toISOString().slice(11, 19);
    await check(`by the slider to ${clock}: the board agrees with callfold report over what was by then`, async () => {
      const prefix = events.filter(({ at }) => at <= moment);
      await seek(page, moment);
      await isReplay(page);
      return has(page, expected(await reportOf(prefix, dir), waitingOf(prefix)));
    });
  }
  await check('by the keyboard: to the beginning, one step on, and it plays on from there', async () => {
    await page.getByRole('slider').press('Home');
    const from = Date.parse(`${DAY}T10:00:00Z`);
    await arrived(page, from);
    await page.getByRole('slider').press('ArrowRight');
    await arrived(page, from + 5_000);
    await page.getByRole('combobox').selectOption('10');
    await page.locator('[data-plays="no"]').press('Enter');
    await page.locator('[data-plays="yes"]').waitFor();
    await until('time passes', AGREE_MS, async () => (await momentOf(page)) > from + 15_000);
    await page.locator('[data-plays="yes"]').press('Enter');
    await page.locator('[data-plays="no"]').waitFor();
  });
}

/** @param {Scene} scene @param {readonly Timed[]} events @param {number} moment */
async function sendIt({ browser, dir, page, how: { check, expected } }, events, moment) {
  await check('loaded again, or sent to somebody, it stands at the same moment', async () => {
    const prefix = events.filter(({ at }) => at <= moment);
    const should = expected(await reportOf(prefix, dir), waitingOf(prefix));
    await seek(page, moment);
    await has(page, should);
    await page.reload();
    await page.locator('[data-plays="no"]').waitFor();
    await arrived(page, moment);
    await has(page, should);
    const other = await browser.newPage({ locale: 'en-GB' });
    await other.goto(page.url());
    await arrived(other, moment);
    await has(other, should);
    await other.close();
  });
}

/** @param {Scene} scene */
async function explainIt({ url, page, how: { check } }) {
  await check('a call is explained as of the moment, and goes back with it', async () => {
    const at = (/** @type {number} */ seconds) => NOW - 5 * 60_000 + seconds * 1_000;
    await page.goto(`${url}/?view=call&id=CA-1006&at=${new Date(at(20)).toISOString()}`);
    const outcome = () => page.locator('.headline .value').getAttribute('data-outcome');
    const hasEvents = (/** @type {number} */ count) =>
      until(`it has ${count} events`, AGREE_MS, async () => {
        return (await page.locator('[data-event] .verbatim').count()) === count;
      });
    await hasEvents(5);
    await seek(page, at(80));
    await hasEvents(11);
    await until('it went to voicemail', AGREE_MS, async () => (await outcome()) === 'voicemail');
    await seek(page, at(20));
    await hasEvents(5);
    if ((await outcome()) === 'voicemail') throw new Error('it has its end already');
    await page.getByRole('link', { name: 'Board', exact: true }).click();
    await page.locator('[data-tile="waiting"]').waitFor();
    if ((await momentOf(page)) !== at(20)) throw new Error('the moment was lost on the way');
  });
}

/** @param {Scene} scene @param {number} moment */
async function lookAtIt({ browser, url, how: { check, axe } }, moment) {
  const query = `at=${new Date(moment).toISOString()}`;
  for (const view of ['theme=light', 'theme=dark&lang=ru', 'big=1&theme=dark', 'view=truth&theme=light']) {
    await check(`axe finds nothing: a replay, ${view}`, async () => {
      const page = await browser.newPage({ locale: 'en-GB', bypassCSP: true });
      await page.goto(`${url}/?${query}&${view}`);
      await until('it is there', AGREE_MS, async () => (await standing(page)) === 'replay');
      await axe(page);
      await page.close();
    });
  }
}

/** @param {import('playwright-core').Browser} browser @param {string} dir @param {How} how */
export async function replayDay(browser, dir, how) {
  const events = dayEvents();
  const moments = quietMoments(events);
  const some = [3, 15, 7, moments.length - 1, 11, 0].map((index) => moments[index] ?? 0);
  const board = await openBoard(dir);
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, locale: 'en-GB' });
    const faults = faultsOf(page);
    const scene = { browser, dir, url: board.url, page, how };
    await playIt(scene, events);
    await seekIt(scene, events, some);
    await sendIt(scene, events, some[0] ?? 0);
    await explainIt(scene);
    await lookAtIt(scene, moments.at(-1) ?? 0);
    await how.check('a replay: no error on the page, nothing that its policy refused', async () => {
      if (faults.length > 0) throw new Error(faults.join('; '));
    });
    await page.close();
  } finally {
    const code = await board.close();
    await how.check('callfold board ends by Ctrl-C, with its streams', async () => {
      if (code !== 0) throw new Error(`its exit code is ${code}`);
    });
  }
}
