import type { State } from '@callfold/core';
import {
  changed,
  currentText,
  decodeState,
  encodeState,
  hashBytes,
  isErased,
  publishedEntries,
  publishedFrom,
  publishedUnder,
} from '@callfold/core';
import { inputOf, subjectOfInput } from './inputs.ts';
import { logPages } from './log-pages.ts';
import type { At, Clock, Store } from './ports.ts';
import { Refused } from './ports.ts';
import type { Compared, Comparing, DueSubject } from './range.ts';
import { placeWords } from './place.ts';
import { allSent, checkpointOf } from './range.ts';
import type { StoodValue } from './read-back.ts';
import { hasValue, topicPages } from './read-back.ts';
import type { PublishRequest } from './requests.ts';
import { encodeRequest, stateSeen } from './requests.ts';

/**
 * What a comparison found is asked of the partition's owner, some subjects at a time, and it is waited for. Ended at
 * any point and run again, it ends the same: what was taken stands, and what stands is no difference any more.
 */
export type Replayed = {
  /** Records of this run that stand now. */
  readonly published: number;
  /** Subjects of which something came meanwhile, so that nothing was sent: to be compared again. */
  readonly moved: number;
};

export type Replaying = Comparing & {
  /** Told after each lot of subjects. */
  replayed?(subjects: number): void;
};

/** Of one lot: they lie in the store until the owner takes them. */
const SUBJECTS = 500;
const POLL_MS = 200;

/** Requests that lie there. */
export async function waitingRequests(store: Store, at: At): Promise<number> {
  let waiting = 0;
  for await (const slice of store.scan(at, 'requests')) waiting += slice.length;
  return waiting;
}

export type Waiting = {
  readonly at: At;
  readonly store: Store;
  readonly clock: Clock;
  readonly stop: { readonly requested: boolean };
  readonly patienceMs: number;
};

/** Waits until the owner has taken them all, or somebody has enough. @throws Refused when none takes any for so long */
export async function requestsTaken({ at, store, clock, stop, patienceMs }: Waiting): Promise<void> {
  let waiting = await waitingRequests(store, at);
  for (let waitedMs = 0; waiting > 0 && !stop.requested; waitedMs += POLL_MS) {
    if (waitedMs >= patienceMs) {
      throw new Refused(
        `${placeWords(at)}: ${waiting} requests lie in the store and no owner takes them. They keep: start ` +
          '`callfold serve outcomes`, then run this again.',
      );
    }
    await clock.sleep(POLL_MS);
    const now = await waitingRequests(store, at);
    if (now !== waiting) waitedMs = 0;
    waiting = now;
  }
}

export async function replayRange(replaying: Replaying, compared: Compared): Promise<Replayed> {
  const { at, store, stop } = replaying;
  const all = [...compared.subjects];
  let published = 0;
  let moved = 0;
  let since: Since = { read: compared.read, ids: new Set(), records: new Set() };
  const touched: Touched = { keys: new Set(), upTo: compared.position };
  for (let from = 0; from < all.length && !stop.requested; from += SUBJECTS) {
    const lot = all.slice(from, from + SUBJECTS);
    const asked = await requestsFor(replaying, compared, lot, since, touched);
    await store.ask(at, new Map(asked.map(encodeRequest).map(({ name, text }) => [name, text])));
    await requestsTaken(replaying);
    if (stop.requested) break;
    await allSent(replaying);
    since = await readOn(replaying, since);
    const stands = asked.map(({ records }) => records.filter((one) => since.records.has(recordName(one))).length);
    published += stands.reduce((sum, count) => sum + count, 0);
    moved += lot.length - stands.filter((count, index) => count === asked[index]?.records.length).length;
    replaying.replayed?.(lot.length);
  }
  return { published, moved };
}

