// @ts-check
/** The faults of a plan, as they befall the world. */

import { SESSION_MS, SKEW_MS } from './plan.mjs';
import { placeOf } from './reader.mjs';
import { ROLES } from './world.mjs';

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('./plan.mjs').Fault} Fault */
/** @typedef {import('./plan.mjs').RoleName} RoleName */
/** @typedef {import('./owners.mjs').Owner} Owner */

/** How often a replica takes over what its server has. */
export const REPLICA_MS = 700;

/** @template Item @param {readonly Item[]} items @param {number} share @returns {Item | undefined} */
const pick = (items, share) => items[Math.floor(share * items.length)];

/** @typedef {ReturnType<typeof createFaults>} Faults */

/**
 * @param {import('./world.mjs').World} world
 * @param {ReturnType<typeof import('./weather.mjs').createWeather>} weather
 * @param {import('./owners.mjs').Owners} owners
 * @param {ReturnType<typeof import('./verdicts.mjs').createVerdicts>} verdicts
 */
export function createFaults(world, weather, owners, verdicts) {
  const { positionOf } = verdicts;
  const { memory, topics, places, clock, journal, cuts } = world;
  /** @type {Map<RoleName, import('@callfold/adapters').StoreSnapshot>} */
  const replicas = new Map(ROLES.map((role) => [role, new Map()]));

  /** @param {RoleName} role @param {import('@callfold/adapters').StoreSnapshot} snapshot */
  function restore(role, snapshot) {
    const server = memory.storeServer(role);
    const before = new Map(places.map((at) => [placeOf(at), positionOf(role, at)]));
    server.restore(snapshot);
    replicas.set(role, snapshot);
    for (const at of places) {
      const was = before.get(placeOf(at)) ?? null;
      if (was !== positionOf(role, at)) journal.count('acknowledged writes lost');
      verdicts.sawLoss(role, at, was);
    }
  }

  /** Whether a batch with records beyond the log's end is in somebody's hands, or was just folded. @param {At} at */
  function isUnnoticed(at) {
    const { end } = topics.bounds(at);
    return owners.alive.some(({ held, service }) => {
      const status = service.status().find((one) => placeOf(one.at) === placeOf(at));
      return (held.get(placeOf(at)) ?? 0) > end || (status?.position ?? 0) > end;
    });
  }

  /**
   * An unclean leader. The partition takes nothing until those that read it have looked at the new end, as readers do
   * that ask all the time while nobody can write: what an owner finds beyond the end it refuses at once, and what was
   * rewritten while nobody owned the partition, at the next claim. That a log is cut and grows past the position
   * between two reads of one owner shows in nothing that Kafka tells a reader, and is not promised to be noticed.
   * @param {Fault} fault
   */
  function truncate({ pick: which, share }) {
    const at = pick(places, which);
    if (!at) return;
    const { start, end } = topics.bounds(at);
    const depth = 1 + Math.floor(share * 4);
    const last = topics.read(at, start, Number.MAX_SAFE_INTEGER).records.at(-depth);
    // At a record: what is cut of offsets without one is no loss, and would look like one.
    if (!last) return;
    topics.truncate(at, last.offset);
    journal.count('met: log truncated');
    journal.note(() => `${placeOf(at)} is cut from ${end} to ${last.offset}`);
    cuts.set(placeOf(at), [...(cuts.get(placeOf(at)) ?? []), last.offset]);
    for (const role of ROLES) verdicts.sawPosition(role, at);
    weather.closed.add(placeOf(at));
  }

  /**
   * Every role that has state here has said so to its group: without that a lost store begins anew at the start.
   * @param {At} at
   */
  async function isWitnessed(at) {
    const witnesses = await Promise.all(ROLES.map((role) => memory.ports().log(role).witness(at)));
    return witnesses.every((one) => one !== null);
  }

  /** @param {Fault} fault @param {boolean} past */
  async function retain({ pick: which, share }, past) {
    const at = pick(places, which);
    if (!at || !(await isWitnessed(at))) return;
    const positions = ROLES.map((role) => positionOf(role, at) ?? 0);
    const { end } = topics.bounds(at);
    const least = Math.min(...positions);
    const start = past ? least + 1 + Math.floor(share * (end - least)) : Math.floor((0.5 + share / 2) * least);
    if (start > end || start < 1) return;
    world.retain(at, start);
    journal.count(past ? 'met: retention past the position' : 'met: retention below the position');
    journal.note(() => `${placeOf(at)} is kept from ${start} on, of ${end}; the positions are ${positions.join(', ')}`);
  }

  /** @param {Owner} owner @param {number} forMs */
  async function pause(owner, forMs) {
    owner.process.pause();
    journal.note(() => `${owner.name} stands still for ${forMs} ms`);
    await clock.sleep(Math.min(forMs, SESSION_MS));
    if (forMs > SESSION_MS && owners.alive.includes(owner)) {
      journal.note(() => `${owner.name} is dropped by its group`);
      owner.consumer.expel();
      await clock.sleep(forMs - SESSION_MS);
    }
    journal.note(() => `${owner.name} goes on`);
    owner.process.resume();
  }

  /** @param {Fault} fault @param {(owner: Owner) => void} work */
  function toOne({ role, pick: which, kind }, work) {
    const owner = pick(owners.of(role), which);
    if (!owner) return;
    journal.count(`met: ${kind}`);
    work(owner);
  }

  /** @type {Record<import('./plan.mjs').FaultKind, (fault: Fault) => void | Promise<void>>} */
  const happen = {
    'store away': ({ role, forMs }) => weather.takeAway(`store ${role}`, forMs),
    'kafka away': ({ forMs }) => weather.takeAway('kafka', forMs),
    'leader moves': ({ forMs, pick: which }) => {
      const at = pick(places, which);
      if (at) weather.takeAway(`place ${placeOf(at)}`, forMs);
    },
    'out of memory': ({ role, forMs }) => weather.takeAway(`memory ${role}`, forMs),
    'script flush': ({ role, share }) => weather.flushScripts(role, 1 + Math.floor(share * 5)),
    failover: ({ role }) => {
      restore(role, replicas.get(role) ?? new Map());
      journal.count('met: failover');
    },
    'store lost': ({ role }) => {
      restore(role, new Map());
      journal.count('met: store lost');
    },
    'log truncated': truncate,
    'retention below the position': (fault) => retain(fault, false),
    'retention past the position': (fault) => retain(fault, true),
    'broker clock forward': ({ share, kind }) => {
      world.skew(Math.floor(share * SKEW_MS));
      journal.count(`met: ${kind}`);
    },
    'broker clock back': ({ share, kind }) => {
      world.skew(-Math.floor(share * SKEW_MS));
      journal.count(`met: ${kind}`);
    },
    'offsets without a record': ({ pick: which, share, kind }) => {
      const at = pick(places, which);
      if (!at || weather.closed.has(placeOf(at))) return;
      topics.skip(at, 1 + Math.floor(share * 3));
      journal.count(`met: ${kind}`);
    },
    'pause within the session': (fault) => toOne(fault, (owner) => void pause(owner, fault.forMs)),
    'pause past the session': (fault) => toOne(fault, (owner) => void pause(owner, fault.forMs)),
    expelled: (fault) => toOne(fault, (owner) => owner.consumer.expel()),
    killed: (fault) => toOne(fault, owners.kill),
    restarted: (fault) =>
      toOne(fault, (owner) => {
        owners.kill(owner);
        owners.start(owner.role);
      }),
    joined: ({ role, kind }) => {
      owners.start(role);
      journal.count(`met: ${kind}`);
    },
    left: (fault) => toOne(fault, owners.stop),
  };

  return {
    /** @param {Fault} fault */
    async strike(fault) {
      journal.note(() => `fault: ${fault.kind} (${fault.role}, ${fault.forMs} ms, ${fault.share.toFixed(3)})`);
      await happen[fault.kind](fault);
    },
    replicate() {
      for (const role of ROLES) replicas.set(role, memory.storeServer(role).snapshot());
    },
    /** Opens what was cut, once its readers know. */
    reopen() {
      for (const at of places) if (!isUnnoticed(at)) weather.closed.delete(placeOf(at));
    },
  };
}
