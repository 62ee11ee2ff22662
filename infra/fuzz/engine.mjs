// @ts-check
/**
 * Mutated records through both services, on the memory adapter under a virtual clock. After each comes a valid event of
 * a call of its own: the record must not stop it. In the end every partition stands at its end, every record is folded
 * or a dead letter, and a fresh fold of the log finds the same.
 */

import { openSync, writeSync } from 'node:fs';
import { createCodec, createMemoryWorld, createVirtualClock } from '@callfold/adapters';
import {
  DEAD_LETTERS,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
  TOPICS,
  utf8Bytes,
} from '@callfold/core';
import {
  compareRecords,
  compareStates,
  DEFAULT_LIMITS,
  foldPartition,
  inputOf,
  rulesOf,
  startRole,
  stoodOf,
} from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { createRandom } from '../random.mjs';
import { avroCase } from './cases.mjs';
import { schemaSource } from './foreign.mjs';
import { WORLD_RECORDS } from './world-size.mjs';

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('@callfold/engine').Role} Role */
/** @typedef {import('@callfold/core').RawEvent} RawEvent */
/** @typedef {import('@callfold/adapters').AvroCodec} AvroCodec */
/** @typedef {import('@callfold/adapters').MemoryWorld} MemoryWorld */
/** @typedef {import('../random.mjs').Random} Random */

const [file = '', seed = '', first = '', records = '', only = ''] = process.argv.slice(2);
const PARTITIONS = 2;
/** Of the log: after every time of the corpus, so that its events are not ahead of it. */
const START = Date.UTC(2026, 0, 6, 9);
const VIRTUAL_MS = 3_600_000;
/** @type {Role} */
const OUTCOMES = { name: 'outcomes', publishes: true, view: null, feeds: false };
/** @type {Role} */
const PROJECTOR = { name: 'projector', publishes: false, view: null, feeds: true };

const progress = openSync(file, 'w');

/** @param {number} index @param {number} counted */
function tell(index, counted) {
  const place = Buffer.alloc(16);
  place.writeDoubleLE(index, 0);
  place.writeDoubleLE(counted, 8);
  writeSync(progress, place, 0, place.length, 0);
}

/** @param {boolean} holds @param {string} what */
function must(holds, what) {
  if (!holds) throw new Error(what);
}

/** @returns {At[]} */
const places = () =>
  SOURCES.flatMap((source) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: rawTopic(source), partition })),
  );

/** @param {number} index */
function validEvent(index) {
  const read = readEvent({
    source: 'callcenter24',
    callId: `after-${index}`,
    occurredAt: START + index,
    status: 'Redirect to voice mail',
  });
  if ('rejected' in read) throw new Error(read.reason);
  return read;
}

async function openWorld() {
  const clock = createVirtualClock(START);
  const world = createMemoryWorld({ clock, batchRecords: 50 });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(schemaSource(), () => clock.now());
  const ids = await codec.register(TOPICS.map(({ name }) => name));
  let tokens = 0;
  /** @param {Role} role */
  const start = (role) => {
    const ports = world.ports();
    return startRole(
      role,
      { settings: DEFAULT_SETTINGS, limits: DEFAULT_LIMITS },
      {
        consumer: ports.consumer(role.name, SOURCES.map(rawTopic)),
        log: ports.log(role.name),
        store: ports.store(role.name),
        codec,
        publisher: role.publishes ? ports.publisher() : null,
        clock,
        observer: () => undefined,
        newToken: () => `token-${(tokens += 1)}`,
      },
    );
  };
  return { clock, world, codec, ids, start };
}

/** @param {Random} random @param {ReadonlyMap<string, number>} ids */
function recordOf(random, ids) {
  const { source, value } = avroCase(random, ids);
  const key = random.chance(0.1) ? null : Buffer.from(`default/s-${random.whole(0, 9)}`);
  const headers = random.chance(0.1) ? [{ name: 'callfold-tick', value: Buffer.from([0xff]) }] : [];
  return { source, record: { key, value: random.chance(0.02) ? null : value, headers } };
}

/**
 * Most often where an event belongs, so that mutated ones that are still valid are not all in a wrong partition.
 * @param {Random} random
 * @param {AvroCodec} codec
 * @param {import('@callfold/core').Source} source
 * @param {Uint8Array | null} value
 */
function partitionFor(random, codec, source, value) {
  if (value !== null && random.chance(0.8)) {
    const read = codec.decode(source, value);
    if (!('rejected' in read)) return partitionOf(read.tenantId, read.subjectId, PARTITIONS);
  }
  return random.whole(0, PARTITIONS - 1);
}

