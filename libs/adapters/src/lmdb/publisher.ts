/** Derived records into the local logs: one send is one transaction, refused once another has fenced its origin. */

import type { At, Outgoing, Published, Publisher } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { roomFor } from './block.ts';
import type { Catalog } from './catalog.ts';
import { slotKey } from './key-bytes.ts';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { Table } from './lmdb.ts';
import type { PartitionLogs } from './partition-logs.ts';
import { MARK } from './store.ts';
import type { Write } from './write-queue.ts';

export type DerivedSlice = Awaited<ReturnType<Publisher['readBack']>>;

export function createPublisher(
  logs: PartitionLogs,
  marks: Table<string>,
  catalog: Catalog,
  write: Write,
  group: string,
): Publisher {
  /** The fence that this owner put up last, by origin. */
  const fences = new Map<string, number>();

  return {
    async fence(origin, topics) {
      for (const topic of topics) catalog.lane({ topic, partition: origin.partition });
      // From here on nothing may be sent under the old fence, also while the new one is on its way.
      fences.delete(nameOf(origin));
      const epoch = await write(() => {
        const key = slotKey(catalog.takeSlot(group, origin), MARK.fence);
        const next = Number(marks.get(key) ?? 0) + 1;
        marks.put(key, String(next));
        return next;
      });
      fences.set(nameOf(origin), epoch);
    },
    async send(origin, records) {
      const epoch = fences.get(nameOf(origin));
      if (epoch === undefined)
        throw new Refused(`${nameOf(origin)} sends before it has fenced; fence, read back, then send`);
      const byTopic = recordsByTopic(records);
      const lanes = [...byTopic].map(([topic, own]) => ({
        topic,
        own,
        lane: catalog.lane({ topic, partition: origin.partition }),
      }));
      if (lanes.length === 0) return new Map();
      return write(
        () => {
          const slot = catalog.slot(group, origin);
          const held = slot === null ? 0 : Number(marks.get(slotKey(slot, MARK.fence)) ?? 0);
          if (held !== epoch) {
            throw new Refused(
              `another owner of ${nameOf(origin)} has fenced (${held}, ours was ${epoch}); stop sending for it`,
            );
          }
          return new Map(lanes.map(({ topic, lane, own }) => [topic, logs.append(lane, own)]));
        },
        { bytes: records.reduce((sum, record) => sum + roomFor(record), 0) },
      );
    },
    readBack: async (topic, partition, offset) =>
      readDerived(logs, catalog, { topic, partition }, offset, EMBEDDED_LIMITS.readBackRecords),
    bounds: async (topic, partition) => logs.bounds(catalog.lane({ topic, partition })),
    partitions: async () => catalog.partitions,
  };
}

/** Derived records are upserts, so what was trimmed away is a legal gap here. */
export function readDerived(logs: PartitionLogs, catalog: Catalog, at: At, offset: number, most: number): DerivedSlice {
  const lane = catalog.lane(at);
  const { records, next, end } = logs.read(lane, Math.max(offset, logs.bounds(lane).start), most);
  const published = records.map(
    ({ key, value, headers, offset: own }): Published => ({ topic: at.topic, offset: own, key, value, headers }),
  );
  return { records: published, next, end };
}

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

function recordsByTopic(records: readonly Outgoing[]): Map<string, Outgoing[]> {
  const byTopic = new Map<string, Outgoing[]>();
  for (const record of records) {
    const own = byTopic.get(record.topic);
    if (own === undefined) byTopic.set(record.topic, [record]);
    else own.push(record);
  }
  return byTopic;
}
