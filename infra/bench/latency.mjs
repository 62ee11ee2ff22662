// From produce to derived record, and to Redis, at fixed rates: ours with nothing to settle, and the peers. Each is
// started once and meets the rates one after the other, after a while in which it may get warm.
import { fork, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCodec, createRegistry } from '@callfold/adapters';
import { DEFAULT_SETTINGS, subjectKey, TOPICS } from '@callfold/core';
import { createOfflineFold } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import { endWithMe, ended } from '../parts/lifeline.mjs';
import { dueTimes, loadEvents, nowMs } from './load.mjs';
import { PEERS, startPeer } from './peers.mjs';
import { OUTCOMES_TOPIC } from './topics.mjs';
import { watchOutcomes, watchPositions } from './watchers.mjs';

export const RATES = [500, 2_000, 10_000];
/** What is looked at: derived records of both kinds of engine, and what the projector keeps. */
export const SUBJECTS = ['outcomes', 'projector', ...Object.keys(PEERS)];

const COMMAND = fileURLToPath(new URL('../../services/cli/bin/callfold.js', import.meta.url));
const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** At first many calls begin and hardly one ends; after this they do both. */
const WARM = { rate: 2_000, seconds: 10 };
const LIVE = 2_000;
/** Starting, claiming and working off what came meanwhile. */
const WARM_MOST_MS = 180_000;
/** The measured load begins this long after it was told to. */
const AHEAD_MS = 250;
/** Behind the last event of a load what it brings about has this long to be seen. */
const AFTER_MS = 60_000;
const LOOK_MS = 100;
const SETTLE_MS = 0;
const HOUR_MS = 3_600_000;
/** Of so many live calls at least so many come in a second of their own time. */
const EVENTS_PER_INPUT_SECOND = 50;
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 };
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** One of our services as it is shipped, in a process of its own. */
export function startService(role, env) {
  const child = spawn(process.execPath, [COMMAND, 'serve', role], {
    env: { ...process.env, ...env, CALLFOLD_LOG_LEVEL: 'error', CALLFOLD_HTTP_PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  endWithMe(child.pid);
  const closed = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      ended(child.pid);
      resolve(signal ?? code);
    });
  });
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** By outcome id and revision the index of the event that causes it: nothing settles, each change is said at once. */
function causesOf(plan) {
  const rules = { settings: { ...DEFAULT_SETTINGS, settleMs: SETTLE_MS }, publishes: true, drops: true };
  const fold = createOfflineFold(rules);
  const causes = new Map();
  loadEvents(plan).forEach(({ event }, index) => {
    const { records } = fold.fold(subjectKey(event.tenantId, event.subjectId), normalise(event), event.occurredAt);
    for (const record of records) {
      if (record.kind === 'call-outcome') causes.set(`${record.outcomeId} ${record.revision}`, index);
    }
  });
  return causes;
}

function quantilesOf(latencies) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  const told = Object.entries(QUANTILES).map(([name, share]) => [name, Math.round(at(share) * 10) / 10]);
  return { count: sorted.length, ...Object.fromEntries(told), max: Math.round(sorted.at(-1) * 10) / 10 };
}

/** Sorts what is seen into the phases of the load; the first phase is for getting warm. */
function createTally(plan) {
  const due = dueTimes(plan.phases);
  const ends = [];
  for (const { rate, seconds } of plan.phases) ends.push((ends.at(-1) ?? 0) + rate * seconds);
  const latencies = new Float64Array(due.length).fill(Number.NaN);
  const [{ seconds: warmSeconds }] = plan.phases;
  let from = null;
  const of = (first, end) => {
    const seen = latencies.subarray(first, end).filter((one) => !Number.isNaN(one));
    return seen.length === 0 ? { count: 0 } : quantilesOf(seen);
  };
  return {
    /** The measured phases begin then. */
    begin(at) {
      from = at - warmSeconds * 1_000;
    },
    saw(index, seen) {
      if (from !== null) latencies[index] = seen - from - due[index];
    },
    rows: () =>
      plan.phases.flatMap(({ rate, counted }, phase) =>
        counted ? [{ rate, ...of(ends[phase - 1] ?? 0, ends[phase]) }] : [],
      ),
    /** Of the events that were due in the meantime. @param span `{ from, to }` as `nowMs` */
    during(span) {
      const at = (time) => {
        const index = due.findIndex((one) => one >= time - from);
        return index < 0 ? due.length : index;
      };
      return of(at(span.from), at(span.to));
    },
  };
}

function startSubject(what, { stage, generation, dir, paths, kept }) {
  // What has folded already goes on by the settings that it has.
  const env = { ...stage.env(generation), ...(kept === null && { CALLFOLD_SETTLE_MS: String(SETTLE_MS) }) };
  if (!(what in PEERS)) return startService(what, env);
  const site = { ...stage.peerSite(), group: generation, dir, live: LIVE, settleMs: SETTLE_MS };
  return startPeer(what, { ...site, aim: 'latency', paths });
}

