#!/usr/bin/env node
// The peers' outcomes held against ours, record by record: the same raw log, with disorder and repeats, through each of
// them, and every revision of every call-outcome beside what our fold says of that log. Only then is a comparison of
// speeds one of the same work.
//
//   npm run bench:same [-- --seed S] [--events N] [--only streams-eos,flink-heap]
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCodec, createKafkaLog, createRegistry } from '@callfold/adapters';
import { DEFAULT_SETTINGS, isRejection, recordJson, subjectKey, TOPICS } from '@callfold/core';
import { createOfflineFold } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import { disorderedBatches } from './disorder.mjs';
import { writeBatches } from './fill.mjs';
import { findPeers, PEERS, startPeer } from './peers.mjs';
import { openStage } from './stage.mjs';
import { OUTCOMES_TOPIC, TOPIC } from './topics.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTITIONS = 4;
const START = Date.UTC(2025, 1, 3, 9);
const SHOWN = 3;
const PAGE_RECORDS = 10_000;
/** A peer that has folded all has yet to commit. */
const SETTLE_MS = 30_000;
const LOOK_MS = 200;
const FOLD_MS = 180_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    events: { type: 'string', default: '12000' },
    live: { type: 'string', default: '400' },
    only: { type: 'string', default: Object.keys(PEERS).join(',') },
  },
});
const say = (line) => process.stdout.write(`${line}\n`);

/** As it is printed: plain data, whoever decoded it. */
const printed = (record) => JSON.parse(JSON.stringify(recordJson(record)));

const nameOf = (partition, { outcomeId, revision }) => `partition ${partition} ${outcomeId} revision ${revision}`;

/** What must come, by partition, id and revision: our fold of the log as it was written. */
function expectedOf(batches) {
  const rules = { settings: DEFAULT_SETTINGS, publishes: true, drops: true };
  const folds = Array.from({ length: PARTITIONS }, () => createOfflineFold(rules, true));
  const expected = new Map();
  const tooLate = { count: 0 };
  const keep = (partition, records) => {
    for (const record of records) {
      if (record.kind === 'call-outcome') expected.set(nameOf(partition, record), printed(record));
    }
  };
  for (const { partition, events, loggedAt } of batches) {
    const fold = folds[partition];
    if (events === null) keep(partition, fold.advance(loggedAt));
    for (const event of events ?? []) {
      const { records, rejection } = fold.fold(subjectKey(event.tenantId, event.subjectId), normalise(event), loggedAt);
      keep(partition, records);
      if (rejection && isRejection(rejection)) tooLate.count += 1;
    }
  }
  return { expected, tooLate: tooLate.count };
}

/** What a reader of committed records finds. */
async function standing(log, codec) {
  const found = new Map();
  const twice = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    for (let from = 0, end = 1; from < end; ) {
      const page = await log.read({ topic: OUTCOMES_TOPIC, partition }, from, PAGE_RECORDS);
      for (const { value } of page.records) {
        const record = codec.decodeDerived(OUTCOMES_TOPIC, value);
        const name = nameOf(partition, record);
        if (found.has(name)) twice.push(name);
        found.set(name, printed(record));
      }
      end = page.end;
      if (page.next <= from) break;
      from = page.next;
    }
  }
  return { found, twice };
}

/** A transaction's end may come a moment behind the position that it goes with. */
async function allStanding(log, codec, count) {
  for (const until = Date.now() + SETTLE_MS; ; await pause(LOOK_MS)) {
    const all = await standing(log, codec);
    if (all.found.size >= count || Date.now() > until) return all;
  }
}

/** In words, what is not as it should be. */
function differences(expected, { found, twice }) {
  const faults = twice.map((name) => `${name} stands twice`);
  for (const [name, record] of expected) {
    const other = found.get(name);
    if (other === undefined) faults.push(`${name} is missing`);
    else if (!isDeepStrictEqual(record, other)) {
      const fields = Object.keys(record).filter((field) => !isDeepStrictEqual(record[field], other[field]));
      const told = fields.map(
        (field) => `${field} ${JSON.stringify(other[field])} for ${JSON.stringify(record[field])}`,
      );
      faults.push(`${name}: ${told.join(', ')}`);
    }
  }
  for (const name of found.keys()) if (!expected.has(name)) faults.push(`${name} is made up`);
  return faults;
}

