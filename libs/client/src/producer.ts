import type { RawEvent } from '@callfold/core';
import type { At, Codec, RawWriter } from '@callfold/engine';
import type { Message } from './place.ts';
import { createPlaces, messageOf } from './place.ts';

/** Publishes raw events: the right topic, key and partition, in batches, in order per partition. */
export type EventProducer = {
  /**
   * Resolves when there is room for the next one, not when the log has this one: that is `flush`. Rejects when one
   * before it failed.
   */
  send(event: RawEvent): Promise<void>;
  /**
   * Resolves when the log has all that was sent since the last one. Rejects when any may be missing: send them
   * again, repeats are harmless.
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

/** What waits for one partition; one append at a time, so that order holds. */
type Lane = { readonly at: At; messages: Message[]; bytes: number; last: Promise<void> };

/** Of one append. */
export const BATCH_RECORDS = 1_000;
export const BATCH_BYTES = 524_288;

export function createEventProducer(options: EventProducerOptions): EventProducer {
  const { writer, codec, batchRecords = BATCH_RECORDS, batchBytes = BATCH_BYTES } = options;
  const lanes = new Map<string, Lane>();
  const places = createPlaces(writer);
  let sent = 0;

  async function laneOf(event: RawEvent): Promise<Lane> {
    const at = await places.of(event);
    const name = `${at.topic}/${at.partition}`;
    const lane = lanes.get(name) ?? { at, messages: [], bytes: 0, last: Promise.resolve() };
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
      const message = messageOf(event, codec);
      lane.messages.push(message);
      lane.bytes += message.value?.length ?? 0;
      sent += 1;
      if (lane.messages.length >= batchRecords || lane.bytes >= batchBytes) await ship(lane);
    },
    async flush() {
      const flushed = [...lanes.values()];
      for (const lane of flushed) ship(lane).catch(() => undefined);
      const ends = await Promise.allSettled(flushed.map((lane) => lane.last));
      const failed = ends.find((end) => end.status === 'rejected');
      if (!failed) return;
      // Told now: what is sent again goes on with lanes of its own.
      lanes.clear();
      throw failed.reason;
    },
    get sent() {
      return sent;
    },
  };
}