/** The load in a process of its own, so that looking does not hold it up. */
function startLoad(options) {
  const child = fork(WORKER, ['load'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(options);
  const sent = new Promise((resolve, reject) => {
    child.once('message', (answer) => (answer.failure ? reject(new Error(answer.failure)) : resolve(answer)));
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the load ended before it was sent')));
  });
  sent.catch(() => {});
  return { sent, goOn: (from) => child.send({ from }), end: () => child.kill('SIGKILL') };
}

/** What is still to be seen, and of that what the load's first events bring about. */
function createExpected(indexes, warm) {
  const left = new Set(indexes);
  let warmLeft = indexes.filter((index) => index < warm).length;
  let told = () => {};
  const isWarm = new Promise((resolve) => {
    told = resolve;
  });
  return {
    isWarm,
    get missing() {
      return left.size;
    },
    saw(index) {
      if (!left.delete(index) || index >= warm) return;
      warmLeft -= 1;
      if (warmLeft === 0) told();
    },
  };
}

const late = (ms, what) =>
  pause(ms, undefined, { ref: false }).then(() => {
    throw new Error(`${what} within ${ms / 1_000} s`);
  });

/** At most so long goes on in the input's own time, which must not get to what is to come. */
const inputMs = (phases) => (dueTimes(phases).length * 1_000) / EVENTS_PER_INPUT_SECOND;

/** @param rates one after the other, each for so many seconds */
export const ratePhases = (rates, seconds) => rates.map((rate) => ({ rate, seconds }));

/**
 * @param what of SUBJECTS
 * @param phases `{ rate, seconds }`, one after the other
 * @param kept of a log that is filled already: the generation that has folded it, its ends, and what is done beside the
 *   load from its first phase on, which answers `{ from, to }` of times whose latency is wanted
 * @returns rows, and spans of what was done beside it, `{ rate, count, p50, p90, p99, p999, max }` in ms, how many were never seen, and `startMs` from the
 *   process's start to the first thing seen of it
 */
export async function measureLatency(what, round, { stage, seed, phases: counted, partitions, paths, kept = null }) {
  const phases = [WARM, ...counted.map((phase) => ({ ...phase, counted: true }))];
  const plan = { seed, live: LIVE, partitions, phases, startAt: Date.now() - HOUR_MS - inputMs(phases) };
  const generation = kept?.generation ?? `latency-${round}-${what}`;
  if (kept === null) {
    await stage.freshRaw();
    await stage.freshDerived();
    await stage.freshRedis();
  }
  const dir = join(stage.dir, generation);
  const tally = createTally(plan);
  let firstSeen = null;
  const spawned = nowMs();
  const subject = await startSubject(what, { stage, generation, dir, paths, kept });
  const watching = await watch(what, { stage, generation, plan, partitions, bases: kept?.ends }, (index, seen) => {
    firstSeen ??= seen;
    tally.saw(index, seen);
  });
  const { expected, failed } = watching;
  const load = startLoad({ env: stage.env(generation), plan, from: nowMs() });
  try {
    await Promise.race([expected.isWarm, load.sent, failed, late(WARM_MOST_MS, `${what} was not warm`)]);
    const from = nowMs() + AHEAD_MS;
    tally.begin(from);
    load.goOn(from);
    const besides = Promise.all([kept?.beside(from) ?? [], load.sent]);
    const [spans] = await Promise.race([besides, failed]);
    for (const until = Date.now() + AFTER_MS; expected.missing > 0 && Date.now() < until; ) {
      await Promise.race([pause(LOOK_MS), failed]);
    }
    const during = spans.map((span) => ({ ...span, ...tally.during(span) }));
    const [rows, { missing }] = [tally.rows(), expected];
    return { what, startMs: firstSeen - spawned, rows, spans: during, missing };
  } finally {
    load.end();
    await watching.stop().catch(() => {});
    await watching.close?.();
    await subject.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

const warmEvents = ({ phases: [{ rate, seconds }] }) => rate * seconds;

function watch(what, site, noticed) {
  return what === 'projector' ? watchProjector(site, noticed) : watchTopic(site, noticed);
}

async function watchTopic({ stage, plan, partitions }, noticed) {
  const connection = { brokers: stage.brokers, clientId: 'bench-latency', log: quiet };
  const codec = createCodec(createRegistry({ url: stage.registryUrl }));
  await codec.register(TOPICS.map(({ name }) => name));
  const causes = causesOf(plan);
  const expected = createExpected([...causes.values()], warmEvents(plan));
  const watching = watchOutcomes({
    connection,
    codec,
    partitions,
    onRecord(record, seen) {
      const cause = causes.get(`${record.outcomeId} ${record.revision}`);
      if (cause === undefined) throw new Error(`${OUTCOMES_TOPIC}: ${record.outcomeId} ${record.revision} is made up`);
      noticed(cause, seen);
      expected.saw(cause);
    },
  });
  return { ...watching, expected };
}

/** Which events a position covers: those of its partition, in the order in which they were sent. */
async function watchProjector({ stage, generation, plan, partitions, bases = [] }, noticed) {
  const indexes = Array.from({ length: partitions }, () => []);
  loadEvents(plan).forEach(({ partition }, index) => indexes[partition].push(index));
  const base = (partition) => bases[partition] ?? 0;
  const covered = indexes.map((_, partition) => base(partition));
  const expected = createExpected(indexes.flat(), warmEvents(plan));
  const { store, close } = await stage.storeOf('projector', generation);
  const watching = watchPositions({
    store,
    partitions,
    onPosition(partition, next, seen) {
      for (; covered[partition] < next; covered[partition] += 1) {
        const index = indexes[partition][covered[partition] - base(partition)];
        if (index === undefined) continue;
        noticed(index, seen);
        expected.saw(index);
      }
    },
  });
  return { ...watching, expected, close };
}
