#!/usr/bin/env node
// @ts-check
/**
 * A month of calls through everything: `callfold fold`, the embedded store, and real Kafka, registry and Redis with
 * four partitions and two instances of each service, one of each killed with SIGKILL several times under load. The same
 * last outcome for every call in all three, the figures that are expected, nothing lost, nothing twice.
 *
 *   npm run month                       February 1999 where shared/data is there, else a generated month
 *   npm run month -- --generated        a generated month of that shape
 *     [--calls N] [--seed SEED] [--kills N] [--rate EVENTS_A_SECOND] [--keep]
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/process.mjs';
import { createRandom } from '../random.mjs';
import { figuresOfRecords } from './figures.mjs';
import { februaryInput } from './february.mjs';
import { generateMonth } from './month.mjs';
import { byEmbedded, byFold, byKafka } from './ways.mjs';

const FIGURES = [
  'calls',
  'answered',
  'abandoned',
  'shortAbandoned',
  'offers',
  'waitMsAnswered',
  'waitMsAbandoned',
  'talkMs',
  'asaSeconds',
  'meanWaitOfAbandonedSeconds',
  'abandonedOfAllPercent',
  'meanTalkSeconds',
];
const SHOWN = 5;

const { values } = parseArgs({
  options: {
    generated: { type: 'boolean', default: false },
    calls: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '5' },
    rate: { type: 'string', default: '1500' },
    keep: { type: 'boolean', default: false },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {string} dir */
function input(dir) {
  const february = values.generated ? null : februaryInput(dir);
  if (february) return february;
  const { events, expected } = generateMonth({ seed: values.seed, calls: Number(values.calls) });
  const file = join(dir, 'month.ndjson');
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return {
    name: `a generated month of ${values.calls} calls, seed ${values.seed}`,
    file,
    expected,
    events: events.length,
  };
}

/** @param {Record<string, any>} figures */
const flat = (figures) => ({ ...figures, ...figures['outcomes'] });

/**
 * @param {Map<string, any>} a
 * @param {Map<string, any>} b
 */
function differences(a, b) {
  const ids = new Set([...a.keys(), ...b.keys()]);
  return [...ids].filter((id) => JSON.stringify(a.get(id)) !== JSON.stringify(b.get(id)));
}

async function main() {
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'month-'));
  const { name, file, expected, events } = input(dir);
  say(`${name}: ${events} events; seed of the kills ${values.seed}; logs in ${dir}`);
  /** @type {[string, boolean][]} */
  const checks = [];
  const check = (/** @type {string} */ what, /** @type {boolean} */ holds) => {
    checks.push([what, holds]);
    say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  };
  const timed = async (/** @type {string} */ what, /** @type {() => Promise<any>} */ work) => {
    const from = Date.now();
    const result = await work();
    say(
      `${what}: ${result.last.size} records, ${result.records} revisions, ${((Date.now() - from) / 1000).toFixed(1)} s`,
    );
    return result;
  };
  const { next: random } = createRandom(`kills-${values.seed}`);
  const context = { dir, say, kills: Number(values.kills), rate: Number(values.rate), random };
  const folded = await timed('(a) callfold fold', () => byFold(file, context));
  const embedded = await timed('(b) embedded store', () => byEmbedded(file, context));
  const kafka = await timed(`(c) Kafka, registry, Redis, ${values.kills} kills`, () => byKafka(file, context));

  const columns = [expected, ...[folded, embedded, kafka].map(({ last }) => figuresOfRecords(last.values()))].map(flat);
  say(
    `\n${'figure'.padEnd(28)}${['expected', '(a) fold', '(b) embedded', '(c) Kafka'].map((title) => title.padStart(16)).join('')}`,
  );
  for (const figure of FIGURES)
    say(`${figure.padEnd(28)}${columns.map((column) => String(column[figure]).padStart(16)).join('')}`);
  say('');
  for (const figure of FIGURES)
    check(
      `${figure} is ${columns[0]?.[figure]} in all three`,
      columns.every((column) => column[figure] === columns[0]?.[figure]),
    );
  for (const [way, other] of /** @type {[string, any][]} */ ([
    ['embedded store', embedded],
    ['Kafka', kafka],
  ])) {
    const different = differences(folded.last, other.last);
    check(`every record of ${way} is that of the fold`, different.length === 0);
    for (const id of different.slice(0, SHOWN))
      say(`  ${id}\n    fold ${JSON.stringify(folded.last.get(id))}\n    ${way} ${JSON.stringify(other.last.get(id))}`);
  }
  check(
    `a fresh fold of the raw log gives the ${kafka.same} aggregates and records that stand, each once, in order`,
    kafka.findings.length === 0 && kafka.same > 0,
  );
  for (const { fault, where, detail } of kafka.findings.slice(0, SHOWN)) say(`  ${fault}: ${where}: ${detail}`);

  const failed = checks.filter(([, holds]) => !holds).length;
  if (!values.keep && failed === 0) rmSync(dir, { recursive: true, force: true });
  say(`${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  say(`month: ${error instanceof Error ? error.stack : error}`);
  say('0 passed, 1 failed');
  process.exitCode = 1;
});
