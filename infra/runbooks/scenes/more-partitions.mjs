// @ts-check
import { readConfig } from '@callfold/adapters';
import { isRejection, partitionOf, subjectKey } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { openKafkaRaw, quietLogger } from '../../../services/cli/dist/wiring/kafka.js';
import { callsOf, isFirst, PARTITIONS } from '../stage.mjs';
import { standing } from './records.mjs';
import { says } from './says.mjs';

const TOPIC = 'callfold.raw.callcenter24';
const CALLS = 60;
/** Calls under way: a third ends before the subjects move, a third after, and a third where it was before. */
const HALF = 24;
/** Exit code of what was refused before anything was done. */
const PRECONDITION = 4;
/** Of one send of the load. */
const LIVE = 20;
const KILLED = new URL('./killed-while-moving.mjs', import.meta.url).href;
/** As `callsOf` makes them, one after the other. */
const OUTCOMES = ['abandoned', 'voicemail', 'answered'];

/** @typedef {import('./index.mjs').Stage} Stage */
/** @typedef {ReturnType<typeof callsOf>} Events */

/** The rest of some of the calls that are under way. @param {Events} halves @param {number} third */
const restOf = (halves, third) =>
  halves.filter((one) => !isFirst(one) && Math.floor((Number(one.callId.split('-')[1]) * 3) / HALF) === third);

/** As an upstream does that has not learnt of the new partitions. @param {Stage} stage @param {Events} events */
async function publishByOldNumber(stage, events) {
  const { PATH: _, ...env } = stage.env;
  const raw = await openKafkaRaw(
    readConfig(env),
    quietLogger(() => undefined),
  );
  for (const event of events) {
    const read = readEvent(event);
    if (isRejection(read)) throw new Error(read.reason);
    const { tenantId, subjectId } = read;
    const key = new TextEncoder().encode(subjectKey(tenantId, subjectId));
    const at = { topic: TOPIC, partition: partitionOf(tenantId, subjectId, PARTITIONS) };
    await raw.writer.append(at, [{ key, value: raw.codec.encodeRaw(read), headers: [] }]);
  }
  await raw.close();
}

/** Publishes whole calls until it is told to end. @param {Stage} stage */
function startLoad(stage) {
  let isOn = true;
  let sent = 0;
  const done = (async () => {
    for (; isOn; sent += 1) await stage.publish(callsOf(`live${sent}`, LIVE));
  })();
  done.catch(() => undefined);
  return {
    async end() {
      isOn = false;
      await done;
      return sent * LIVE;
    },
  };
}

/** @type {{ halves: Events, load: ReturnType<typeof startLoad> | null, live: number }} */
const scene = { halves: [], load: null, live: 0 };

/** @param {Stage} stage @param {number} partitions the first so many */
const folded = (stage, partitions) =>
  stage.until('the partitions of before are folded', async () =>
    (await stage.status()).partitions.every(
      ({ topic, partition, lag }) => topic !== TOPIC || Number(partition) >= partitions || Number(lag) < LIVE,
    ),
  );

/** Killed at either point; the command of the page goes on. @param {Stage} stage @param {string} when */
async function killedWhen(stage, when) {
  const more = { NODE_OPTIONS: `--import ${KILLED}`, KILLED_WHEN: when };
  const ended = await stage.callfold(['recover', '--topic', TOPIC, '--execute', '--confirm', TOPIC], '', more);
  if (ended.code !== null)
    throw new Error(`it was to be killed, and ended with ${ended.code}: ${ended.out}${ended.err}`);
}

/** Of each call the last revision is right, and each stands once. @param {Stage} stage */
async function rightOnce(stage) {
  const last = new Map((await standing(stage)).map((one) => [one.callId, one]));
  const calls = CALLS + HALF + scene.live;
  if (last.size !== calls) throw new Error(`${last.size} calls, and not ${calls}`);
  for (const one of last.values()) {
    const should = OUTCOMES[Number(one.callId.split('-')[1]) % OUTCOMES.length];
    if (one.outcome !== should || one.queuedAt === null) throw new Error(`not ${should}: ${JSON.stringify(one)}`);
  }
}

/** Owners that begin later would take for misplaced what lies by the old number. @param {Stage} stage */
async function refusedBeforeFolded(stage) {
  const partitions = String(2 * PARTITIONS);
  const ended = await stage.callfold([
    'topics',
    'grow',
    TOPIC,
    '--partitions',
    partitions,
    '--execute',
    '--confirm',
    TOPIC,
  ]);
  says(ended, /holds \d+ records, none of which projector or outcomes has folded[^]*Nothing\s+was changed/);
  if (ended.code !== PRECONDITION) throw new Error(`it was to be refused, and ended with ${ended.code}`);
}

/** By its events of before its move and of since. @param {Stage} stage */
async function explainedWhole(stage) {
  const isMoved = (/** @type {string} */ id) => partitionOf('default', id, 2 * PARTITIONS) >= PARTITIONS;
  const moved = scene.halves.find(({ callId }) => isMoved(callId))?.callId ?? '';
  const ended = await stage.callfold(['explain', 'call', moved]);
  const events = scene.halves.filter(({ callId }) => callId === moved).length;
  says(ended, new RegExp(`: ${events} events`));
  says(ended, /before it\s+was\s+moved, by\s+partition/);
}

/** @type {import('./index.mjs').Scene} */
export const morePartitions = {
  async before(stage) {
    await stage.publish(callsOf('call', CALLS));
    await refusedBeforeFolded(stage);
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    scene.halves = callsOf('half', HALF);
    await stage.publish(scene.halves.filter(isFirst));
    await folded(stage, PARTITIONS);
    scene.load = startLoad(stage);
  },
  steps: {
    'What you see': { code: 0 },
    'Look first': { code: 0, after: (ended) => says(ended, /2 partitions, 2 would be added[^]*--execute --confirm/) },
    'Add them': {
      code: 0,
      async after(_ended, stage) {
        await publishByOldNumber(stage, restOf(scene.halves, 0));
        await folded(stage, PARTITIONS);
      },
    },
    'Which subjects move': {
      code: 0,
      async after(ended, stage) {
        says(
          ended,
          /outcomes .*partitions were added .*4 partitions.*made with 2\): \d+ of its \d+ subjects belong to those/,
        );
        await killedWhen(stage, 'copied');
        await killedWhen(stage, 'removed');
      },
    },
    'Move them': {
      code: 0,
      async after(ended, stage) {
        says(ended, /projector .*subjects were moved[^]*outcomes .*subjects were moved/);
        await stage.publish(restOf(scene.halves, 1));
        await Promise.all([
          stage.serve('projector', {}, 'second projector'),
          stage.serve('outcomes', {}, 'second outcomes'),
        ]);
        scene.live = (await scene.load?.end()) ?? 0;
        await publishByOldNumber(stage, restOf(scene.halves, 2));
        await stage.level();
      },
    },
    'Did an upstream not know': { code: 0, after: (ended) => says(ended, 'wrong-partition') },
    'Put it where it belongs': { code: 0, after: (_ended, stage) => stage.level() },
    'Is it well again': {
      code: 0,
      async after(ended, stage) {
        says(ended, /Identical.*of before the horizon/);
        await rightOnce(stage);
        await explainedWhole(stage);
      },
    },
  },
};
