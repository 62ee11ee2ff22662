// @ts-check
/** All faults, in the order in which they run. */

import { BROKERS } from './brokers.mjs';
import { CONNECTIONS } from './connections.mjs';
import { KILLS } from './kills.mjs';
import { MEMBERS } from './members.mjs';
import { REDIS_FAILOVER } from './redis-failover.mjs';
import { REDIS_LOSS } from './redis-loss.mjs';
import { REFUSALS } from './refusals.mjs';
import { REGISTRY } from './registry.mjs';

/** @type {readonly import('../scene.mjs').Fault[]} */
export const FAULTS = [
  ...KILLS,
  ...MEMBERS,
  ...REFUSALS,
  ...BROKERS,
  ...CONNECTIONS,
  ...REDIS_LOSS,
  ...REDIS_FAILOVER,
  ...REGISTRY,
];
