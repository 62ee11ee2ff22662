import { CORRECTED_HEADER, ORIGIN_HEADER, SEQ_HEADER, utf8Text } from '@callfold/core';
import { Lost } from './retry.ts';
import type { At, Published, Publisher } from './ports.ts';

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
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  /** Asked for by `callfold replay outcomes`: the raw position at which its owner took it. */
  readonly correctedAt?: number;
};

/** A record of which there is one. */
export type StoodValue = Stood & { readonly value: Uint8Array };

export const hasValue = (stood: Stood): stood is StoodValue => stood.value !== null;

export function sameValue(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export type ReadBack = {
  readonly records: readonly Stood[];
  /** By topic, the end as read. */
  readonly ends: Readonly<Record<string, number>>;
};

/** Reads derived topics and writes nothing. */
export type DerivedReader = Pick<Publisher, 'readBack' | 'bounds'>;

/** What stands of a topic's partition from an offset on, up to its end when it was asked for. */
export async function* recordPages(
  reader: DerivedReader,
  { topic, partition }: At,
  from = 0,
): AsyncGenerator<{ readonly records: readonly Published[]; readonly next: number }> {
  const { start, end } = await reader.bounds(topic, partition);
  for (let next = Math.max(from, start); next < end; ) {
    const page = await reader.readBack(topic, partition, next);
    if (page.next <= next) throw new Error(`Reading ${topic}/${partition} stands still at ${next}`);
    yield page;
    ({ next } = page);
  }
}

function header(record: Published, name: string): string | null {
  const found = record.headers.find((one) => one.name === name);
  return found ? utf8Text(found.value) : null;
}

const ORIGIN = /^[^/]+\/\d+\/\d+$/;
const SEQ = /^\d+$/;

/** What callfold published, of any origin; null: somebody else's record, or tombstone. */
export function stoodFrom(record: Published): Stood | null {
  const origin = header(record, ORIGIN_HEADER);
  const seq = header(record, SEQ_HEADER);
  if (!origin || !ORIGIN.test(origin) || !seq || !SEQ.test(seq)) return null;
  const key = record.key ? utf8Text(record.key) : '';
  const corrected = header(record, CORRECTED_HEADER);
  const stood = { topic: record.topic, seq: Number(seq), origin, key, value: record.value };
  return corrected === null ? stood : { ...stood, correctedAt: Number(corrected) };
}

export function stoodOf(record: Published, origin: At): Stood | null {
  const stood = stoodFrom(record);
  return stood !== null && isOwn(stood, origin) ? stood : null;
}

/** Of any partition of its raw topic: those that write into one derived partition had their subjects in one of them. */
function stoodOfSiblings(record: Published, origin: At): Stood | null {
  const stood = stoodFrom(record);
  return stood?.origin.startsWith(`${origin.topic}/`) ? stood : null;
}

export const isOwn = ({ origin }: Stood, at: At): boolean => origin.startsWith(`${at.topic}/${at.partition}/`);

export function originOffset(record: Stood): number {
  return Number(record.origin.slice(record.origin.lastIndexOf('/') + 1));
}

type Page = {
  readonly topic: string;
  readonly records: readonly Stood[];
  /** Keys of tombstones, whoever wrote them. */
  readonly erased: readonly string[];
  readonly end: number;
  /** The topic ends before the given offset: records of it are lost, and what is left is read from its start. */
  readonly lost: boolean;
};

/**
 * Page by page, in order, from the given offset, by default the start, up to the end as it is now.
 * @param withSiblings also what other partitions of its raw topic have written there
 */
export async function* topicPages(
  reader: DerivedReader,
  origin: At,
  topic: string,
  from: number | undefined,
  withSiblings = false,
): AsyncGenerator<Page> {
  const mine = withSiblings ? stoodOfSiblings : stoodOf;
  const { partition } = origin;
  let next = from ?? (await reader.bounds(topic, partition)).start;
  let page = await reader.readBack(topic, partition, next).catch(async (error: unknown) => {
    const { start, end } = await reader.bounds(topic, partition);
    if (next >= end) return { records: [], next, end };
    if (next >= start) throw error;
    // What was published long ago is gone: retention.
    return reader.readBack(topic, partition, start);
  });
  const lost = next > page.end;
  // An unclean leader, or a topic that was made anew: what is left has other offsets than those that are known.
  if (lost) {
    next = (await reader.bounds(topic, partition)).start;
    page = await reader.readBack(topic, partition, next);
  }
  // What comes after the fence is none of this origin's.
  const { end } = page;
  for (;;) {
    const records = page.records.flatMap((record) => mine(record, origin) ?? []);
    const erased = page.records.flatMap(({ key, value }) => (value === null && key !== null ? [utf8Text(key)] : []));
    yield { topic, records, erased, end: Math.max(page.next, end), lost };
    if (page.next >= end) return;
    if (page.next <= next) throw new Error(`Reading back ${topic}/${partition} stands still at ${next}`);
    ({ next } = page);
    page = await reader.readBack(topic, partition, next);
  }
}

/** Topic by topic. */
export async function* standingPages(
  reader: DerivedReader,
  origin: At,
  topics: readonly string[],
  from: Readonly<Record<string, number>>,
  withSiblings = false,
): AsyncGenerator<Page> {
  for (const topic of topics) yield* topicPages(reader, origin, topic, from[topic], withSiblings);
}

/** All of it at once: for what is known to be little. @throws Lost where a topic lost records: only a claim copes */
export async function readStanding(
  reader: DerivedReader,
  origin: At,
  topics: readonly string[],
  from: Readonly<Record<string, number>>,
): Promise<ReadBack> {
  const all = topics.map(async (topic) => {
    const records: Stood[] = [];
    let end = from[topic] ?? 0;
    for await (const page of topicPages(reader, origin, topic, from[topic])) {
      if (page.lost) throw new Lost('moved');
      for (const record of page.records) records.push(record);
      ({ end } = page);
    }
    return { topic, records, end };
  });
  const read = await Promise.all(all);
  return {
    records: read.flatMap(({ records }) => records),
    ends: Object.fromEntries(read.map(({ topic, end }) => [topic, end])),
  };
}

/** The first topic in which anything of this origin stands. */
export async function firstStanding(
  reader: DerivedReader,
  origin: At,
  topics: readonly string[],
): Promise<string | null> {
  for await (const { topic, records } of standingPages(reader, origin, topics, {}))
    if (records.length > 0) return topic;
  return null;
}
