/**
 * The two Kafka messages that carry records: Produce (version 7) and Fetch (version 11), which every broker from 2.3
 * on speaks.
 */

import type { At } from '@callfold/engine';
import type { Aborted } from './record-decode.ts';
import { createReader } from './wire.ts';

export const PRODUCE_VERSION = 7;
export const FETCH_VERSION = 11;

/** One record batch on its way to a partition. */
export type Sendable = At & { readonly batch: Buffer };

/** What the broker says of one partition's batch. `code` 0: taken; `base` is the offset of its first record then. */
export type Produced = At & { readonly code: number; readonly base: number };

export type Fetched = At & {
  readonly code: number;
  /** What the next record gets, whoever may read it yet. */
  readonly highWatermark: number;
  /** Below this, no transaction is open. */
  readonly lastStable: number;
  readonly logStart: number;
  readonly aborted: readonly Aborted[];
  /** Record batches, the last perhaps cut off. */
  readonly bytes: Buffer;
};

const ACKS_ALL = -1;
const NO_TRANSACTION = -1;

/** @param ackMs how long the broker may wait for the other replicas. */
export function encodeProduce(sendables: readonly Sendable[], ackMs: number): Buffer {
  const byTopic = new Map<string, Sendable[]>();
  for (const one of sendables) byTopic.set(one.topic, [...(byTopic.get(one.topic) ?? []), one]);
  const head = Buffer.alloc(12);
  head.writeInt16BE(NO_TRANSACTION, 0);
  head.writeInt16BE(ACKS_ALL, 2);
  head.writeInt32BE(ackMs, 4);
  head.writeInt32BE(byTopic.size, 8);
  const parts: Uint8Array[] = [head];
  for (const [topic, ofTopic] of byTopic) {
    const name = Buffer.from(topic);
    parts.push(int16(name.length), name, int32(ofTopic.length));
    for (const { partition, batch } of ofTopic) parts.push(int32(partition), int32(batch.length), batch);
  }
  return Buffer.concat(parts);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** @returns one entry a partition, and for how long the broker asks to be left alone. */
export function decodeProduced(payload: Buffer): { readonly produced: Produced[]; readonly throttleMs: number } {
  const reader = createReader(payload);
  const produced = reader.array(() => {
    const topic = reader.text();
    return reader.array(() => {
      const one = { topic, partition: reader.int32(), code: reader.int16(), base: reader.int64() };
      reader.int64(); // append time
      reader.int64(); // log start
      return one;
    });
  });
  return { produced: produced.flat(), throttleMs: reader.int32() };
}

export function decodeFetched(payload: Buffer): { readonly fetched: Fetched[]; readonly throttleMs: number } {
  const reader = createReader(payload);
  const throttleMs = reader.int32();
  reader.int16(); // the session's error: there is no session
  reader.int32(); // the session's id
  const fetched = reader.array(() => {
    const topic = reader.text();
    return reader.array(() => {
      const head = {
        topic,
        partition: reader.int32(),
        code: reader.int16(),
        highWatermark: reader.int64(),
        lastStable: reader.int64(),
        logStart: reader.int64(),
        aborted: reader.array(() => ({ producerId: reader.bigint(), firstOffset: reader.int64() })),
      };
      reader.int32(); // preferred replica: reads go to leaders only
      return { ...head, bytes: reader.bytes() };
    });
  });
  return { fetched: fetched.flat(), throttleMs };
}
