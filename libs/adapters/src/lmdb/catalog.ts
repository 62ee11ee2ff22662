/** What stands in the directory: its format, the number of partitions, topics, each group's partitions by number. */

import type { At } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { Table } from './lmdb.ts';

/** Grows when what is written can no longer be read by the version before. */
export const FORMAT_VERSION = 1;

export type Place = { readonly group: string; readonly at: At; readonly slot: number };

export type Catalog = {
  /** Of every topic. */
  readonly partitions: number;
  topics(): readonly string[];
  /** The number of a topic's partition. @throws Refused when there is none of that name or number. */
  lane(at: At): number;
  /** Inside a transaction. Topics that are there stay as they are. */
  addTopics(names: readonly string[]): void;
  /** The number of a partition as a group sees it, or null when the group has never written anything for it. */
  slot(group: string, at: At): number | null;
  /** Inside a transaction: the same, given now when there is none. */
  takeSlot(group: string, at: At): number;
  places(): Place[];
  /** What was learnt in a transaction that failed is read anew. */
  forget(): void;
};

type Format = { readonly version: number; readonly partitions: number };

const FORMAT = 'format';
const LANES_A_TOPIC = 65_536;
const LAST = Buffer.from([0xff]);

/**
 * Reads what is there, or writes it when the directory is new. Inside a transaction.
 * @param wanted the number of partitions, or null to take what is there.
 * @throws Refused when a newer version wrote it, or the number of partitions is another.
 */
export function openCatalog(dir: string, meta: Table<string>, slots: Table<string>, wanted: number | null): Catalog {
  const partitions = settlePartitions(dir, meta, wanted);
  const topicNumbers = new Map<string, number>();
  const slotNumbers = new Map<string, number>();

  function forget(): void {
    topicNumbers.clear();
    slotNumbers.clear();
    const from = topicKey('');
    meta.walk(from, Buffer.concat([from, LAST]), (key, number) => {
      topicNumbers.set(Buffer.from(key).toString('utf8', from.length), Number(number));
      return true;
    });
  }
  forget();

  function slot(group: string, at: At): number | null {
    const name = slotName(group, at);
    const known = slotNumbers.get(name);
    if (known !== undefined) return known;
    const stored = slots.get(Buffer.from(name));
    if (stored === undefined) return null;
    slotNumbers.set(name, Number(stored));
    return Number(stored);
  }

  return {
    partitions,
    topics: () => [...topicNumbers.keys()],
    lane({ topic, partition }) {
      const number = topicNumbers.get(topic);
      if (number === undefined) {
        throw new Refused(
          `there is no topic ${topic} in ${dir}; it holds ${[...topicNumbers.keys()].join(', ') || 'none'}`,
        );
      }
      if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
        throw new Refused(`there is no partition ${partition} of ${topic} in ${dir}; it holds 0 to ${partitions - 1}`);
      }
      return number * LANES_A_TOPIC + partition;
    },
    addTopics(names) {
      for (const name of names) {
        if (topicNumbers.has(name)) continue;
        const number = topicNumbers.size + 1;
        if (number > EMBEDDED_LIMITS.topics)
          throw new Refused(`${dir} cannot hold more than ${EMBEDDED_LIMITS.topics} topics`);
        meta.put(topicKey(name), String(number));
        topicNumbers.set(name, number);
      }
    },
    slot,
    takeSlot(group, at) {
      const taken = slot(group, at);
      if (taken !== null) return taken;
      const number = Number(meta.get(Buffer.from('slots')) ?? 0) + 1;
      const name = slotName(group, at);
      meta.put(Buffer.from('slots'), String(number));
      slots.put(Buffer.from(name), String(number));
      slotNumbers.set(name, number);
      return number;
    },
    places() {
      const all: Place[] = [];
      slots.walk(Buffer.from([0]), LAST, (key, number) => {
        const [group, topic, partition] = JSON.parse(Buffer.from(key).toString('utf8')) as [string, string, number];
        all.push({ group, at: { topic, partition }, slot: Number(number) });
        return true;
      });
      return all;
    },
    forget,
  };
}

const slotName = (group: string, { topic, partition }: At): string => JSON.stringify([group, topic, partition]);
const topicKey = (name: string): Buffer => Buffer.from(`topic/${name}`);

/** Before anything is written: what a newer version wrote must not be touched. */
function settlePartitions(dir: string, meta: Table<string>, wanted: number | null): number {
  const text = meta.get(Buffer.from(FORMAT));
  if (text === undefined) {
    const partitions = wanted ?? 1;
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > EMBEDDED_LIMITS.partitions) {
      throw new Refused(`${partitions} is no number of partitions; give 1 to ${EMBEDDED_LIMITS.partitions}`);
    }
    const format: Format = { version: FORMAT_VERSION, partitions };
    meta.put(Buffer.from(FORMAT), JSON.stringify(format));
    return partitions;
  }
  const { version, partitions } = JSON.parse(text) as Format;
  if (version > FORMAT_VERSION) {
    throw new Refused(
      `${dir} was written by a newer version of callfold (format ${version}, ` +
        `this one reads up to ${FORMAT_VERSION}); ` +
        'start that version again, or name another data directory',
    );
  }
  if (wanted !== null && wanted !== partitions) {
    throw new Refused(
      `${dir} has ${partitions} partitions, not ${wanted}, and events are placed by that number; ` +
        `start with ${partitions}, or import the events anew into another data directory with ${wanted}`,
    );
  }
  return partitions;
}
