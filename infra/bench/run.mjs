#!/usr/bin/env node
// Measures fold, projector, outcomes and the embedded store over generated events, beside what kafkajs and avsc can
// read at all, in one run on one machine, in turn. Prints figures and writes docs/benchmarks.md; judges no figure, but
// fails when a record is lost or made up.
//
//   npm run bench                              1,000,000 events of 5,000 live calls, three rounds
//   npm run bench -- --live 1000000 --events 3000000 --rounds 1     memory with a million live calls
//   npm run bench -- --short                   one round of 200,000 events; the page stays as it is
//     [--events N] [--live N] [--seed S] [--partitions N] [--rounds N] [--only projector,outcomes]
//     [--json FILE] [--no-page] [--profile DIR]
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from './children.mjs';
import { machineOf } from './machine.mjs';
import { writePage } from './page.mjs';
import { summaryOf, tableOf, timelineOf } from './report.mjs';
import { openStage } from './stage.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** In the order in which they are measured, the limit first. */
const ALL = ['raw', 'decode', 'projector', 'outcomes', 'fold', 'append', 'embedded-projector', 'embedded-outcomes'];
const SHORT = { events: 200_000, rounds: 1 };
const FULL = { events: 1_000_000, rounds: 3 };

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    live: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '4' },
    rounds: { type: 'string' },
    only: { type: 'string', default: ALL.join(',') },
    json: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'no-page': { type: 'boolean', default: false },
  },
});
const say = (line) => process.stdout.write(`${line}\n`);
const faults = [];

let checked = 0;

/** Counts are facts, whatever the speed. */
function check(what, is, should) {
  checked += 1;
  if (is === should) return;
  faults.push(`${what}: ${is}, and not ${should}`);
  say(`LOST OR MADE UP: ${faults.at(-1)}`);
}

const one = (text, fallback) => (text === undefined ? fallback : Number(text.replaceAll('_', '')));

function planOf() {
  const size = values.short ? SHORT : FULL;
  const only = values.only.split(',');
  const unknown = only.filter((what) => !ALL.includes(what));
  if (unknown.length > 0)
    throw new Error(`bench: nothing is called ${unknown.join(', ')}; there are ${ALL.join(', ')}`);
  const events = one(values.events, size.events);
  const input = { seed: values.seed, events, live: one(values.live), partitions: one(values.partitions) };
  return { input, rounds: one(values.rounds, size.rounds), things: ALL.filter((what) => only.includes(what)) };
}

/** One thing, measured once. */
async function once(what, round, { stage, input, filled }) {
  const profileDir = values.profile;
  const generation = `r${round}-${what}`;
  const dir = join(stage.dir, `embedded-${round}`);
  const { ends, expected } = filled;
  if (what === 'outcomes') await stage.freshDerived();
  if (what !== 'fold' && !what.startsWith('embedded')) await stage.freshRedis();
  const options = { env: stage.env(generation), brokers: stage.brokers, group: generation, ends, input, dir };
  const figures = await measure(what, options, { servers: stage.servers, profileDir });
  check(`${what}, events`, figures.count, input.events);
  if (what === 'projector') figures.redisMiB = await stage.redisMiB();
  if (what === 'fold') check('fold, calls', figures.calls, expected.subjects);
  if (what === 'outcomes') {
    figures.redisMiB = await stage.redisMiB();
    check('outcomes, derived records sent', figures.sent, expected.records);
    const standing = await measure('count', { ...options, topics: stage.derived });
    check('outcomes, derived records that stand', standing.records, expected.records);
    check('outcomes, calls published', standing.calls, expected.calls);
  }
  return figures;
}

async function main() {
  const { input, rounds, things } = planOf();
  const machine = machineOf(ROOT);
  say(`${machine.text}; load ${loadavg()[0].toFixed(1)}`);
  const stage = await openStage({ root: ROOT, partitions: input.partitions, say });
  const results = [];
  try {
    await stage.freshRedis();
    const filled = await measure('fill', { env: stage.env('fill'), input });
    const { expected, ended, begun } = filled;
    say(
      `${input.events} events of ${begun} calls, ${input.live} at a time, seed ${input.seed}: ${ended} have ended, ` +
        `${expected.calls} are over and give ${expected.records} derived records; ${Math.round(filled.bytes / input.events)} bytes an event`,
    );
    for (let round = 1; round <= rounds; round += 1) {
      for (const what of things) {
        const load = loadavg()[0];
        const figures = await once(what, round, { stage, input, filled });
        results.push({ what, round, load, ...figures });
        const rate = Math.round(figures.count / figures.wallMs);
        const cpu = (figures.cpuMs / 1_000 / (figures.count / 1e6)).toFixed(2);
        say(`round ${round} ${what}: ${rate} thousand a second, ${cpu} CPU s per million, load ${load.toFixed(1)}`);
      }
    }
    const summary = summaryOf(results);
    const report = { machine, input, rounds, filled, results, summary, faults, at: new Date().toISOString() };
    say(`\n${tableOf(summary)}`);
    say(timelineOf(results));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
    if (!values.short && !values['no-page']) writePage(join(ROOT, 'docs', 'benchmarks.md'), report);
  } finally {
    await stage.close();
  }
  say(faults.length === 0 ? 'nothing lost, nothing made up' : `${faults.length} counts are wrong`);
  say(`${checked - faults.length} passed, ${faults.length} failed`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

await main();
