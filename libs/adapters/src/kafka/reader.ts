/** One slice of one partition at a time, read from its leader. */

import type { At, LogRecord } from '@callfold/engine';
import type { Isolation, Link } from './client.ts';
import { failureOf, KafkaError } from './errors.ts';
import { decodeRecords } from './record-decode.ts';
import { withRetries } from './retry.ts';

export type Slice = {
  readonly records: readonly LogRecord[];
  readonly next: number;
  readonly end: number;
};

export type PartitionReader = {
  bounds(at: At): Promise<{ readonly start: number; readonly end: number }>;
  /** Of the first record with this timestamp (epoch ms) or a later one; the end when there is none. */
  offsetAt(at: At, time: number): Promise<number>;
  /**
   * What stands from `offset` on, about `maxBytes` of it and at least one batch; empty at the end. Throws below and
   * beyond.
   */
  slice(at: At, offset: number, maxBytes: number): Promise<Slice>;
};

const OFFSET_OUT_OF_RANGE = 1;
/** What is there is wanted, not what comes. */
const NO_WAIT_MS = 0;

export function createReader(link: Link, isolation: Isolation): PartitionReader {
  const bounds: PartitionReader['bounds'] = (at) =>
    withRetries(link, async () => {
      const node = await link.leader(at);
      const [start, end] = await Promise.all([
        link.offset(node, at, 'start', isolation),
        link.offset(node, at, 'end', isolation),
      ]);
      return { start, end: Math.max(start, end) };
    });

  const offsetAt: PartitionReader['offsetAt'] = async (at, time) => {
    // A negative timestamp is not a time to the broker, but the log's start or end; no record is of before 1970.
    const asked = Math.max(0, Math.ceil(time));
    const found = await withRetries(link, async () => link.offsetAt(await link.leader(at), at, asked, isolation));
    return found ?? (await bounds(at)).end;
  };

  const slice: PartitionReader['slice'] = (at, offset, maxBytes) =>
    withRetries(link, async () => {
      const node = await link.leader(at);
      const fetched = await link.fetch(node, at, { offset, maxBytes, maxWaitMs: NO_WAIT_MS, isolation });
      const where = `${at.topic}/${at.partition}`;
      const doing = `reading ${where} from offset ${offset} at broker ${node}`;
      if (fetched.code === OFFSET_OUT_OF_RANGE) {
        const { start, end } = await bounds(at);
        throw new KafkaError(doing, { ...failureOf(fetched.code), said: `it holds offsets ${start} up to ${end}` });
      }
      if (fetched.code !== 0) throw new KafkaError(doing, failureOf(fetched.code));
      const end = isolation === 'committed' ? fetched.lastStable : fetched.highWatermark;
      const decoded = decodeRecords(fetched.bytes, offset, isolation === 'committed' ? fetched.aborted : [], where);
      return { ...decoded, end: Math.max(end, decoded.next) };
    });

  return { bounds, offsetAt, slice };
}
