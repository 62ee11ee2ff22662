// @ts-check
/** `kill -9` of one of two instances, at named points of its work. */

import { BOUNDS } from '../limits.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {'projector' | 'outcomes'} RoleName */

const PASSES_MAX = 3;

const PROMISE = {
  projector: 'the other instance takes over; states equal the fold',
  outcomes: 'the other instance takes over; states equal the fold, every derived record stands once',
};

/**
 * @param {RoleName} role
 * @param {string} point one of worker.mjs
 * @param {string} name
 * @param {boolean} [short]
 * @returns {Fault}
 */
const killAt = (role, point, name, short = false) => ({
  name: `kill-${role}-${name}`,
  title: `kill -9 of ${role} ${point}`,
  promise: PROMISE[role],
  ...BOUNDS.memberLost,
  short,
  needs: { brokers: 1, redis: 'single' },
  async run(scene) {
    await scene.crew.usual({ role, worker: true });
    await scene.underLoad(async () => {
      const victim = scene.crew.second(role);
      const passes = scene.random.whole(1, PASSES_MAX);
      await scene.strike(() => victim.strikeAt({ point, signal: 'SIGKILL', passes }), { roles: [role] });
    });
  },
});

/**
 * Inside a rebalance: with four instances of four partitions each has one, so that the second one gives one away.
 * @param {RoleName} role
 * @returns {Fault}
 */
const killGivingAway = (role) => ({
  name: `kill-${role}-giving-away`,
  title: `kill -9 of ${role} inside a rebalance, as it gives a partition away`,
  promise: PROMISE[role],
  ...BOUNDS.memberLost,
  short: false,
  needs: { brokers: 1, redis: 'single' },
  async run(scene) {
    await scene.crew.usual({ role, worker: true });
    await scene.underLoad(async () => {
      const dead = scene.crew.second(role).strikeAt({ point: 'giving away', signal: 'SIGKILL', passes: 1 });
      for (const _ of ['third', 'fourth']) await scene.crew.start(role);
      await scene.strike(() => dead, { roles: [role] });
    });
  },
});

/**
 * Inside a rebalance: an instance comes, is given a partition, and dies as it takes it over.
 * @param {RoleName} role
 * @param {string} point
 * @param {string} name
 * @returns {Fault}
 */
const killTaking = (role, point, name) => ({
  name: `kill-${role}-${name}`,
  title: `kill -9 of ${role} inside a rebalance, ${point}`,
  promise: PROMISE[role],
  ...BOUNDS.memberLost,
  short: false,
  needs: { brokers: 1, redis: 'single' },
  async run(scene) {
    await scene.crew.usual();
    await scene.underLoad(async () => {
      const newcomer = await scene.crew.start(role, { worker: true });
      const dead = newcomer.strikeAt({ point, signal: 'SIGKILL', passes: 1 });
      await scene.strike(() => dead, { roles: [role] });
    });
  },
});

/** @type {readonly Fault[]} */
export const KILLS = [
  killAt('projector', 'before the commit', 'before-commit'),
  killAt('projector', 'after the commit', 'after-commit', true),
  killGivingAway('projector'),
  killTaking('projector', 'after the claim', 'claiming'),
  killAt('outcomes', 'before the commit', 'before-commit'),
  killAt('outcomes', 'after the commit', 'after-commit', true),
  killAt('outcomes', 'while sending', 'while-sending'),
  killAt('outcomes', 'after sending', 'after-sending', true),
  killGivingAway('outcomes'),
  killTaking('outcomes', 'after the claim', 'claiming'),
  killTaking('outcomes', 'after the fence', 'after-fence'),
];