/** Those of the lot that nothing was done to since the position that was compared. */
async function requestsFor(
  replaying: Replaying,
  compared: Compared,
  lot: readonly DueSubject[],
  since: Since,
  touched: Touched,
): Promise<PublishRequest[]> {
  const { at, source, store, rules, codec } = replaying;
  const texts = await store.read(
    at,
    'states',
    lot.map(({ key }) => key),
  );
  // Read after the states: what they may know beyond the comparison lies before this position.
  const { position, clock } = await checkpointOf(store, at, rules.settings);
  await readTouched(replaying, touched, position);
  return lot.flatMap((subject, index) => {
    const { key } = subject;
    const should = compared.expected.states.get(key) ?? null;
    const says = should === null ? null : decodeState(should, source, key);
    const due = says?.timer ?? null;
    const isFiring = due !== null && due <= clock && clock > compared.clock;
    const isNews = subject.due.some(({ topic, record }) => since.ids.has(idName(topic, record.outcomeId)));
    if (touched.keys.has(key) || isFiring || isNews) return [];
    const text = texts[index] ?? null;
    const kept = text === null ? null : currentText(text, source, key);
    const was = kept === null ? null : decodeState(kept, source, key);
    // Retention may have taken the erasure before what was refused because of it: the marker is the last to know.
    if (was && isErased(was)) return [];
    const records = subject.due.map(({ topic, origin, record }) => ({
      topic,
      origin,
      key: record.outcomeId,
      value: codec.encode(topic, record),
    }));
    const state = stateAfter(was, says, subject);
    return [{ what: 'publish', subject: key, seen: stateSeen(kept), state, read: since.read, records }];
  });
}

/** What the log says of the subject, with the revisions that stand. Where nothing but a marker is left, it stays. */
function stateAfter(kept: State | null, says: State | null, { revisions }: DueSubject): string | null {
  const isOver = (state: State | null): boolean => state === null || state.markerUntil !== null;
  if (isOver(kept) && isOver(says)) return kept === null ? null : encodeState(kept);
  if (says === null) return null;
  const entries = publishedEntries(says.published).flatMap(([suffix, one]) => {
    const revision = revisions.get(suffix);
    if (revision !== undefined) return [[suffix, { ...one, revision }] as const];
    // Not compared: it is as its owner knows it.
    const known = kept === null ? undefined : publishedUnder(kept.published, suffix);
    return known ? [[suffix, known] as const] : [];
  });
  return encodeState(changed(says, { published: publishedFrom(entries) }));
}

/** Subjects of which the log has had something since the comparison, up to where it was read. */
type Touched = { readonly keys: Set<string>; upTo: number };

/** Goes on where the lot before left off: under load the log since the comparison is long, and lots are many. */
async function readTouched({ at, source, log, codec }: Replaying, touched: Touched, upTo: number): Promise<void> {
  const place = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
  for await (const { records, next } of logPages(log, at, touched.upTo, upTo)) {
    await codec.prepare(records);
    for (const record of records) {
      const key = subjectOfInput(inputOf(record, place, codec));
      if (key !== null) touched.keys.add(key);
    }
    // What a page has beyond it was left out.
    touched.upTo = Math.min(next, upTo);
  }
}

/** What has come to stand since the comparison, up to where it was read. */
type Since = {
  readonly read: Readonly<Record<string, number>>;
  readonly ids: Set<string>;
  readonly records: Set<string>;
};

const idName = (topic: string, key: string): string => `${topic} ${key}`;
const recordName = ({ topic, key, value }: Pick<StoodValue, 'topic' | 'key' | 'value'>): string =>
  `${idName(topic, key)} ${hashBytes(value)}`;

async function readOn({ at, reader }: Replaying, { read, ids, records }: Since): Promise<Since> {
  const ends: Record<string, number> = {};
  for (const [topic, from] of Object.entries(read)) {
    for await (const page of topicPages(reader, at, topic, from)) {
      for (const one of page.records) {
        ids.add(idName(topic, one.key));
        if (one.correctedAt !== undefined && hasValue(one)) records.add(recordName(one));
      }
      ends[topic] = page.end;
    }
  }
  return { read: { ...read, ...ends }, ids, records };
}
