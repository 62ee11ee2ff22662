// @ts-check
/** The load: a record in every partition of every raw topic at each beat, so that a pause shows wherever it is. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createCodec, readConfig } from '@callfold/adapters';
import { isRejection, partitionOf, rawTopic, SOURCES, subjectKey, TOPICS, utf8Bytes } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { openLink } from '../../libs/adapters/dist/kafka/link.js';
import { encodeBatch, UNSTAMPED } from '../../libs/adapters/dist/kafka/record-encode.js';
import { connectionOf, quietLogger, registryOf } from '../../services/cli/dist/wiring/kafka.js';

const ACK_MS = 30_000;
/** Subjects of one partition, in turn: each gets an event only once in a while, as in life. */
const SUBJECTS = 50;

/** @typedef {import('@callfold/core').Source} Source */

/** @type {Readonly<Record<Source, (id: string, at: string, turn: number) => object>>} */
const EVENTS = {
  callcenter24: (callId, occurredAt, turn) => ({ callId, occurredAt, status: CALL[turn % CALL.length] }),
  atlas: (callId, occurredAt, turn) => ({ callId, occurredAt, status: 'Customer ended call', recordVersion: turn + 1 }),
  chatterfy: (chatId, occurredAt, turn) => ({ chatId, occurredAt, status: CHAT[turn % CHAT.length] }),
  vonage: (agentId, start, turn) => ({
    agentId,
    start,
    occurredAt: start,
    duration: null,
    state: turn % 2 ? 'Ready' : 'Away',
    description: '',
  }),
};
const CALL = ['Registred in CallCenter24', 'Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'];
const CHAT = ['Active', 'Manual', 'Finished'];

/** By partition, ids that lie in it. @param {number} partitions */
function idsOf(partitions) {
  const lists = Array.from({ length: partitions }, () => /** @type {string[]} */ ([]));
  for (let n = 0, full = 0; full < partitions; n += 1) {
    const list = lists[partitionOf('default', `s-${n}`, partitions)];
    if (list === undefined || list.length === SUBJECTS) continue;
    list.push(`s-${n}`);
    if (list.length === SUBJECTS) full += 1;
  }
  return lists;
}

/**
 * @typedef {object} Options
 * @property {Record<string, string>} env
 * @property {number} partitions of each raw topic
 * @property {number} everyMs between two records of a partition
 * @property {(line: string) => void} say
 */

/** @param {Options} options */
export async function startLoad({ env, partitions, everyMs, say }) {
  const config = readConfig(env);
  const codec = createCodec(registryOf(config));
  await codec.register(TOPICS.map(({ name }) => name));
  const link = openLink(connectionOf(config, quietLogger(say)));
  const ids = idsOf(partitions);
  let isOn = true;
  let published = 0;
  let lateMs = 0;

  /** @param {number} beat */
  async function send(beat) {
    const turn = Math.floor(beat / SUBJECTS);
    const batches = SOURCES.flatMap((source) =>
      ids.map((list, partition) => {
        const id = list[beat % SUBJECTS] ?? '';
        const event = readEvent({ source, ...EVENTS[source](id, new Date().toISOString(), turn) });
        if (isRejection(event)) throw new Error(event.reason);
        const key = utf8Bytes(subjectKey(event.tenantId, event.subjectId));
        const records = [{ key, value: codec.encodeRaw(event), headers: [] }];
        return { topic: rawTopic(source), partition, batch: encodeBatch(records, UNSTAMPED, Date.now(), false) };
      }),
    );
    const [first] = batches;
    if (first === undefined) return;
    const answers = await link.produce(await link.leader(first), batches, ACK_MS);
    const failed = answers.find(({ code }) => code !== 0);
    if (failed !== undefined) throw new Error(`${failed.topic}/${failed.partition}: code ${failed.code}`);
    published += batches.length;
  }

  async function run() {
    for (const { topic, partition } of SOURCES.map((source) => ({ topic: rawTopic(source), partition: 0 }))) {
      await link.leader({ topic, partition });
    }
    const startedAt = performance.now();
    for (let beat = 0; isOn; beat += 1) {
      const waitMs = startedAt + beat * everyMs + lateMs - performance.now();
      // A beat that comes late is not made up for.
      if (waitMs < 0) lateMs -= waitMs;
      else await sleep(waitMs);
      await send(beat);
    }
  }

  const running = run();
  running.catch(() => undefined);
  return {
    get published() {
      return published;
    },
    /** How much the beats were late, in all: a pause of the load is none of the services. */
    get lateMs() {
      return lateMs;
    },
    async stop() {
      isOn = false;
      await running;
      await link.close();
    },
  };
}
