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
import type { SubjectAt } from './layout.ts';
import { placesIn } from './layout.ts';
import { logPages } from './log-pages.ts';
import type { At, Codec, Log, LogRecord, Store } from './ports.ts';
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
  /** What the log held up to then is explained, and nothing after it. Absent: all that it has by now. */
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
};

/** Where it was erased, and how many events of it the log has before and behind that. */
export type ErasedAt = {
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
  readonly store?: Store;
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

type Scan = Pick<Explained, 'seen' | 'place' | 'erased'> & { readonly clock: number };

/** Reads the partition up to the moment: its own events, and the log time that all records make pass. */
async function scan(
  { log, codec }: RawLog,
  { at, partitions }: SubjectAt,
  source: Source,
  query: SubjectQuery,
  { progress = () => undefined, eventsMax = EVENTS_MAX }: Scanning,
): Promise<Scan> {
  const { start, end } = await log.bounds(at);
  const first = await firstOffset(log, at, query.from, start);
  const where = { source, partition: at.partition, partitions };
  const seen: Seen[] = [];
  let clock = -Infinity;
  let erased: ErasedAt | null = null;
  const key = subjectKey(query.tenantId, query.id);
  const scanned = (upTo: number): Scan => ({
    seen,
    erased,
    clock: Math.max(clock, query.passed ?? clock),
    place: { ...at, start, upTo },
  });

  for await (const { records, next } of logPages(log, at, first, end)) {
    await codec.prepare(records);
    for (const record of records) {
      if (isPast(record, query.at)) return scanned(record.offset);
      clock = Math.max(clock, record.appendedAt);
      if (record.value === null) {
        const input = inputOf(record, where, codec);
        if (input.what !== 'erase' || input.key !== key || erased !== null) continue;
        erased = { offset: record.offset, loggedAt: record.appendedAt, before: seen.length, after: 0 };
        seen.length = 0;
        continue;
      }
      const raw = codec.decode(source, record.value);
      if (isRejection(raw) || raw.subjectId !== query.id || raw.tenantId !== query.tenantId) continue;
      if (erased !== null) {
        erased = withOneMore(erased);
        continue;
      }
      const input = inputOf(record, where, codec);
      const refused: Rejection | null = input.what === 'rejected' ? input.rejection : null;
      const { appendedAt: loggedAt, offset: its } = record;
      seen.push({ event: normalise(raw), loggedAt, clock, offset: its, ...(refused && { refused }) });
      if (seen.length > eventsMax) throw tooMany(query, eventsMax);
    }
    progress(next, first, end, at);
  }
  return scanned(end);
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

/** Where its owner folds it. The log can be read also while the store is away. */
async function placeOf({ log, store }: RawLog, source: Source, { tenantId, id }: SubjectQuery): Promise<SubjectAt> {
  const topic = rawTopic(source);
  const placed = store && (await placesIn(store, log, topic, tenantId, id).catch(() => undefined));
  if (placed) return placed[0];
  const partitions = await log.partitions(topic);
  return { at: { topic, partition: partitionOf(tenantId, id, partitions) }, partitions };
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
    const { seen, clock, place, erased } = await scan(raw, await placeOf(raw, source, query), source, query, scanning);
    const key = subjectKey(query.tenantId, query.id);
    const explanation = erased ? explainErased(source, key, clock) : explain(seen, rules, clock);
    if (explanation) found.push({ explanation, place, seen, erased });
  }
  return found;
}
