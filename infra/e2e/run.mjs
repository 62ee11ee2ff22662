// @ts-check
/**
 * `npm run e2e`: the wallboard in real headless Chromium. It agrees with `callfold report` after each step of a
 * scripted day, is grey when the console, the broker or Redis dies or something else answers, and comes back by itself;
 * axe finds nothing.
 *
 *   npm run e2e                writes its screenshots to a folder in the temporary one
 *   npm run e2e -- --images    writes them to docs/images, where the README has them from
 *   npm run e2e -- --replay    a past day alone
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROOT } from '../test/process.mjs';
import { findChromium, firstPaint, launchChromium } from './chromium.mjs';
import { oneMoreWaits, scriptedDay } from './day.mjs';
import { AGREE_MS, boardOf, faultsOf, FRESH_MS, mark, outage, STALE_MS, standing, tile } from './look.mjs';
import { agreesWithStatus, namesMissing, showsLetter } from './operations.mjs';
import { openParts } from './parts.mjs';
import { PEOPLE_CHECKS } from './people.mjs';
import { replayDay } from './replay.mjs';
import { openDev, openFront, until } from './stage.mjs';
import { SUBJECT_CHECKS } from './subjects.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAINT_MS = 1_000;
const PAINTS = 3;

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
let passed = 0;
let failed = 0;

/** @param {string} what @param {() => Promise<string | void>} work what it returns is said */
async function check(what, work) {
  try {
    const found = await work();
    passed += 1;
    say(`passed: ${what}${found ? `: ${found}` : ''}`);
  } catch (error) {
    failed += 1;
    say(`FAILED: ${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {number | null | undefined} value */
const percent = (value) => (value === null || value === undefined ? '–' : `${value.toFixed(1)} %`);

/** @param {any} report @param {number} waiting */
function expected({ callcenter24: calls }, waiting) {
  return {
    waiting: String(waiting),
    level: percent(calls?.report.serviceLevelPercent['20'].ofOffered),
    abandoned: percent(calls?.report.abandonmentPercent.ofOffered),
    answered: String(calls?.outcomes.answered ?? 0),
  };
}

/** @param {import('playwright-core').Page} page */
async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, 'axe').run();
    return violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes[0]?.html}`);
  });
  if (found.length > 0) throw new Error(found.join('; '));
}

/**
 * @typedef {object} Scene
 * @property {Awaited<ReturnType<typeof openDev>>} dev
 * @property {Awaited<ReturnType<typeof openFront>>} front
 * @property {import('playwright-core').Page} page
 */

/** @param {Scene} scene */
async function playDay({ dev, page }) {
  for (const { what, waiting, outcomes, events } of scriptedDay(Date.now())) {
    await check(`the board agrees with callfold report: ${what}`, async () => {
      await dev.send(events);
      const day = /** @type {{ from: string, to: string }} */ (await (await fetch(`${dev.url}/v1/figures`)).json());
      let last = '';
      await until('the figures of the board and of the report are the same', AGREE_MS, async () => {
        const report = await dev.report(day);
        // Not before what the step says is in the report: else both might agree on what was before.
        if (!isDeepStrictEqual(report.callcenter24?.outcomes, outcomes)) return false;
        const should = expected(report, waiting);
        last = JSON.stringify(await boardOf(page));
        return last === JSON.stringify(should);
      }).catch((error) => {
        throw new Error(`${error.message}; the board has ${last}`);
      });
      return last;
    });
  }
  await check('lists name who waits, who was lost and why, and what the voice AI and chats did', async () => {
    const rows = (/** @type {string} */ id) => page.locator(`[data-list="${id}"] tbody tr`).allInnerTexts();
    const has = { waiting: /CA-1011/, abandoned: /CA-1007.*0:12.*queue/, voicemail: /CA-1006/, failed: /no answer.*2/ };
    for (const [id, pattern] of Object.entries({ ...has, chats: /Auto\s*2/, manual: /chat-3/ })) {
      let text = '';
      await until(`the list ${id} has ${pattern}`, AGREE_MS, async () => {
        text = (await rows(id)).join(' ').replaceAll(/\s+/g, ' ');
        return pattern.test(text);
      }).catch((error) => {
        throw new Error(`${error.message}; it has: ${text}`);
      });
    }
  });
}

/** @param {Scene} scene @param {import('playwright-core').Browser} browser */
async function openAnew({ front }, browser) {
  await check('a page that is opened now has the last hour, and what agents did today', async () => {
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(front.url);
    const line = page.locator('[data-tile="answered"] svg.spark');
    await until('the line goes from what was noted to what is now', AGREE_MS, async () => {
      const points = (await line.locator('polyline').first().getAttribute('points')) ?? '';
      return points.split(' ').length >= 2;
    });
    const day = page.locator('[data-agent="Anna Berg"] svg.day');
    await day.waitFor({ timeout: AGREE_MS });
    const told = [await line.getAttribute('aria-label'), await day.getAttribute('aria-label')].join('; ');
    if (!/^the last hour: 0 to 4; known for .*; today: on a call \d:\d\d, ringing 0:\d\d, free /.test(told))
      throw new Error(`it says: ${told}`);
    await page.close();
    return told;
  });
}

