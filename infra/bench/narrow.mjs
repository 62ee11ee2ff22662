// Our services with the outputs that the peers have: a derived record of each call, and the state. No roles of the
// product, but its engine, ports, metrics and logs, where what is not wanted is not made.
import { CALL_OUTCOMES } from '@callfold/core';
import { startRole } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';

/** Offers are neither made nor sent. */
export const CALLS_ALONE = { ...OUTCOMES, only: new Set([CALL_OUTCOMES]) };

/** No table of agents in calls, no change feed, and one generation. */
export const statesAlone = (settings) => ({ ...projectorRole(settings), view: null, feeds: false });

/** By what is measured: whose place it takes, and how that starts. */
const NARROW = {
  'call-outcomes': { role: 'outcomes', start: (config, ports) => startRole(CALLS_ALONE, config, ports) },
  states: { role: 'projector', start: (config, ports) => startRole(statesAlone(config.settings), config, ports) },
};

/** @param what a role, or one with less to do */
export const serviceOf = (what) => NARROW[what] ?? { role: what };
