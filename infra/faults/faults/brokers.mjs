// @ts-check
/** Three brokers, of which one dies under load: the leader of partitions, or who coordinates a group. */

import { BOUNDS } from '../limits.mjs';
import { TOPIC } from '../../bench/topics.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */

/** Of settings.mjs: offsets.topic.num.partitions. */
const OFFSETS_PARTITIONS = 8;
const IN_SYNC_MS = 120_000;
const REPLICAS = 3;

/** As Java counts it, which is how Kafka places a group. @param {string} text */
function javaHash(text) {
  let hash = 0;
  for (const char of text) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** A second broker may be missed only when the first has caught up. @param {Scene} scene */
async function allInSync(scene) {
  await scene.stage.withAdmin((admin) =>
    scene.until('every replica in sync', IN_SYNC_MS, async () => {
      const { topics } = await admin.fetchTopicMetadata();
      return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === REPLICAS));
    }),
  );
}

/**
 * @param {string} name
 * @param {string} title
 * @param {boolean} short
 * @param {(scene: Scene) => { topic: string, partition: number }} placeOf whose leader dies
 * @returns {Fault}
 */
const killLeader = (name, title, short, placeOf) => ({
  name,
  title,
  promise: 'the next leader has all that was acknowledged; what was in doubt is read back, and sent once',
  ...BOUNDS.brokerLost,
  short,
  needs: { brokers: 3, redis: 'single' },
  async run(scene) {
    await scene.crew.usual();
    await allInSync(scene);
    await scene.underLoad(async () => {
      const node = await scene.stage.leaderOf(placeOf(scene));
      scene.say(`  kill -9 of broker ${node.id}`);
      await scene.strike(() => node.kill());
      await node.start();
    });
    await allInSync(scene);
    await scene.crew.ready();
  },
});

/** @param {Scene} scene @param {'projector' | 'outcomes'} role */
const groupPlace = ({ generation }, role) => ({
  topic: '__consumer_offsets',
  partition: Math.abs(javaHash(`callfold.${role}.${generation}`)) % OFFSETS_PARTITIONS,
});

/** @type {readonly Fault[]} */
export const BROKERS = [
  killLeader(
    'broker-leader',
    'kill -9 of the broker that leads a raw and a derived partition, and its start',
    true,
    () => ({
      topic: TOPIC,
      partition: 0,
    }),
  ),
  killLeader(
    'broker-coordinator',
    'kill -9 of the broker that coordinates the group of outcomes, and its start',
    false,
    (scene) => groupPlace(scene, 'outcomes'),
  ),
];
