import type { RawEvent } from '@callfold/core';
import { partitionOf, rawTopic, subjectKey, utf8Bytes } from '@callfold/core';
import type { At, Codec, Outgoing, RawWriter } from '@callfold/engine';

/** Publishes raw events: the right topic, key and partition, in batches, in order per partition. */
export type EventProducer = {
  /** Resolves when there is room for the next one, not when the log has this one: that is `flush`. */
  send(event: RawEvent): Promise<void>;
  /**
   * Resolves when the log has all that was sent. Rejects when any may be missing: send them again, repeats are
   * harmless.
   */
  flush(): Promise<void>;
  readonly sent: number;
};

export type EventProducerOptions = {
  readonly writer: RawWriter;
  readonly codec: Codec;
  /** Of one append. */
  readonly batchRecords?: number;
  readonly batchBytes?: number;
};

type Message = Omit<Outgoing, 'topic'>;

/** What waits for one partition; one append at a time, so that order holds. */
type Lane = { readonly at: At; messages: Message[]; bytes: number; last: Promise<void> };

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 524_288;

export function createEventProducer(options: EventProducerOptions): EventProducer {
  const { writer, codec, batchRecords = BATCH_RECORDS, batchBytes = BATCH_BYTES } = options;
  const lanes = new Map<string, Lane>();
  const partitions = new Map<string, number>();
  let sent = 0;

  async function laneOf(event: RawEvent): Promise<Lane> {
    const topic = rawTopic(event.source);
    let count = partitions.get(topic);
    if (count === undefined) {
      count = await writer.partitions(topic);
      partitions.set(topic, count);
    }
    const partition = partitionOf(event.tenantId, event.subjectId, count);
    const name = `${topic}/${partition}`;
    const lane = lanes.get(name) ?? { at: { topic, partition }, messages: [], bytes: 0, last: Promise.resolve() };
    lanes.set(name, lane);
    return lane;
  }

  function ship(lane: Lane): Promise<void> {
    if (lane.messages.length === 0) return lane.last;
    const { messages, last } = lane;
    lane.messages = [];
    lane.bytes = 0;
    lane.last = last.then(() => writer.append(lane.at, messages));
    // Heard of by whoever awaits the lane; it must not end the process before.
    lane.last.catch(() => undefined);
    return last;
  }

  return {
    async send(event) {
      const lane = await laneOf(event);
      const value = codec.encodeRaw(event);
      lane.messages.push({ key: utf8Bytes(subjectKey(event.tenantId, event.subjectId)), value, headers: [] });
      lane.bytes += value.length;
      sent += 1;
      if (lane.messages.length >= batchRecords || lane.bytes >= batchBytes) await ship(lane);
    },
    async flush() {
      for (const lane of lanes.values()) ship(lane).catch(() => undefined);
      await Promise.all([...lanes.values()].map((lane) => lane.last));
    },
    get sent() {
      return sent;
    },
  };
}
