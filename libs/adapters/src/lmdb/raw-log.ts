/** The raw log outside the group, and the writer of raw topics. */

import { TICK_HEADER } from '@callfold/core';
import type { Log, RawWriter } from '@callfold/engine';
import type { Unplaced } from './block.ts';
import { roomFor } from './block.ts';
import type { Catalog } from './catalog.ts';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { PartitionLogs } from './partition-logs.ts';
import type { Witnesses } from './witnesses.ts';
import type { Write } from './write-queue.ts';

const TICK: Unplaced = { key: null, value: null, headers: [{ name: TICK_HEADER, value: new Uint8Array() }] };

export function createLog(
  logs: PartitionLogs,
  catalog: Catalog,
  witnesses: Witnesses,
  write: Write,
  group: string,
): Log {
  return {
    partitions: async (topic) => partitionsOf(catalog, topic),
    bounds: async (at) => logs.bounds(catalog.lane(at)),
    offsetAt: async (at, time) => logs.offsetAt(catalog.lane(at), time),
    readOne: async (at, offset) => logs.readOne(catalog.lane(at), offset),
    read: async (at, offset, maxRecords) => logs.read(catalog.lane(at), offset, maxRecords),
    async tick(at) {
      const lane = catalog.lane(at);
      await write(() => logs.append(lane, [TICK]));
    },
    witness: async (at) => witnesses.get(group, at),
    setWitness: async (at, next) => witnesses.set(group, at, next),
  };
}

export function createRawWriter(logs: PartitionLogs, catalog: Catalog, write: Write): RawWriter {
  return {
    partitions: async (topic) => partitionsOf(catalog, topic),
    async append(at, records) {
      const lane = catalog.lane(at);
      // One after the other: a later slice must not stand where an earlier one failed.
      for (const { slice, bytes } of slicesOf(records)) await write(() => logs.append(lane, slice), { bytes });
    },
  };
}

function partitionsOf(catalog: Catalog, topic: string): number {
  catalog.lane({ topic, partition: 0 });
  return catalog.partitions;
}

type Slice = { readonly slice: readonly Unplaced[]; readonly bytes: number };

function* slicesOf(records: readonly Unplaced[]): Generator<Slice> {
  let from = 0;
  let bytes = 0;
  for (const [i, record] of records.entries()) {
    const room = roomFor(record);
    if (bytes + room > EMBEDDED_LIMITS.appendBytes && i > from) {
      yield { slice: records.slice(from, i), bytes };
      from = i;
      bytes = 0;
    }
    bytes += room;
  }
  if (from < records.length) yield { slice: from === 0 ? records : records.slice(from), bytes };
}
