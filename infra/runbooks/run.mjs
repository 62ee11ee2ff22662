#!/usr/bin/env node
// @ts-check
/**
 * `npm run runbook -- NAME`: makes the trouble that a runbook is about on real parts, runs the commands that stand in its
 * page, block by block, and checks what they are said to do. All of them without a name.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { blocksOf } from './page.mjs';
import { SCENES } from './scenes/index.mjs';
import { openStage } from './stage.mjs';

const PAGES = new URL('../../docs/runbooks/', import.meta.url);
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {string} name */
const blocksIn = (name) => blocksOf(readFileSync(new URL(`${name}.md`, PAGES), 'utf8'));
/** Pages with commands: the index and the list of alerts have none. */
const names = readdirSync(PAGES)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -'.md'.length))
  .filter((name) => blocksIn(name).length > 0);

/** @param {string} name */
async function runbook(name) {
  const scene = SCENES[name];
  if (!scene) throw new Error(`docs/runbooks/${name}.md has no scene in infra/runbooks/scenes`);
  const blocks = blocksIn(name);
  const headings = blocks.map(({ heading }) => heading);
  const steps = Object.keys(scene.steps);
  if (headings.join('\n') !== steps.join('\n'))
    throw new Error(
      `the page has blocks under "${headings.join('", "')}", the scene steps for "${steps.join('", "')}"`,
    );
  const stage = await openStage(say);
  try {
    await scene.before(stage);
    for (const { heading, text } of blocks) {
      say(`--- ${heading}\n${text}`);
      const step = scene.steps[heading] ?? { code: 0 };
      const ended = await stage.shell(text);
      say(`${ended.out}${ended.err}`.trimEnd());
      if (ended.code !== step.code) throw new Error(`${heading}: exit code ${ended.code}, and not ${step.code}`);
      await step.after?.(ended, stage);
    }
  } finally {
    await stage.close();
  }
}

const asked = process.argv.slice(2);
for (const name of asked) {
  if (names.includes(name)) continue;
  process.stderr.write(`There is no runbook ${name}. There are: ${names.join(', ')}\n`);
  process.exit(2);
}
let passed = 0;
let failed = 0;
for (const name of asked.length > 0 ? asked : names) {
  say(`\n=== ${name}`);
  const begun = performance.now();
  try {
    await runbook(name);
    passed += 1;
    say(`=== ${name}: as its page says, ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  } catch (error) {
    failed += 1;
    say(`=== ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
say(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
