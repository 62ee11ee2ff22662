// @ts-check
/** Real headless Chromium, as Debian packages it. */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Undefined where there is none. */
export const findChromium = () => PLACES.find((path) => existsSync(path));

/** @param {string} executablePath */
export function launchChromium(executablePath) {
  // As root Chromium has no sandbox; it sees nothing but our own page.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** Of a browser that has nothing of it kept. @param {import('playwright-core').Browser} browser @param {string} url */
export async function firstPaint(browser, url) {
  const page = await browser.newPage();
  await page.goto(url);
  await page.locator('[data-tile="waiting"]').waitFor();
  const ms = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null);
  await page.close();
  if (ms === null) throw new Error('the browser does not say when it painted');
  return Math.round(ms);
}
