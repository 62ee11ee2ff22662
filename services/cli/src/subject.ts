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
import type { At, LogRecord } from '@callfold/engine';
import { inputOf, Refused } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { normalise, parseTime } from '@callfold/sources';
import { similarSubjects, TAIL_RECORDS } from './similar.ts';
import { quoted } from './again.ts';
import type { Similar } from './similar.ts';
import type { Site } from './site.ts';

/** Finds one subject's events in the raw log, by its key's partition, and explains it. */

export const DEFAULT_TENANT = 'default';

const PAGE_RECORDS = 5_000;
/**
 * More events of one subject than this are not explained: nobody reads them, and an id that stands for many is a
 * mistake.
 */
const EVENTS_MAX = 100_000;
/** Thirteen digits are epoch milliseconds; no partition has so many records. */
const OFFSET_DIGITS_MAX = 12;

/** A moment in the past: what the log held up to then is explained, and nothing after it. */
export type Moment = { readonly time: number } | { readonly offset: number };

export type SubjectQuery = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly tenantId: string;
  /** Absent: all that the log has by now. */
  readonly at?: Moment;
};

/** Where a subject's events stand. */
export type Place = {
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
  readonly place: Place;
  /** What it was made of. */
  readonly seen: readonly Seen[];
  /** Null: it was not. */
  readonly erased: ErasedAt | null;
};

export const MOMENT_FORMS = 'an ISO 8601 time with a zone, as 2026-02-28T09:30:00Z, or the offset of a record, as 4711';

/** @returns a text that says what is wrong, when it is neither a time nor an offset */
export function readMoment(text: string): Moment | string {
  if (/^\d+$/.test(text)) {
    if (text.length <= OFFSET_DIGITS_MAX) return { offset: Number(text) };
    return `${text} has too many digits for an offset: write epoch milliseconds as a time. Expected ${MOMENT_FORMS}.`;
  }
  const time = parseTime(text);
  if (time !== null) return { time };
  const why = parseTime(`${text}Z`) === null ? 'is neither' : 'has no zone: add Z or an offset';
  return `${JSON.stringify(text)} ${why}. Expected ${MOMENT_FORMS}.`;
}

function isPast(record: LogRecord, at: Moment | undefined): boolean {
  if (at === undefined) return false;
  return 'time' in at ? record.appendedAt > at.time : record.offset > at.offset;
}

type Scan = Pick<Explained, 'seen' | 'place' | 'erased'> & { readonly clock: number };

/** Reads the partition up to the moment: its own events, and the log time that all records make pass. */
async function scan(site: Site, at: At, source: Source, query: SubjectQuery, progress: Progress): Promise<Scan> {
  const log = site.log('projector');
  const { start, end } = await log.bounds(at);
  const where = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
  const seen: Seen[] = [];
  let clock = -Infinity;
  let erased: ErasedAt | null = null;
  const key = subjectKey(query.tenantId, query.id);
  const scanned = (upTo: number): Scan => ({ seen, erased, clock, place: { ...at, start, upTo } });

  for (let offset = start; offset < end; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    await site.codec.prepare(batch.records);
    for (const record of batch.records) {
      if (isPast(record, query.at)) return scanned(record.offset);
      clock = Math.max(clock, record.appendedAt);
      if (record.value === null) {
        const input = inputOf(record, where, site.codec);
        if (input.what !== 'erase' || input.key !== key || erased !== null) continue;
        erased = { offset: record.offset, loggedAt: record.appendedAt, before: seen.length, after: 0 };
        seen.length = 0;
        continue;
      }
      const raw = site.codec.decode(source, record.value);
      if (isRejection(raw) || raw.subjectId !== query.id || raw.tenantId !== query.tenantId) continue;
      if (erased !== null) {
        erased = withOneMore(erased);
        continue;
      }
      const input = inputOf(record, where, site.codec);
      const refused: Rejection | null = input.what === 'rejected' ? input.rejection : null;
      const { appendedAt: loggedAt, offset: its } = record;
      seen.push({ event: normalise(raw), loggedAt, clock, offset: its, ...(refused && { refused }) });
      if (seen.length > EVENTS_MAX) throw tooMany(query);
    }
    if (batch.next <= offset) return scanned(offset);
    offset = batch.next;
    progress(offset, start, end, at);
  }
  return scanned(end);
}

const withOneMore = (erased: ErasedAt): ErasedAt => ({ ...erased, after: erased.after + 1 });

function tooMany({ kind, id }: SubjectQuery): Refused {
  return new Refused(
    `${kind} ${id} has more than ${EVENTS_MAX} events, which is no ${kind}: look at what the upstream sends as id. ` +
      'With --at OFFSET what came up to that offset is explained.',
  );
}

export type Progress = (offset: number, start: number, end: number, at: At) => void;

/** @returns one explanation for each source that knows the subject */
export async function explainSubject(
  site: Site,
  query: SubjectQuery,
  rules: Rules,
  progress: Progress = () => undefined,
): Promise<Explained[]> {
  const found: Explained[] = [];
  for (const source of SOURCES) {
    if (KIND_OF[source] !== query.kind) continue;
    const topic = rawTopic(source);
    const partition = partitionOf(query.tenantId, query.id, await site.partitions(topic));
    const { seen, clock, place, erased } = await scan(site, { topic, partition }, source, query, progress);
    const key = subjectKey(query.tenantId, query.id);
    const explanation = erased ? explainErased(source, key, clock) : explain(seen, rules, clock);
    if (explanation) found.push({ explanation, place, seen, erased });
  }
  return found;
}

/** What was asked for, or in words what was looked for and what was there instead. */
export type Answer =
  | { readonly found: readonly Explained[] }
  | { readonly found: null; readonly message: string; readonly similar: readonly Similar[] };

function whenText({ explanation: { timeline }, place }: Explained): string {
  const first = timeline.find((moment) => moment.what === 'event');
  if (!first) return '';
  const log = `${place.topic}/${place.partition}`;
  return `its first event is at offset ${first.offset} of ${log}, logged ${isoTime(first.loggedAt)}`;
}

export function explainWords({ kind, id, tenantId }: Pick<SubjectQuery, 'kind' | 'id' | 'tenantId'>): string {
  return `callfold explain ${kind} ${quoted(id)}${tenantId === DEFAULT_TENANT ? '' : ` --tenant ${tenantId}`}`;
}

/** The explanations, or a message that helps to find what was meant. */
export async function answerSubject(
  site: Site,
  query: SubjectQuery,
  rules: Rules,
  progress?: Progress,
): Promise<Answer> {
  const found = await explainSubject(site, query, rules, progress);
  if (found.length > 0) return { found };
  const { at, ...always } = query;
  const later = at === undefined ? [] : await explainSubject(site, always, rules, progress);
  const none = `No events of ${query.kind} ${query.id} of tenant ${query.tenantId} are in the log`;
  if (later.length > 0) {
    return { found: null, message: `${none} up to that moment: ${later.map(whenText).join(', ')}.`, similar: [] };
  }
  const similar = await similarSubjects(site, query);
  const hint =
    similar.length > 0
      ? `Was it meant so? ${similar.map(explainWords).join(' | ')}`
      : `Nor is that id among the newest ${TAIL_RECORDS} records of any partition, of whatever tenant and kind.`;
  return { found: null, message: `${none}. Ids are taken as they are written. ${hint}`, similar };
}
