// @ts-check
/** What the page says of itself, and how it takes an outage. */

import { until } from './stage.mjs';

/** The page's promises. */
export const STALE_MS = 10_000;
export const FRESH_MS = 5_000;
/** What was published is folded, settled and shown. */
export const AGREE_MS = 20_000;

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page @param {string} id */
export const tile = (page, id) => page.locator(`[data-tile="${id}"] .value`).textContent();

/** The board's figures that `callfold report` has too, and who waits. @param {Page} page */
export const boardOf = async (page) => ({
  waiting: await tile(page, 'waiting'),
  level: await tile(page, 'level'),
  abandoned: await tile(page, 'abandoned'),
  answered: await tile(page, 'answered'),
});

/** What goes wrong on it from here on: errors, and what its policy refuses. @param {Page} page */
export function faultsOf(page) {
  /** @type {string[]} */
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (one) => /Content Security Policy/.test(one.text()) && faults.push(one.text()));
  return faults;
}

/** How true it says that it is. @param {Page} page */
export const standing = (page) => page.locator('[data-standing]').getAttribute('data-standing');

/** So that it is seen whether it was loaded again. @param {Page} page */
export const mark = (page) => page.evaluate(() => Reflect.set(globalThis, 'loadedOnce', true));

/** @param {Page} page a marked one */
export async function checkNotLoadedAgain(page) {
  const isSame = await page.evaluate(() => Reflect.get(globalThis, 'loadedOnce') === true);
  if (!isSame) throw new Error('the page was loaded again');
}

/**
 * @typedef {object} Outage
 * @property {() => Promise<unknown>} strike
 * @property {RegExp} words what the page says while it is old
 * @property {() => Promise<unknown>} [whileOld]
 * @property {() => Promise<unknown>} mend resolves when what was away answers again
 */

/** @param {Page} page @param {Outage} how @returns {Promise<string>} how long both took */
export async function outage(page, { strike, words, whileOld, mend }) {
  const seconds = (/** @type {number} */ ms) => `${(ms / 1_000).toFixed(1)} s`;
  /** @param {string} what @param {number} limitMs @param {() => Promise<boolean>} holds */
  const soon = (what, limitMs, holds) =>
    until(what, limitMs, holds).catch(async (error) => {
      throw new Error(`${error.message}; it says: ${await page.locator('.status').innerText()}`);
    });
  const before = await tile(page, 'answered');
  await strike();
  const old = await soon('the page says that it is old', STALE_MS, async () => (await standing(page)) === 'old');
  await soon('it says why', STALE_MS, async () => words.test(await page.locator('.status').innerText()));
  if ((await tile(page, 'answered')) !== before) throw new Error('what was known is gone');
  await whileOld?.();
  await mend();
  const back = await soon('the page is as good as new', FRESH_MS, async () => (await standing(page)) === 'live');
  await checkNotLoadedAgain(page);
  return `grey after ${seconds(old)}, fresh ${seconds(back)} after it was back`;
}
