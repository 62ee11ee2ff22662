import type { DerivedRecord, PublishedRecord, Source } from '@callfold/core';
import { contentHash, DEAD_LETTERS, decodeState, encodeState, hash64, labelOf, suffixOf } from '@callfold/core';
import { fromBase64, toBase64 } from '@callfold/schemas';
import type { Adopted, Fold } from './fold.ts';
import { subjectOf } from './horizon.ts';
import type { At, Codec, Store } from './ports.ts';
import type { Prefetch } from './prefetch.ts';
import type { DerivedReader, Stood } from './read-back.ts';
import { hasValue, sameValue, topicPages } from './read-back.ts';

/**
 * What an operator's command asks of a partition's owner, who alone writes: publish these records of one subject, and
 * hold this state of it, if nothing was done to it since. docs/replay.md has the protocol. The name of a request tells
 * its content, so that a repeat is the same request.
 */
export type PublishRequest = {
  readonly what: 'publish';
  /** The subject's key. */
  readonly subject: string;
  /** Hash of the state's text as the asker saw it; null: there was none. */
  readonly seen: string | null;
  /** The state's text as it is to be; null: none. */
  readonly state: string | null;
  /** By derived topic: what stood before this offset was known to the asker. */
  readonly read: Readonly<Record<string, number>>;
  readonly records: readonly RequestedRecord[];
};

/** Whole, with its revision, as it is to stand. */
export type RequestedRecord = {
  readonly topic: string;
  /** Offset of the raw record that caused it. */
  readonly origin: number;
  /** Its `outcomeId`. */
  readonly key: string;
  readonly value: Uint8Array;
};

export type Request = PublishRequest & { readonly name: string };

const VERSION = 1;
const NO_BYTES = new Uint8Array(0);

export function encodeRequest(request: PublishRequest): { readonly name: string; readonly text: string } {
  const records = request.records.map((record) => ({ ...record, value: toBase64(record.value) }));
  const text = JSON.stringify({ version: VERSION, ...request, records });
  return { name: `publish ${request.subject} ${hash64(text)}`, text };
}

/** @returns null when it is of another version, or nothing of ours */
export function decodeRequest(name: string, text: string): Request | null {
  type Stored = Omit<PublishRequest, 'records'> & {
    readonly version: number;
    readonly records: readonly (Omit<RequestedRecord, 'value'> & { readonly value: string })[];
  };
  const stored = parsed(text) as Stored | null;
  const records = (stored?.records ?? []).map((one) => ({ ...one, value: fromBase64(one.value) ?? NO_BYTES }));
  if (stored?.version !== VERSION || stored.what !== 'publish') return null;
  if (records.some(({ value }) => value.length === 0)) return null;
  const { what, subject, seen, state, read } = stored;
  return { name, what, subject, seen, state, read, records };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function stateSeen(text: string | null): string | null {
  return text === null ? null : hash64(text);
}

/** Some of what lies there, at most about `most`. */
export async function readRequests(store: Store, at: At, most: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const slice of store.scan(at, 'requests')) {
    for (const [name, text] of slice) if (found.size < most) found.set(name, text);
    if (found.size >= most) break;
  }
  return found;
}

/** `published`: it goes out. `stands`: it was sent already. `stale`: something came since it was asked for. */
export type Verdict = 'published' | 'stands' | 'stale';

/** `unread`: of another version; they are put aside as well. */
export type Taken = Readonly<Record<Verdict | 'unread', number>>;

type Since = ReadonlyMap<string, readonly Stood[]>;

const nameOf = ({ topic, key }: { readonly topic: string; readonly key: string }): string => `${topic} ${key}`;

/** What of this origin has come to stand since the asker read, by topic and id. */
async function readSince(reader: DerivedReader, at: At, read: PublishRequest['read']): Promise<Since> {
  const since = new Map<string, Stood[]>();
  for (const [topic, from] of Object.entries(read)) {
    for await (const { records } of topicPages(reader, at, topic, from)) {
      for (const record of records) since.set(nameOf(record), [...(since.get(nameOf(record)) ?? []), record]);
    }
  }
  return since;
}

