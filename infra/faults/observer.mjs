// @ts-check
/**
 * What stands, seen from outside: a child of the suite. While faults strike it reads the derived topics as a consumer
 * does, and looks into Redis at states and position of one moment; at rest it holds everything against a fresh fold.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { createRedisClient, openKafkaAdmin, readConfig } from '@callfold/adapters';
import { verifyPartition } from '../../services/cli/dist/verification.js';
import { connectionOf, openKafkaSite, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { TOPIC } from '../bench/topics.mjs';
import { answerParent } from './child.mjs';
import { createLiveReader } from './live-reader.mjs';
import { createPeeks } from './peeks.mjs';
import { differencesOf, snapshotOf } from './snapshot.mjs';

/** Timers due later than this are those of open and closed calls, which end some other day. */
const SETTLED_MS = 600_000;
const PEEK_EVERY_MS = 300;
const READ_EVERY_MS = 50;
const AWAY_MS = 500;

/** @typedef {'projector' | 'outcomes'} RoleName */
/** @type {readonly RoleName[]} */
const ROLES = ['projector', 'outcomes'];

const say = (/** @type {string} */ text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/** @type {Awaited<ReturnType<typeof openAll>> | null} */
let open = null;

/** @param {{ env: Record<string, string>, partitions: number }} options */
async function openAll({ env, partitions }) {
  const config = readConfig(env);
  const site = await openKafkaSite(config, say);
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(say)));
  const clusterId = await admin.clusterId();
  await admin.close();
  const redis = createRedisClient({ url: config.redisUrl ?? '', name: 'observer' });
  const peeks = createPeeks({ redis, clusterId, generation: config.generation, topic: TOPIC, partitions });
  return { config, site, partitions, peeks, reader: createLiveReader({ site, partitions, say }), stopped: false };
}

function opened() {
  if (open === null) throw new Error('open it first');
  return open;
}

/** Again and again, also when what it looks at is away. @param {number} everyMs @param {() => Promise<unknown>} work */
async function again(everyMs, work) {
  while (!opened().stopped) {
    try {
      await work();
      await pause(everyMs);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      await pause(AWAY_MS);
    }
  }
}

/** @type {Promise<unknown>} */
let watching = Promise.resolve();

/** @template Result @param {(at: { topic: string, partition: number }) => Promise<Result>} look */
const ofAll = (look) =>
  Promise.all(Array.from({ length: opened().partitions }, (_, partition) => look({ topic: TOPIC, partition })));

/** Per role the committed positions (null: none yet), and the log's bounds. */
async function positions() {
  const { site } = opened();
  const [bounds, projector, outcomes] = await Promise.all([
    ofAll((at) => site.log('projector').bounds(at)),
    ofAll(async (at) => (await site.store('projector').peek(at))?.next ?? null),
    ofAll(async (at) => (await site.store('outcomes').peek(at))?.next ?? null),
  ]);
  return { projector, outcomes, starts: bounds.map(({ start }) => start), ends: bounds.map(({ end }) => end) };
}

/** Nothing left to fold, to send, or to wait for. */
async function atRest() {
  const { site } = opened();
  const { ends, ...at } = await positions();
  const quiet = await Promise.all(
    ROLES.map((role) =>
      ofAll(async (one) => {
        if (at[role][one.partition] !== ends[one.partition]) return false;
        if ((await site.store(role).timers(one, Date.now() + SETTLED_MS, 1)).length > 0) return false;
        return role === 'projector' || (await site.store(role).outbox(one)).length === 0;
      }),
    ),
  );
  return quiet.flat().every(Boolean);
}

async function stopWatching() {
  opened().stopped = true;
  await watching;
}

answerParent({
  async open(/** @type {Parameters<typeof openAll>[0]} */ options) {
    open = await openAll(options);
  },
  watch() {
    const { peeks, reader } = opened();
    watching = Promise.all([again(PEEK_EVERY_MS, peeks.next), again(READ_EVERY_MS, reader.read)]);
  },
  positions,
  atRest,
  snapshot: () => snapshotOf(opened()),
  unchanged: async (/** @type {import('./snapshot.mjs').Snapshot} */ before) =>
    differencesOf(before, await snapshotOf(opened())),
  /** To be asked at rest: everything that there is to find. */
  async check() {
    const { site, reader, peeks, config } = opened();
    await stopWatching();
    const findings = [...(await reader.finish())];
    let same = 0;
    for (let partition = 0; partition < opened().partitions; partition += 1) {
      const at = { topic: TOPIC, partition };
      for (const row of await verifyPartition(site, at, 'callcenter24', config.settings, peeks.of(partition))) {
        same += row.same;
        findings.push(...row.findings);
      }
    }
    return { findings, same, read: reader.count, peeked: peeks.count };
  },
});
