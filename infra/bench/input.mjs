// Input for benchmarks: CallCenter24 raw events of many calls at a time, in event-time order, from a seed.
//
//   import { createInput, chunksByPartition } from './input.mjs';
//   const input = createInput({ seed: 1, events: 5_000_000, live: 5_000, partitions: 4 });
//   for (const { partition, events } of chunksByPartition(input, 1_000)) ...
//
// Every call is a whole one from its first line on: registered, queued, rung, answered or not, ended. Gaps between its
// lines are those of a contact centre (a second in the menu, tens of seconds in the queue, minutes of talk). Tenants
// are Zipf-distributed. When a call has ended another begins, so that `live` calls stand open. The objects have the
// shape of @callfold/core's RawEvent. Made for speed: tables of words and gaps, a timing wheel instead of a heap.
import { partitionOf } from '@callfold/core';
import { cumulative, sfc32 } from '../random.mjs';
import {
  AGENTS,
  compileCourses,
  GAP_SAMPLES,
  MIN_GAP_LIMIT_MS,
  REGISTERED,
  SECOND_ASKED,
  WHEEL,
  wordTexts,
} from './courses.mjs';

/** A call's pace is a share of its gaps, in 256ths. */
const PACE_BITS = 8;
const FULL_PACE = 2 ** PACE_BITS;
/** The calls that stand open at first begin within this, before most of them have got any further. */
const FILL_MS = 2_000;
/** From this many live calls on, two lines of one call stand at least SPREAD_GAP_MS apart: see `minGapMs`. */
const SPREAD_FROM = 100_000;
const SPREAD_GAP_MS = 2_000;
/** After a call has ended the next begins in its place. */
const NEXT_CALL_WITHIN_MS = 1_000;
const ZIPF_EXPONENT = 1.1;
const AGENTS_OF_TENANT_MIN = 5;

// One call a slot. Its numbers stand together, so that an event touches one cache line of a million slots.
const FIELDS = 8;
const COURSE = 0;
const STEP = 1;
const FIRST = 2;
const SECOND = 3;
const TENANT = 4;
const PARTITION = 5;
const NEXT = 6;
const PACE = 7;

/**
 * `next`: the next event, or null at the end; `partition` is that of the event answered last. See input.d.mts.
 * @throws on an option out of its range.
 */
export function createInput(options) {
  const { seed = 1, events, live, tenants = 1_000, partitions = 4, startAt = Date.UTC(2025, 1, 3, 9) } = options;
  const { minGapMs = live >= SPREAD_FROM ? SPREAD_GAP_MS : 1, drain = false } = options;
  check({ events, live, tenants, partitions, minGapMs });
  const bits = sfc32(seed);
  const uniform = () => (bits() >>> 0) / 2 ** 32;
  const courses = compileCourses(uniform);
  const pickCourse = cumulative(courses.map((course) => course.weight));
  const line = createLines(courses, bits);
  const calls = createCalls(live, partitions, createTenants(tenants, live), bits, uniform);
  const { slots } = calls;
  const wheel = createWheel(slots);
  const ended = Object.fromEntries(courses.map((course) => [course.outcome, 0]));
  let open = live;
  let made = 0;
  let partition = -1;

  for (let slot = 0; slot < live; slot += 1) {
    // The first calls are of all courses alike and run faster, each at its own pace, so that from early on calls end
    // in every way, however many there are.
    calls.begin(slot, slot % courses.length, (bits() >>> 0) % FULL_PACE);
    wheel.schedule(slot, 1 + ((bits() >>> 0) % FILL_MS));
  }

  const goOn = (slot) => {
    const at = slot * FIELDS;
    const course = courses[slots[at + COURSE]];
    const step = slots[at + STEP] + 1;
    if (step < course.length) {
      slots[at + STEP] = step;
      const gapMs = course.gaps[step][bits() & (GAP_SAMPLES - 1)];
      wheel.schedule(slot, minGapMs + ((gapMs * slots[at + PACE]) >> PACE_BITS));
      return;
    }
    ended[course.outcome] += 1;
    open -= 1;
    if (made >= events) return;
    open += 1;
    calls.begin(slot, pickCourse(uniform()), FULL_PACE);
    wheel.schedule(slot, minGapMs + ((bits() >>> 0) % NEXT_CALL_WITHIN_MS));
  };

  return {
    next: () => {
      if (made >= events && (!drain || open === 0)) return null;
      const slot = wheel.take();
      const at = slot * FIELDS;
      const event = line(slots, at, calls.tenantOf(at), calls.ids[slot], startAt + wheel.now());
      partition = slots[at + PARTITION];
      made += 1;
      goOn(slot);
      return event;
    },
    get partition() {
      return partition;
    },
    get calls() {
      return calls.begun();
    },
    ended,
  };
}

