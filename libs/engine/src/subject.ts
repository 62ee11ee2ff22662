import type { Explanation, Rejection, Rules, Seen, Source, SubjectKind } from '@callfold/core';
import {
  explain,
  isRejection,
  explainErased,
  KIND_OF,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
} from '@callfold/core';
import { normalise, parseTime } from '@callfold/sources';
import { inputOf } from './inputs.ts';
import type { PlacingStates, Stretch, SubjectAt } from './layout.ts';
import { placesIn, stretchesBefore } from './layout.ts';
import { logPages } from './log-pages.ts';
import type { At, Codec, Log, LogRecord } from './ports.ts';
import { Refused } from './ports.ts';

/** Finds one subject's events in the raw log, by its key's partition, and explains it: for the command, the API, the page. */

/**
 * More events of one subject than this are not explained: nobody reads them, and an id that stands for many is a
 * mistake.
 */
const EVENTS_MAX = 100_000;
/** Thirteen digits are epoch milliseconds; no partition has so many records. */
const OFFSET_DIGITS_MAX = 12;

/** A moment in the past, as the log has it: by append time, or an offset. */
export type LogMoment = { readonly time: number } | { readonly offset: number };

export type SubjectQuery = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly tenantId: string;
  /**
   * What the log held up to then is explained, and nothing after it. Absent: all that it has by now. Here and in `from`
   * an offset is of the partition in which the subject is: where it was before, all is older.
   */
  readonly at?: LogMoment;
  /**
   * Read from there on, for who knows that nothing of it stands before: not one that was erased. Absent: from the log's
   * start on.
   */
  readonly from?: LogMoment;
  /** So much log time has passed, epoch ms, though no record may say so. Absent: only what the log says has. */
  readonly passed?: number;
};

/** Where a subject's events stand. */
export type SubjectPlace = {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that the log still has; what stood before it is gone. */
  readonly start: number;
  /** Up to this offset, exclusive, it was read. */
  readonly upTo: number;
  /** Where its events went before it was moved here, and up to where, exclusive. Absent: it was not. */
  readonly before?: readonly { readonly partition: number; readonly upTo: number }[];
};

/** Where it was erased, and how many events of it the log has before and behind that. */
export type ErasedAt = {
  readonly partition: number;
  readonly offset: number;
  readonly loggedAt: number;
  readonly before: number;
  readonly after: number;
};

export type Explained = {
  readonly explanation: Explanation;
  readonly place: SubjectPlace;
  /** What it was made of. */
  readonly seen: readonly Seen[];
  /** Null: it was not. */
  readonly erased: ErasedAt | null;
};

export const MOMENT_FORMS = 'an ISO 8601 time with a zone, as 2026-02-28T09:30:00Z, or the offset of a record, as 4711';

/** @returns a text that says what is wrong, when it is neither a time nor an offset */
export function readMoment(text: string): LogMoment | string {
  if (/^\d+$/.test(text)) {
    if (text.length <= OFFSET_DIGITS_MAX) return { offset: Number(text) };
    return `${text} has too many digits for an offset: write epoch milliseconds as a time. Expected ${MOMENT_FORMS}.`;
  }
  const time = parseTime(text);
  if (time !== null) return { time };
  const why = parseTime(`${text}Z`) === null ? 'is neither' : 'has no zone: add Z or an offset';
  return `${JSON.stringify(text)} ${why}. Expected ${MOMENT_FORMS}.`;
}

function isPast(record: LogRecord, at: LogMoment | undefined): boolean {
  if (at === undefined) return false;
  return 'time' in at ? record.appendedAt > at.time : record.offset > at.offset;
}

/** The raw log, and how its records are read. */
export type RawLog = {
  readonly log: Log;
  readonly codec: Codec;
  /** Whose states say by how many partitions subjects are placed; absent: the topic does. */
  readonly store?: PlacingStates;
};

/** Told after each page; what it throws ends the reading. */
export type ScanProgress = (offset: number, start: number, end: number, at: At) => void;

export type Scanning = {
  readonly progress?: ScanProgress;
  /** Of one subject; with more it is refused. */
  readonly eventsMax?: number;
};

async function firstOffset(log: Log, at: At, from: LogMoment | undefined, start: number): Promise<number> {
  if (from === undefined) return start;
  return Math.max(start, 'time' in from ? await log.offsetAt(at, from.time) : from.offset);
}

/** What reading has found so far. */
type Found = {
  readonly seen: Seen[];
  erased: ErasedAt | null;
  /** Of the partition that is read. */
  clock: number;
  /** Of those before it; absent: none, or none of its events was met since. */
  passed?: number | undefined;
};

type Scan = Pick<Explained, 'seen' | 'place' | 'erased'> & { readonly clock: number };

/**
 * Reads a stretch up to the moment: the subject's own events, and the log time that all records make pass.
 * @param home where the subject is by now
 * @returns where reading stopped
 */
