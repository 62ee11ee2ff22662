// @ts-check
/** The three ways of a month of calls: a fold of the file, the embedded store, and Kafka with registry and Redis. */

import { spawn } from 'node:child_process';
import { createReadStream, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../libs/adapters/dist/index.js';
import { DERIVED_OF, recordJson } from '../../libs/core/dist/index.js';
import { openEmbeddedSite } from '../../services/cli/dist/wiring/embedded.js';
import { openKafkaSite } from '../../services/cli/dist/wiring/kafka.js';
import { freePorts, startKafka, startRedis, startRegistry } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

const CALLFOLD = 'services/cli/bin/callfold.js';
const PARTITIONS = 4;
const TOPICS = DERIVED_OF.callcenter24.filter((topic) => topic !== 'callfold.dead-letters');
/** Timers due later than this are those of closed calls that will be dropped one day. */
const SETTLED_MS = 600_000;
const DRAIN_MS = 300_000;
const LOOK_MS = 1_000;

/** @typedef {{ last: Map<string, Record<string, any>>, records: number }} Way */
/** @typedef {{ say: (line: string) => void, dir: string }} Context */

/**
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {{ out?: string, stdin?: boolean, log?: string, root?: string }} io files; and the clone whose command it is
 */
export function start(args, env, { out, stdin = false, log, root = ROOT } = {}) {
  const child = spawn(process.execPath, [join(root, CALLFOLD), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', CALLFOLD_LOG_LEVEL: 'info', ...env },
    stdio: [stdin ? 'pipe' : 'ignore', out ? openSync(out, 'w') : 'pipe', log ? openSync(log, 'a') : 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, text })));
  return { child, ended };
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {{ out?: string, log?: string, root?: string, codes?: number[] }} [io]
 * @returns {Promise<{ code: number, text: string }>}
 */
export async function run(args, env, { codes = [0], ...io } = {}) {
  const { code, signal, text } = await start(args, env, io).ended;
  if (!codes.includes(code)) throw new Error(`callfold ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`);
  return { code, text };
}

/** @param {Record<string, any>} json a record's JSON */
function keep(json, /** @type {Way} */ way) {
  const { revision: _revision, correctionOf: _correction, ingestedAt: _ingested, ...said } = json;
  way.last.set(json['outcomeId'], said);
  way.records += 1;
}

/** @returns {Way} */
const emptyWay = () => ({ last: new Map(), records: 0 });

/**
 * @param {string} input
 * @param {Context} context
 */
export async function byFold(input, { dir }) {
  const out = join(dir, 'folded.ndjson');
  await run(['fold', input], {}, { out, log: join(dir, 'fold.log') });
  const way = emptyWay();
  for await (const line of createInterface({ input: createReadStream(out) })) keep(JSON.parse(line), way);
  return way;
}

/**
 * @param {import('../../services/cli/dist/site.js').Site} site
 * @returns {Promise<Way>}
 */
async function readAll(site) {
  const way = emptyWay();
  for (const topic of TOPICS) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for (let from = 0; ; ) {
        const page = await site.readDerived(topic, partition, from);
        for (const { value } of page.records)
          if (value) keep(recordJson(/** @type {any} */ (site.codec.decodeDerived(topic, value))), way);
        if (page.next >= page.end || page.next <= from) break;
        from = page.next;
      }
    }
  }
  return way;
}

/**
 * Waits until everything published was folded, settled, and sent.
 * @param {Record<string, string>} env
 * @param {Context} context
 */
export async function drained(env, { dir }) {
  for (const until = Date.now() + DRAIN_MS; Date.now() < until; await pause(LOOK_MS)) {
    const { text } = await run(['--json', 'status'], env, { log: join(dir, 'status.log'), codes: [0, 1] });
    const { partitions } = JSON.parse(text);
    const soon = Date.now() + SETTLED_MS;
    const quiet = (/** @type {any} */ row) =>
      row.lag === 0 && (row.outbox ?? 0) === 0 && (row.nextTimer ?? Infinity) > soon;
    if (partitions.length > 0 && partitions.every(quiet)) return;
  }
  throw new Error(`the services did not come to rest within ${DRAIN_MS / 1000} s; their logs are in ${dir}`);
}

/**
 * @param {string} input
 * @param {Context} context
 */
