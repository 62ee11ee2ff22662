#!/usr/bin/env node
// @ts-check
/**
 * A rolling upgrade under load, and back: two instances of each service of version N-1 work on a real Kafka, registry
 * and Redis; one after the other is stopped in order and started as version N, so that both work on the same topics
 * and states for a while; then all go back to N-1, and forward again. In the end `callfold verify` of both versions
 * folds the raw log afresh and finds nothing lost, wrong or doubled.
 *
 *   npm run upgrade [-- --calls N] [--rate EVENTS_A_SECOND] [--seed SEED] [--keep]
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generateMonth } from '../month/month.mjs';
import { drained, importPaced, run, start } from '../month/ways.mjs';
import { freePorts, startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';
import { BEFORE, buildBefore, whyNotBefore } from './before.mjs';

const PARTITIONS = 4;
const INSTANCES = 2;
const READY_LIMIT_MS = 120_000;
const LOOK_MS = 250;
const SHOWN = 5;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '400' },
    rate: { type: 'string', default: '150' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
let passed = 0;
let failed = 0;

function check(/** @type {string} */ what, /** @type {boolean} */ holds) {
  if (holds) passed += 1;
  else failed += 1;
  say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
}

/**
 * @typedef {{ role: string, n: number, version: string, url: string }} Named
 * @typedef {Named & ReturnType<typeof start>} Member
 */

/** @param {string} url */
const isReady = (url) =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

/**
 * @param {Record<string, string>} versions by name, their roots
 * @param {Record<string, string>} env
 * @param {string} dir
 */
function crew(versions, env, dir) {
  /** @type {Member[]} */
  const members = [];

  /** @param {string} role @param {number} n @param {string} version */
  async function begin(role, n, version) {
    const [port] = await freePorts(1);
    const log = join(dir, `${role}-${n}.log`);
    const own = { ...env, CALLFOLD_HTTP_PORT: String(port) };
    const member = {
      role,
      n,
      version,
      url: `http://127.0.0.1:${port}`,
      ...start(['serve', role], own, { log, root: versions[version] ?? ROOT }),
    };
    members.push(member);
    for (const until = Date.now() + READY_LIMIT_MS; !(await isReady(member.url)); await pause(LOOK_MS)) {
      if (member.child.exitCode !== null) throw new Error(`${role} ${n} of ${version} ended; its log is ${log}`);
      if (Date.now() > until) throw new Error(`${role} ${n} of ${version} is not ready; its log is ${log}`);
    }
  }

  /** @param {Member} member */
  async function end(member) {
    members.splice(members.indexOf(member), 1);
    member.child.kill('SIGTERM');
    const { code } = await member.ended;
    if (code !== 0) throw new Error(`${member.role} ${member.n} of ${member.version} ended with exit code ${code}`);
  }

  return {
    async begin(/** @type {string} */ version) {
      for (const role of ['projector', 'outcomes'])
        for (let n = 1; n <= INSTANCES; n += 1) await begin(role, n, version);
    },
    /** One after the other, each ready before the next one goes. */
    async roll(/** @type {string} */ version) {
      // Those that are there now: the list changes on the way.
      const all = [...members];
      for (const member of all) {
        await end(member);
        await begin(member.role, member.n, version);
      }
    },
    async stop() {
      const all = [...members];
      for (const member of all) await end(member);
    },
    kill() {
      for (const { child } of members) child.kill('SIGKILL');
    },
  };
}

/** @param {string} root @param {Record<string, string>} env @param {string} dir */
async function verify(root, env, dir) {
  const { text } = await run(['--json', 'verify'], env, { log: join(dir, 'verify.log'), codes: [0, 3], root });
  const reports = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return {
    findings: reports.flatMap((report) => report.findings),
    same: reports.reduce((sum, one) => sum + one.same, 0),
  };
}

/** @param {string} dir @param {Record<string, string>} env */
async function upgrade(dir, env) {
  const versions = { 'N-1': buildBefore(say), N: ROOT };
  const context = { dir, say };
  await run(['topics', 'apply', '--execute'], env, { log: join(dir, 'commands.log'), root: versions['N-1'] });
  const { events } = generateMonth({ seed: values.seed, calls: Number(values.calls) });
  let isRolled = false;
  let months = 0;
  /** The month again and again, of one tenant after the other, until nothing is upgraded any more. */
  async function feed() {
    while (!isRolled) {
      months += 1;
      const input = join(dir, `month-${months}.ndjson`);
      const own = events.map((event) => ({ ...event, tenantId: `tenant-${months}` }));
      writeFileSync(input, own.map((event) => `${JSON.stringify(event)}\n`).join(''));
      await importPaced(input, Number(values.rate), env, context);
    }
  }
  const services = crew(versions, env, dir);
  try {
    await services.begin('N-1');
    const feeding = feed();
    feeding.catch(() => undefined);
    for (const version of ['N', 'N-1', 'N']) {
      await services.roll(version);
      say(`every instance is ${version}`);
    }
    isRolled = true;
    await feeding;
    say(`${months * events.length} events came in meanwhile`);
    await drained(env, context);
    await services.stop();
    for (const [version, root] of Object.entries(versions)) {
      const { findings, same } = await verify(root, env, dir);
      check(
        `verify of ${version}: ${same} aggregates and records are what a fresh fold gives, each once`,
        findings.length === 0 && same > months * Number(values.calls),
      );
      for (const { fault, where, detail } of findings.slice(0, SHOWN)) say(`  ${fault}: ${where}: ${detail}`);
    }
  } finally {
    isRolled = true;
    services.kill();
  }
}

async function main() {
  const why = whyNotBefore();
  if (why !== null) {
    say(`!!! NOT RUN: no earlier version to upgrade from: ${why}`);
    return;
  }
  mkdirSync(join(ROOT, '.infra'), { recursive: true });
  const dir = mkdtempSync(join(ROOT, '.infra', 'upgrade-'));
  say(`N-1 is ${BEFORE.slice(0, 8)}, N this clone; ${values.calls} calls, seed ${values.seed}; logs in ${dir}`);
  const kafka = await startKafka({ dir: join(dir, 'kafka'), quick: true, say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const redis = await startRedis({ dir: join(dir, 'redis') });
  try {
    await upgrade(dir, {
      CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
      CALLFOLD_REGISTRY_URL: registry.url,
      CALLFOLD_REDIS_URL: redis.url,
      CALLFOLD_PARTITIONS: String(PARTITIONS),
      CALLFOLD_SESSION_TIMEOUT_MS: '6000',
    });
  } finally {
    await Promise.all([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis.stop({ wipe: true })]);
    if (!values.keep && failed === 0) rmSync(dir, { recursive: true, force: true });
  }
}

main()
  .catch((error) => {
    failed += 1;
    say(`upgrade: ${error instanceof Error ? error.stack : error}`);
  })
  .finally(() => {
    say(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
