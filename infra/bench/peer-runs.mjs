// One peer over the raw topic as it stands, in a process of its own, measured from outside. Its clock runs from the
// first record that it has folded to the last one; what it commits after that is checked and not charged.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createKafkaLog } from '@callfold/adapters';
import { cpuMsOf, measure, peakMiBOf } from './children.mjs';
import { startPeer } from './peers.mjs';
import { OUTCOMES_TOPIC, TOPIC } from './topics.mjs';

const LIMIT_MS = 900_000;
const COMMIT_MS = 120_000;
const LOOK_MS = 100;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** By partition what a group has committed, from outside of it. */
export async function committedBy(group, stage, partitions) {
  const connection = { brokers: stage.brokers, clientId: 'bench-witness', log: quiet };
  const log = createKafkaLog({ connection, groupId: group });
  const at = (partition) => ({ topic: TOPIC, partition });
  return {
    positions: () =>
      Promise.all(Array.from({ length: partitions }, async (_, partition) => (await log.witness(at(partition))) ?? 0)),
    close: () => log.close(),
  };
}

async function untilCommitted(name, group, stage, ends) {
  const witness = await committedBy(group, stage, ends.length);
  try {
    for (const until = Date.now() + COMMIT_MS; ; await pause(LOOK_MS)) {
      const positions = await witness.positions();
      if (positions.every((position, partition) => position >= ends[partition])) return;
      if (Date.now() > until)
        throw new Error(`${name} committed ${positions} of ${ends}, two minutes after its last record`);
    }
  } finally {
    await witness.close();
  }
}

const within = (ms, what) =>
  pause(ms, undefined, { ref: false }).then(() => {
    throw new Error(`${what} took longer than ${ms / 60_000} minutes`);
  });

/** @returns figures as a meter gives them, with `standing`: call-outcomes in the topic, and `committedMs` */
export async function measurePeer(name, { stage, input, filled, generation, paths }) {
  const { ends } = filled;
  const total = ends.reduce((sum, end) => sum + end, 0);
  await stage.freshDerived();
  const dir = join(stage.dir, generation);
  const spawned = performance.now();
  const site = { ...stage.peerSite(), group: generation, dir, live: input.live, settleMs: filled.settleMs };
  const peer = await startPeer(name, { ...site, aim: 'throughput', paths });
  try {
    const from = await peer.reach(1);
    const already = peer.folded;
    const cpuFrom = cpuMsOf(peer.pid);
    const servers = Object.entries({ kafka: stage.servers.kafka });
    const before = servers.map(([, pid]) => cpuMsOf(pid));
    const to = await Promise.race([peer.reach(total), within(LIMIT_MS, name)]);
    const cpuMs = cpuMsOf(peer.pid) - cpuFrom;
    const serversCpuMs = Object.fromEntries(servers.map(([server, pid], i) => [server, cpuMsOf(pid) - before[i]]));
    await untilCommitted(name, generation, stage, ends);
    const committedMs = performance.now() - from;
    const peakMiB = peakMiBOf(peer.pid);
    const standing = await measure('count', { env: stage.env(generation), input, topics: [OUTCOMES_TOPIC] });
    // What the first word of it had folded already is no part of the time that was measured.
    const count = total - already;
    const figures = { count, wallMs: to - from, cpuMs, startMs: from - spawned, peakMiB, samples: [], serversCpuMs };
    return { ...figures, committedMs, standing };
  } finally {
    await peer.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}