async function readStretch(
  { log, codec }: RawLog,
  { at, partitions, from: first, until }: Stretch,
  home: At,
  { source, query, eventsMax = EVENTS_MAX, progress = () => undefined }: Reading,
  found: Found,
): Promise<number> {
  const { seen } = found;
  const isHome = at.partition === home.partition;
  const moment = isHome || (query.at !== undefined && 'time' in query.at) ? query.at : undefined;
  const where = { source, partition: at.partition, partitions };
  const key = subjectKey(query.tenantId, query.id);
  for await (const { records, next } of logPages(log, at, first, until)) {
    await codec.prepare(records);
    for (const record of records) {
      if (isPast(record, moment)) return record.offset;
      found.clock = Math.max(found.clock, record.appendedAt);
      if (record.value === null) {
        const input = inputOf(record, where, codec);
        if (input.what !== 'erase' || input.key !== key || found.erased !== null) continue;
        const { offset, appendedAt: loggedAt } = record;
        found.erased = { partition: at.partition, offset, loggedAt, before: seen.length, after: 0 };
        seen.length = 0;
        continue;
      }
      const raw = codec.decode(source, record.value);
      if (isRejection(raw) || raw.subjectId !== query.id || raw.tenantId !== query.tenantId) continue;
      if (found.erased !== null) {
        found.erased = withOneMore(found.erased);
        continue;
      }
      const input = inputOf(record, where, codec);
      const refused: Rejection | null = input.what === 'rejected' ? input.rejection : null;
      const { appendedAt: loggedAt, offset } = record;
      const { passed } = found;
      const its = { offset, ...(!isHome && { partition: at.partition }), ...(refused && { refused }) };
      seen.push({
        event: normalise(raw),
        loggedAt,
        clock: found.clock,
        ...(passed !== undefined && { passed }),
        ...its,
      });
      found.passed = undefined;
      if (seen.length > eventsMax) throw tooMany(query, eventsMax);
    }
    progress(next, first, until, at);
  }
  return until;
}

type Reading = Scanning & { readonly source: Source; readonly query: SubjectQuery };

/** Where its events went before, and then where it is. */
async function scan(raw: RawLog, places: Places, reading: Reading): Promise<Scan> {
  const { log } = raw;
  const { from, passed } = reading.query;
  const { at: home } = places.now;
  const found: Found = { seen: [], erased: null, clock: -Infinity };
  const before: { partition: number; upTo: number }[] = [];
  for (const stretch of from !== undefined && 'offset' in from ? [] : places.before) {
    const { start } = await log.bounds(stretch.at);
    const first = await firstOffset(log, stretch.at, from, Math.max(start, stretch.from));
    if (first >= stretch.until) continue;
    const upTo = await readStretch(raw, { ...stretch, from: first }, home, reading, found);
    before.push({ partition: stretch.at.partition, upTo });
    // The one to which it was moved has a log clock of its own, which may be behind.
    found.passed = Math.max(found.clock, found.passed ?? -Infinity);
    found.clock = -Infinity;
  }
  const { start, end } = await log.bounds(home);
  const first = await firstOffset(log, home, from, start);
  const upTo = await readStretch(raw, { ...places.now, from: first, until: end }, home, reading, found);
  const { seen, erased } = found;
  const place = { ...home, start, upTo, ...(before.length > 0 && { before }) };
  return { seen, erased, clock: Math.max(found.clock, found.passed ?? -Infinity, passed ?? -Infinity), place };
}

const withOneMore = (erased: ErasedAt): ErasedAt => ({ ...erased, after: erased.after + 1 });

/** The subject has more events than are explained. */
export class TooManyEvents extends Refused {}

function tooMany({ kind, id }: SubjectQuery, eventsMax: number): TooManyEvents {
  return new TooManyEvents(
    `${kind} ${id} has more than ${eventsMax} events, which is no ${kind}: look at what the upstream sends as id. ` +
      'With --at OFFSET what came up to that offset is explained.',
  );
}

type Places = { readonly before: readonly Stretch[]; readonly now: SubjectAt };

/** Where its owner folds it, and where its events went before. The log can be read also while the store is away. */
async function placesOf({ log, store }: RawLog, source: Source, { tenantId, id }: SubjectQuery): Promise<Places> {
  const topic = rawTopic(source);
  const asked = async (): Promise<Places | undefined> => {
    if (!store) return undefined;
    const [now] = await placesIn(store, log, topic, tenantId, id);
    return { now, before: await stretchesBefore(store, now.at, tenantId, id) };
  };
  const known = await asked().catch(() => undefined);
  if (known) return known;
  const partitions = await log.partitions(topic);
  return { now: { at: { topic, partition: partitionOf(tenantId, id, partitions) }, partitions }, before: [] };
}

/** @returns one explanation for each source that knows the subject */
export async function explainSubject(
  raw: RawLog,
  query: SubjectQuery,
  rules: Rules,
  scanning: Scanning = {},
): Promise<Explained[]> {
  const found: Explained[] = [];
  for (const source of SOURCES) {
    if (KIND_OF[source] !== query.kind) continue;
    const places = await placesOf(raw, source, query);
    const { seen, clock, place, erased } = await scan(raw, places, { ...scanning, source, query });
    const key = subjectKey(query.tenantId, query.id);
    const explanation = erased ? explainErased(source, key, clock) : explain(seen, rules, clock);
    if (explanation) found.push({ explanation, place, seen, erased });
  }
  return found;
}
