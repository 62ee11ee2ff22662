import { TICK_HEADER } from '@callfold/core';
import type { At, Log, RawWriter } from '@callfold/engine';
import type { Link } from './link.ts';
import { placeName } from './link.ts';
import type { MemoryLog } from './log.ts';

/** What each group has witnessed, by `group` and then by partition. */
export type Witnesses = Map<string, Map<string, number>>;

export function createMemoryLogPort(log: MemoryLog, witnesses: Witnesses, group: string, link: Link): Log {
  const ofGroup = (): Map<string, number> => {
    const found = witnesses.get(group) ?? new Map<string, number>();
    witnesses.set(group, found);
    return found;
  };
  return {
    partitions: (topic) => link('partitions', { topic, partition: 0 }, () => log.partitions(topic)),
    bounds: (at) => link('bounds', at, () => log.bounds(at)),
    offsetAt: (at, time) => link('offsetAt', at, () => log.offsetAt(at, time)),
    readOne: (at, offset) =>
      link('readOne', at, () => log.read(at, offset, 1).records.find((record) => record.offset === offset) ?? null),
    read: (at, offset, maxRecords) => link('read', at, () => log.read(at, offset, maxRecords)),
    async tick(at) {
      const headers = [{ name: TICK_HEADER, value: new Uint8Array() }];
      await link('tick', at, () => log.append(at, [{ key: null, value: null, headers }]));
    },
    witness: (at) => link('witness', at, () => ofGroup().get(placeName(at)) ?? null),
    async setWitness(at, next) {
      await link('setWitness', at, () => ofGroup().set(placeName(at), next));
    },
  };
}

export function createMemoryWriter(log: MemoryLog, link: Link): RawWriter {
  return {
    partitions: (topic: string) => link('partitions', { topic, partition: 0 }, () => log.partitions(topic)),
    async append(at: At, records) {
      await link('append', at, () => log.append(at, records));
    },
  };
}
