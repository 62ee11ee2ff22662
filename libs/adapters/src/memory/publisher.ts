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
  /**
   * Lets a request append, once: a copy of the last one is answered as that was. Throws when a newer writer has fenced
   * this partition, and when a request before this one is missing.
   */
  pass(origin: At, topic: string, stamp: Stamp, append: () => number): number;
};

/** What a writer stamps on a request, as an idempotent producer does. */
export type Stamp = {
  readonly epoch: number;
  /** Counts the requests to one topic since the fence, from 0. */
  readonly sequence: number;
};

/** Where a partition's records are in a topic that may have fewer. */
const placeIn = (log: MemoryLog, topic: string, partition: number): At => ({
  topic,
  partition: partition % log.partitions(topic),
});

export function createMemoryFences(log: MemoryLog): MemoryFences {
  const epochs = new Map<string, number>();
  /** By gate: the writer that may write, and the last request taken from it. */
  const writers = new Map<string, Stamp & { readonly end: number }>();
  const gate = (origin: At, topic: string): string => `${topic}/${origin.partition} of ${placeName(origin)}`;
  return {
    raise(origin, topics) {
      const epoch = (epochs.get(placeName(origin)) ?? 0) + 1;
      epochs.set(placeName(origin), epoch);
      for (const topic of topics) {
        writers.set(gate(origin, topic), { epoch, sequence: -1, end: 0 });
        // A real fence leaves a mark that takes an offset.
        log.skip(placeIn(log, topic, origin.partition), 1);
      }
      return epoch;
    },
    pass(origin, topic, { epoch, sequence }, append) {
      const known = writers.get(gate(origin, topic)) ?? { epoch, sequence: -1, end: 0 };
      const where = `${placeName(origin)} to ${topic}/${origin.partition}`;
      if (epoch < known.epoch) {
        throw new Error(
          `a send of ${where} came too late: ` +
            `it bears epoch ${epoch} and a writer of epoch ${known.epoch} has fenced it; fence and read back`,
        );
      }
      const last = epoch > known.epoch ? -1 : known.sequence;
      if (last >= 0 && sequence === last) return known.end;
      if (sequence !== last + 1) {
        throw new Error(`a send of ${where} is out of order: its number is ${sequence}, the last one's was ${last}`);
      }
      const end = append();
      writers.set(gate(origin, topic), { epoch, sequence, end });
      return end;
    },
  };
}

/** One owner's publisher; several may share the fences, as several processes share a broker. */
export function createMemoryPublisher(log: MemoryLog, fences: MemoryFences, link: Link): Publisher {
  const mine = new Map<string, { readonly epoch: number; readonly sequences: Map<string, number> }>();
  return {
    async fence(origin, topics) {
      const epoch = await link('fence', origin, () => fences.raise(origin, topics));
      mine.set(placeName(origin), { epoch, sequences: new Map() });
    },
    async send(origin, records) {
      const writer = mine.get(placeName(origin));
      if (writer === undefined) throw new Error(`nothing may be sent for ${placeName(origin)} before a fence`);
      const ends = new Map<string, number>();
      for (const request of requestsOf(records)) {
        const { topic } = request;
        const { epoch, sequences } = writer;
        const sequence = sequences.get(topic) ?? 0;
        sequences.set(topic, sequence + 1);
        const append = (): number => log.append(placeIn(log, topic, origin.partition), request.records);
        const end = await link('send', origin, () => fences.pass(origin, topic, { epoch, sequence }, append));
        ends.set(topic, end);
      }
      return ends;
    },
    readBack: (topic, partition, offset) =>
      link('readBack', { topic, partition }, () => {
        const { records, next, end } = log.read(placeIn(log, topic, partition), offset, RECORDS_A_REQUEST);
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
    bounds: (topic, partition) =>
      link('bounds', { topic, partition }, () => log.bounds(placeIn(log, topic, partition))),
    // As a client knows it of itself.
    partitions: async (topic) => log.partitions(topic),
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
