#!/usr/bin/env node
// @ts-check
/**
 * Faults on real processes, one after the other, under load: `npm run faults`. The table comes last, and then one line.
 *
 *   npm run faults                      all of them
 *   npm run faults -- --short           those that tell most, some ten minutes on an idle machine
 *     [--only NAME,NAME] [--list] [--rate EVENTS_A_SECOND] [--seed SEED] [--json FILE] [--page] [--keep]
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/process.mjs';
import { FAULTS } from './faults/index.mjs';
import { writePage } from './page.mjs';
import { countsOf, isWell, tableOf } from './report.mjs';
import { openScene } from './scene.mjs';
import { openStage } from './stage.mjs';

const SHOWN = 5;

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    rate: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    page: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @typedef {import('./scene.mjs').Fault} Fault */
/** @typedef {import('./report.mjs').Result} Result */

function chosen() {
  if (values.only === undefined) return FAULTS.filter((fault) => !values.short || fault.short);
  const names = values.only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0) throw new Error(`no fault is called ${unknown.join(', ')}; --list names them`);
  return FAULTS.filter(({ name }) => names.includes(name));
}

/** Those that need the same parts share them. @param {readonly Fault[]} faults */
function grouped(faults) {
  /** @type {Map<string, Fault[]>} */
  const groups = new Map();
  for (const fault of faults) {
    const key = JSON.stringify(fault.needs);
    groups.set(key, [...(groups.get(key) ?? []), fault]);
  }
  return [...groups.values()];
}

/**
 * @param {Fault} fault
 * @param {import('./stage.mjs').Stage} stage
 * @param {number} number
 * @returns {Promise<Result>}
 */
async function judged(fault, stage, number) {
  say(`${fault.name}: ${fault.title}`);
  const from = Date.now();
  /** @type {import('./scene.mjs').Scene | undefined} */
  let scene;
  /** @type {Result} */
  const result = { fault, struck: null, findings: [], same: 0, published: 0, notes: [], tookSeconds: 0 };
  try {
    scene = await openScene(stage, fault, { rate: Number(values.rate), seed: values.seed, number, say });
    await fault.run(scene);
    const { silent, ...seen } = await scene.finish();
    Object.assign(result, seen, { notes: silent });
  } catch (error) {
    result.notes.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await scene?.close();
  }
  result.tookSeconds = (Date.now() - from) / 1_000;
  for (const note of result.notes) say(`  ${note}`);
  for (const one of result.findings.slice(0, SHOWN)) say(`  ${one.fault}: ${one.where}: ${one.detail}`);
  const { lost, wrong, duplicated } = countsOf(result);
  const verdict = isWell(result) ? 'passed' : 'FAILED';
  say(
    `  ${verdict} in ${result.tookSeconds.toFixed(0)} s: ${result.published} events, ${result.same} things compared and the same, ` +
      `${lost} lost, ${wrong} wrong, ${duplicated} duplicated`,
  );
  return result;
}

async function main() {
  if (values.list) {
    for (const { name, title, short } of FAULTS)
      say(`${name.padEnd(30)} ${title}${short ? '' : ' (not in the short run)'}`);
    return;
  }
  /** @type {Result[]} */
  const results = [];
  let kept = false;
  for (const group of grouped(chosen())) {
    /** @type {import('./stage.mjs').Stage | null} */
    let stage = null;
    for (const fault of group) {
      stage ??= await openStage(fault.needs, say);
      const result = await judged(fault, stage, results.length + 1);
      results.push(result);
      if (values.page) writePage(join(ROOT, 'docs', 'reliability.md'), [result], FAULTS);
      if (isWell(result)) continue;
      // What a fault left behind that did not go well is nothing to begin the next one on.
      say(`  logs: ${stage.dir}`);
      kept = true;
      await stage.close({ keep: true });
      stage = null;
    }
    await stage?.close({ keep: values.keep || kept });
  }
  const well = results.filter(isWell).length;
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  say(`\n${tableOf(results)}`);
  say(`${well} passed, ${results.length - well} failed`);
  process.exitCode = well === results.length && well > 0 ? 0 : 1;
}

main().catch((error) => {
  say(`faults: ${error instanceof Error ? error.stack : error}`);
  say('0 passed, 1 failed');
  process.exitCode = 1;
});
