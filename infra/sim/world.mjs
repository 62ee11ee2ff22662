// @ts-check
/** One history's world: the topics, both groups' stores, and what the checks know of them beside the engine. */

import { createCodec, createLocalRegistry, createMemoryWorld, createVirtualClock } from '@callfold/adapters';
import { rawTopic, TOPICS } from '@callfold/core';
import { START, UNKNOWN_SCHEMA } from './input.mjs';
import { createJournal } from './journal.mjs';
import { createReader, placeOf } from './reader.mjs';

const ALL = 1_000_000;

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('./plan.mjs').RoleName} RoleName */
/** @typedef {ReturnType<typeof openWorld>} World */

/** @type {readonly RoleName[]} */
export const ROLES = ['projector', 'outcomes'];

/**
 * One for all histories of a process: it has met everything that they hold, so that none of them finds it different.
 */
export async function openCodec() {
  // A clock that stands still: a schema that is unknown once is so in every history.
  const codec = createCodec(createLocalRegistry(), () => 0);
  await codec.register(TOPICS.map(({ name }) => name));
  await codec.prepare([{ value: UNKNOWN_SCHEMA }]);
  return codec;
}

/**
 * @param {import('./plan.mjs').Plan} plan
 * @param {import('@callfold/adapters').AvroCodec} codec
 * @param {{ traced: boolean }} options
 */
export function openWorld(plan, codec, options) {
  const clock = createVirtualClock(START);
  const now = () => clock.now() - START;
  const journal = createJournal(now, options);
  /** The broker's clock is ahead of everybody's by this. */
  let skewMs = 0;
  const brokerClock = { now: () => clock.now() + skewMs };
  const memory = createMemoryWorld({ clock: brokerClock, batchRecords: plan.batchRecords, timesMayFall: true });
  const { topics } = memory;
  for (const { name } of TOPICS) topics.create(name, plan.partitions);
  /** @type {At[]} */
  const places = plan.sources.flatMap((source) =>
    Array.from({ length: plan.partitions }, (_, partition) => ({ topic: rawTopic(source), partition })),
  );
  /**
   * What retention took, by place: the fold that all is held against begins at the start.
   * @type {Map<string, import('@callfold/engine').LogRecord[]>}
   */
  const archive = new Map();
  /** The greatest position ever committed, by role and place. @type {Map<string, number>} */
  const committed = new Map();
  /** @param {RoleName} role @param {At} at */
  const committedOf = (role, at) => committed.get(`${role} ${placeOf(at)}`) ?? -1;
  const reader = createReader({
    topics,
    codec,
    journal,
    sources: plan.sources,
    partitions: plan.partitions,
    committed: (origin) => committedOf('outcomes', origin),
  });

  return {
    /** Where a log was cut: by place, the ends. @type {Map<string, number[]>} */
    cuts: new Map(),
    plan,
    codec,
    clock,
    now,
    journal,
    memory,
    topics,
    places,
    reader,
    committedOf,
    /** @param {RoleName} role @param {At} at @param {number} next */
    sawCommitted(role, at, next) {
      const name = `${role} ${placeOf(at)}`;
      committed.set(name, Math.max(committed.get(name) ?? -1, next));
    },
    /** The greatest append time ever given there. @param {At} at */
    clockOf: (at) => topics.read(at, 0, ALL).records.reduce((most, { appendedAt }) => Math.max(most, appendedAt), 0),
    /** @param {number} ms */
    skew(ms) {
      skewMs = ms;
    },
    /** Retention that the checks remember. @param {At} at @param {number} start */
    retain(at, start) {
      const gone = topics.read(at, 0, ALL).records.filter(({ offset }) => offset < start);
      archive.set(placeOf(at), [...(archive.get(placeOf(at)) ?? []), ...gone]);
      topics.retain(at, start);
    },
    /** The raw log as it would be had retention never come. @returns {import('@callfold/engine').Log} */
    wholeLog() {
      const direct = memory.ports().log('check');
      return {
        ...direct,
        bounds: async (at) => ({ start: 0, end: topics.bounds(at).end }),
        async read(at, offset, most) {
          const { end } = topics.bounds(at);
          const all = [...(archive.get(placeOf(at)) ?? []), ...topics.read(at, 0, ALL).records];
          const records = all.filter((record) => record.offset >= offset).slice(0, most);
          const last = records.at(-1);
          const next = records.length < most || !last ? end : last.offset + 1;
          return { from: offset, records, next, end };
        },
      };
    },
  };
}
