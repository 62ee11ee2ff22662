/** Cutting records to batches, and reading what a broker says of them. */

import type { At } from '@callfold/engine';
import { failureOf, KafkaError } from './errors.ts';
import type { Produced, Sendable } from './messages.ts';
import type { Writable } from './record-encode.ts';
import { BATCH_BYTES, recordBytes } from './record-encode.ts';

/** Of one batch: half of what topics take by default. A larger record goes alone. */
export const SEND_BYTES = 524_288;
export const SEND_RECORDS = 1_000;
/** How long a broker may wait for its replicas. */
export const ACK_MS = 10_000;
/** Sequences count up to here and begin anew at 0. */
export const SEQUENCES = 2_147_483_648;

export const nextSequence = (sequence: number, count: number): number => (sequence + count) % SEQUENCES;

/** What still fits into one batch. */
export type Room = { take(record: Writable): boolean };

export function createRoom(): Room {
  let bytes = BATCH_BYTES;
  let count = 0;
  return {
    take(record) {
      if (count === SEND_RECORDS) return false;
      bytes += recordBytes(record);
      if (count > 0 && bytes > SEND_BYTES) return false;
      count += 1;
      return true;
    },
  };
}

/** @returns how many of the records from `start` on `room` takes. */
export function fitting(records: readonly Writable[], start: number, room: Room): number {
  let index = start;
  while (index < records.length && room.take(records[index] as Writable)) index += 1;
  return index - start;
}

/** @returns how many of the records from `start` on make the next batch; 0 at the end. */
export function batchLength(records: readonly Writable[], start: number): number {
  return fitting(records, start, createRoom());
}

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

/**
 * kafkajs loses records when an answer leaves a partition out, as it does after a leader moved: each partition asked
 * must be named, once.
 * @returns what was said, in the order of `asked`.
 */
export function coveredBy(
  asked: readonly Sendable[],
  produced: readonly Produced[],
  node: number,
): readonly Produced[] {
  return asked.map((one) => {
    const found = produced.filter((answer) => answer.topic === one.topic && answer.partition === one.partition);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    throw new KafkaError(`sending to ${nameOf(one)} at broker ${node}`, {
      code: 'INCOMPLETE_ANSWER',
      retriable: true,
      said: `the answer names it ${found.length} times`,
    });
  });
}

export function failureToSend(produced: Produced, node: number): KafkaError {
  return new KafkaError(`sending to ${nameOf(produced)} at broker ${node}`, failureOf(produced.code));
}
