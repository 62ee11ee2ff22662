// @ts-check
/** All faults, in the order in which they run. */

import { KILLS } from './kills.mjs';

/** @type {readonly import('../scene.mjs').Fault[]} */
export const FAULTS = [...KILLS];
