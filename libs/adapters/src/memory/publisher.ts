import type { At, Outgoing, Publisher } from '@callfold/engine';
import type { Link } from './link.ts';
import { placeName } from './link.ts';
import type { MemoryLog } from './log.ts';

/**
 * Records of one topic that one request takes to the log; a send of more is several requests, any of which may fail.
 */
const RECORDS_A_REQUEST = 1_000;

/** The derived topics' side of the fence: which epoch of an origin's writers each derived partition still takes. */
export type MemoryFences = {
  /** A newer epoch for this origin's writer, known to these topics' partitions of the origin's number. */
  raise(origin: At, topics: readonly string[]): number;
  /** Throws when a newer writer has fenced this partition. */
  check(origin: At, topic: string, epoch: number): void;
};

export function createMemoryFences(log: MemoryLog): MemoryFences {
  const epochs = new Map<string, number>();
  const lowest = new Map<string, number>();
  const gate = (origin: At, topic: string): string => `${topic}/${origin.partition} of ${placeName(origin)}`;
  return {
    raise(origin, topics) {
      const epoch = (epochs.get(placeName(origin)) ?? 0) + 1;
      epochs.set(placeName(origin), epoch);
      for (const topic of topics) {
        lowest.set(gate(origin, topic), epoch);
        // A real fence leaves a mark that takes an offset.
        log.skip({ topic, partition: origin.partition }, 1);
      }
      return epoch;
    },
    check(origin, topic, epoch) {
      const needed = lowest.get(gate(origin, topic)) ?? 0;
      if (epoch < needed) {
        throw new Error(
          `a send of ${placeName(origin)} to ${topic}/${origin.partition} came too late: ` +
            `it bears epoch ${epoch} and a writer of epoch ${needed} has fenced it; fence and read back`,
        );
      }
      lowest.set(gate(origin, topic), epoch);
    },
  };
}

/** One owner's publisher; several may share the fences, as several processes share a broker. */
export function createMemoryPublisher(log: MemoryLog, fences: MemoryFences, link: Link): Publisher {
  const mine = new Map<string, number>();
  return {
    async fence(origin, topics) {
      mine.set(placeName(origin), await link('fence', origin, () => fences.raise(origin, topics)));
    },
    async send(origin, records) {
      const epoch = mine.get(placeName(origin));
      if (epoch === undefined) throw new Error(`nothing may be sent for ${placeName(origin)} before a fence`);
      const ends = new Map<string, number>();
      for (const request of requestsOf(records)) {
        const { topic } = request;
        const end = await link('send', origin, () => {
          fences.check(origin, topic, epoch);
          return log.append({ topic, partition: origin.partition }, request.records);
        });
        ends.set(topic, end);
      }
      return ends;
    },
    readBack: (topic, partition, offset) =>
      link('readBack', { topic, partition }, () => {
        const { records, next, end } = log.read({ topic, partition }, offset, RECORDS_A_REQUEST);
        return {
          records: records.map((record) => ({
            topic,
            offset: record.offset,
            key: record.key,
            value: record.value,
            headers: record.headers,
          })),
          next,
          end,
        };
      }),
    bounds: (topic, partition) => link('bounds', { topic, partition }, () => log.bounds({ topic, partition })),
  };
}

/** The records by topic, in order within each, cut to requests. */
function requestsOf(records: readonly Outgoing[]): { readonly topic: string; readonly records: readonly Outgoing[] }[] {
  const byTopic = new Map<string, Outgoing[]>();
  for (const record of records) {
    const list = byTopic.get(record.topic);
    if (list === undefined) byTopic.set(record.topic, [record]);
    else list.push(record);
  }
  return [...byTopic].flatMap(([topic, list]) => {
    const cuts = Math.ceil(list.length / RECORDS_A_REQUEST);
    return Array.from({ length: cuts }, (_, i) => ({
      topic,
      records: list.slice(i * RECORDS_A_REQUEST, (i + 1) * RECORDS_A_REQUEST),
    }));
  });
}
