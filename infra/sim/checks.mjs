// @ts-check
/** What must hold of the stores: at commits picked by chance, and of all when everything has come to rest. */

import { decodeState, sourceOf, subjectOfId } from '@callfold/core';
import { compareRecords, compareStates, foldPartition, rulesOf } from '@callfold/engine';
import { ROLE_OF } from './owners.mjs';
import { placeOf } from './reader.mjs';

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('./world.mjs').World} World */
/** @typedef {import('./plan.mjs').RoleName} RoleName */
/**
 * @typedef {{
 *   role: RoleName,
 *   at: At,
 *   next: number,
 *   meta: { seqs: Record<string, number>, outboxFirst: number, outboxNext: number, clock: number },
 *   states: [string, string][],
 *   agents: [string, string][],
 *   timers: import('@callfold/engine').Timer[],
 *   outbox: readonly { readonly number: number }[],
 *   stood: ReadonlyMap<string, number>,
 * }} Sample what a store holds of one partition at one instant
 */

const EVERY = Number.MAX_SAFE_INTEGER;

/** @param {World} world */
export function createChecks(world) {
  const { plan, memory, codec, journal, reader } = world;
  /** @type {Sample[]} */
  let samples = [];

  /** @param {RoleName} role @param {At} at @returns {Sample | null} */
  function sampleOf(role, at) {
    const server = memory.storeServer(role);
    const stored = server.peek(at);
    if (stored === null || stored.next === null || stored.meta === null) return null;
    const meta = JSON.parse(stored.meta);
    return {
      role,
      at,
      next: stored.next,
      meta,
      states: server.fields(at, 'states'),
      agents: server.fields(at, 'agents'),
      timers: server.timers(at, Infinity, EVERY),
      outbox: server.outbox(at),
      stood: new Map(Object.keys(meta.seqs).map((topic) => [topic, reader.countOf(at, topic)])),
    };
  }

  /** @param {RoleName} role @param {At} at @param {number} upTo @param {number | null} clock */
  function foldOf(role, at, upTo, clock) {
    const source = sourceOf(at.topic);
    if (source === null) throw new Error(`${at.topic} is no raw topic`);
    return foldPartition(
      { at, source, log: world.wholeLog(), codec },
      rulesOf(ROLE_OF[role], plan.settings),
      upTo,
      [],
      clock,
    );
  }

  /**
   * A timer for each state that has one, and no other; fields of the view that follow from the states, and no other.
   * @param {Sample} sample
   */
  function followers({ at, role, states, agents, timers }) {
    const source = sourceOf(at.topic) ?? 'atlas';
    const view = ROLE_OF[role].view;
    /** @type {Map<string, number>} */
    const due = new Map();
    /** @type {Map<string, string>} */
    const fields = new Map();
    for (const [key, text] of states) {
      const state = decodeState(text, source, key);
      if (state.timer !== null) due.set(key, state.timer);
      for (const [field, value] of view?.fieldsOf(state) ?? []) fields.set(field, value);
    }
    /** @param {Iterable<readonly [string, unknown]>} entries */
    const text = (entries) => JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    const found = [];
    if (text(due) !== text(timers.map((one) => [one.key, one.due]))) {
      found.push(`timers are ${text(timers.map((one) => [one.key, one.due]))}, the states say ${text(due)}`);
    }
    if (text(fields) !== text(agents)) found.push(`the view is ${text(agents)}, the states say ${text(fields)}`);
    return found;
  }

  /**
   * Whatever a fold up to the position gives stands in its topic or is in the outbox, and the outbox is whole: the
   * position is never ahead of what was derived.
   * @param {Sample} sample
   * @param {import('@callfold/engine').Expected} expected
   */
  function outboxFaults({ meta, outbox, stood }, { records, tombstones, erasedSubjects, letters }) {
    const numbers = new Set(outbox.map(({ number }) => number));
    const found = [];
    for (let number = meta.outboxFirst; number < meta.outboxNext; number += 1) {
      if (!numbers.has(number)) found.push(`outbox entry ${number} is missing`);
    }
    // What is erased further on is not sent again by whoever folds it again.
    const due = records.filter(({ outcomeId }) => !erasedSubjects.has(subjectOfId(outcomeId)));
    const derived = due.length + tombstones.length + letters.length;
    const counted = Object.values(meta.seqs).reduce((sum, seq) => sum + seq, 0);
    // After a failover what stands is counted too, and may be ahead of the position.
    if (counted < derived) found.push(`${derived} records follow from the log, the store knows of ${counted}`);
    const standing = [...stood.values()].reduce((sum, count) => sum + count, 0);
    if (standing + meta.outboxNext - meta.outboxFirst < derived) {
      found.push(`${derived} records follow from the log, ${standing} stand, the outbox has less than the others`);
    }
    return found;
  }

  /** @param {Sample} sample @param {import('@callfold/engine').Expected} expected */
  async function faultsOf(sample, expected) {
    const { role, at, states } = sample;
    const kept = /** @type {import('@callfold/engine').Store} */ (
      /** @type {unknown} */ ({
        async *scan() {
          yield states;
        },
      })
    );
    const { findings } = await compareStates(at, kept, expected);
    const found = findings.map(({ fault, where, detail }) => `${fault} ${where}: ${detail}`);
    if (role === 'outcomes') found.push(...outboxFaults(sample, expected));
    return found;
  }

  /**
   * Timers that are too many to be loaded at once are committed as fired before the record at which they fire: then the
   * state is the fold with the time that has passed, and between two records only.
   * @param {Sample} sample
   */
  async function check(sample) {
    const { role, at, next, meta } = sample;
    const expected = await foldOf(role, at, next, null);
    let found = await faultsOf(sample, expected);
    if (found.length > 0 && (await faultsOf(sample, await foldOf(role, at, next, meta.clock))).length === 0) found = [];
    for (const one of [...found, ...followers(sample)]) journal.fail(`${role} of ${placeOf(at)} at ${next}: ${one}`);
    return expected;
  }

  return {
    /** @param {RoleName} role @param {At} at */
    take(role, at) {
      const sample = sampleOf(role, at);
      if (sample !== null) samples.push(sample);
    },
    /** Before anything changes what the log is. */
    async checkTaken() {
      const taken = samples;
      samples = [];
      for (const sample of taken) {
        await check(sample);
        journal.count('state held against a fold');
      }
    },
    /** @param {RoleName} role @param {At} at all is folded and sent */
    async checkAll(role, at) {
      const sample = sampleOf(role, at);
      if (sample === null) return journal.fail(`${role} of ${placeOf(at)}: nothing was ever committed`);
      const expected = await check(sample);
      if (role !== 'outcomes') return;
      const { findings } = compareRecords(reader.stoodOf(at), expected, codec);
      for (const { fault, where, detail } of findings) journal.fail(`${placeOf(at)}: ${fault} ${where}: ${detail}`);
    },
    /**
     * What a partition that was given up published before: nothing that the log does not say, and in order.
     * @param {At} at
     */
    async checkStanding(at) {
      const clock = world.clockOf(at);
      const expected = await foldOf('outcomes', at, world.topics.bounds(at).end, clock);
      const { findings } = compareRecords(reader.stoodOf(at), expected, codec);
      for (const { fault, where, detail } of findings) {
        if (fault !== 'lost') journal.fail(`${placeOf(at)}, given up: ${fault} ${where}: ${detail}`);
      }
    },
  };
}
