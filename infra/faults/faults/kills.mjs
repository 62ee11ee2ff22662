// @ts-check
/** `kill -9` of one of two instances, at named points of its work. */

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {'projector' | 'outcomes'} RoleName */

/** The group drops a member it has not heard of for a session, and waits for the others to join anew. */
const SESSION_SECONDS = 6;
const REBALANCE_SECONDS = 30;
const PASSES_MAX = 5;

/**
 * @param {RoleName} role
 * @param {string} point one of worker.mjs
 * @param {string} name
 * @param {boolean} short
 * @returns {Fault}
 */
const killAt = (role, point, name, short) => ({
  name: `kill-${role}-${name}`,
  title: `kill -9 of ${role} ${point}`,
  promise:
    role === 'outcomes'
      ? 'the other instance takes over; states equal the fold, every derived record stands once'
      : 'the other instance takes over; states equal the fold',
  boundSeconds: SESSION_SECONDS + REBALANCE_SECONDS,
  because: `session ${SESSION_SECONDS} s, and at most ${REBALANCE_SECONDS} s until the others have joined anew`,
  short,
  needs: { brokers: 1, redis: 'single' },
  async run(scene) {
    await scene.crew.usual({ role, worker: true });
    await scene.underLoad(async () => {
      const victim = scene.crew.of(role)[1];
      const passes = scene.random.whole(1, PASSES_MAX);
      await scene.strike(async () => victim?.strikeAt({ point, signal: 'SIGKILL', passes }), { roles: [role] });
    });
  },
});

/** @type {readonly Fault[]} */
export const KILLS = [
  killAt('projector', 'before the commit', 'before-commit', false),
  killAt('projector', 'after the commit', 'after-commit', true),
  killAt('outcomes', 'before the commit', 'before-commit', false),
  killAt('outcomes', 'after the commit', 'after-commit', true),
  killAt('outcomes', 'while sending', 'while-sending', false),
  killAt('outcomes', 'after sending', 'after-sending', true),
];
