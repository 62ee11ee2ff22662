// @ts-check
/** What becomes of each call of each process, and what the servers are seen to do. */

import { placeOf } from './reader.mjs';

/** @typedef {import('./world.mjs').World} World */
/** @typedef {import('./plan.mjs').RoleName} RoleName */
/** @typedef {import('@callfold/adapters').Fate} Fate */
/** @typedef {import('@callfold/adapters').Link} Link */
/** @typedef {'store' | 'kafka' | 'memory'} Part `memory`: the store takes no writes, because it is full */

const STORE_CALLS = new Set(['peek', 'claim', 'read', 'timers', 'outbox', 'commit']);
const STORE_WRITES = new Set(['claim', 'commit']);
/** A client gives up after this, at most. */
const PATIENCE_MS = 3_000;
/** The latest that a call comes which was given up. */
const LATEST_MS = 20_000;

/** @type {Fate} */
const AT_ONCE = { what: 'done', beforeMs: 0, afterMs: 0, laterMs: 0 };

/**
 * @param {World} world
 * @param {import('../random.mjs').Random} random
 * @param {{ onCommit: (role: RoleName, at: import('@callfold/engine').At) => void }} hooks
 */
export function createWeather(world, random, { onCommit }) {
  const { plan, journal, reader } = world;
  const { calls } = plan;
  let calm = false;
  /** Until when, by part and role or place. @type {Map<string, number>} */
  const away = new Map();
  /** How many store calls are still to be told that the script is not known. @type {Map<RoleName, number>} */
  const flushed = new Map();
  /** Places of the raw log that take nothing now. @type {Set<string>} */
  const closed = new Set();

  /** @param {string} what */
  const isAway = (what) => (away.get(what) ?? -1) > world.now();

  /** @param {RoleName} role @param {string} call @param {string} place @returns {string | null} why it fails */
  function outage(role, call, place) {
    if (call === 'tick' && closed.has(place)) return 'leader moves';
    if (isAway(`place ${place}`)) return 'leader moves';
    if (!STORE_CALLS.has(call)) return isAway('kafka') ? 'kafka away' : null;
    if (isAway(`store ${role}`)) return 'store away';
    if (STORE_WRITES.has(call) && isAway(`memory ${role}`)) return 'out of memory';
    const unknown = flushed.get(role) ?? 0;
    if (unknown === 0) return null;
    flushed.set(role, unknown - 1);
    return 'script flush';
  }

  /** @param {RoleName} role @param {string} call @param {string} place @returns {Fate} */
  function fateOf(role, call, place) {
    const why = outage(role, call, place);
    if (why !== null) {
      journal.count(`met: ${why}`);
      // What waits for a leader may still be written when there is one.
      const late = why === 'leader moves' && call !== 'tick' && random.chance(0.3);
      return {
        what: late ? 'late' : 'lost',
        beforeMs: 0,
        afterMs: random.whole(1, 300),
        laterMs: random.whole(300, 6_000),
      };
    }
    if (calm) return AT_ONCE;
    const slow = () => (random.chance(calls.slowShare) ? random.whole(1, calls.slowMs) : 0);
    if (!random.chance(calls.share)) return { what: 'done', beforeMs: slow(), afterMs: slow(), laterMs: 0 };
    const what = calls.kinds[random.whole(0, calls.kinds.length - 1)] ?? 'done';
    journal.count(`${call} ${what}`);
    journal.note(() => `${call} of ${place} by ${role}: ${what}`);
    const beforeMs = what === 'late' || what === 'lost' ? random.whole(1, PATIENCE_MS) : slow();
    const laterMs = random.whole(what === 'late' ? beforeMs : 1, random.chance(0.5) ? PATIENCE_MS : LATEST_MS);
    return { what, beforeMs, afterMs: slow(), laterMs };
  }

  /** @param {RoleName} role @param {string} call @param {import('@callfold/engine').At} at @param {any} answer */
  function sawDone(role, call, at, answer) {
    if (call === 'commit' && answer.ok) onCommit(role, at);
    if (call === 'commit' && !answer.ok) journal.count(`commit ${answer.why}`);
    if (call === 'claim' && answer === 'raced') journal.count('claim raced');
    if (call === 'read') journal.count('cache missed');
    if (call === 'timers' && answer.length >= plan.limits.loadedTimers) journal.count('timers not all loaded');
    if (call !== 'claim' || role !== 'outcomes' || answer === 'raced' || answer.meta === null) return;
    /** @type {Record<string, number>} */
    const seqs = JSON.parse(answer.meta).seqs;
    const forgotten = Object.keys(seqs).some((topic) => reader.countOf(at, topic) > (seqs[topic] ?? 0));
    if (forgotten) journal.count('records stand that the store forgot');
  }

  /** @param {RoleName} role @param {string} name @param {Link} link @returns {Link} */
  function watch(role, name, link) {
    return async (call, at, run) => {
      let landed = false;
      try {
        return await link(call, at, () => {
          try {
            // Also one that was under way when the log was closed.
            if (call === 'tick' && closed.has(placeOf(at))) throw new Error('the leader moves');
            const answer = run();
            landed = true;
            sawDone(role, call, at, answer);
            if (call === 'send') journal.note(() => `${name}: send of ${placeOf(at)} lands`);
            return answer;
          } catch (error) {
            if (call === 'send') journal.count('late send refused by a fence');
            throw error;
          }
        });
      } catch (error) {
        if (call === 'send') journal.count(landed ? 'send without an answer stands' : 'send failed');
        throw error;
      }
    };
  }

  return {
    fateOf,
    watch,
    closed,
    /** @param {string} what @param {number} forMs */
    takeAway(what, forMs) {
      away.set(what, world.now() + forMs);
    },
    /** @param {RoleName} role @param {number} times */
    flushScripts(role, times) {
      flushed.set(role, times);
    },
    fetchMs: () => (calm || !random.chance(calls.slowShare) ? 0 : random.whole(1, calls.slowMs)),
    redelivers: () => !calm && calls.redelivered > 0 && random.chance(calls.redelivered),
    /** All is well from now on; what is late still comes. */
    clear() {
      calm = true;
      away.clear();
      flushed.clear();
    },
  };
}
