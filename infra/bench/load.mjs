// Events at a fixed rate, whatever becomes of them: each has a time at which it is meant to be sent, and its latency
// counts from then. So a stall makes all that waited for it late, as it would in life, and not one event alone.
import { openLink } from '../../libs/adapters/dist/kafka/link.js';
import { encodeBatch, UNSTAMPED } from '../../libs/adapters/dist/kafka/record-encode.js';
import { outgoing } from './fill.mjs';
import { createInput } from './input.mjs';
import { TOPIC } from './topics.mjs';

const ACK_MS = 30_000;
const BATCH_MOST = 1_000;
const TICK_MS = 1;

/** Wall time with a fraction: comparable between processes of one machine. */
export const nowMs = () => performance.timeOrigin + performance.now();

/**
 * The plan of a load: for each event the time at which it is due, in ms from the load's start.
 * @param phases `{ rate, seconds }`, one after the other
 */
export function dueTimes(phases) {
  const due = [];
  let from = 0;
  for (const { rate, seconds } of phases) {
    for (let index = 0; index < rate * seconds; index += 1) due.push(from + (index * 1_000) / rate);
    from += seconds * 1_000;
  }
  return due;
}

/** The events of a load, with the partition of each; the same at each call. */
export function loadEvents({ seed, live, partitions, phases, startAt }) {
  const count = dueTimes(phases).length;
  const input = createInput({ seed, live, partitions, events: count, startAt });
  return Array.from({ length: count }, () => {
    const event = input.next();
    return { event, partition: input.partition };
  });
}

/**
 * Sends them, each partition's in order and one batch of it at a time. Resolves when the log has them all.
 * @param from the first phase's start, as `nowMs`; it is for getting warm
 * @param goOn resolves with the start of the other phases
 */
export async function sendLoad({ connection, codec, plan, from, goOn }) {
  const due = dueTimes(plan.phases);
  const [{ rate, seconds }] = plan.phases;
  const warm = rate * seconds;
  const waiting = Array.from({ length: plan.partitions }, () => [[], []]);
  for (const [index, { event, partition }] of loadEvents(plan).entries()) {
    const isWarm = index < warm;
    waiting[partition][isWarm ? 0 : 1].push({ at: due[index] - (isWarm ? 0 : seconds * 1_000), event });
  }
  await Promise.all(
    waiting.map(async ([first, rest], partition) => {
      // A connection of its own: one partition's answer is not waited for by another.
      const link = openLink(connection);
      await sendPartition({ link, codec, from, list: first, partition });
      await sendPartition({ link, codec, from: await goOn, list: rest, partition });
      await link.close();
    }),
  );
}

async function sendPartition({ link, codec, from, list, partition }) {
  const node = await link.leader({ topic: TOPIC, partition });
  for (let sent = 0; sent < list.length; ) {
    const now = nowMs() - from;
    let to = sent;
    while (to < list.length && list[to].at <= now && to - sent < BATCH_MOST) to += 1;
    if (to === sent) {
      await new Promise((resolve) => {
        setTimeout(resolve, Math.max(TICK_MS, list[sent].at - now));
      });
      continue;
    }
    const records = list.slice(sent, to).map(({ event }) => outgoing(event, codec));
    const batch = encodeBatch(records, UNSTAMPED, Date.now(), false);
    const [answer] = await link.produce(node, [{ topic: TOPIC, partition, batch }], ACK_MS);
    if (answer?.code !== 0) throw new Error(`${TOPIC}/${partition}: the broker answered ${answer?.code}`);
    sent = to;
  }
}
