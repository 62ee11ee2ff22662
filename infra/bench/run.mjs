#!/usr/bin/env node
// Measures ours and the JVM's engines over the same generated events, in turn, in one run on one machine: throughput,
// latency, processor time, memory, starting and recovering. Prints figures and writes docs/benchmarks.md with its
// chart; judges no figure, but fails when a record is lost or made up.
//
//   npm run bench                      5,000,000 events of 5,000 and 1,000,000 live calls, 3 rounds: some hours
//   npm run bench -- --short           one round of 200,000 events, one rate: under ten minutes; no page
//   npm run bench -- --growth [--point TEXT]    against live calls, partitions, tenants, event size and cache misses
//     [--events N] [--live N] [--seed S] [--partitions N] [--threads N] [--rounds N] [--rates 500,2000] [--seconds N]
//     [--only call-outcomes,streams-eos,latency,recovery] [--json FILE] [--no-page] [--profile DIR]
//   npm run bench -- --only rebuild --events 10000000 [--rebuild-rate 5000,10000|none]
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from './children.mjs';
import { GROWTH, growthTable, measureGrowth } from './growth.mjs';
import { measureLatency, RATES, ratePhases, SUBJECTS } from './latency.mjs';
import { machineOf } from './machine.mjs';
import { writePage } from './page.mjs';
import { findPeers, PEERS } from './peers.mjs';
import { measureRebuild } from './rebuild.mjs';
import { measureRecovery, RECOVERED } from './recovery.mjs';
import { latencyTable, ratiosOf, rebuildTable, recoveryTable, summaryOf, tableOf, timelineOf } from './report.mjs';
import { openStage } from './stage.mjs';
import { measureThing, THINGS } from './throughput.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ALL = [...THINGS, 'latency', 'recovery', 'rebuild'];
/** Of the short run they would be most. */
const LONG = new Set(['recovery', 'fold-command', 'rebuild']);
const SHORT = {
  loads: [{ live: 5_000, events: 200_000 }],
  rounds: 1,
  things: ALL.filter((what) => !LONG.has(what)),
  subjects: ['outcomes', 'projector', 'streams-eos', 'flink-heap'],
  rates: [2_000],
  seconds: 8,
};
const FULL = {
  loads: [
    { live: 5_000, events: 5_000_000 },
    { live: 1_000_000, events: 5_000_000 },
  ],
  rounds: 3,
  things: ALL,
  subjects: SUBJECTS,
  rates: RATES,
  seconds: 20,
};

/** Records a second of a rebuild beside live events. */
const REBUILD_RATES = [10_000];

