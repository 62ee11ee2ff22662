// @ts-check
/** All faults, in the order in which they run. */

import { CONNECTIONS } from './connections.mjs';
import { KILLS } from './kills.mjs';
import { REDIS_FAILOVER } from './redis-failover.mjs';
import { REDIS_LOSS } from './redis-loss.mjs';
import { REGISTRY } from './registry.mjs';

/** @type {readonly import('../scene.mjs').Fault[]} */
export const FAULTS = [...KILLS, ...CONNECTIONS, ...REDIS_LOSS, ...REDIS_FAILOVER, ...REGISTRY];