export async function byEmbedded(input, context) {
  const { dir } = context;
  const [port] = await freePorts(1);
  const env = {
    CALLFOLD_DATA_DIR: join(dir, 'embedded'),
    CALLFOLD_HTTP_PORT: String(port),
    CALLFOLD_PARTITIONS: String(PARTITIONS),
  };
  const { child, ended } = start(['dev', '--no-demo'], env, { out: join(dir, 'dev.out'), log: join(dir, 'dev.log') });
  try {
    for (const until = Date.now() + 30_000; Date.now() < until; await pause(200)) {
      if (
        await fetch(`http://127.0.0.1:${port}/livez`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        break;
    }
    await run(['import', input], env, { log: join(dir, 'import-embedded.log') });
    await drained(env, context);
  } finally {
    child.kill('SIGTERM');
  }
  const { code } = await ended;
  if (code !== 0)
    throw new Error(`callfold dev ended with exit code ${code} after SIGTERM; its log is ${join(dir, 'dev.log')}`);
  const site = await openEmbeddedSite(readConfig(env));
  try {
    return await readAll(site);
  } finally {
    await site.close();
  }
}

/**
 * Pipes the file into `callfold import -` at a pace.
 * @param {string} input
 * @param {number} rate lines a second
 */
export async function importPaced(
  input,
  rate,
  /** @type {Record<string, string>} */ env,
  /** @type {Context} */ { dir },
) {
  const { child, ended } = start(['import', '-'], env, { stdin: true, log: join(dir, 'import-kafka.log') });
  const lines = readFileSync(input, 'utf8').split('\n');
  const step = Math.max(1, Math.floor(rate / 20));
  for (let from = 0; from < lines.length; from += step) {
    const more = child.stdin?.write(`${lines.slice(from, from + step).join('\n')}\n`);
    if (!more) await new Promise((resolve) => child.stdin?.once('drain', () => resolve(undefined)));
    if (Number.isFinite(rate)) await pause(50);
  }
  child.stdin?.end();
  const { code } = await ended;
  if (code !== 0) throw new Error(`callfold import ended with exit code ${code}; its log is in ${dir}`);
}

/**
 * Two instances of each service; any of them can be killed and started again.
 * @param {Record<string, string>} env
 * @param {Context} context
 */
function crew(env, { dir, say }) {
  /**
   * @param {string} role
   * @param {number} n
   */
  const instance = (role, n) => ({
    role,
    n,
    ...start(['serve', role], { ...env, CALLFOLD_HTTP_PORT: '0' }, { log: join(dir, `${role}-${n}.log`) }),
  });
  const members = ['projector', 'outcomes'].flatMap((role) => [1, 2].map((n) => instance(role, n)));
  return {
    /**
     * `kill -9` of one projector and one outcomes, and their restart.
     * @param {() => number} random
     */
    async killPair(random) {
      for (const role of ['projector', 'outcomes']) {
        const n = random() < 0.5 ? 1 : 2;
        const at = members.findIndex((one) => one.role === role && one.n === n);
        const victim = members[at];
        if (!victim) continue;
        if (victim.child.exitCode !== null)
          throw new Error(`${role} ${victim.n} ended by itself; its log is in ${dir}`);
        victim.child.kill('SIGKILL');
        await victim.ended;
        say(`killed ${role} ${victim.n} with SIGKILL, started again`);
        members[at] = instance(role, victim.n);
      }
    },
    async stop() {
      for (const { child } of members) child.kill('SIGTERM');
      const ends = await Promise.all(members.map(({ ended }) => ended));
      const bad = ends.filter(({ code }) => code !== 0);
      if (bad.length > 0)
        throw new Error(`${bad.length} services did not end with exit code 0 after SIGTERM; their logs are in ${dir}`);
    },
    kill() {
      for (const { child } of members) child.kill('SIGKILL');
    },
  };
}

/**
 * @param {string} input
 * @param {Context & {
 *   kills: number,
 *   rate: number,
 *   random: () => number,
 *   later?: string | null,
 *   look?: (env: Record<string, string>) => Promise<void>,
 * }} context `later` is imported when what came of the input is published; `look` is called when all is, before the
 *   parts are stopped
 * @returns {Promise<Way & { findings: { fault: string, where: string, detail: string }[], same: number }>}
 */
export async function byKafka(input, context) {
  const { dir, say, kills, rate, random, later = null, look = async () => {} } = context;
  const kafka = await startKafka({ dir: join(dir, 'kafka'), quick: true, say });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  const redis = await startRedis({ dir: join(dir, 'redis') });
  const env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
    CALLFOLD_SESSION_TIMEOUT_MS: '6000',
  };
  const log = join(dir, 'commands.log');
  await run(['topics', 'apply', '--execute'], env, { log });
  const services = crew(env, context);
  try {
    const importing = importPaced(input, rate, env, context);
    importing.catch(() => undefined);
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(2_000 + Math.floor(random() * 4_000));
      await services.killPair(random);
    }
    await importing;
    await drained(env, context);
    if (later !== null) {
      await importPaced(later, Infinity, env, context);
      await drained(env, context);
    }
    await services.stop();
    await look(env);
    const verified = await run(['--json', 'verify'], env, { log, codes: [0, 3] });
    const site = await openKafkaSite(readConfig(env), say);
    try {
      const way = await readAll(site);
      const reports = verified.text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      writeFileSync(join(dir, 'verify.json'), verified.text);
      return {
        ...way,
        findings: reports.flatMap((report) => report.findings),
        same: reports.reduce((sum, one) => sum + one.same, 0),
      };
    } finally {
      await site.close();
    }
  } finally {
    services.kill();
    await Promise.all([kafka.stop({ wipe: true }), registry.stop({ wipe: true }), redis.stop({ wipe: true })]);
  }
}
