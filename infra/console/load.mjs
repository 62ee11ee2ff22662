// @ts-check
/** The load, as a child: what happens in the centre is published as it happens, at a pace, in order per key. */

import { setTimeout as pause } from 'node:timers/promises';
import { createCodec, createKafkaWriter, readConfig } from '@callfold/adapters';
import { partitionOf, rawTopic, TOPICS } from '@callfold/core';
import { connectionOf, quietLogger, registryOf } from '../../services/cli/dist/wiring/kafka.js';
import { outgoing } from '../bench/fill.mjs';
import { answerParent } from '../faults/child.mjs';
import { createRandom } from '../random.mjs';
import { createCentre, PROBE, rawEvent } from './centre.mjs';

const STEP_MS = 20;
/** What is not published in time is not made up for beyond this. */
const STEP_MOST_MS = 200;
/** The probe's state changes this often: its age is seen by every viewer. */
const PROBE_MS = 500;

const say = (/** @type {string} */ text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/** @type {{ isOn: boolean, done: Promise<number> } | null} */
let running = null;

/**
 * @typedef {object} Options
 * @property {Record<string, string>} env
 * @property {number} partitions
 * @property {number} rate events a second
 * @property {number} calls
 * @property {number} agents
 */

/** @param {Options} options @returns {Promise<number>} how many were published */
async function publish({ env, partitions, rate, calls, agents }, /** @type {{ isOn: boolean }} */ state) {
  const config = readConfig(env);
  const codec = createCodec(registryOf(config));
  await codec.register(TOPICS.map(({ name }) => name));
  const writer = createKafkaWriter({ connection: connectionOf(config, quietLogger(say)), limits: {} });
  const centre = createCentre({ calls, agents, random: createRandom(1) });
  let published = 0;
  let owed = 0;
  let probes = 0;
  let probedAt = 0;
  for (let lastAt = performance.now(); state.isOn; ) {
    const at = performance.now();
    owed += (Math.min(at - lastAt, STEP_MOST_MS) / 1_000) * rate;
    lastAt = at;
    /** @type {Map<string, { at: import('@callfold/engine').At, records: any[] }>} */
    const due = new Map();
    const add = (/** @type {import('@callfold/core').RawEvent} */ event) => {
      const topic = rawTopic(event.source);
      const partition = partitionOf(event.tenantId, event.subjectId, partitions);
      const name = `${topic}/${partition}`;
      const one = due.get(name) ?? { at: { topic, partition }, records: [] };
      due.set(name, one);
      one.records.push(outgoing(event, codec));
      published += 1;
    };
    const now = Date.now();
    for (; owed >= 1; owed -= 1) add(centre.next(now));
    if (at - probedAt >= PROBE_MS) {
      probedAt = at;
      probes += 1;
      add(rawEvent('vonage', PROBE, `${PROBE}.${probes}`, now, probes % 2 === 0 ? 'Ready' : 'Busy'));
    }
    await Promise.all([...due.values()].map((one) => writer.append(one.at, one.records)));
    await pause(Math.max(0, STEP_MS - (performance.now() - at)));
  }
  await writer.close();
  return published;
}

answerParent({
  /** Until `end`. @param {Options} options */
  start(options) {
    const state = { isOn: true };
    running = Object.assign(state, { done: publish(options, state) });
    running.done.catch(() => undefined);
  },
  /** Events published. */
  end() {
    if (running === null) throw new Error('it was not started');
    running.isOn = false;
    return running.done;
  },
});