async function settled(log, ends, started) {
  for (const until = Date.now() + SETTLE_MS; ; await pause(LOOK_MS)) {
    const positions = await Promise.all(ends.map((_, partition) => log.witness({ topic: TOPIC, partition })));
    if (positions.every((position, partition) => position >= ends[partition])) return;
    if (Date.now() > until)
      throw new Error(`${started}: committed ${positions} of ${ends} half a minute after its last record`);
  }
}

async function outcomesOf(name, { stage, connection, codec, ends, paths, count }) {
  await stage.freshDerived();
  const group = `same-${name}`;
  const site = {
    ...stage.peerSite(),
    group,
    dir: join(stage.dir, group),
    live: 400,
    settleMs: DEFAULT_SETTINGS.settleMs,
  };
  const peer = await startPeer(name, { ...site, aim: 'throughput', paths });
  const log = createKafkaLog({ connection, groupId: group });
  try {
    const total = ends.reduce((sum, end) => sum + end, 0);
    const late = pause(FOLD_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${name} has folded ${peer.folded} of ${total} records within three minutes`);
    });
    await Promise.race([peer.reach(total), late]);
    await settled(log, ends, name);
    return await allStanding(log, codec, count);
  } finally {
    await peer.kill();
    await log.close();
  }
}

async function main() {
  const { seed } = values;
  const names = values.only.split(',');
  const unknown = names.filter((name) => !(name in PEERS));
  if (unknown.length > 0) throw new Error(`no peer is called ${unknown}; there are ${Object.keys(PEERS).join(', ')}`);
  const paths = await findPeers({ say }).catch((error) => {
    say(`!!! NOT RUN: ${error.message}`);
    return null;
  });
  if (paths === null) {
    // On a developer's machine what it needs may be missing; where everything is to be shown it may not.
    const isFailure = process.env.CI === 'true';
    say(`0 passed, ${isFailure ? 1 : 0} failed`);
    process.exitCode = isFailure ? 1 : 0;
    return;
  }
  const input = { seed, events: Number(values.events), live: Number(values.live), partitions: PARTITIONS };
  const batches = disorderedBatches({ ...input, startAt: START });
  const { expected, tooLate } = expectedOf(batches);
  const revised = [...expected.values()].filter(({ revision }) => revision > 1).length;
  const inferred = [...expected.values()].filter((record) => record.inferred).length;
  say(
    `seed ${seed}: ${expected.size} records, of them ${revised} revisions, ${inferred} inferred; ${tooLate} events too late`,
  );
  if (revised === 0 || inferred === 0 || tooLate === 0)
    throw new Error('the input is too tame to show anything: take another seed');
  const stage = await openStage({ root: ROOT, partitions: PARTITIONS, say });
  let failed = 0;
  try {
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const connection = { brokers: stage.brokers, clientId: 'same', log: quiet };
    const codec = createCodec(createRegistry({ url: stage.registryUrl }));
    await codec.register(TOPICS.map(({ name }) => name));
    const { ends } = await writeBatches({ connection, codec, partitions: PARTITIONS, batches });
    for (const name of names) {
      const begun = performance.now();
      const faults = differences(
        expected,
        await outcomesOf(name, { stage, connection, codec, ends, paths, count: expected.size }),
      );
      const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
      say(
        `${name}: ${faults.length === 0 ? `the same ${expected.size} records` : `${faults.length} differences`} (${seconds} s)`,
      );
      for (const fault of faults.slice(0, SHOWN)) say(`  ${fault}`);
      failed += faults.length === 0 ? 0 : 1;
    }
  } finally {
    await stage.close();
  }
  say(`${names.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
