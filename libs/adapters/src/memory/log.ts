import type { At, Batch, Clock, LogRecord, Outgoing } from '@callfold/engine';
import { placeName } from './link.ts';

export type MemoryRecord = Omit<Outgoing, 'topic' | 'value'> & { readonly value: Uint8Array | null };

/**
 * Partitioned append-only logs, raw and derived alike, all in memory. Times are the log's own (LogAppendTime): the
 * clock's, and never lower than the last of that partition unless `appendedAt` says so, as a broker's clock that was
 * set back would.
 */
export type MemoryLog = {
  create(topic: string, partitions: number): void;
  /** Partitions are added: none of what stands moves. */
  grow(topic: string, partitions: number): void;
  /** Throws when there is no such topic. */
  partitions(topic: string): number;
  /** Answers the offset after the last one. */
  append(at: At, records: readonly MemoryRecord[], appendedAt?: number): number;
  /** Takes offsets that never get a record, as a transaction's marks and compaction do. */
  skip(at: At, offsets: number): void;
  /** Retention: what is below `start` is gone. */
  retain(at: At, start: number): void;
  /** Of each key the last record stays; its offset as well. */
  compact(at: At): void;
  /** An unclean leader: what is at or above `end` is gone, and its offsets are given again. */
  truncate(at: At, end: number): void;
  bounds(at: At): { readonly start: number; readonly end: number };
  /** Of the first record appended at `time` or later; the end when there is none. */
  offsetAt(at: At, time: number): number;
  /** From `offset` on, or from the start when that is later. */
  read(at: At, offset: number, maxRecords: number): Batch;
  /** Calls `wake` after each change of this partition, until the answer is called. */
  watch(at: At, wake: () => void): () => void;
};

type Partition = {
  records: LogRecord[];
  start: number;
  end: number;
  lastAppendedAt: number;
  watchers: Set<() => void>;
};

const empty = (): Partition => ({ records: [], start: 0, end: 0, lastAppendedAt: 0, watchers: new Set() });

/** @param timesMayFall a clock that is set back shows in the append times, as on a real broker */
export function createMemoryLog(clock: Pick<Clock, 'now'>, timesMayFall = false): MemoryLog {
  const topics = new Map<string, Partition[]>();

  const topicOf = (topic: string): Partition[] => {
    const found = topics.get(topic);
    if (found === undefined) throw new Error(`there is no topic ${topic} in memory; create it first`);
    return found;
  };
  const at_ = (at: At): Partition => {
    const found = topicOf(at.topic)[at.partition];
    if (found === undefined) throw new Error(`there is no partition ${placeName(at)} in memory`);
    return found;
  };
  const changed = (partition: Partition): void => {
    for (const wake of partition.watchers) wake();
  };

  return {
    create(topic, partitions) {
      if (topics.has(topic)) throw new Error(`the topic ${topic} is in memory already`);
      topics.set(topic, Array.from({ length: partitions }, empty));
    },
    grow(topic, partitions) {
      const found = topicOf(topic);
      while (found.length < partitions) found.push(empty());
    },
    partitions: (topic) => topicOf(topic).length,
    append(at, records, appendedAt) {
      const partition = at_(at);
      if (records.length === 0) return partition.end;
      const time = appendedAt ?? Math.max(timesMayFall ? 0 : partition.lastAppendedAt, clock.now());
      partition.lastAppendedAt = time;
      for (const { key, value, headers } of records) {
        // The caller may use its bytes again.
        const kept = {
          key: key?.slice() ?? null,
          value: value?.slice() ?? null,
          headers: headers.map((one) => ({ ...one })),
        };
        partition.records.push({ offset: partition.end, appendedAt: time, ...kept });
        partition.end += 1;
      }
      changed(partition);
      return partition.end;
    },
    skip(at, offsets) {
      const partition = at_(at);
      partition.end += offsets;
      changed(partition);
    },
    retain(at, start) {
      const partition = at_(at);
      partition.start = Math.min(Math.max(start, partition.start), partition.end);
      partition.records.splice(0, firstFrom(partition.records, partition.start));
      changed(partition);
    },
    compact(at) {
      const partition = at_(at);
      const nameOf = ({ key }: LogRecord): string => Buffer.from(key ?? []).toString('latin1');
      const last = new Map(partition.records.map((record) => [nameOf(record), record]));
      partition.records = partition.records.filter((record) => last.get(nameOf(record)) === record);
    },
    truncate(at, end) {
      const partition = at_(at);
      partition.end = Math.max(Math.min(end, partition.end), partition.start);
      partition.records.length = firstFrom(partition.records, partition.end);
      changed(partition);
    },
    bounds(at) {
      const { start, end } = at_(at);
      return { start, end };
    },
    offsetAt(at, time) {
      const { records, end } = at_(at);
      return records.find(({ appendedAt }) => appendedAt >= time)?.offset ?? end;
    },
    read(at, offset, maxRecords) {
      const { records, end } = at_(at);
      const first = firstFrom(records, offset);
      const slice = records.slice(first, first + maxRecords);
      // Offsets without a record, up to the next record or the end, count as read with this batch.
      const following = records[first + slice.length];
      return { from: offset, records: slice, next: Math.max(offset, following?.offset ?? end), end };
    },
    watch(at, wake) {
      const { watchers } = at_(at);
      watchers.add(wake);
      return () => watchers.delete(wake);
    },
  };
}

/** Index of the first record at or past the offset. */
function firstFrom(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const record = records[middle];
    if (record !== undefined && record.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
