#!/usr/bin/env node
// @ts-check
/**
 * What a loud tenant costs a quiet one, in the same partition and in another: from the raw record's append to the
 * derived record's own timestamp, both by the broker's machine.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '@callfold/adapters';
import { CALL_OUTCOMES, isRejection, partitionOf, rawTopic, subjectKey, utf8Bytes } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { openKafkaSite } from '../../services/cli/dist/wiring/kafka.js';
import { startService } from '../bench/latency.mjs';
import { machineOf } from '../bench/machine.mjs';
import { ROOT } from '../test/process.mjs';
import { openStage } from './stage.mjs';

const TOPIC = rawTopic('atlas');
const PARTITIONS = 2;
/** Where the quiet tenant is, and where nobody else is. */
const SHARED = 0;
const OTHER = 1;
const QUIET_EVERY_MS = 50;
const LOUD_EVERY_MS = 20;
const PHASE_MS = 15_000;
/** What comes before is of a cold process. */
const WARM_MS = 8_000;
const SETTLED_MS = 120_000;

/** @typedef {{ name: string, partition: number, perSecond: number, burst: number }} Phase */

/** @type {readonly Phase[]} */
const PHASES = [
  { name: 'alone', partition: OTHER, perSecond: 0, burst: 0 },
  { name: '2,000 a second in another partition', partition: OTHER, perSecond: 2_000, burst: 0 },
  { name: '2,000 a second in the same partition', partition: SHARED, perSecond: 2_000, burst: 0 },
  { name: '10,000 a second in another partition', partition: OTHER, perSecond: 10_000, burst: 0 },
  { name: '10,000 a second in the same partition', partition: SHARED, perSecond: 10_000, burst: 0 },
  { name: '100,000 at once in another partition', partition: OTHER, perSecond: 0, burst: 100_000 },
  { name: '100,000 at once in the same partition', partition: SHARED, perSecond: 0, burst: 100_000 },
];

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** Ids of a tenant that lie in one partition. @param {string} tenantId @param {number} partition */
function* idsIn(tenantId, partition) {
  for (let n = 0; ; n += 1) if (partitionOf(tenantId, `${n}`, PARTITIONS) === partition) yield `${n}`;
}

const stage = await openStage({ partitions: PARTITIONS, sessionMs: 6_000, say });
const env = { ...stage.env, CALLFOLD_SETTLE_MS: '0' };
const services = [startService('projector', env), startService('outcomes', env)];
const site = await openKafkaSite(readConfig({ ...env }), say);

/** @param {string} tenantId @param {string} callId */
function recordOf(tenantId, callId) {
  const raw = readEvent({ source: 'atlas', tenantId, callId, occurredAt: Date.now(), status: 'Customer ended call' });
  if (isRejection(raw)) throw new Error(raw.reason);
  return { key: utf8Bytes(subjectKey(tenantId, callId)), value: site.codec.encodeRaw(raw), headers: [] };
}

/** @param {string} tenantId @param {number} partition */
function sender(tenantId, partition) {
  const ids = idsIn(tenantId, partition);
  /** @param {number} count */
  return (count) => {
    const records = Array.from({ length: count }, () => recordOf(tenantId, `${ids.next().value}`));
    return site.writer.append({ topic: TOPIC, partition }, records);
  };
}

const quiet = sender('quiet', SHARED);
const loudIn = { shared: sender('loud', SHARED), other: sender('loud', OTHER) };

/** Sends at a steady pace; a beat that comes late is made up for. @param {(count: number) => Promise<void>} send */
async function steadily(send, everyMs = QUIET_EVERY_MS, perBeat = 1, forMs = PHASE_MS) {
  const from = performance.now();
  const sent = [];
  for (let beat = 0; beat * everyMs < forMs; beat += 1) {
    await sleep(Math.max(0, from + beat * everyMs - performance.now()));
    sent.push(send(perBeat));
  }
  await Promise.all(sent);
}

async function untilFolded() {
  for (const until = Date.now() + SETTLED_MS; Date.now() < until; await sleep(100)) {
    const left = await Promise.all(
      [SHARED, OTHER].map(async (partition) => {
        const at = { topic: TOPIC, partition };
        return (await site.log('outcomes').bounds(at)).end - ((await site.store('outcomes').peek(at))?.next ?? 0);
      }),
    );
    if (left.every((count) => count === 0)) return sleep(1_000);
  }
  throw new Error(`the load is not folded after ${SETTLED_MS / 1_000} s`);
}

/** Of the quiet tenant's records that came to stand since. @param {number} from */
async function delaysFrom(from) {
  const at = { topic: CALL_OUTCOMES, partition: SHARED };
  const { end } = await site.log('outcomes').bounds(at);
  const delays = [];
  for (let offset = from; offset < end; ) {
    const batch = await site.log('outcomes').read(at, offset, 5_000);
    await site.codec.prepare(batch.records);
    for (const { value, appendedAt } of batch.records) {
      const record = /** @type {any} */ (value && site.codec.decodeDerived(CALL_OUTCOMES, value));
      if (record?.tenantId === 'quiet') delays.push(appendedAt - record.ingestedAt);
    }
    offset = batch.next;
  }
  return { delays: delays.sort((a, b) => a - b), end };
}

try {
  say(machineOf(ROOT).text);
  await Promise.all([steadily(quiet, QUIET_EVERY_MS, 1, WARM_MS), steadily(loudIn.other, LOUD_EVERY_MS, 40, WARM_MS)]);
  await untilFolded();
  let { end: from } = await delaysFrom(0);
  process.stdout.write('| the loud tenant sends | records | p50 | p99 | most, ms |\n|---|---|---|---|---|\n');
  for (const { name, partition, perSecond, burst } of PHASES) {
    const send = partition === SHARED ? loudIn.shared : loudIn.other;
    const load = [steadily(quiet)];
    if (perSecond > 0) load.push(steadily(send, LOUD_EVERY_MS, (perSecond * LOUD_EVERY_MS) / 1_000));
    if (burst > 0) load.push(sleep(PHASE_MS / 5).then(() => send(burst)));
    await Promise.all(load);
    await untilFolded();
    const { delays, end } = await delaysFrom(from);
    from = end;
    const at = (/** @type {number} */ share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
    process.stdout.write(`| ${name} | ${delays.length} | ${at(0.5)} | ${at(0.99)} | ${delays.at(-1)} |\n`);
  }
} finally {
  await site.close();
  for (const service of services) await service.kill();
  await stage.close();
}