/** Those that the asker made of one reading are judged together; the others are left for the next time. */
function ofOneReading(asked: ReadonlyMap<string, string>): {
  readonly some: readonly Request[];
  readonly unread: readonly string[];
} {
  const unread: string[] = [];
  const requests: Request[] = [];
  for (const [name, text] of asked) {
    const request = decodeRequest(name, text);
    if (request) requests.push(request);
    else unread.push(name);
  }
  const reading = JSON.stringify(requests[0]?.read);
  return { some: requests.filter(({ read }) => JSON.stringify(read) === reading), unread };
}

export type Taking = {
  readonly at: At;
  readonly source: Source;
  readonly reader: DerivedReader;
  readonly prefetch: Pick<Prefetch, 'keys'>;
  /** Of a partition of which nothing waits to be committed or sent. */
  readonly slice: Fold;
  readonly position: number;
};

/** What stands is the authority, and then the state: a request that either has gone beyond is put aside. */
export async function takeRequests(
  { at, source, reader, prefetch, slice, position }: Taking,
  asked: ReadonlyMap<string, string>,
): Promise<Taken> {
  const { some, unread } = ofOneReading(asked);
  const counts = { published: 0, stands: 0, stale: 0, unread: unread.length };
  const since = await readSince(reader, at, some[0]?.read ?? {});
  const keys = some.map(({ subject }) => subject);
  await prefetch.keys(slice, keys);
  for (const name of unread) slice.dealtWith(name);
  const touched = new Set<string>();
  for (const request of some) {
    const { name, subject, seen, state, records } = request;
    const now = slice.stateOf(subject);
    const isSeen = stateSeen(now === null ? null : encodeState(now)) === seen && !touched.has(subject);
    const verdict = isSeen ? verdictOf(records, since) : 'stale';
    slice.dealtWith(name);
    counts[verdict] += 1;
    touched.add(subject);
    if (verdict === 'stale') continue;
    slice.replace(subject, state === null ? null : decodeState(state, source, subject));
    if (verdict === 'published') for (const record of records) slice.correct(record, position);
  }
  return counts;
}

function verdictOf(records: readonly RequestedRecord[], since: Since): Verdict {
  const stood = records.map((record) => since.get(nameOf(record)) ?? []);
  if (stood.every((some) => some.length === 0)) return 'published';
  const isSent = records.every(({ value }, index) => {
    const [only, ...more] = stood[index] ?? [];
    return only !== undefined && more.length === 0 && sameValue(only.value, value);
  });
  return isSent ? 'stands' : 'stale';
}

/** A correction that stands and whose commit the store may have lost. */
export type Correction = Adopted & { readonly position: number };

/**
 * In the order in which they were taken. Of a disguised record the subject cannot be told: null.
 * @param at where its state is to learn of it; by default only corrections are learnt, where they were taken
 */
export function correctionOf(
  stood: Stood,
  codec: Codec,
  disguised: boolean,
  at = stood.correctedAt,
): Correction | null {
  if (at === undefined || stood.topic === DEAD_LETTERS || disguised || !hasValue(stood)) return null;
  const record = codec.decodeDerived(stood.topic, stood.value) as unknown as DerivedRecord;
  const { revision } = record;
  const published: PublishedRecord = { revision, hash: contentHash(record), label: labelOf(record) };
  const subject = subjectOf(record);
  return { position: at, subject: subject.key, suffix: suffixOf(subject, record), published };
}

/**
 * Corrections whose commit the store lost, where they were taken.
 * @returns those that are still to be met
 */
export async function adopt(
  corrections: readonly Correction[],
  upTo: number,
  slice: Fold,
  prefetch: Pick<Prefetch, 'keys'>,
): Promise<readonly Correction[]> {
  const due = corrections.filter(({ position }) => position <= upTo);
  if (due.length === 0) return corrections;
  const keys = due.map(({ subject }) => subject);
  await prefetch.keys(slice, keys);
  for (const one of due) slice.adopt(one);
  return corrections.slice(due.length);
}
