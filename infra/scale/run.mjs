#!/usr/bin/env node
// @ts-check
// Measures what a rebalance costs: both roles under load on real Kafka, registry and Redis, while an instance of each
// comes, goes, and is killed. For each partition the pause is the time between the last record folded before and the
// first one after, whoever folded it, less the beat that lies between any two of the load's records.
//
//   npm run rebalance                        64 partitions of each raw topic
//     [--partitions N] [--beat MS] [--rounds N] [--json FILE]
import { fork } from 'node:child_process';
import { openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { SOURCES } from '@callfold/core';
import { ended, endWithMe } from '../parts/lifeline.mjs';
import { startLoad } from './load.mjs';
import { createTimeline, quantile } from './pauses.mjs';
import { openStage } from './stage.mjs';

const { values } = parseArgs({
  options: {
    partitions: { type: 'string', default: '64' },
    beat: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '1' },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const partitions = Number(values.partitions);
const beatMs = Number(values.beat);
const PLACES = partitions * SOURCES.length;
const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
const ROLES = /** @type {const} */ (['projector', 'outcomes']);
/** The least that a broker takes by default. */
const SESSION_MS = 6_000;
/** What is promised, at 64 partitions. */
const PAUSE_MOST_MS = 3_000;
const WAIT_MS = 240_000;
const QUIET_MS = 4_000;
/** What has just started runs code that is not compiled yet. */
const WARM_MS = 20_000;
const LOOK_MS = 50;

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
/** @type {string[]} */
const failures = [];
let passed = 0;

/** @param {string} what @param {boolean} holds */
function check(what, holds) {
  if (holds) passed += 1;
  else failures.push(what);
  if (!holds) say(`FAILED: ${what}`);
}

/** @typedef {typeof ROLES[number]} RoleName */
/** @typedef {(signal: NodeJS.Signals) => Promise<number | null>} End */
/** @typedef {{ role: RoleName, name: string, pid: number, end: End }} Instance */

const timelines = { projector: createTimeline(), outcomes: createTimeline() };
/** @type {Instance[]} */
let living = [];
let started = 0;

/** @param {RoleName} role @param {import('./stage.mjs').Stage} stage @returns {Instance} */
function startInstance(role, stage) {
  started += 1;
  const name = `${role} ${started}`;
  const out = openSync(join(stage.dir, `${role}-${started}.log`), 'a');
  const child = fork(WORKER, [role], {
    env: { ...process.env, ...stage.env },
    stdio: ['ignore', out, out, 'ipc'],
  });
  const { pid = 0 } = child;
  endWithMe(pid);
  child.on('message', (/** @type {any} */ { heard }) => timelines[role].take(name, heard));
  /** @type {Promise<number | null>} */
  const over = new Promise((resolve) => {
    child.once('close', (code) => {
      ended(pid);
      living = living.filter((one) => one.pid !== pid);
      resolve(code);
    });
  });
  const instance = {
    role,
    name,
    pid,
    /** @param {NodeJS.Signals} signal */
    end(signal) {
      child.kill(signal);
      return over;
    },
  };
  living.push(instance);
  return instance;
}

/** @param {RoleName} role */
const namesOf = (role) => new Set(living.filter((one) => one.role === role).map(({ name }) => name));

/** @param {string} what @param {() => boolean} condition */
async function until(what, condition) {
  for (const end = Date.now() + WAIT_MS; !condition(); await sleep(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`waited ${WAIT_MS / 1_000} s in vain until ${what}`);
  }
}

/** Every partition of both roles is folded by one that lives, and each that lives has its share. */
async function allFold() {
  const since = Date.now();
  await until('every partition is folded', () =>
    ROLES.every((role) => {
      const names = [...namesOf(role)];
      const shares = names.map((name) => timelines[role].foldedSince(since, new Set([name])));
      return (
        timelines[role].foldedSince(since, new Set(names)) === PLACES &&
        shares.every((share) => share >= Math.floor(partitions / names.length) * SOURCES.length)
      );
    }),
  );
  await sleep(QUIET_MS);
}

/** @type {object[]} */
const figures = [];

/** @param {string} what @param {number} mostMs @param {() => Promise<void>} change */
async function measure(what, mostMs, change) {
  for (const role of ROLES) timelines[role].forget();
  const load = (loadavg()[0] ?? 0).toFixed(1);
  await change();
  await allFold();
  for (const role of ROLES) {
    const pauses = timelines[role].pauses();
    for (const moved of [false, true]) {
      // Between two records lies a beat also where nothing pauses.
      const ms = pauses.filter((one) => one.moved === moved).map((one) => Math.max(0, one.ms - beatMs));
      const most = Math.max(0, ...ms);
      const kind = moved ? 'move' : 'stay';
      const line = [what, role, kind, ms.length, quantile(ms, 0.5), quantile(ms, 0.9), most, load];
      figures.push({ what, role, kind, partitions: ms.length, p50: line[4], p90: line[5], most, load });
      say(
        `${what.padEnd(18)} ${role.padEnd(10)} ${String(ms.length).padStart(4)} ${kind}  pause p50 ${line[4]} ms, p90 ${line[5]} ms, most ${most} ms, load ${load}`,
      );
      if (ms.length > 0)
        check(`${what}, ${role}: partitions that ${kind} pause for ${most} ms, and at most ${mostMs}`, most <= mostMs);
    }
    const others = timelines[role].others;
    const count = (/** @type {string} */ name) => others.filter((one) => one.what === name).length;
    say(
      `         ${role.padEnd(10)} claims ${count('claimed')}, let go ${count('released')}, fenced ${count('fenced')}`,
    );
    check(`${what}, ${role}: every partition was folded on`, pauses.length === PLACES);
  }
}

/** @param {number} pid */
function costOf(pid) {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
  return { mib: Math.round(Number(kib) / 1_024), sockets: sockets.length };
}

async function main() {
  say(
    `${partitions} partitions of each of ${SOURCES.length} raw topics, a record in each every ${beatMs} ms, session ${SESSION_MS} ms`,
  );
  const stage = await openStage({ partitions, sessionMs: SESSION_MS, say });
  const load = await startLoad({ env: stage.env, partitions, everyMs: beatMs, say });
  try {
    const beganAt = Date.now();
    for (const role of ROLES) for (let n = 0; n < 2; n += 1) startInstance(role, stage);
    await allFold();
    say(`two instances of each role fold everything after ${Date.now() - beganAt - QUIET_MS} ms`);
    // What the machine does to everybody, without any rebalance.
    await measure('nothing', PAUSE_MOST_MS, async () => {
      await sleep(WARM_MS);
    });
    for (let round = 0; round < Number(values.rounds); round += 1) {
      /** @type {Map<RoleName, Instance>} */
      const thirds = new Map();
      const add = async (/** @type {RoleName} */ role) => void thirds.set(role, startInstance(role, stage));
      /** @param {NodeJS.Signals} signal @param {RoleName} role */
      const end = async (signal, role) => (await thirds.get(role)?.end(signal)) ?? null;
      // One role after the other, as a rollout does: a group is to wait for its own newcomer, not for another's start.
      for (const role of ROLES) {
        await measure(`${role} added`, PAUSE_MOST_MS, () => add(role));
      }
      if (round === 0) for (const { name, pid } of living) say(`         ${name}: ${JSON.stringify(costOf(pid))}`);
      for (const role of ROLES) {
        await measure(`${role} removed`, PAUSE_MOST_MS, async () => {
          const code = await end('SIGTERM', role);
          check(`an instance of ${role} that is asked to stop ends well`, code === 0);
        });
      }
      for (const role of ROLES) await measure(`${role} added`, PAUSE_MOST_MS, () => add(role));
      // The group hears of it when the session is over.
      for (const role of ROLES) {
        await measure(`${role} killed`, PAUSE_MOST_MS + SESSION_MS, async () => void (await end('SIGKILL', role)));
      }
    }
    await load.stop();
    say(`${load.published} records published, beats late by ${Math.round(load.lateMs)} ms in all`);
    // What was published last is folded and sent.
    await sleep(QUIET_MS);
    const codes = await Promise.all(living.map((one) => one.end('SIGTERM')));
    check(
      'all that are asked to stop end well',
      codes.every((code) => code === 0),
    );
    const verified = await stage.callfold(['verify']);
    check(
      `callfold verify finds no difference: ${verified.text.trim().split('\n').slice(-3).join(' | ')}`,
      verified.code === 0,
    );
  } finally {
    await load.stop().catch(() => undefined);
    await Promise.all(living.map((one) => one.end('SIGKILL')));
    if (values.keep) say(`logs are in ${stage.dir}`);
    else await stage.close();
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ partitions, beatMs, figures }, null, 2)}\n`);
}

await main().catch((error) => {
  failures.push(String(error));
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
});
say(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
