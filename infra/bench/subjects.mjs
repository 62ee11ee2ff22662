#!/usr/bin/env node
// What one more event costs a subject that has many already: an agent of N stays, a chat of N changes, as each role
// folds them, and what its state takes in the store. CPU time of this process, of the last events alone; prints, and
// judges nothing.
//
//   npm run bench:subjects [-- --sizes 100,1000,4000]
import { parseArgs } from 'node:util';
import { DEFAULT_SETTINGS, emptyState, encodeState, fireTimer, foldEvent, isRejection } from '@callfold/core';

const BASE = Date.UTC(2025, 0, 3);
/** 700 a day, as an agent of many short calls has. */
const STAY_MS = 123_000;
const CHANGE_MS = 20_000;
const MEASURED = 400;
/** Encoded now and then only, as the commit of a slice does. */
const ENCODE_EVERY = 8;

const { values } = parseArgs({ options: { sizes: { type: 'string', default: '100,1000,4000' } } });
const sizes = values.sizes.split(',').map(Number);

const common = (source, i, at, status) => {
  return { source, tenantId: 't', subjectId: 's', eventId: `e${i}`, at, status, attributes: null };
};

/** Each stay comes twice: when it begins, and with its length when it is over. */
function stay(i) {
  const at = BASE + (i >> 1) * STAY_MS;
  const word = ['Ready', 'Busy', 'Wrap'][(i >> 1) % 3];
  const duration = i % 2 === 1 ? STAY_MS : null;
  const event = { ...common('vonage', i, at, word), kind: 'agent', word, detail: { duration, description: 'Live' } };
  return { event, loggedAt: at + (duration ?? 0) };
}

function change(words) {
  return (i) => {
    const at = BASE + i * CHANGE_MS;
    const word = words[i % words.length];
    return { event: { ...common('chatterfy', i, at, word), kind: 'chat', word }, loggedAt: at };
  };
}

const SUBJECTS = [
  ['agent of 700 stays a day, stays', (n) => 2 * n, stay],
  ['chat of one long episode, changes', (n) => n, change(['auto', 'waiting', 'auto', 'manual'])],
  ['chat of short episodes, changes', (n) => n, change(['auto', 'waiting', 'auto', 'manual', 'waiting', 'finished'])],
];
const ROLES = [
  ['file', { settings: DEFAULT_SETTINGS, publishes: true, drops: false }],
  ['outcomes', { settings: DEFAULT_SETTINGS, publishes: true, drops: true }],
  ['projector', { settings: DEFAULT_SETTINGS, publishes: false, drops: true }],
];

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function measure(events, make, rules) {
  let state = null;
  const take = (step) => {
    if (isRejection(step)) throw new Error(step.reason);
    state = step.state;
  };
  let foldMs = 0;
  let encodeMs = 0;
  let bytes = 0;
  for (let i = 0; i < events; i += 1) {
    const { event, loggedAt } = make(i);
    const from = cpuMs();
    while (state?.timer && state.timer <= loggedAt) take(fireTimer(state, state.timer, rules));
    take(foldEvent(state ?? emptyState(event.source, 't/s'), event, loggedAt, rules));
    const folded = cpuMs();
    if (i < events - MEASURED) continue;
    foldMs += folded - from;
    if (i % ENCODE_EVERY !== 0) continue;
    bytes = encodeState(state).length;
    encodeMs += cpuMs() - folded;
  }
  const measured = Math.min(events, MEASURED);
  const encodings = measured / ENCODE_EVERY;
  return {
    fold: (1_000 * foldMs) / measured,
    encode: (1_000 * encodeMs) / encodings,
    bytes,
    facts: state.facts.length,
  };
}

console.log('subject                               N      role        us an event   us to encode    bytes   facts');
for (const [name, eventsOf, make] of SUBJECTS) {
  for (const [role, rules] of ROLES) {
    measure(eventsOf(Math.min(...sizes)), make, rules);
    for (const size of sizes) {
      const { fold, encode, bytes, facts } = measure(eventsOf(size), make, rules);
      const figures = [fold.toFixed(1).padStart(12), encode.toFixed(0).padStart(14), `${bytes}`.padStart(9)];
      console.log(
        `${name.padEnd(36)}${`${size}`.padStart(5)}  ${role.padEnd(10)}${figures.join('')}${`${facts}`.padStart(8)}`,
      );
    }
  }
}
