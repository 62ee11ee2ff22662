#!/usr/bin/env node
// Where the processor time of the hot path goes, without any server: generated events as a fetch brings them, through
// the real engine, to a store that keeps bytes and a publisher that makes those it would send and drops them.
// Several rounds in one process: the first is that of code not yet compiled. A profile is of the last one alone,
// without the making of input:
//
//   npm run bench:hot-path -- [--role projector|states|outcomes|call-outcomes|decode]
//     [--events N] [--live N] [--batch N] [--rounds N] [--profile FILE.cpuprofile] [--heap FILE.heapprofile [--minor]]
// A heap profile tells who allocated what lived through the young generation or, with --minor, everything.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createCodec, createLocalRegistry, systemClock } from '@callfold/adapters';
import { DEFAULT_SETTINGS, TOPICS } from '@callfold/core';
import { createEngine, DEFAULT_LIMITS, inputOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import { CONSUMER_LIMITS } from '../../libs/adapters/dist/kafka/consumer.js';
import { packChanges } from '../../libs/adapters/dist/redis/changes.js';
import { openRecords } from '../../libs/adapters/dist/kafka/record-decode.js';
import { encodeBatch, UNSTAMPED } from '../../libs/adapters/dist/kafka/record-encode.js';
import { batches, outgoing, recentInput, TICK } from './fill.mjs';
import { CALLS_ALONE, statesAlone } from './narrow.mjs';
import { TOPIC } from './topics.mjs';

const { values } = parseArgs({
  options: {
    role: { type: 'string', default: 'projector' },
    events: { type: 'string', default: '600000' },
    live: { type: 'string', default: '5000' },
    partitions: { type: 'string', default: '4' },
    batch: { type: 'string', default: '8000' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'string' },
    heap: { type: 'string' },
    minor: { type: 'boolean', default: false },
  },
});
const partitions = Number(values.partitions);
const codec = createCodec(createLocalRegistry());
await codec.register(TOPICS.map(({ name }) => name));

/** The log, by partition: record batches as a broker keeps them. */
function makeLog() {
  const logs = Array.from({ length: partitions }, () => ({ batches: [], end: 0 }));
  const options = { events: Number(values.events), live: Number(values.live), seed: Number(values.seed), partitions };
  for (const { partition, events, loggedAt } of batches(recentInput(options), partitions)) {
    const log = logs[partition];
    const records = events === null ? [TICK] : events.map((event) => outgoing(event, codec));
    const bytes = encodeBatch(records, UNSTAMPED, loggedAt, false);
    bytes.writeBigInt64BE(BigInt(log.end), 0);
    log.end += records.length;
    log.batches.push({ bytes, count: records.length });
  }
  return logs;
}

const logs = makeLog();
const total = logs.reduce((sum, log) => sum + log.end, 0);
const size = Number(values.batch);
const { batchRecords } = CONSUMER_LIMITS;

/** In turn a fetch of each partition, as a member of a group reads. */
function* fetches() {
  const places = logs.map(() => ({ batch: 0, offset: 0 }));
  while (places.some((place, partition) => place.offset < logs[partition].end)) {
    for (const [partition, log] of logs.entries()) {
      const place = places[partition];
      const from = place.offset;
      const some = [];
      while (place.batch < log.batches.length && place.offset - from < size) {
        const { bytes, count } = log.batches[place.batch];
        some.push(bytes);
        place.batch += 1;
        place.offset += count;
      }
      if (some.length === 0) continue;
      const reader = openRecords(Buffer.concat(some), from, [], 'the log');
      let at = from;
      for (let part = reader.read(batchRecords); part !== null; part = reader.read(batchRecords)) {
        yield { partition, batch: { from: at, ...part, end: log.end } };
        at = part.next;
      }
    }
  }
}

const at = (partition) => ({ topic: TOPIC, partition });
let bytes = 0;
let states = 0;
let sent = 0;

/** As Redis keeps them: bytes, outside of the heap. By place, then by field. */
const kept = new Map();
const placeOf = ({ partition }, table) => `${partition}/${table}`;

function keep(place, table, changes) {
  const name = placeOf(place, table);
  const fields = kept.get(name) ?? new Map();
  kept.set(name, fields);
  for (const [field, text] of changes) {
    if (text === null) fields.delete(field);
    else fields.set(field, Buffer.from(text));
  }
}

const store = {
  claim: async (_at, token) => ({ next: null, meta: null, claim: { epoch: 1, token } }),
  peek: async () => null,
  async read(place, table, fields) {
    const there = kept.get(placeOf(place, table));
    return fields.map((field) => there?.get(field)?.toString() ?? null);
  },
  timers: async () => [],
  outbox: async () => [],
  async commit(place, _claim, commit) {
    bytes += packChanges(commit).length;
    for (const [table, changes] of commit.tables) keep(place, table, changes);
    states += commit.tables.get('states')?.size ?? 0;
    return { ok: true };
  },
  async *scan() {},
};
const publisher = {
  fence: async () => {},
  async send(_origin, records) {
    encodeBatch(records, UNSTAMPED, Date.now(), true);
    sent += records.length;
    return new Map(records.map(({ topic }) => [topic, sent]));
  },
  readBack: async () => ({ records: [], next: 0, end: 0 }),
  bounds: async () => ({ start: 0, end: 0 }),
  partitions: async () => partitions,
};
const log = {
  partitions: async () => partitions,
  bounds: async ({ partition }) => ({ start: 0, end: logs[partition].end }),
  readOne: async () => null,
  read: async () => ({ from: 0, records: [], next: 0, end: 0 }),
  tick: async () => {},
  witness: async () => null,
  setWitness: async () => {},
};

async function engineRun(role) {
  let end = () => {};
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  const consumer = {
    async run(handler) {
      const signal = { aborted: false };
      for (let partition = 0; partition < partitions; partition += 1) await handler.assigned(at(partition), signal);
      for (const { partition, batch } of fetches()) await handler.batch(at(partition), batch, signal);
      for (let partition = 0; partition < partitions; partition += 1) await handler.revoked(at(partition));
      end();
    },
    stop: async () => {},
    seek: () => {},
  };
  const ports = {
    consumer,
    log,
    store,
    codec,
    publisher: role.publishes ? publisher : null,
    clock: systemClock,
    observer: () => {},
    newToken: () => 'token',
  };
  const engine = createEngine({ role, ports, settings: DEFAULT_SETTINGS, limits: DEFAULT_LIMITS });
  await Promise.all([engine.run(), ended]);
}

function decodeRun() {
  const place = { source: 'callcenter24', partitions };
  let events = 0;
  for (const { partition, batch } of fetches()) {
    for (const record of batch.records)
      if (inputOf(record, { ...place, partition }, codec).what === 'event') events += 1;
  }
  sent = events;
}

const runs = {
  projector: () => engineRun(projectorRole(DEFAULT_SETTINGS)),
  states: () => engineRun(statesAlone(DEFAULT_SETTINGS)),
  outcomes: () => engineRun(OUTCOMES),
  'call-outcomes': () => engineRun(CALLS_ALONE),
  decode: decodeRun,
};
let gcMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs += duration;
}).observe({ entryTypes: ['gc'] });