function check(numbers) {
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new Error(`createInput: ${name} must be a whole number from 1, it is ${value}`);
  }
  if (numbers.minGapMs > MIN_GAP_LIMIT_MS) {
    throw new Error(`createInput: minGapMs is at most ${MIN_GAP_LIMIT_MS}, it is ${numbers.minGapMs}`);
  }
}

/** Slots by the millisecond in which their next line is due: one list a bucket, taken in turn. */
function createWheel(slots) {
  const heads = new Int32Array(WHEEL).fill(-1);
  let clock = 0;
  return {
    now: () => clock,
    schedule: (slot, gapMs) => {
      const bucket = (clock + gapMs) & (WHEEL - 1);
      slots[slot * FIELDS + NEXT] = heads[bucket];
      heads[bucket] = slot;
    },
    /** The slot whose line is due next; there must be one. */
    take: () => {
      while (heads[clock & (WHEEL - 1)] === -1) clock += 1;
      const bucket = clock & (WHEEL - 1);
      const slot = heads[bucket];
      heads[bucket] = slots[slot * FIELDS + NEXT];
      return slot;
    },
  };
}

function createCalls(live, partitions, tenants, bits, uniform) {
  const slots = new Int32Array(live * FIELDS);
  const ids = Array.from({ length: live }, () => '');
  let begun = 0;
  return {
    slots,
    ids,
    begun: () => begun,
    tenantOf: (at) => tenants.all[slots[at + TENANT]].id,
    begin: (slot, course, pace) => {
      const tenant = tenants.pick(uniform());
      const { firstAgent, agents, id } = tenants.all[tenant];
      const first = (bits() >>> 0) % agents;
      const second = (first + 1 + ((bits() >>> 0) % (agents - 1))) % agents;
      const at = slot * FIELDS;
      begun += 1;
      ids[slot] = `CA${begun.toString(16).padStart(10, '0')}`;
      slots[at + COURSE] = course;
      slots[at + STEP] = 0;
      slots[at + FIRST] = (firstAgent + first) % AGENTS;
      slots[at + SECOND] = (firstAgent + second) % AGENTS;
      slots[at + TENANT] = tenant;
      slots[at + PACE] = pace;
      slots[at + PARTITION] = partitionOf(id, ids[slot], partitions);
    },
  };
}

/** Makes one event; all texts but the event's id are made before. */
function createLines(courses, bits) {
  const texts = wordTexts();
  const attributes = attributeSets();
  const suffixes = Array.from({ length: Math.max(...courses.map((course) => course.length)) }, (_, step) => `.${step}`);
  return (slots, at, tenantId, callId, occurredAt) => {
    const step = slots[at + STEP];
    const word = courses[slots[at + COURSE]].words[step];
    const agent = slots[at + (word < SECOND_ASKED ? FIRST : SECOND)];
    return {
      source: 'callcenter24',
      tenantId,
      subjectId: callId,
      eventId: callId + suffixes[step],
      occurredAt,
      status: texts[word][agent],
      attributes: word === REGISTERED ? attributes[bits() & (attributes.length - 1)] : null,
      startedAt: null,
      endedAt: null,
      recordVersion: null,
      duration: null,
      description: null,
    };
  };
}

/** The input in pieces of one partition each, as they fill; the rest at the end. `size` events at most in each. */
export function* chunksByPartition(input, size) {
  const open = [];
  for (let event = input.next(); event !== null; event = input.next()) {
    const { partition } = input;
    const events = (open[partition] ??= []);
    events.push(event);
    if (events.length < size) continue;
    yield { partition, events };
    open[partition] = [];
  }
  for (const [partition, events] of open.entries()) {
    if (events !== undefined && events.length > 0) yield { partition, events };
  }
}

/** Rank r has a share of 1 / r ** ZIPF_EXPONENT of the calls, and as many agents as that needs. */
function createTenants(count, live) {
  const weights = Array.from({ length: count }, (_, rank) => (rank + 1) ** -ZIPF_EXPONENT);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const tenants = weights.map((weight, rank) => ({
    id: `tenant-${rank + 1}`,
    firstAgent: (rank * 37) % AGENTS,
    agents: Math.min(AGENTS, Math.max(AGENTS_OF_TENANT_MIN, Math.ceil((live * weight) / total))),
  }));
  return { all: tenants, pick: cumulative(weights) };
}

function attributeSets() {
  const queues = ['sales', 'support', 'reception', 'billing'];
  const campaigns = ['organic', 'search-ads', 'newsletter', 'partner'];
  return Array.from({ length: 64 }, (_, index) =>
    Object.freeze({
      queue: queues[index & 3],
      campaign: campaigns[(index >> 2) & 3],
      number: `+1 555 01${String(index).padStart(2, '0')}`,
    }),
  );
}