/** At each of a dozen points: as many as its live calls need, and at least so many. */
const GROWTH_LOADS = [{ live: 5_000, events: 1_000_000 }];

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    live: { type: 'string' },
    seed: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '4' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string' },
    rates: { type: 'string' },
    seconds: { type: 'string' },
    'rebuild-rate': { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    point: { type: 'string' },
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
const some = (text, fallback) => (text === undefined ? fallback : text.split(','));

function planOf() {
  if (values.point !== undefined && !values.growth) throw new Error('bench: --point names points of --growth');
  const size = values.short ? SHORT : FULL;
  const known = values.growth ? GROWTH : ALL;
  const things = some(values.only, values.growth ? GROWTH : size.things);
  const unknown = things.filter((what) => !known.includes(what));
  if (unknown.length > 0)
    throw new Error(`bench: nothing is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const own = values.events !== undefined || values.live !== undefined;
  const usual = values.growth && !values.short ? GROWTH_LOADS : size.loads;
  const [{ live, events }] = usual;
  const loads = own ? [{ live: one(values.live, live), events: one(values.events, events) }] : usual;
  return {
    loads,
    things,
    seed: values.seed,
    partitions: one(values.partitions, 4),
    threads: one(values.threads, 2),
    rounds: one(values.rounds, size.rounds),
    subjects: size.subjects,
    rates: some(values.rates, size.rates).map(Number),
    seconds: one(values.seconds, size.seconds),
    rebuildRates: values['rebuild-rate'] === 'none' ? [] : some(values['rebuild-rate'], REBUILD_RATES).map(Number),
  };
}

/** Without a JDK or Maven our own rows are measured all the same. */
async function peersFor(things) {
  const wanted = things.some((what) => what in PEERS || what === 'latency' || what === 'recovery');
  if (!wanted) return null;
  try {
    return await findPeers({ say });
  } catch (error) {
    say(`SKIPPED: the peers. ${error.message}`);
    return null;
  }
}

async function measureLoad(load, plan, { stage, paths }) {
  const { seed, partitions, rounds } = plan;
  const input = { ...load, seed, partitions };
  await stage.freshRaw();
  await stage.freshRedis();
  const filled = await measure('fill', { env: stage.env('fill'), input });
  const { expected, ended, begun } = filled;
  say(
    `\n${input.events} events of ${begun} calls, ${input.live} at a time, seed ${seed}: ${ended} have ended, ` +
      `${expected.calls} are over and give ${expected.records} derived records; ${Math.round(filled.bytes / input.events)} bytes an event`,
  );
  const results = [];
  const things = plan.things.filter((what) => THINGS.includes(what) && (paths !== null || !(what in PEERS)));
  for (let round = 1; round <= rounds; round += 1) {
    for (const what of things) {
      const [load1] = loadavg();
      const options = { stage, input, threads: plan.threads, filled, paths, profileDir: values.profile, check };
      const figures = await measureThing(what, `${input.live}-${round}`, options);
      results.push({ what, round, load: load1, ...figures });
      const rate = Math.round(figures.count / figures.wallMs);
      const cpu = (figures.cpuMs / 1_000 / (figures.count / 1e6)).toFixed(2);
      say(`round ${round} ${what}: ${rate} thousand a second, ${cpu} CPU s per million, load ${load1.toFixed(1)}`);
    }
  }
  const recovery = [];
  if (plan.things.includes('recovery')) {
    for (const what of RECOVERED) {
      if (paths === null && what in PEERS) continue;
      const found = await measureRecovery(what, input.live, { stage, input, filled, paths });
      recovery.push({ live: input.live, ...found });
      const [soon, late] = [found.recoveryMs, found.expiredMs].map((ms) =>
        ms === null ? 'no time' : `${(ms / 1_000).toFixed(1)} s`,
      );
      say(`recovery of ${what}, ${input.live} live calls: ${soon} at once, ${late} when its session was over`);
    }
  }
  let rebuilt = null;
  if (plan.things.includes('rebuild'))
    rebuilt = await measureRebuild({ stage, input, filled, rates: plan.rebuildRates, say, check });
  return { input, rounds, filled, results, summary: summaryOf(results), recovery, rebuilt };
}

async function measureLatencies(plan, { stage, paths }) {
  const rows = [];
  if (!plan.things.includes('latency')) return rows;
  for (const what of plan.subjects) {
    if (paths === null && what in PEERS) continue;
    const { seed, rates, seconds, partitions } = plan;
    const [load] = loadavg();
    const phases = ratePhases(rates, seconds);
    const found = await measureLatency(what, 1, { stage, seed, phases, partitions, paths });
    check(`latency of ${what}, derived records never seen`, found.missing, 0);
    rows.push({ load, ...found });
    const told = found.rows.map(({ rate, p50, p99 }) => `${rate}/s p50 ${p50} ms, p99 ${p99} ms`);
    say(`latency of ${what}: ${told.join('; ')}, load ${load.toFixed(1)}`);
  }
  return rows;
}

async function measureAll(plan) {
  const paths = await peersFor(plan.things);
  const stage = await openStage({ root: ROOT, partitions: plan.partitions, say });
  try {
    const loads = [];
    if (plan.things.some((what) => what !== 'latency')) {
      for (const load of plan.loads) loads.push(await measureLoad(load, plan, { stage, paths }));
    }
    return { loads, latency: await measureLatencies(plan, { stage, paths }) };
  } finally {
    await stage.close();
  }
}

function print({ loads, latency }) {
  for (const { input, summary, results, recovery, rebuilt } of loads) {
    if (summary.length > 0) say(`\n${input.live} live calls\n${tableOf(summary)}`);
    for (const line of [...ratiosOf(results), timelineOf(results)]) if (line !== '') say(line);
    if (recovery.length > 0) say(`\n${recoveryTable(recovery)}`);
    if (rebuilt !== null) say(`\n${rebuildTable(rebuilt)}`);
  }
  if (latency.length > 0) say(`\n${latencyTable(latency)}`);
}

async function main() {
  const plan = planOf();
  const machine = machineOf(ROOT);
  say(`${machine.text}; load ${loadavg()[0].toFixed(1)}`);
  const report = { machine, plan, faults, at: new Date().toISOString() };
  if (values.growth) {
    report.growth = await measureGrowth({ root: ROOT, ...plan, short: values.short, point: values.point, say, check });
    say(`\n${growthTable(report.growth)}`);
  } else {
    Object.assign(report, await measureAll(plan));
    print(report);
    if (!values.short && !values['no-page']) writePage(join(ROOT, 'docs'), report);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  say(faults.length === 0 ? 'nothing lost, nothing made up' : `${faults.length} counts are wrong`);
  say(`${checked - faults.length} passed, ${faults.length} failed`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

await main();
