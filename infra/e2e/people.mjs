// @ts-check
/** For everybody: sixty agents without scrolling, everything by keyboard, and nothing that moves. */

import { AGREE_MS, standing } from './look.mjs';
import { until } from './stage.mjs';

/**
 * @typedef {import('playwright-core').Browser} Browser
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./run.mjs').Scene} Scene
 */

const AGENTS = 60;
/** A tenant of its own: the board's other figures stay as they are. */
const TENANT = 'sixty';
const MINUTE = 60_000;
/** More than the page has to stop at. */
const TABS = 200;

/** @param {number} now */
const staff = (now) =>
  Array.from({ length: AGENTS }, (_, n) => ({
    source: 'vonage',
    tenantId: TENANT,
    agentId: `Agent ${String(n + 1).padStart(2, '0')} Montgomery-Okafor`,
    state: ['Ready', 'Busy', 'Wrap', 'Away'][n % 4],
    description: 'Live',
    duration: null,
    start: new Date(now - (n + 1) * MINUTE).toISOString(),
  }));

/** Those of which not all is seen. @param {Page} page */
const unseen = (page) =>
  page.locator('[data-agent]').evaluateAll((cards) => {
    const { innerHeight, innerWidth } = /** @type {any} */ (globalThis);
    return cards
      .filter((card) => {
        const { top, left, bottom, right } = card.getBoundingClientRect();
        return top < 0 || left < 0 || bottom > innerHeight || right > innerWidth;
      })
      .map((card) => card.getAttribute('data-agent'));
  });

/** @param {Scene} scene @param {Browser} browser */
async function fitSixty({ dev, front }, browser) {
  await dev.send(staff(Date.now()));
  for (const [query, width, height] of /** @type {const} */ ([
    ['view=agents', 1_440, 900],
    ['view=agents&big=1', 1_920, 1_080],
  ])) {
    const page = await browser.newPage({ viewport: { width, height }, locale: 'en-GB' });
    await page.goto(`${front.url}/?tenant=${TENANT}&${query}`);
    await until('all are there', AGREE_MS, async () => (await page.locator('[data-agent]').count()) === AGENTS);
    const out = await unseen(page);
    if (out.length > 0) throw new Error(`${query} of ${width} × ${height} does not show ${out.length} of them`);
    await page.close();
  }
  return `at 1440 × 900, and 1920 × 1080 as a big screen`;
}

/** What has the focus, and whether it is seen. @param {Page} page */
const focused = (page) =>
  page.evaluate(() => {
    const { document, getComputedStyle, innerHeight } = /** @type {any} */ (globalThis);
    const one = document.activeElement;
    if (one === null || one === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    const { top, bottom } = one.getBoundingClientRect();
    const isSeen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && bottom > 0 && top < innerHeight;
    return { text: String(one.innerText).trim(), isSeen };
  });

/** By Tab alone, from the page's beginning. @param {Page} page @param {string} text */
async function tabTo(page, text) {
  for (let n = 0; n < TABS; n += 1) {
    await page.keyboard.press('Tab');
    const one = await focused(page);
    if (one !== null && !one.isSeen) throw new Error(`it is not seen that "${one.text}" has the focus`);
    if (one?.text === text) return;
  }
  throw new Error(`no Tab comes to "${text}"`);
}

/** @param {Scene} scene @param {Browser} browser */
async function useKeys({ front }, browser) {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 960 }, locale: 'en-GB' });
  await page.goto(`${front.url}/?theme=light`);
  await until('it is live', AGREE_MS, async () => (await standing(page).catch(() => null)) === 'live');
  // Each link and button of the head and the questions, and one of what is below.
  const stops = await page.locator('header a, header button, nav a').allInnerTexts();
  for (const text of stops) await tabTo(page, text.trim());
  await tabTo(page, 'CA-1006');
  await page.keyboard.press('Enter');
  await page.locator('[data-subject="CA-1006"]').waitFor({ timeout: AGREE_MS });
  if ((await page.locator('main:focus').count()) !== 1) throw new Error('the focus is not at what was opened');
  await tabTo(page, 'Board');
  await page.keyboard.press('Enter');
  await page.locator('[data-tile="waiting"]').waitFor({ timeout: AGREE_MS });
  await tabTo(page, 'Pause');
  await page.keyboard.press('Space');
  const aloud = page.locator('[role="status"]');
  await until('it is read out that it is paused', AGREE_MS, async () =>
    (await aloud.innerText()).startsWith('Paused since'),
  );
  await page.keyboard.press('Space');
  await until('it is read out that it is live', AGREE_MS, async () => (await aloud.innerText()) === 'live');
  await tabTo(page, 'Big screen');
  await page.keyboard.press('Enter');
  await page.locator('.big').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.big').waitFor({ state: 'detached' });
  await page.close();
  return `${stops.length} stops above the board`;
}

/** Something moves, or would. @param {Page} page */
const moving = (page) =>
  page.evaluate(() => {
    const { document, getComputedStyle } = /** @type {any} */ (globalThis);
    const styles = [...document.querySelectorAll('*')].map((one) => ({ one, style: getComputedStyle(one) }));
    const lasts = (/** @type {string} */ text) => text.split(',').some((part) => parseFloat(part) > 0);
    const found = styles.filter(
      ({ style }) =>
        lasts(style.transitionDuration) ||
        (style.animationName !== 'none' && lasts(style.animationDuration)) ||
        style.scrollBehavior === 'smooth',
    );
    return [
      ...found.map(({ one }) => String(one.outerHTML).slice(0, 80)),
      ...document.getAnimations().map(() => 'it is moved'),
    ];
  });

/** @param {Scene} scene @param {Browser} browser */
async function moveNothing({ front }, browser) {
  const page = await browser.newPage({ reducedMotion: 'reduce', locale: 'en-GB' });
  const views = ['', 'view=agents', 'view=lists', 'view=call&id=CA-1006', 'view=lost', 'view=truth', 'view=status'];
  for (const query of views) {
    await page.goto(`${front.url}/?${query}`);
    await page.locator('main *').first().waitFor();
    const found = await moving(page);
    if (found.length > 0) throw new Error(`?${query}: ${found.slice(0, 3).join('; ')}`);
  }
  await page.close();
}

/** @type {readonly (readonly [what: string, work: (scene: Scene, browser: Browser) => Promise<string | void>])[]} */
export const PEOPLE_CHECKS = [
  ['sixty agents fit on one screen', fitSixty],
  ['everything can be reached and done by keyboard, its focus is seen, and changes are read out', useKeys],
  ['who asks for less motion sees none', moveNothing],
];
