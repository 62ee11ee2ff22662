// @ts-check
/** Instances that sleep too long, are restarted, come and go; and a wall clock that is set. */

import { BOUNDS } from '../limits.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */
/** @typedef {'projector' | 'outcomes'} RoleName */

const LATE_MS = 60_000;
const JOINED_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Of one of several bursts. */
const SHORT_BURST_SECONDS = 4;
/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];
/** @type {Fault['needs']} */
const NEEDS = { brokers: 1, redis: 'single' };

/**
 * Stopped where its next step would do harm if it were let, until others have its partitions; then it goes on.
 * @param {RoleName} role
 * @param {string} point
 * @param {string} title
 * @returns {Fault}
 */
const zombie = (role, point, title) => ({
  name: `zombie-${role}`,
  title,
  promise: 'the others take over; what the sleeper does late is refused, and it joins anew',
  ...BOUNDS.memberLost,
  short: role === 'outcomes',
  needs: NEEDS,
  async run(scene) {
    await scene.crew.usual({ role, worker: true });
    await scene.underLoad(async () => {
      const sleeper = scene.crew.second(role);
      const passes = scene.random.whole(1, 3);
      await scene.strike(() => sleeper.strikeAt({ point, signal: 'SIGSTOP', passes }), { roles: [role] });
      sleeper.signal('SIGCONT');
      await scene.until('the late step', LATE_MS, async () => sleeper.late.length > 0);
    });
    const [late] = scene.crew.second(role).late;
    if (late === 'taken') scene.found({ fault: 'different', where: role, detail: 'a late step was taken' });
    scene.say(`  what it did late: ${late}`);
    await scene.crew.ready();
  },
});

/** @type {Fault} */
const rolling = {
  name: 'rolling-restart',
  title: 'SIGTERM of each instance in turn, and its start',
  promise: 'each ends with exit code 0 and gives its partitions away; nothing is folded or sent twice',
  ...BOUNDS.memberMoved,
  short: true,
  needs: NEEDS,
  async run(scene) {
    await scene.crew.usual();
    for (const one of scene.crew.living) {
      await scene.underLoad(async () => {
        await scene.strike(
          async () => {
            await one.stop();
            await scene.crew.start(one.role);
          },
          { roles: [one.role] },
        );
      }, SHORT_BURST_SECONDS);
      await scene.crew.ready();
    }
  },
};

/** @type {Fault} */
const comeAndGo = {
  name: 'instances-come-and-go',
  title: 'a third instance of each role comes, and goes again',
  promise: 'partitions move to it and back; nothing is folded or sent twice',
  ...BOUNDS.memberMoved,
  short: false,
  needs: NEEDS,
  async run(scene) {
    await scene.crew.usual();
    for (const role of ROLES) {
      await scene.underLoad(async () => {
        const third = await scene.crew.start(role);
        await scene.until('a third member', JOINED_MS, async () => (await third.readiness())?.ok === true);
        await scene.struckNow();
        await scene.strike(() => third.stop(), { roles: [role] });
      });
    }
  },
};

/** @type {Fault} */
const clock = {
  name: 'wall-clock-set',
  title: 'the wall clock of every instance is set: an hour on, an hour back, a day on, and right again',
  promise: 'results are those of the log, whose time is the broker’s; nothing waits for a clock that went back',
  ...BOUNDS.memberLost,
  short: false,
  needs: NEEDS,
  async run(scene) {
    for (const role of ROLES) for (const _ of [1, 2]) await scene.crew.start(role, { worker: true });
    await scene.crew.ready();
    for (const ms of [HOUR_MS, -HOUR_MS, 24 * HOUR_MS, 0]) {
      await scene.underLoad(async () => {
        await scene.strike(async () => {
          for (const one of scene.crew.living) one.moveClock(ms);
        });
      });
    }
  },
};

/** @type {readonly Fault[]} */
export const MEMBERS = [
  zombie(
    'projector',
    'before the commit',
    'SIGSTOP of projector before a commit, longer than the session, and SIGCONT',
  ),
  zombie('outcomes', 'after the commit', 'SIGSTOP of outcomes before a send, longer than the session, and SIGCONT'),
  rolling,
  comeAndGo,
  clock,
];
