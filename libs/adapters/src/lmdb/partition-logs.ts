/** Every partition of every topic as a log of blocks, and who waits for its next record. Lanes number partitions. */

import type { Batch, Clock, LogRecord } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Unplaced } from './block.ts';
import { appendTimeOf, countOf, createBlockWriter, readBlock } from './block.ts';
import { logKey, offsetOf } from './key-bytes.ts';
import type { Table } from './lmdb.ts';

export type Bounds = { readonly start: number; readonly end: number };

export type PartitionLogs = {
  bounds(lane: number): Bounds;
  /** Inside a transaction. Answers the offset after the last record. */
  append(lane: number, records: readonly Unplaced[]): number;
  /** From `offset` on, up to `most` records and about the limit of bytes. @throws Refused outside the log. */
  read(lane: number, offset: number, most: number): Batch;
  readOne(lane: number, offset: number): LogRecord | null;
  /** Of the first record appended at `time` or later; the end when there is none. */
  offsetAt(lane: number, time: number): number;
  /**
   * Inside a transaction: removes blocks from the start that are older than `before` (append time, epoch ms) and end
   * at or before `keepFrom`; the last block always stays. Removes `most` blocks at most.
   */
  trim(lane: number, before: number, keepFrom: number, most: number): Cut;
  /** Calls back after each commit that appended to the lane, until the answer is called. */
  watch(lane: number, told: () => void): () => void;
  /** After a commit: tells those who watch. */
  committed(): void;
  /** After a failed transaction: what was counted in it did not happen. */
  forget(): void;
};

export type Cut = {
  /** Records. */
  readonly removed: number;
  /** The limit of blocks was met: there may be more to remove. */
  readonly more: boolean;
  /** `keepFrom` kept blocks that are old enough. */
  readonly held: boolean;
};

type Head = { start: number; end: number; appendedAt: number };

export function createPartitionLogs(
  table: Table<Uint8Array>,
  clock: Clock,
  limits: { readonly blockBytes: number; readonly readBytes: number },
): PartitionLogs {
  const writer = createBlockWriter(limits.blockBytes);
  const heads = new Map<number, Head>();
  const grown = new Set<number>();
  const watchers = new Map<number, Set<() => void>>();

  function headOf(lane: number): Head {
    const known = heads.get(lane);
    if (known !== undefined) return known;
    const head = readHead(table, lane);
    heads.set(lane, head);
    return head;
  }

  function read(lane: number, offset: number, most: number): Batch {
    const { start, end } = headOf(lane);
    if (offset < start || offset > end || !Number.isInteger(offset)) throw outside(offset, { start, end });
    const records: LogRecord[] = [];
    const first = offset < end && most > 0 ? table.floor(logKey(lane, 0), logKey(lane, offset)) : undefined;
    let bytes = 0;
    if (first !== undefined) {
      table.walk(first, behindLane(lane), (key, block) => {
        readBlock(block, offsetOf(key), offset, most, records);
        bytes += block.length;
        return records.length < most && bytes < limits.readBytes;
      });
    }
    return { from: offset, records, next: (records.at(-1)?.offset ?? offset - 1) + 1, end };
  }

  return {
    bounds: (lane) => ({ start: headOf(lane).start, end: headOf(lane).end }),
    append(lane, records) {
      const head = headOf(lane);
      // As a broker that stamps appends: the clock may jump back, the log's times never do.
      const appendedAt = Math.max(head.appendedAt, Math.floor(clock.now()));
      writer.write(records, appendedAt, (block, count) => {
        table.put(logKey(lane, head.end), block);
        head.end += count;
      });
      if (records.length > 0) {
        head.appendedAt = appendedAt;
        grown.add(lane);
      }
      return head.end;
    },
    read,
    readOne(lane, offset) {
      const { start, end } = headOf(lane);
      if (offset < start || offset >= end || !Number.isInteger(offset)) return null;
      return read(lane, offset, 1).records[0] ?? null;
    },
    offsetAt(lane, time) {
      const { start, end } = headOf(lane);
      let low = start;
      let high = end;
      // A block was appended in one instant, and none before the one in front of it.
      while (low < high) {
        const middle = low + Math.floor((high - low) / 2);
        const key = table.floor(logKey(lane, 0), logKey(lane, middle));
        const block = key && table.get(key);
        if (key === undefined || block === undefined) throw outside(middle, { start, end });
        if (appendTimeOf(block) < time) low = offsetOf(key) + countOf(block);
        else high = offsetOf(key);
      }
      return Math.max(low, start);
    },
    trim(lane, before, keepFrom, most) {
      const head = headOf(lane);
      const old: Uint8Array[] = [];
      let start = head.start;
      let held = false;
      table.walk(logKey(lane, 0), behindLane(lane), (key, block) => {
        const next = offsetOf(key) + countOf(block);
        const isOld = next < head.end && appendTimeOf(block) < before;
        held = isOld && next > keepFrom;
        if (!isOld || held || old.length >= most) return false;
        old.push(key);
        start = next;
        return true;
      });
      for (const key of old) table.remove(key);
      const removed = start - head.start;
      head.start = start;
      return { removed, more: old.length >= most, held };
    },
    watch(lane, told) {
      const of = watchers.get(lane) ?? new Set();
      watchers.set(lane, of.add(told));
      return () => {
        of.delete(told);
      };
    },
    committed() {
      for (const lane of grown) for (const told of watchers.get(lane) ?? []) told();
      grown.clear();
    },
    forget() {
      heads.clear();
      grown.clear();
    },
  };
}

/** The lane after this one never begins below. */
const behindLane = (lane: number): Buffer => logKey(lane + 1, 0);

function readHead(table: Table<Uint8Array>, lane: number): Head {
  const [first] = table.keys(logKey(lane, 0), behindLane(lane), 1);
  const last = table.floor(logKey(lane, 0), logKey(lane, Number.MAX_SAFE_INTEGER));
  const block = last === undefined ? undefined : table.get(last);
  if (first === undefined || last === undefined || block === undefined) return { start: 0, end: 0, appendedAt: 0 };
  return { start: offsetOf(first), end: offsetOf(last) + countOf(block), appendedAt: appendTimeOf(block) };
}

function outside(offset: number, { start, end }: Bounds): Refused {
  return new Refused(
    `offset ${offset} is outside the log, which holds ${start} to ${end}; ` +
      'older records were trimmed, newer ones never written. Read from its start, or rebuild what had read further.',
  );
}
