// Killed in the middle of a log with many live calls, and started again: how long until more is committed than the
// killed one had got to. At once, so that a dead member's place in its group is part of it, as it is in life; and then
// killed once more, and started when its group has missed it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startService } from './latency.mjs';
import { committedBy } from './peer-runs.mjs';
import { PEERS, startPeer } from './peers.mjs';
import { ourPositions } from './watchers.mjs';

export const RECOVERED = ['outcomes', 'projector', ...Object.keys(PEERS)];

const KILL_AT = 0.6;
const LOOK_MS = 20;
/** What a killed process had sent has been taken by then, or never is. */
const LANDED_MS = 200;
const LIMIT_MS = 600_000;
/** Of ours and of Streams; Flink's source is no member of a group. */
export const SESSION_MS = 6_000;
/** A group that has missed a member says so a moment after its session. */
const MISSED_MS = SESSION_MS + 2_000;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

async function untilBeyond(positions, target) {
  for (const until = Date.now() + LIMIT_MS; ; await pause(LOOK_MS)) {
    const at = sum(await positions());
    if (at > target) return at;
    if (Date.now() > until)
      throw new Error(`bench: committed ${at} records and not more than ${target} in ten minutes`);
  }
}

/**
 * @returns ms from a start after a kill to the first commit beyond what was committed before: `recoveryMs` of the start
 * at once, `expiredMs` of the one when the session was over; null where the first start's commit was of all there was
 */
export async function measureRecovery(what, round, { stage, input, filled, paths }) {
  const generation = `recovery-${round}-${what}`;
  const { partitions } = input;
  const isPeer = what in PEERS;
  const dir = join(stage.dir, generation);
  await stage.freshDerived();
  await stage.freshRedis();
  const place = { ...stage.peerSite(), group: generation, dir, live: input.live, settleMs: filled.settleMs };
  const start = () =>
    isPeer
      ? startPeer(what, { ...place, aim: 'throughput', paths })
      : startService(what, { ...stage.env(generation), CALLFOLD_SESSION_TIMEOUT_MS: String(SESSION_MS) });
  const watch = isPeer
    ? await committedBy(generation, stage, partitions)
    : await ourPositions(what, generation, stage, partitions);
  let running = await start();
  try {
    await untilBeyond(watch.positions, KILL_AT * sum(filled.ends));
    /** Null: it was through before it was killed. */
    const startedAgain = async (afterMs) => {
      await running.kill();
      await pause(afterMs);
      // Looked at late: what was on its way when it was killed may still have been taken.
      const at = sum(await watch.positions());
      if (at >= sum(filled.ends)) return null;
      const from = performance.now();
      running = await start();
      await untilBeyond(watch.positions, at);
      return performance.now() - from;
    };
    const recoveryMs = await startedAgain(LANDED_MS);
    if (recoveryMs === null) throw new Error(`bench: ${what} was through before it was killed: take more events`);
    return { what, round, recoveryMs, expiredMs: await startedAgain(MISSED_MS) };
  } finally {
    await running.kill();
    await watch.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
