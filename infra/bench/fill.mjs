// The benchmark's raw log: generated events in batches as producers send them, with the time at which a real log would
// have taken them, and beside it what a fold of the same events says must come of them.
//
// The log's time is the events' own, so that timers fire as they do in life: a call is published when it has settled,
// in the middle of the log, and not all at its end. A tick behind the last event lets the last calls settle.
import { DEFAULT_SETTINGS, subjectKey, TICK_HEADER, utf8Bytes } from '@callfold/core';
import { createOfflineFold } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import { openLink } from '../../libs/adapters/dist/kafka/link.js';
import { encodeBatch, UNSTAMPED } from '../../libs/adapters/dist/kafka/record-encode.js';
import { chunksByPartition, createInput } from './input.mjs';
import { TOPIC } from './topics.mjs';

/** Events in one batch of one partition: about a second and a half of the usual 5,000 live calls. */
const BATCH_EVENTS = 100;
/** Batches of one request, and so in memory. */
const SENT_AT_ONCE = 40;
const ACK_MS = 30_000;
const HOUR_MS = 3_600_000;

const DUE_AFTER_MS = DEFAULT_SETTINGS.settleMs + 1;

/** How long the input goes on in its own time, which does not depend on when it starts. */
export function spanOf(options) {
  const input = createInput({ ...options, startAt: 0 });
  let last = 0;
  for (let event = input.next(); event !== null; event = input.next()) last = event.occurredAt;
  return last;
}

/** Each event with an attribute of so many characters: nothing reads it, and it is decoded and carried all the same. */
function padded(input, characters) {
  const padding = 'x'.repeat(characters);
  return {
    next() {
      const event = input.next();
      return event === null ? null : { ...event, attributes: { ...event.attributes, padding } };
    },
    get partition() {
      return input.partition;
    },
    get calls() {
      return input.calls;
    },
    ended: input.ended,
  };
}

/** An input that ends a moment ago: its ticks lie in the past, and the next timers after them hours ahead. */
export function recentInput(options) {
  const startAt = Date.now() - spanOf(options) - DUE_AFTER_MS - HOUR_MS;
  const input = createInput({ ...options, startAt });
  return options.padding > 0 ? padded(input, options.padding) : input;
}

export const tickTime = (lastAt) => lastAt + DUE_AFTER_MS;
export const TICK = { key: null, value: null, headers: [{ name: TICK_HEADER, value: new Uint8Array() }] };

/** What must come of the events: a fold of each partition without log, store or broker. */
export function createOracle(partitions) {
  const rules = { settings: DEFAULT_SETTINGS, publishes: true, drops: true };
  const folds = Array.from({ length: partitions }, () => createOfflineFold(rules, true));
  const subjects = new Set();
  const calls = new Set();
  let records = 0;
  let outcomes = 0;
  const count = (derived) => {
    records += derived.length;
    for (const record of derived) {
      if (record.kind !== 'call-outcome') continue;
      calls.add(record.outcomeId);
      outcomes += 1;
    }
  };
  return {
    take(partition, event, loggedAt) {
      const key = subjectKey(event.tenantId, event.subjectId);
      subjects.add(key);
      count(folds[partition].fold(key, normalise(event), loggedAt).records);
    },
    tick: (partition, loggedAt) => count(folds[partition].advance(loggedAt)),
    /** `outcomes`: those of the records that are call-outcomes. */
    expected: () => ({ records, outcomes, calls: calls.size, subjects: subjects.size }),
  };
}

/** The input's events in batches, each with the time of its last event; then one tick a partition. */
export function* batches(input, partitions, size = BATCH_EVENTS) {
  let last = 0;
  for (const { partition, events } of chunksByPartition(input, size)) {
    const loggedAt = Math.max(last, events.at(-1).occurredAt);
    last = loggedAt;
    yield { partition, events, loggedAt };
  }
  for (let partition = 0; partition < partitions; partition += 1) {
    yield { partition, events: null, loggedAt: tickTime(last) };
  }
}

export function outgoing(event, codec) {
  return { key: utf8Bytes(subjectKey(event.tenantId, event.subjectId)), value: codec.encodeRaw(event), headers: [] };
}

/** Writes the raw topic, which is there and empty, batch by batch with its time. */
export async function writeBatches({ connection, codec, partitions, batches: all }) {
  const link = openLink(connection);
  const ends = Array.from({ length: partitions }, () => 0);
  let bytes = 0;
  let waiting = [];
  const flush = async () => {
    const byPartition = grouped(waiting);
    waiting = [];
    // A request may hold one batch of a partition: those of one partition follow each other.
    await Promise.all([...byPartition.values()].map((list) => sendInOrder(link, list)));
  };
  for (const { partition, events, loggedAt } of all) {
    const records = events === null ? [TICK] : events.map((event) => outgoing(event, codec));
    const batch = encodeBatch(records, UNSTAMPED, loggedAt, false);
    ends[partition] += records.length;
    bytes += batch.length;
    waiting.push({ topic: TOPIC, partition, batch });
    if (waiting.length >= SENT_AT_ONCE) await flush();
  }
  await flush();
  await link.close();
  return { ends, bytes };
}

/** The batches as they pass, each told to the oracle. */
function* overheard(all, oracle) {
  for (const one of all) {
    const { partition, events, loggedAt } = one;
    if (events === null) oracle.tick(partition, loggedAt);
    else for (const event of events) oracle.take(partition, event, loggedAt);
    yield one;
  }
}

/** Writes the generated input, and says what must come of it. */
export async function fill({ connection, codec, input: options }) {
  const { partitions } = options;
  const input = recentInput(options);
  const oracle = createOracle(partitions);
  const all = overheard(batches(input, partitions), oracle);
  const { ends, bytes } = await writeBatches({ connection, codec, partitions, batches: all });
  const ended = Object.values(input.ended).reduce((sum, count) => sum + count, 0);
  return {
    events: options.events,
    ends,
    bytes,
    begun: input.calls,
    ended,
    settleMs: DEFAULT_SETTINGS.settleMs,
    expected: oracle.expected(),
  };
}

function grouped(list) {
  const groups = new Map();
  for (const one of list) groups.set(one.partition, [...(groups.get(one.partition) ?? []), one]);
  return groups;
}

async function sendInOrder(link, sendables) {
  for (const one of sendables) {
    const node = await link.leader(one);
    const [answer] = await link.produce(node, [one], ACK_MS);
    if (answer?.code !== 0) throw new Error(`${one.topic}/${one.partition}: the broker answered ${answer?.code}`);
  }
}
