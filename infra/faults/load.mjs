// @ts-check
/**
 * The load: whole calls of many tenants, encoded before they are wanted, published at a pace, in order per key. A child
 * of the suite. One record in `DIRT_EVERY` is no Avro at all, so that dead letters are under way as well.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { createCodec, createKafkaWriter, readConfig } from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import { connectionOf, quietLogger, registryOf } from '../../services/cli/dist/wiring/kafka.js';
import { outgoing } from '../bench/fill.mjs';
import { createInput } from '../bench/input.mjs';
import { TOPIC } from '../bench/topics.mjs';
import { answerParent } from './child.mjs';

const STEP_MS = 20;
const STEP_MOST_MS = 200;
/** Of one append; larger ones hold a partition up, smaller ones cost more. */
const APPEND_RECORDS = 1_000;
/** Published and not yet answered, of one partition: beyond this the pace falls. */
const WAITING_MAX = 50_000;
const RETRY_MS = 200;
const RATE_OVER_MS = 1_000;
const EVENTS_MAX = 1_000_000_000;
const LIVE_CALLS = 5_000;
/** The input's own time runs faster than ours: it must not reach tomorrow. */
const BEGINS_BEFORE_MS = 6 * 3_600_000;
const DIRT_EVERY = 1_000;
/** Of what is made on the way: little, for it is made between two steps. */
const AHEAD_SECONDS = 0.25;
/** Outlives a broker that is away until its leader has moved: what is given up is asked again anyway. */
const WRITER_ATTEMPTS = 10;

/** @typedef {{ key: Uint8Array | null, value: Uint8Array, headers: [] }} Message */
/** @typedef {ReturnType<typeof createCodec>} Codec */

const say = (/** @type {string} */ text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/** @type {{ writer: import('@callfold/adapters').KafkaWriter, codec: Codec, input: any, lanes: Lane[] } | null} */
let load = null;
/** @type {{ partition: number, message: Message }[]} */
let prepared = [];
let given = 0;
let made = 0;
let acked = 0;
let isOn = false;
/** @type {Promise<void>} */
let pacing = Promise.resolve();
/** @type {{ at: number, acked: number }[]} */
let marks = [];

/** One partition: one append at a time, so that the order of a key is that of its events. */
/** @typedef {ReturnType<typeof createLane>} Lane */

/**
 * @param {import('@callfold/adapters').KafkaWriter} writer
 * @param {number} partition
 */
function createLane(writer, partition) {
  /** @type {Message[]} */
  let waiting = [];
  /** @type {Promise<void>} */
  let running = Promise.resolve();
  let isRunning = false;

  async function run() {
    while (waiting.length > 0) {
      const some = waiting.slice(0, APPEND_RECORDS);
      try {
        await writer.append({ topic: TOPIC, partition }, some);
      } catch (error) {
        // Some may stand already: a repeat is what an upstream does then, and is harmless.
        say(`${TOPIC}/${partition}: ${error instanceof Error ? error.message : error}; sent again`);
        await pause(RETRY_MS);
        continue;
      }
      waiting = waiting.slice(some.length);
      acked += some.length;
    }
    isRunning = false;
  }

  return {
    get waiting() {
      return waiting.length;
    },
    /** @param {Message} message */
    add(message) {
      waiting.push(message);
    },
    go() {
      if (isRunning || waiting.length === 0) return;
      isRunning = true;
      running = run();
    },
    empty: () => running,
  };
}

/** @param {{ env: Record<string, string>, seed: string, partitions: number }} options */
async function open({ env, seed, partitions }) {
  const config = readConfig(env);
  const codec = createCodec(registryOf(config));
  await codec.register(TOPICS.map(({ name }) => name));
  const connection = connectionOf(config, quietLogger(say));
  const writer = createKafkaWriter({ connection, limits: { attempts: WRITER_ATTEMPTS } });
  const startAt = Date.now() - BEGINS_BEFORE_MS;
  const input = createInput({ seed, events: EVENTS_MAX, live: LIVE_CALLS, partitions, startAt });
  const lanes = Array.from({ length: partitions }, (_, partition) => createLane(writer, partition));
  load = { writer, codec, input, lanes };
}

function opened() {
  if (load === null) throw new Error('open it first');
  return load;
}

/** @param {number} events so many are ready after it */
function prepare(events) {
  const { codec, input } = opened();
  prepared = prepared.slice(given);
  given = 0;
  while (prepared.length < events) {
    const event = input.next();
    made += 1;
    const message = /** @type {Message} */ (outgoing(event, codec));
    if (made % DIRT_EVERY === 0) message.value = Buffer.from(`no event ${made}`);
    prepared.push({ partition: input.partition, message });
  }
}

/** @param {{ rate: number, endless?: boolean }} options events a second; without an end they are made on the way */
async function pace({ rate, endless = false }) {
  const { lanes } = opened();
  const ahead = Math.ceil(rate * AHEAD_SECONDS);
  let owed = 0;
  let lastAt = performance.now();
  while (isOn && given < prepared.length) {
    if (endless && prepared.length - given < ahead) prepare(2 * ahead);
    const now = performance.now();
    // What was not published in time is not made up for later: the pace is a pace, and no total.
    owed += (Math.min(now - lastAt, STEP_MOST_MS) / 1_000) * rate;
    lastAt = now;
    const isFull = lanes.some((lane) => lane.waiting > WAITING_MAX);
    const upTo = isFull ? given : Math.min(prepared.length, given + Math.floor(owed));
    owed -= Math.floor(owed);
    for (; given < upTo; given += 1) {
      const { partition, message } = /** @type {{ partition: number, message: Message }} */ (prepared[given]);
      lanes[partition]?.add(message);
    }
    for (const lane of lanes) lane.go();
    marks.push({ at: performance.now(), acked });
    await pause(STEP_MS);
  }
}

/** Events that the log has taken in the last second, a second. */
function rate() {
  const now = performance.now();
  marks = marks.filter(({ at }) => now - at <= 2 * RATE_OVER_MS);
  const then = marks.findLast(({ at }) => now - at >= RATE_OVER_MS);
  return then ? Math.round(((acked - then.acked) / (now - then.at)) * 1_000) : 0;
}

async function end() {
  isOn = false;
  await pacing;
  await Promise.all(opened().lanes.map((lane) => lane.empty()));
  return { published: acked };
}

answerParent({
  open,
  /** So many events, at this rate, unless it is ended before; `endless`: these, and more until it is ended. */
  async burst(/** @type {{ rate: number, events: number, endless?: boolean }} */ options) {
    await end();
    prepare(options.events);
    isOn = true;
    marks = [];
    pacing = pace(options);
  },
  state: () => ({ perSecond: rate(), left: prepared.length - given }),
  /** Resolves when the log has all that was published. */
  end,
});
