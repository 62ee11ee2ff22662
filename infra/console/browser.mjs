// @ts-check
/** What a page costs whoever looks at it: processor time of all of the browser's processes, and memory. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMsOf } from '../bench/children.mjs';
import { standing } from '../e2e/look.mjs';

const LOOK_MS = 5_000;
/** Rarely, since it is work too: the heap is only comparable after its garbage was collected. */
const HEAP_EVERY = 4;
const MIB = 1_048_576;

/** A process and all that came of it. @param {number} root */
function family(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** @param {import('playwright-core').Browser} browser */
async function pidOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const main = processInfo.find(({ type }) => type === 'browser');
  if (!main) throw new Error('the browser does not name its process');
  return main.id;
}

/** @typedef {{ heapMiB: number, nodes: number }} Memory */

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').Page} page
 * @param {number} seconds
 */
export async function watchPage(browser, page, seconds) {
  const root = await pidOf(browser);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const spentMs = () => family(root).reduce((sum, pid) => sum + (cpuMsOf(pid) ?? 0), 0);
  /** @type {Memory[]} */
  const memory = [];
  /** @type {Set<string>} */
  const stood = new Set();
  const [begun, before] = [performance.now(), spentMs()];
  const ms = () => performance.now() - begun;
  for (let n = 0; ms() < seconds * 1_000; n += 1) {
    if (n % HEAP_EVERY === 0) {
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (/** @type {string} */ name) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
      memory.push({ heapMiB: of('JSHeapUsedSize') / MIB, nodes: of('Nodes') });
    }
    stood.add((await standing(page)) ?? 'nothing');
    await pause(Math.min(LOOK_MS, Math.max(0, seconds * 1_000 - ms())));
  }
  const cores = (spentMs() - before) / ms();
  await session.detach();
  return { cores, memory, stood: [...stood] };
}