/** @param {Scene} scene @param {import('playwright-core').Browser} browser */
async function operate({ dev, front }, browser) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, locale: 'en-GB', bypassCSP: true });
  await page.goto(`${front.url}/?view=status&lang=en`);
  await check('the page for operators says what callfold status says', () =>
    agreesWithStatus(page, async () => JSON.parse(await dev.callfold(['--json', 'status']))),
  );
  for (const theme of ['dark', 'light']) {
    await check(`axe finds nothing: status, ${theme}`, async () => {
      await page.getByRole('link', { name: 'Theme' }).click();
      await page.locator(`[data-theme="${theme}"]`).waitFor();
      await axe(page);
    });
  }
  await page.close();
}

/** @param {Scene} scene */
async function breakIt({ dev, front, page }) {
  await check('the console is killed: grey within 10 s, fresh within 5 s of its return, no reload', () =>
    outage(page, { strike: dev.kill, words: /as of \d\d:\d\d:\d\d .*does not answer/, mend: dev.start }),
  );
  await check('an error page in between: grey within 10 s, fresh within 5 s of its end, no reload', () =>
    outage(page, {
      strike: async () => front.lie(true),
      words: /Something else answers/,
      async whileOld() {
        for (const theme of ['dark', 'light']) {
          await page.getByRole('link', { name: 'Theme' }).click();
          await page.locator(`[data-theme="${theme}"]`).waitFor();
          await axe(page);
        }
      },
      mend: async () => front.lie(false),
    }),
  );
}

/** @param {Scene} scene */
async function pauseIt({ dev, page }) {
  await check('a page that is paused says so and since when, and shows what came since when it goes on', async () => {
    const before = await tile(page, 'waiting');
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await dev.send(oneMoreWaits(Date.now()));
    await until('the console has the call', AGREE_MS, async () => {
      const { calls } = /** @type {any} */ (await (await fetch(`${dev.url}/v1/calls?state=waiting`)).json());
      return String(calls.length) !== before;
    });
    await until('it is old', STALE_MS + 1_000, async () => (await page.locator('.old').count()) > 0);
    const words = await page.locator('.status').innerText();
    if (!/^Paused since \d\d:\d\d:\d\d /.test(words)) throw new Error(`it says: ${words}`);
    if ((await tile(page, 'waiting')) !== before) throw new Error('what was paused has changed');
    await page.getByRole('button', { name: 'Go on' }).press('Enter');
    await until('it has the call', FRESH_MS, async () => Number(await tile(page, 'waiting')) === Number(before) + 1);
    if ((await standing(page)) !== 'live') throw new Error('it is not live');
  });
}

/** @param {Awaited<ReturnType<typeof openParts>>} parts @param {import('playwright-core').Browser} browser */
async function operateParts(parts, browser) {
  const page = await browser.newPage({ locale: 'en-GB', bypassCSP: true });
  await page.goto(`${parts.url}/?view=status&lang=en`);
  await check('the page for operators names who is missing, as callfold status does, and the command', async () => {
    const found = await agreesWithStatus(page, parts.status);
    await namesMissing(page, 'outcomes');
    return found;
  });
  await check('when that command has helped, nothing is wrong, and it is one of the last faults', async () => {
    await parts.serve('outcomes');
    await page.locator('[data-list="findings"] .well').waitFor({ timeout: AGREE_MS });
    const [last] = await page.locator('[data-list="faults"] tbody tr').allInnerTexts();
    if (!/outcomes/.test(last ?? '') || /still/.test(last ?? '')) throw new Error(`the last fault is ${last}`);
    return agreesWithStatus(page, parts.status);
  });
  await check('a dead letter is shown with its reason and bytes, and its command shows it too', async () => {
    await parts.poison();
    return showsLetter(page, /do not decode as the Avro schema/, parts.callfold);
  });
  await check('axe finds nothing: status with a dead letter', () => axe(page));
  await page.close();
}

/** Under a console on real parts. @param {import('playwright-core').Browser} browser @param {string} dir */
async function breakParts(browser, dir) {
  const parts = await openParts(dir, say);
  try {
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(parts.url);
    await mark(page);
    await until('the page has the call that waits', AGREE_MS, async () => (await tile(page, 'waiting')) === '1');
    await until('the page is live', AGREE_MS, async () => (await standing(page)) === 'live');
    for (const [what, { kill, start, words }] of Object.entries(parts.away)) {
      await check(`${what} is killed: grey within 10 s, fresh within 5 s of its return, no reload`, () =>
        outage(page, { strike: kill, words, mend: start }),
      );
    }
    await operateParts(parts, browser);
    await check('what happens after all that is shown', async () => {
      await parts.send(oneMoreWaits(Date.now()));
      await until('it waits too', AGREE_MS, async () => (await tile(page, 'waiting')) === '2');
    });
    await page.close();
  } finally {
    await parts.close();
  }
}

