// @ts-check
/** Looks into Redis while the services write: position and some states of one moment, to be held against the log. */

import { checkpointKey, tableKey } from '@callfold/adapters';

const STATES = 100;
/** Of one partition and role; of more, every second one is let go. */
const KEPT_MAX = 64;

/** One call is one moment. */
const LOOK = `
local position = redis.call('HGET', KEYS[1], 'next')
if not position then return false end
return {position, redis.call('HRANDFIELD', KEYS[2], ARGV[1], 'WITHVALUES')}
`;

/** @typedef {import('@callfold/engine').Peek} Peek */
/** @typedef {'projector' | 'outcomes'} RoleName */
/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];

/**
 * @param {{
 *   redis: import('@callfold/adapters').RedisClient,
 *   clusterId: string,
 *   generation: string,
 *   topic: string,
 *   partitions: number,
 * }} options
 */
export function createPeeks({ redis, clusterId, generation, topic, partitions }) {
  const places = ROLES.flatMap((role) => Array.from({ length: partitions }, (_, partition) => ({ role, partition })));
  /** @type {Map<string, Peek[]>} */
  const kept = new Map();
  let turn = 0;
  let count = 0;

  return {
    get count() {
      return count;
    },
    /** One partition of one role, in turn. */
    async next() {
      const { role, partition } = /** @type {typeof places[number]} */ (places[turn % places.length]);
      turn += 1;
      const space = { clusterId, group: role, generation };
      const at = { topic, partition };
      const keys = [checkpointKey(space, at), tableKey(space, at, 'states')];
      const answer = /** @type {[string, string[]] | null} */ (
        await redis.call('eval', [LOOK, keys.length, ...keys, STATES])
      );
      if (answer === null) return;
      const [position, flat] = answer;
      const states = new Map();
      for (let index = 0; index < flat.length; index += 2) states.set(flat[index], flat[index + 1]);
      const name = `${role}/${partition}`;
      const all = kept.get(name) ?? [];
      all.push({ next: Number(position), states });
      count += 1;
      kept.set(name, all.length > KEPT_MAX ? all.filter((_, index) => index % 2 === 0) : all);
    },
    /** @param {number} partition */
    of: (partition) => Object.fromEntries(ROLES.map((role) => [role, kept.get(`${role}/${partition}`) ?? []])),
  };
}
