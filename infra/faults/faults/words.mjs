// @ts-check
/** What several faults say and look for. */

import { TOPIC } from '../../bench/topics.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */

export const ROLES = /** @type {const} */ (['projector', 'outcomes']);
export const ZERO = 'nothing lost, nothing twice';
const TOLD_MS = 60_000;

/** @type {Pick<Fault, 'boundSeconds' | 'because'>} */
export const KAFKA_BOUND = {
  boundSeconds: 36,
  because: 'session 6 s, and at most 30 s until the members have joined anew',
};

/** Twice: what fails while a part comes back is tried once more. @type {Pick<Fault, 'boundSeconds' | 'because'>} */
export const REDIS_BOUND = {
  boundSeconds: 20,
  because:
    'an answer is waited for 10 s, twice; then at most 2 s until the client connects and 3 s until the engine asks',
};

/** Some instance of each role says this of a partition, or of its start. @param {Scene} scene @param {RegExp} what */
export async function told({ crew, until }, what) {
  await until(`${what} to be said by both roles`, TOLD_MS, async () => {
    const said = await Promise.all(ROLES.map((role) => crew.complaints(role)));
    return said.every((details) => details.some((detail) => what.test(detail)));
  });
}

/**
 * Partitions that found less in the store than had been committed and answered: what makes a fault of this kind one.
 * @param {Scene} scene
 * @param {import('../scene.mjs').Positions} before committed then
 * @param {number} since epoch ms
 */
export function setBack({ crew }, before, since) {
  const isLater = (/** @type {{ topic: string, time: string }} */ { topic, time }) =>
    topic === TOPIC && Date.parse(time) >= since;
  const claims = crew.logged('"event":"partition-claimed"').map((line) => JSON.parse(line));
  const lower = claims.filter(
    (claim) =>
      isLater(claim) && claim.position < (before[/** @type {'projector'} */ (claim.role)][claim.partition] ?? 0),
  );
  const moved = crew.logged('"event":"partition-moved"').map((line) => JSON.parse(line));
  return lower.length + moved.filter(isLater).length;
}
