// @ts-check
/** The processes of a history: each runs the real engine in one role, behind a link of its own. */

import { createMemoryProcess } from '@callfold/adapters';
import { rawTopic } from '@callfold/core';
import { startRole } from '@callfold/engine';
import { placeOf } from './reader.mjs';

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('./world.mjs').World} World */
/** @typedef {import('./plan.mjs').RoleName} RoleName */
/** @typedef {import('@callfold/engine').Role} Role */
/**
 * @typedef {{
 *   name: string,
 *   role: RoleName,
 *   process: import('@callfold/adapters').MemoryProcess,
 *   consumer: import('@callfold/adapters').MemoryConsumer,
 *   service: import('@callfold/engine').Service,
 *   stopping: boolean,
 *   held: Map<string, number>,
 * }} Owner `held`: the position behind the batch in its hands, by place
 */

/** @param {import('@callfold/core').State | null} state @returns {ReadonlyMap<string, string>} */
function fieldsOf(state) {
  if (state === null || state.facts.length === 0) return new Map();
  const { tenantId, subjectId, facts } = state;
  return new Map([[`${tenantId}/${facts[0]?.at}/${subjectId}`, `${facts.length}`]]);
}

/**
 * The projector's view stands for that of `services/projector`, which this cannot import: fields that come, change and
 * go with a state.
 * @type {Readonly<Record<RoleName, Role>>}
 */
export const ROLE_OF = {
  projector: { name: 'projector', publishes: false, view: { table: 'agents', fieldsOf }, feeds: true },
  outcomes: { name: 'outcomes', publishes: true, view: null, feeds: false },
};

/** @typedef {ReturnType<typeof createOwners>} Owners */

/**
 * @param {World} world
 * @param {ReturnType<typeof import('./weather.mjs').createWeather>} weather
 * @param {import('../random.mjs').Random} random
 */
export function createOwners(world, weather, random) {
  const { plan, memory, clock, journal } = world;
  /** @type {Owner[]} */
  const alive = [];
  let started = 0;
  let tokens = 0;

  /** @param {string} name @param {import('@callfold/engine').EngineEvent} event */
  function observe(name, event) {
    journal.note(() => `${name}: ${JSON.stringify(event)}`);
    journal.count(event.name);
    if (event.name === 'records-sent' && event.records + event.waiting >= plan.limits.outboxEntries) {
      journal.count('outbox at its limit');
    }
    if (event.name === 'partition-claimed' && event.asLeft) journal.count('claimed as it was left');
    if (event.name === 'record-rejected') journal.count(`rejected: ${event.code}`);
  }

  /**
   * Some batches come twice, and some late, as from a fetch that was under way when the partition went.
   * @param {import('@callfold/adapters').MemoryConsumer} consumer
   * @param {import('@callfold/adapters').MemoryProcess} process
   * @param {Map<string, number>} held
   * @returns {import('@callfold/engine').Consumer}
   */
  function withFetches(consumer, process, held) {
    const { topics } = world;
    return {
      stop: () => consumer.stop(),
      seek(at, offset) {
        held.delete(placeOf(at));
        consumer.seek(at, offset);
      },
      run: (handler) =>
        consumer.run({
          ...handler,
          async assigned(at, signal, left) {
            const answer = await handler.assigned(at, signal, left);
            held.delete(placeOf(at));
            return answer;
          },
          async batch(at, batch, signal) {
            const place = placeOf(at);
            held.set(place, batch.next);
            await process.clock.sleep(weather.fetchMs());
            if (weather.redelivers()) {
              const from = Math.max(topics.bounds(at).start, batch.from - random.whole(0, 5));
              const again = topics.read(at, from, plan.batchRecords);
              held.set(place, Math.max(batch.next, again.next));
              await handler.batch(at, again, signal);
              journal.count('delivered twice');
            }
            if (batch.records.length > plan.limits.sliceRecords) journal.count('several slices of a batch');
            const answer = await handler.batch(at, batch, signal);
            held.delete(place);
            return answer;
          },
        }),
    };
  }

  /**
   * A claim reads what waits, and folds it before it answers.
   * @param {import('@callfold/engine').Log} log
   * @param {Map<string, number>} held
   * @returns {import('@callfold/engine').Log}
   */
  function withReads(log, held) {
    return {
      ...log,
      async read(at, offset, maxRecords) {
        const batch = await log.read(at, offset, maxRecords);
        held.set(placeOf(at), batch.next);
        return batch;
      },
    };
  }

  /** @param {RoleName} role @returns {Owner} */
  function start(role) {
    started += 1;
    const name = `${role}-${started}`;
    const process = createMemoryProcess(clock, (call, place) => weather.fateOf(role, call, place));
    /** @type {Map<string, number>} */
    const held = new Map();
    const ports = memory.ports(weather.watch(role, name, process.link));
    const consumer = ports.consumer(role, plan.sources.map(rawTopic));
    const service = startRole(
      ROLE_OF[role],
      { settings: plan.settings, limits: plan.limits },
      {
        consumer: withFetches(consumer, process, held),
        log: withReads(ports.log(role), held),
        store: ports.store(role),
        codec: world.codec,
        publisher: role === 'outcomes' ? ports.publisher() : null,
        clock: process.clock,
        observer: (event) => observe(name, event),
        newToken: () => `token-${(tokens += 1)}`,
      },
    );
    service.done.catch((error) => journal.fail(`${name} broke: ${error.stack}`));
    journal.note(() => `${name} joins`);
    const owner = { name, role, process, consumer, service, stopping: false, held };
    alive.push(owner);
    return owner;
  }

  /** @param {Owner} owner */
  function forget(owner) {
    const place = alive.indexOf(owner);
    if (place >= 0) alive.splice(place, 1);
  }

  return {
    alive,
    start,
    /** @param {RoleName} role those that were not asked to stop */
    of: (role) => alive.filter((owner) => owner.role === role && !owner.stopping),
    /** @param {Owner} owner */
    kill(owner) {
      journal.note(() => `${owner.name} is killed`);
      owner.process.kill();
      owner.consumer.kill();
      forget(owner);
    },
    /** @param {Owner} owner */
    stop(owner) {
      journal.note(() => `${owner.name} leaves`);
      owner.stopping = true;
      void owner.service.stop().then(() => forget(owner));
    },
  };
}
