/**
 * What the sources cost: microseconds of CPU time an event, the best of many rounds. Reads the build:
 *
 *   npm run build && npm run speed -w libs/sources
 *
 * (vitest's own bench reads constants of other modules through getters and would measure those.)
 */

import { isRejection, partitionOf } from '@callfold/core';
import { createNdjsonReader, normalise, readFields } from '@callfold/sources';

const EVENTS = 20_000;
const ROUNDS = 30;
const AT = 1_700_000_000_000;
const AGENTS = 300;
const CHUNK_BYTES = 65_536;

const CALL_STATUSES = [
  'Registred in CallCenter24',
  'Participant join (Contact)',
  'Sending a request to display the call screen - [Анна Иванова @] (Available)',
  'Show call screen - [Анна Иванова @]',
  'Participant join (Анна Иванова @)',
  'Participant leave (Анна Иванова @)',
  'Participant leave (Contact)',
  'Call ended',
];

/** What each source adds to the common fields. */
const FIELDS = {
  callcenter24: (index) => ({
    callId: `call-2024-${index}-991`,
    occurredAt: AT + index,
    status: CALL_STATUSES[index % CALL_STATUSES.length].replace('@', String(index % AGENTS)),
  }),
  atlas: (index) => ({
    callId: `call-${index}`,
    occurredAt: AT + index,
    status: 'Customer ended call',
    startedAt: AT,
    endedAt: AT + index,
    recordVersion: 1,
  }),
  chatterfy: (index) => ({ chatId: `chat-${index}`, occurredAt: AT + index, status: 'Waiting' }),
  vonage: (index) => ({
    agentId: `agent-${index}`,
    start: AT + index,
    duration: index,
    state: 'Busy',
    description: 'Live',
  }),
};

function decoded(source, eventIdOf) {
  const none = { attributes: null, payload: null, adapter: null };
  return Array.from({ length: EVENTS }, (_, index) => ({
    tenantId: 'bank',
    eventId: eventIdOf(index),
    ...FIELDS[source](index),
    ...none,
  }));
}

const best = new Map();

function measure(name, run) {
  const before = process.cpuUsage();
  run();
  const spent = process.cpuUsage(before);
  const each = (spent.user + spent.system) / EVENTS;
  best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, each));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const jobs = [];

for (const source of Object.keys(FIELDS)) {
  const given = decoded(source, (index) => `event-${index}`);
  const hashed = decoded(source, () => null);
  const events = given.map((fields) => readFields(source, fields));
  if (events.some(isRejection)) throw new Error(`${source}: the bench's own events are refused`);
  jobs.push([`${source}: readFields`, () => given.forEach((fields) => readFields(source, fields))]);
  jobs.push([`${source}: readFields, the id hashed`, () => hashed.forEach((fields) => readFields(source, fields))]);
  jobs.push([`${source}: normalise`, () => events.forEach((event) => normalise(event))]);
  jobs.push([
    `${source}: partitionOf`,
    () => events.forEach(({ tenantId, subjectId }) => partitionOf(tenantId, subjectId, 16)),
  ]);
}

const texts = decoded('callcenter24', () => null).map((fields) =>
  JSON.stringify({ source: 'callcenter24', ...fields, occurredAt: new Date(fields.occurredAt).toISOString() }),
);
const bytes = new TextEncoder().encode(texts.join('\n'));
jobs.push(['ndjson: JSON.parse alone', () => texts.forEach((text) => JSON.parse(text))]);
jobs.push([
  'ndjson: bytes to events, the id hashed',
  () => {
    const reader = createNdjsonReader({ decodeUtf8: (line) => strict.decode(line) });
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES) reader.push(bytes.subarray(from, from + CHUNK_BYTES));
    reader.end();
  },
]);

for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of jobs) measure(name, run);
}
for (const [name, each] of best) console.log(`${each.toFixed(3).padStart(8)} us  ${name}`);