/** @param {number} from @param {number} count @param {number} counted */
async function runWorld(from, count, counted) {
  const { clock, world, codec, ids, start } = await openWorld();
  let ticks = 0;
  for (let index = from; index < from + count; index += 1) {
    tell(index, counted + index - from);
    const random = createRandom(`${seed}/engine/${index}`);
    const { source, record } = recordOf(random, ids);
    await codec.prepare([record]);
    const at = { topic: rawTopic(source), partition: partitionFor(random, codec, source, record.value) };
    world.topics.append(at, [record]);
    if (record.key === null && record.value === null && record.headers.length > 0) ticks += 1;
    const after = validEvent(index);
    world.topics.append(placeOf(after), [
      { key: utf8Bytes(subjectKey(after.tenantId, after.subjectId)), value: codec.encodeRaw(after), headers: [] },
    ]);
  }
  // What goes wrong from here on is found again by running this world again.
  tell(from, counted + count);
  const services = [start(OUTCOMES), start(PROJECTOR)];
  must(await clock.runUntil(isSettled(services, world, clock), VIRTUAL_MS), 'a partition does not come to its end');
  const tally = await checkWorld(world, codec, { from, count, ticks });
  await Promise.all([...services.map((service) => service.stop()), clock.runUntil(() => false, 60_000)]);
  return tally;
}

/** @param {RawEvent} raw @returns {At} */
function placeOf(raw) {
  return { topic: rawTopic(raw.source), partition: partitionOf(raw.tenantId, raw.subjectId, PARTITIONS) };
}

/**
 * @param {readonly import('@callfold/engine').Service[]} services
 * @param {MemoryWorld} world
 * @param {{ now(): number }} clock
 */
function isSettled(services, world, clock) {
  const QUIET_MS = 600_000;
  return () =>
    services.every((service) => {
      const status = service.status();
      return (
        status.length === SOURCES.length * PARTITIONS &&
        status.every(({ at, position, committed, waiting, nextDue }) => {
          const { end } = world.topics.bounds(at);
          const isQuiet = (nextDue ?? Infinity) > clock.now() + QUIET_MS;
          return position === end && committed === end && waiting === 0 && isQuiet;
        })
      );
    });
}

/**
 * @param {MemoryWorld} world
 * @param {AvroCodec} codec
 * @param {{ from: number, count: number, ticks: number }} put
 */
async function checkWorld(world, codec, { from, count, ticks }) {
  let events = 0;
  /** @type {Map<string, number>} */
  const rejected = new Map();
  const ports = world.ports();
  const kept = new Set();
  for (const at of places()) {
    const source = /** @type {import('@callfold/core').Source} */ (SOURCES.find((one) => rawTopic(one) === at.topic));
    const place = { source, partition: at.partition, partitions: PARTITIONS };
    const { end } = world.topics.bounds(at);
    for (const record of world.topics.read(at, 0, end).records) {
      const input = inputOf(record, place, codec);
      if (input.what === 'event') events += 1;
      if (input.what !== 'rejected') continue;
      const { rejected: code } = input.rejection;
      rejected.set(code, (rejected.get(code) ?? 0) + 1);
    }
    const reading = { at, source, log: ports.log('check'), codec };
    const states = await foldPartition(reading, rulesOf(PROJECTOR, DEFAULT_SETTINGS), end);
    const should = await foldPartition(reading, rulesOf(OUTCOMES, DEFAULT_SETTINGS), end);
    const stood = DERIVED_OF[source]
      .flatMap((topic) =>
        world.topics
          .read({ topic, partition: at.partition }, 0, 1_000_000)
          .records.map((one) => ({ ...one, topic, partition: at.partition })),
      )
      .flatMap((record) => stoodOf(/** @type {any} */ (record), at) ?? []);
    const { findings } = compareRecords(stood, should, codec);
    const { findings: more } = await compareStates(at, ports.store('projector'), states);
    const [one] = [...findings, ...more];
    if (one) throw new Error(`${at.topic}/${at.partition}: ${one.fault} ${one.where}: ${one.detail.slice(0, 500)}`);
    for (const key of states.states.keys()) kept.add(key);
  }
  for (let index = from; index < from + count; index += 1) {
    must(kept.has(`default/after-${index}`), `the valid event behind record ${index} was not folded`);
  }
  const letters = places()
    .filter(({ topic }) => topic === rawTopic('vonage'))
    .flatMap(({ partition }) => world.topics.read({ topic: DEAD_LETTERS, partition }, 0, 1_000_000).records);
  const refused = [...rejected.values()].reduce((sum, n) => sum + n, 0);
  must(letters.length === refused, `${refused} records cannot be folded, ${letters.length} dead letters stand`);
  const accounted = events + refused + ticks;
  must(accounted === 2 * count, `${2 * count} records were put in, ${events} folded and ${refused} were refused`);
  return { events, rejected };
}

/** @type {{ index: number, what: string, message: string }[]} */
const failures = [];
/** @type {Map<string, number>} */
const rejected = new Map();
let counted = 0;
let events = 0;
let index = Number(first);
while (counted < Number(records) && failures.length === 0) {
  const count = only === 'only' ? 1 : Math.min(WORLD_RECORDS, Number(records) - counted);
  try {
    const tally = await runWorld(index, count, counted);
    events += tally.events;
    for (const [code, n] of tally.rejected) rejected.set(code, (rejected.get(code) ?? 0) + n);
  } catch (error) {
    const message = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    failures.push({ index, what: `a world of ${count} records`, message });
  }
  counted += count;
  index += count;
  if (only === 'only') break;
}
const { maxRSS } = process.resourceUsage();
const answer = {
  counted,
  cases: counted,
  event: events,
  lines: 0,
  rejected: Object.fromEntries(rejected),
  failures,
  maxRSS,
  notes: 'a valid event behind each folded',
};
process.send?.(answer, () => process.disconnect());
