import type { At, Outgoing, Publisher } from '@callfold/engine';
import { movedText, Refused } from '@callfold/engine';
import type { KafkaConnection, Link, ProducerId } from './client.ts';
import { fenceOff } from './fence.ts';
import { openLink } from './link.ts';
import type { Sendable } from './messages.ts';
import { ACK_MS, batchLength, coveredBy, failureToSend, nextSequence } from './produce.ts';
import { createReader } from './reader.ts';
import { encodeBatch } from './record-encode.ts';
import { withRetries } from './retry.ts';

export type KafkaPublisherOptions = {
  readonly connection: KafkaConnection;
  /** Owners of one group fence one another. */
  readonly groupId: string;
  readonly compression?: 'none' | 'gzip';
};

export type KafkaPublisher = Publisher & {
  /** Before much is asked of these topics at once. */
  learn(topics: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

/**
 * The coordinator forgets a transactional id that was not used for a time (7 days by default,
 * transactional.id.expiration.ms), and plain sends do not count: an owner that lives longer fences anew before it
 * sends on.
 */
const FENCE_LASTS_MS = 43_200_000;
/** Of one partition at a time; small, so that what many claims read back goes in few requests. */
const READ_BYTES = 262_144;
/**
 * A broker answers the requests of a connection one after the other, and four of a fence wait for the log of
 * transactions: 84 fences take a third to a half of the time over four connections, and less over eight.
 */
const FENCE_LINKS = 8;

/** What one owner knows of one origin. */
type Lane = {
  readonly producer: ProducerId;
  readonly fencedAt: number;
  /** By topic: the partition there, and the sequence of the next record. */
  readonly targets: Map<string, { readonly partition: number; sequence: number }>;
  isBroken: boolean;
  /** One send after the other. */
  last: Promise<unknown>;
};

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

export function createKafkaPublisher(options: KafkaPublisherOptions): KafkaPublisher {
  const link = openLink(options.connection);
  const fencing = Array.from({ length: FENCE_LINKS }, () => openLink(options.connection));
  return {
    ...publisherOn(link, options, fencing),
    async learn(topics) {
      await Promise.all([link, ...fencing].map((one) => one.learn(topics)));
    },
    async close() {
      await Promise.all([link, ...fencing].map((one) => one.close()));
    },
  };
}

/**
 * @param link of this publisher alone.
 * @param fencing what fences go over
 */
export function publisherOn(
  link: Link,
  options: Omit<KafkaPublisherOptions, 'connection'>,
  fencing: readonly Link[] = [link],
): Publisher {
  const lanes = new Map<string, Lane>();
  // Everything that stands there counts, also behind a transaction that another origin's owner has open just now.
  const reader = createReader(link, 'uncommitted');
  const isPacked = options.compression === 'gzip';
  const counts = new Map<string, number>();
  async function partitions(topic: string): Promise<number> {
    const now = await withRetries(link, () => link.partitions(topic));
    const was = counts.get(topic) ?? now;
    counts.set(topic, was);
    if (now !== was) throw new Refused(movedText(topic, was, now));
    return was;
  }
  // A topic that has fewer partitions than the raw one: those of a subject's hash modulo either are the same.
  const placeIn = async (topic: string, partition: number): Promise<At> => ({
    topic,
    partition: partition % (await partitions(topic)),
  });
  // A topic's name has no slash, so that no two origins make one id.
  const transactionalIdOf = (origin: At): string => `callfold/${options.groupId}/${nameOf(origin)}`;

  return {
    async fence(origin, topics) {
      const ats = await Promise.all(topics.map((topic) => placeIn(topic, origin.partition)));
      const isAfterFailure = lanes.get(nameOf(origin))?.isBroken === true;
      lanes.delete(nameOf(origin));
      await withRetries(link, async () => {
        for (const at of ats) await link.leader(at);
        // The leaders may be others. Not at every claim: all partitions' leaders come with each answer.
        if (isAfterFailure) await link.refresh();
      });
      // Always the same one for an origin: what one fence asks of the coordinator arrives in order.
      const by = fencing[origin.partition % fencing.length] ?? link;
      const producer = await fenceOff(by, transactionalIdOf(origin), ats);
      lanes.set(nameOf(origin), {
        producer,
        fencedAt: Date.now(),
        targets: new Map(ats.map(({ topic, partition }) => [topic, { partition, sequence: 0 }])),
        isBroken: false,
        last: Promise.resolve(),
      });
    },

    async send(origin, records) {
      const lane = lanes.get(nameOf(origin));
      if (lane === undefined) throw new Error(`${nameOf(origin)}: nothing may be sent before a fence`);
      const sent = lane.last.then(() => sendAll(link, lane, origin, records, isPacked));
      lane.last = sent.catch(() => {});
      return sent;
    },

    async readBack(topic, partition, offset) {
      const { records, next, end } = await reader.slice(await placeIn(topic, partition), offset, READ_BYTES);
      return {
        records: records.map((record) => ({
          topic,
          offset: record.offset,
          key: record.key,
          value: record.value,
          headers: record.headers,
        })),
        next,
        end,
      };
    },

    bounds: async (topic, partition) => reader.bounds(await placeIn(topic, partition)),

    partitions,
  };
}

/** Anything but an answer that takes all of it breaks the lane: what stands is not known then. */
async function sendAll(
  link: Link,
  lane: Lane,
  origin: At,
  records: readonly Outgoing[],
  isPacked: boolean,
): Promise<ReadonlyMap<string, number>> {
  const where = `${nameOf(origin)}: `;
  if (lane.isBroken) throw new Error(`${where}a send before this one failed: fence and read back first`);
  if (Date.now() - lane.fencedAt > FENCE_LASTS_MS) {
    lane.isBroken = true;
    throw new Error(`${where}the fence is ${FENCE_LASTS_MS} ms old and may be forgotten: fence and read back first`);
  }
  const queues = queuesOf(records);
  const ends = new Map<string, number>();
  try {
    for (const topic of queues.keys()) {
      if (!lane.targets.has(topic)) throw new Error(`${where}${topic} was not fenced: fence it with the others`);
    }
    while (queues.size > 0) await sendRound(link, lane, queues, ends, isPacked);
  } catch (error) {
    lane.isBroken = true;
    throw error;
  }
  return ends;
}

type Queue = { readonly records: Outgoing[]; done: number };

function queuesOf(records: readonly Outgoing[]): Map<string, Queue> {
  const queues = new Map<string, Queue>();
  for (const record of records) {
    const queue = queues.get(record.topic);
    if (queue === undefined) queues.set(record.topic, { records: [record], done: 0 });
    else queue.records.push(record);
  }
  return queues;
}

/** One batch of each topic whose partition the first one's leader leads: one request, one leader. */
async function sendRound(
  link: Link,
  lane: Lane,
  queues: Map<string, Queue>,
  ends: Map<string, number>,
  isPacked: boolean,
): Promise<void> {
  const leaders = new Map<string, number>();
  for (const topic of queues.keys()) {
    const partition = lane.targets.get(topic)?.partition ?? 0;
    leaders.set(topic, await link.leader({ topic, partition }));
  }
  const [node = 0] = leaders.values();
  const now = Date.now();
  const asked: (Sendable & { readonly queue: Queue; readonly count: number })[] = [];
  for (const [topic, queue] of queues) {
    const target = lane.targets.get(topic);
    if (target === undefined || leaders.get(topic) !== node) continue;
    const { partition, sequence } = target;
    const count = batchLength(queue.records, queue.done);
    const part = queue.records.slice(queue.done, queue.done + count);
    const batch = encodeBatch(part, { ...lane.producer, sequence }, now, isPacked);
    asked.push({ topic, partition, batch, queue, count });
  }
  const answers = coveredBy(asked, await link.produce(node, asked, ACK_MS), node);
  const refused = answers.find(({ code }) => code !== 0);
  if (refused !== undefined) throw failureToSend(refused, node);
  asked.forEach(({ topic, queue, count }, index) => {
    const target = lane.targets.get(topic);
    if (target !== undefined) target.sequence = nextSequence(target.sequence, count);
    ends.set(topic, (answers[index]?.base ?? 0) + count);
    queue.done += count;
    if (queue.done === queue.records.length) queues.delete(topic);
  });
}
