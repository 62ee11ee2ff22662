// @ts-check
/** What no service can mend: the log is not the one that the state was made of. It must say so, and touch nothing. */

import { BOUNDS, PARTITIONS } from '../limits.mjs';
import { TOPIC } from '../../bench/topics.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */
/** @typedef {'projector' | 'outcomes'} RoleName */

/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];
const GIVEN_UP_MS = 180_000;
const FIRST_SECONDS = 4;
const MEANWHILE_SECONDS = 2;
/** More than was there before. */
const MORE_SECONDS = 2 * FIRST_SECONDS;
/** Long enough for a service that does not refuse to do harm. */
const AFTER_SECONDS = 5;

/**
 * Every partition of every role says it, and nothing else is done.
 * @param {{
 *   name: string,
 *   title: string,
 *   says: RegExp,
 *   partitions?: number,
 *   short?: boolean,
 *   damage: (scene: Scene) => Promise<void>,
 * }} what `says`: what happened and what to do next
 * @returns {Fault}
 */
const refuses = ({ name, title, says, damage, partitions = PARTITIONS, short = false }) => ({
  name,
  title,
  promise:
    'both services refuse: they say what is gone and name the choices; Redis and the derived topics stay as they are',
  ...BOUNDS.refused,
  short,
  needs: { brokers: 1, redis: 'single' },
  ends: 'refused',
  async run(scene) {
    await scene.crew.usual();
    await scene.underLoad(async () => undefined, FIRST_SECONDS);
    await scene.drained();
    await scene.crew.stop();
    await scene.check();
    const before = await scene.snapshot();
    await scene.underLoad(async () => void (await scene.struckNow()), MEANWHILE_SECONDS);
    await damage(scene);
    const from = performance.now();
    for (const role of ROLES) await scene.crew.start(role);
    for (const role of ROLES) {
      await scene.until(`${role} to refuse ${partitions} partitions with ${says}`, GIVEN_UP_MS, async () => {
        const said = await scene.crew.complaints(role);
        return said.filter((text) => says.test(text)).length === partitions;
      });
    }
    scene.recoveredAfter(performance.now() - from);
    scene.say(`  ${(await scene.crew.complaints('outcomes'))[0]}`);
    await scene.reopenLoad();
    await scene.underLoad(() => scene.pause(AFTER_SECONDS * 1_000), AFTER_SECONDS, false);
    await scene.unchanged(before);
    await scene.crew.stop();
  },
});

/** @type {readonly Fault[]} */
export const REFUSALS = [
  refuses({
    name: 'retention-past-position',
    title: 'records between the position and the end are gone while the services are down',
    says: /\d+ records between the position \d+ and the log's start \d+ are gone .*callfold recover/,
    short: true,
    async damage(scene) {
      const { ends } = await scene.positions();
      const all = ends.map((end, partition) => ({ partition, offset: String(end - 1) }));
      await scene.stage.withAdmin(async (admin) => {
        // What it needs to know of the topic it does not ask by itself.
        await admin.fetchTopicOffsets(TOPIC);
        await admin.deleteTopicRecords({ topic: TOPIC, partitions: all });
      });
    },
  }),
  refuses({
    name: 'topic-made-anew-shorter',
    title: 'the raw topic is deleted and made anew, with fewer records than the position',
    says: /the log ends at \d+, before the position \d+: .*topic was made anew.*callfold recover/,
    async damage({ stage, generation }) {
      await stage.removeTopics([TOPIC]);
      await stage.applyTopics(generation);
    },
  }),
  refuses({
    name: 'topic-made-anew-longer',
    title: 'the raw topic is deleted and made anew, with more records than the position',
    says: /the record at offset \d+ is not the one that was folded: the topic was made anew.*callfold recover/,
    async damage(scene) {
      const { stage, generation } = scene;
      const { ends } = await scene.positions();
      await stage.removeTopics([TOPIC]);
      await stage.applyTopics(generation);
      await scene.reopenLoad();
      const isLonger = async () =>
        (await scene.positions()).ends.every((end, partition) => end > (ends[partition] ?? 0));
      await scene.underLoad(() => scene.until('a longer log', GIVEN_UP_MS, isLonger), MORE_SECONDS);
    },
  }),
  refuses({
    name: 'partitions-added',
    title: 'a partition is added to the raw topic, so that there is no multiple of what there was',
    says: /the topic has 5 partitions, .*state was made with 4.*until there are 8, .*callfold recover/,
    partitions: PARTITIONS + 1,
    async damage(scene) {
      const topicPartitions = [{ topic: TOPIC, count: PARTITIONS + 1 }];
      await scene.stage.withAdmin((admin) => admin.createPartitions({ topicPartitions }));
    },
  }),
];