async function oneRound(round) {
  [bytes, states, sent, gcMs] = [0, 0, 0, 0];
  kept.clear();
  const usage = process.cpuUsage();
  const from = performance.now();
  await runs[values.role]();
  const wallMs = performance.now() - from;
  const { user, system } = process.cpuUsage(usage);
  // What the collector did is told in the next turn.
  await new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
  process.stdout.write(
    `round ${round} ${values.role}: ${((user + system) / total).toFixed(2)} CPU us an event, ` +
      `${Math.round(total / wallMs)} thousand a second, collector ${Math.round((100 * gcMs) / wallMs)} %, ` +
      `${states} states in ${Math.round(bytes / 1e6)} MB, ${sent} ${values.role === 'decode' ? 'decoded' : 'sent'}, ` +
      `peak ${Math.round(process.resourceUsage().maxRSS / 1_024)} MiB\n`,
  );
}

async function heapProfiled(work) {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 32_768,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: values.minor,
  });
  await work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  writeFileSync(values.heap, JSON.stringify(profile));
}

async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(values.profile, JSON.stringify(profile));
}

const rounds = Number(values.rounds);
for (let round = 1; round <= rounds; round += 1) {
  if (round === rounds && values.profile !== undefined) await profiled(() => oneRound(round));
  else if (round === rounds && values.heap !== undefined) await heapProfiled(() => oneRound(round));
  else await oneRound(round);
}
process.exit(0);