/** One of these is there as soon as a view has what it is of. */
const THERE = '[data-agent], [data-list="abandoned"] tbody tr, [data-timeline], [data-lost] tbody tr, [data-true]';
/** Those that the README has. */
const PICTURES = new Set(['board', 'big-screen', 'call']);

/** @param {import('playwright-core').Browser} browser @param {string} url @param {string} images */
async function lookAround(browser, url, images) {
  const views = {
    board: { query: 'theme=light', width: 1440, height: 960 },
    agents: { query: 'view=agents&theme=dark', width: 1440, height: 960 },
    lists: { query: 'view=lists&theme=light&lang=ru', width: 1440, height: 960 },
    'big-screen': { query: 'big=1&theme=dark', width: 1600, height: 900 },
    phone: { query: 'theme=dark', width: 390, height: 800 },
    call: { query: 'view=call&id=CA-1006&theme=light', width: 1440, height: 1160 },
    'call-phone': { query: 'view=call&id=CA-1003&theme=dark&lang=ru', width: 390, height: 800 },
    chat: { query: 'view=chat&id=chat-3&theme=dark', width: 1440, height: 960 },
    agent: { query: 'view=agent&id=vcc-204&theme=light', width: 1440, height: 960 },
    named: { query: 'view=agent&id=Maya+Okafor&theme=dark', width: 1440, height: 960 },
    help: { query: 'view=help&theme=dark', width: 1440, height: 960 },
    lost: { query: 'view=lost&theme=light', width: 1440, height: 960 },
    truth: { query: 'view=truth&theme=light&lang=ru', width: 1440, height: 960 },
  };
  for (const [name, { query, width, height }] of Object.entries(views)) {
    await check(`axe finds nothing: ${name}`, async () => {
      const page = await browser.newPage({ viewport: { width, height }, locale: 'en-GB', bypassCSP: true });
      await page.goto(`${url}/?${query}`);
      await until('the page has what is there', AGREE_MS, async () => {
        const isThere = (await page.locator(THERE).count()) > 0;
        return isThere && (await standing(page)) === 'live';
      });
      await axe(page);
      if (PICTURES.has(name)) await page.screenshot({ path: join(images, `${name}.png`) });
      await page.close();
    });
  }
}

/** Now, on the embedded store and then on real parts. @param {string} dir @param {import('playwright-core').Browser} browser */
async function showNow(dir, browser) {
  const images = process.argv.includes('--images') ? join(ROOT, 'docs/images') : join(dir, 'images');
  mkdirSync(images, { recursive: true });
  const dev = await openDev(join(dir, 'data'));
  await dev.start();
  const front = await openFront(dev.port);
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, locale: 'en-GB' });
    const faults = faultsOf(page);
    await check('first paint under a second', async () => {
      await page.goto(front.url);
      await mark(page);
      await page.locator('[data-tile="waiting"]').waitFor();
      // The browser itself has just begun: the first page that it ever shows tells of that.
      const times = [];
      for (let n = 0; n < PAINTS; n += 1) times.push(await firstPaint(browser, front.url));
      const ms = Math.min(...times);
      if (ms > PAINT_MS) throw new Error(`${ms} ms`);
      return `${ms} ms, the best of ${times.join(', ')}`;
    });
    const scene = { dev, front, page };
    await playDay(scene);
    for (const [what, work] of SUBJECT_CHECKS) await check(what, () => work(scene));
    await mark(page);
    await lookAround(browser, front.url, images);
    for (const [what, work] of PEOPLE_CHECKS) await check(what, () => work(scene, browser));
    await openAnew(scene, browser);
    await operate(scene, browser);
    await pauseIt(scene);
    await breakIt(scene);
    await breakParts(browser, dir);
    await check('no error on the page, nothing that its policy refused', async () => {
      if (faults.length > 0) throw new Error(faults.join('; '));
    });
  } finally {
    front.close();
    await dev.kill();
  }
}

/** @param {string} dir @param {string} executablePath */
async function main(dir, executablePath) {
  const browser = await launchChromium(executablePath);
  try {
    await replayDay(browser, dir, { check, axe, expected });
    if (!process.argv.includes('--replay')) await showNow(dir, browser);
  } finally {
    await browser.close();
  }
}

const executablePath = findChromium();
if (executablePath === undefined) {
  say('NOT RUN: Chromium is missing (apt-get install chromium).');
  say(process.env['CI'] ? '0 passed, 1 failed' : '0 passed, 0 failed');
  process.exitCode = process.env['CI'] ? 1 : 0;
} else {
  const dir = mkdtempSync(join(tmpdir(), 'callfold-e2e-'));
  await main(dir, executablePath).catch((error) => {
    failed += 1;
    say(`FAILED: ${error instanceof Error ? error.stack : error}`);
  });
  rmSync(dir, { recursive: true, force: true });
  if (failed > 0) process.exitCode = 1;
  say(`${passed} passed, ${failed} failed`);
}
