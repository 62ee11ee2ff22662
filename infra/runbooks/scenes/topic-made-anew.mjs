// @ts-check
import { openKafkaAdmin, readConfig } from '@callfold/adapters';
import { connectionOf, quietLogger } from '../../../services/cli/dist/wiring/kafka.js';
import { callsOf, isFirst } from '../stage.mjs';
import { standing } from './records.mjs';
import { says } from './says.mjs';

const TOPIC = 'callfold.raw.callcenter24';
const CALLS = 60;
/** Calls that are under way when it happens. */
const HALF = 6;
/** Fewer than there were: the new log ends before the positions. */
const NEW = 6;

/** @param {import('./index.mjs').Stage} stage */
async function removeTopic(stage) {
  const { PATH: _, ...env } = stage.env;
  const admin = await openKafkaAdmin(
    connectionOf(
      readConfig(env),
      quietLogger(() => undefined),
    ),
  );
  try {
    await admin.remove([TOPIC]);
    await stage.until('the topic is gone', async () => (await admin.describe([TOPIC])).size === 0);
  } finally {
    await admin.close();
  }
}

/** Each revision stands once, and a call that was under way has all of its events. @param {import('./index.mjs').Stage} stage */
async function nothingLostOrTwice(stage) {
  const records = await standing(stage);
  if (records.length !== CALLS + HALF + NEW) throw new Error(`${records.length} calls, and not ${CALLS + HALF + NEW}`);
  const torn = records.filter(({ callId, queuedAt }) => callId.startsWith('half-') && queuedAt === null);
  if (torn.length > 0) throw new Error(`${torn.length} calls lost what was said before: ${JSON.stringify(torn[0])}`);
}

/** @type {import('./index.mjs').Scene} */
export const topicMadeAnew = {
  async before(stage) {
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    await stage.publish(callsOf('call', CALLS));
    await stage.level();
    const halves = callsOf('half', HALF);
    await stage.publish(halves.filter(isFirst));
    await stage.until('the calls under way are folded', async () =>
      (await stage.status()).partitions.every(({ lag }) => lag === 0),
    );
    await removeTopic(stage);
    const applied = await stage.callfold(['topics', 'apply', '--execute']);
    if (applied.code !== 0) throw new Error(applied.err);
    await stage.publish([...halves.filter((one) => !isFirst(one)), ...callsOf('new', NEW)]);
  },
  steps: {
    'What you see': { code: 1, after: (ended) => says(ended, /the topic was made anew.*callfold recover/) },
    'Is it the right topic': { code: 0 },
    'Look first': {
      code: 0,
      after: (ended) => says(ended, /another log [^]*would go on with it at offset 0[^]*--execute --confirm/),
    },
    'Do it': { code: 0, after: (_ended, stage) => stage.level() },
    'Is it well again': {
      code: 0,
      async after(ended, stage) {
        says(ended, /Identical.*of before the horizon/);
        await nothingLostOrTwice(stage);
      },
    },
  },
};
