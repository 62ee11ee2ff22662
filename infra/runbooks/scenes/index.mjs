// @ts-check
/** The trouble of each runbook, and what its commands are held to. */

import { badDeploy } from './bad-deploy.mjs';
import { lateUpstream } from './late-upstream.mjs';
import { morePartitions } from './more-partitions.mjs';
import { poisonedPartition } from './poisoned-partition.mjs';
import { redisLost } from './redis-lost.mjs';
import { topicMadeAnew } from './topic-made-anew.mjs';

/**
 * @typedef {import('../stage.mjs').Stage} Stage
 * @typedef {import('../stage.mjs').Ended} Ended
 * @typedef {{
 *   code: number,
 *   after?: (ended: Ended, stage: Stage) => Promise<unknown> | void,
 * }} Step exit code of the block, and what is checked or waited for then
 * @typedef {{ before: (stage: Stage) => Promise<void>, steps: Record<string, Step> }} Scene steps by the headings
 */

/** @type {Record<string, Scene | undefined>} */
export const SCENES = {
  'bad-deploy': badDeploy,
  'late-upstream': lateUpstream,
  'more-partitions': morePartitions,
  'poisoned-partition': poisonedPartition,
  'redis-lost': redisLost,
  'topic-made-anew': topicMadeAnew,
};
