// @ts-check
/** No partition stands still without its services saying so: they are asked all the time. */

import { setTimeout as pause } from 'node:timers/promises';
import { SILENT_SECONDS } from './limits.mjs';

const LOOK_MS = 2_000;

/** @typedef {'projector' | 'outcomes'} RoleName */
/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];

/**
 * @param {{
 *   positions: () => Promise<import('./scene.mjs').Positions>,
 *   crew: ReturnType<typeof import('./crew.mjs').createCrew>,
 * }} options
 */
export function createSentry({ positions, crew }) {
  /** @type {Map<string, { next: number | null, since: number }>} */
  const seen = new Map();
  /** @type {Set<string>} */
  const silent = new Set();
  let stopped = false;

  async function look() {
    const now = await positions();
    for (const role of ROLES) {
      /** @type {string[]} */
      const stuck = [];
      for (const [partition, next] of now[role].entries()) {
        const name = `${role} ${partition}`;
        const known = seen.get(name);
        const moves = known?.next !== next || next === now.ends[partition];
        if (!known || moves) seen.set(name, { next, since: Date.now() });
        else if (Date.now() - known.since > SILENT_SECONDS * 1_000) stuck.push(name);
      }
      if (stuck.length === 0 || crew.of(role).length === 0) continue;
      if ((await crew.complaints(role)).length > 0) continue;
      for (const name of stuck) silent.add(`${name} stood still for ${SILENT_SECONDS} s, and nobody said so`);
    }
  }

  const looking = (async () => {
    while (!stopped) {
      // What the observer cannot see now, it says itself when it matters.
      await look().catch(() => undefined);
      await pause(LOOK_MS);
    }
  })();

  return {
    /** @returns {Promise<string[]>} */
    async stop() {
      stopped = true;
      await looking;
      return [...silent];
    },
  };
}
