import type { DerivedRecord } from '@callfold/core';
import { contentHash, DEAD_LETTERS, labelOf, ORIGIN_HEADER, SEQ_HEADER, utf8Text } from '@callfold/core';
import type { At, Codec, Published, Publisher } from './ports.ts';

/**
 * What one origin partition's owners have published, read back from the derived topics: the authority over what to
 * send.
 */
export type Stood = {
  readonly topic: string;
  readonly seq: number;
  /** `topic/partition/offset` of the raw record. */
  readonly origin: string;
  readonly key: string;
  readonly value: Uint8Array;
};

export type ReadBack = {
  readonly records: readonly Stood[];
  /** By topic, the end as read. */
  readonly ends: Readonly<Record<string, number>>;
};

function header(record: Published, name: string): string | null {
  const found = record.headers.find((one) => one.name === name);
  return found ? utf8Text(found.value) : null;
}

export function stoodOf(record: Published, origin: At): Stood | null {
  const from = header(record, ORIGIN_HEADER);
  if (!from?.startsWith(`${origin.topic}/${origin.partition}/`) || record.value === null) return null;
  const seq = Number(header(record, SEQ_HEADER));
  const key = record.key ? utf8Text(record.key) : '';
  return { topic: record.topic, seq, origin: from, key, value: record.value };
}

/** Everything of this origin in its derived partitions, from the given offsets up to their ends. */
export async function readStanding(
  publisher: Publisher,
  origin: At,
  topics: readonly string[],
  from: Readonly<Record<string, number>>,
): Promise<ReadBack> {
  const reads = topics.map((topic) => readTopic(publisher, origin, topic, from[topic]));
  const all = await Promise.all(reads);
  return {
    records: all.flatMap(({ records }) => records),
    ends: Object.fromEntries(all.map(({ topic, end }) => [topic, end])),
  };
}

async function readTopic(publisher: Publisher, origin: At, topic: string, from: number | undefined) {
  const { partition } = origin;
  const records: Stood[] = [];
  let next = from ?? (await publisher.bounds(topic, partition)).start;
  let page = await publisher.readBack(topic, partition, next).catch(async (error: unknown) => {
    const { start, end } = await publisher.bounds(topic, partition);
    if (next >= end) return { records: [], next, end };
    if (next >= start) throw error;
    // What was published long ago is gone: retention.
    return publisher.readBack(topic, partition, start);
  });
  // What comes after the fence is none of this origin's.
  const { end } = page;
  for (;;) {
    for (const record of page.records) {
      const stood = stoodOf(record, origin);
      if (stood) records.push(stood);
    }
    if (page.next >= end) return { topic, records, end: Math.max(page.next, end) };
    if (page.next <= next) throw new Error(`Reading back ${topic}/${partition} stands still at ${next}`);
    ({ next } = page);
    page = await publisher.readBack(topic, partition, next);
  }
}

type Candidate = { readonly revision: number; readonly hash: string; readonly label: string | null };

/** What a record is to be given: the standing revision when it says the same, else the next after all that stand. */
export type Placed =
  | { readonly what: 'stands'; readonly revision: number }
  | { readonly what: 'next'; readonly revision: number; readonly correctionOf: string | null };

/**
 * Published records that the committed state knows nothing of, because the store lost it. What is derived again is held
 * against them: the same is not sent twice, a difference goes out as the next revision.
 */
export type Standing = {
  readonly size: number;
  place(record: DerivedRecord, hash: string): Placed | null;
  /** A dead letter for this raw record stands. */
  takeLetter(origin: string): boolean;
};

/** Ids are one topic's: a chat's first episode and its first hand-off have the same. */
export function nameOf(record: DerivedRecord): string {
  return `${record.kind} ${record.outcomeId}`;
}

export function createStanding(records: readonly Stood[], codec: Codec): Standing {
  const byName = new Map<string, Candidate[]>();
  const letters = new Set<string>();
  for (const { topic, origin, value } of records) {
    if (topic === DEAD_LETTERS) {
      letters.add(origin);
      continue;
    }
    const record = codec.decodeDerived(topic, value) as unknown as DerivedRecord;
    const known = byName.get(nameOf(record)) ?? [];
    known.push({ revision: record.revision, hash: contentHash(record), label: labelOf(record) });
    byName.set(nameOf(record), known);
  }
  return {
    get size() {
      return byName.size + letters.size;
    },
    takeLetter: (origin) => letters.delete(origin),
    place(record, hash) {
      const candidates = byName.get(nameOf(record));
      if (!candidates) return null;
      const same = candidates.findIndex((one) => one.revision >= record.revision && one.hash === hash);
      const found = candidates[same];
      const last = candidates.at(-1) as Candidate;
      byName.delete(nameOf(record));
      if (!found) {
        const label = labelOf(record);
        return { what: 'next', revision: last.revision + 1, correctionOf: last.label === label ? null : last.label };
      }
      const rest = candidates.slice(same + 1);
      if (rest.length > 0) byName.set(nameOf(record), rest);
      return { what: 'stands', revision: found.revision };
    },
  };
}
