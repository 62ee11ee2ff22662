// A small and nasty input, from a seed: what comes late, twice, changed, misspelt or not at all. For holding engines
// against one another, where an orderly input would show nothing.
import { createRandom } from '../random.mjs';
import { createInput } from './input.mjs';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Log times stand together in steps of this, so that batches hold more than one event. */
const STEP_MS = 250;
/** What the raw log's ticks say at its end: calls settle, are closed, are dropped, and their markers go. */
const TICKS_AFTER = [6 * SECOND, 5 * HOUR, 31 * HOUR, 9 * DAY];
/** When a share of events comes once more: after the call was closed, and after it was dropped. */
const LATE_AFTER = [2 * HOUR, 6 * HOUR, 33 * HOUR];

const SPELLINGS = [
  (status) => status.toUpperCase(),
  (status) => status.replace('-', '–'),
  (status) => `\u00a0${status} `,
  (status) => status.replace(' (Available)', ' (Busy)'),
  (status) => `${status} 2`,
  () => null,
  () => 'Participant join ([Anna  Berg 1])',
  () => 'Participant leave (Zoe\u0308 Berg 1)',
  () => 'Show call screen - Contact',
];

/** An event, and when the log took it: late by a little, by more than the settle time, or by minutes. */
function delayOf(random) {
  if (random.chance(0.7)) return 0;
  if (random.chance(0.8)) return random.whole(0, 8 * SECOND);
  return random.whole(8 * SECOND, 12 * MINUTE);
}

function changed(event, random) {
  let { status, occurredAt, attributes } = event;
  if (random.chance(0.04)) status = SPELLINGS[random.whole(0, SPELLINGS.length - 1)](status);
  // Many at one instant: then the words' ranks decide.
  if (random.chance(0.1)) occurredAt -= occurredAt % (5 * SECOND);
  if (random.chance(0.1)) {
    const names = Array.from({ length: random.whole(1, 9) }, () => `name ${random.whole(0, 30)}`);
    attributes = Object.fromEntries(names.map((name) => [name, 'v'.repeat(random.whole(0, 260))]));
  }
  return { ...event, status, occurredAt, attributes };
}

/**
 * @returns batches `{ partition, events, loggedAt }` in the log's order; `events` null is a tick
 */
export function disorderedBatches({ seed, events, live, partitions, startAt }) {
  const random = createRandom(`disorder ${seed}`);
  const input = createInput({ seed, events, live, partitions, startAt, drain: true });
  const entries = [];
  const put = (partition, event, loggedAt) =>
    entries.push({ partition, event, loggedAt: loggedAt - (loggedAt % STEP_MS) + STEP_MS });
  for (let event = input.next(); event !== null; event = input.next()) {
    const { partition } = input;
    if (random.chance(0.05)) continue;
    const one = changed(event, random);
    const loggedAt = one.occurredAt + delayOf(random);
    put(partition, one, loggedAt);
    if (random.chance(0.1)) put(partition, one, loggedAt + random.whole(0, MINUTE));
    if (random.chance(0.02)) put(partition, { ...one, status: 'Call ended' }, loggedAt + random.whole(0, MINUTE));
    if (random.chance(0.03)) {
      const late = LATE_AFTER[random.whole(0, LATE_AFTER.length - 1)];
      put(partition, { ...one, eventId: `${one.eventId}-late` }, loggedAt + late);
    }
  }
  const last = startAt + Math.max(...entries.map(({ event }) => event.occurredAt - startAt));
  for (const after of TICKS_AFTER) {
    for (let partition = 0; partition < partitions; partition += 1)
      entries.push({ partition, event: null, loggedAt: last + after });
  }
  entries.sort((a, b) => a.loggedAt - b.loggedAt);
  return joined(entries);
}

function joined(entries) {
  const batches = [];
  const open = new Map();
  for (const { partition, event, loggedAt } of entries) {
    const batch = open.get(partition);
    if (event !== null && batch?.loggedAt === loggedAt && batch.events !== null) {
      batch.events.push(event);
      continue;
    }
    const fresh = { partition, events: event === null ? null : [event], loggedAt };
    batches.push(fresh);
    open.set(partition, fresh);
  }
  return batches;
}
