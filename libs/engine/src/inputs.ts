import type { Rejection, Source, StatusEvent } from '@callfold/core';
import type { Tombstone } from '@callfold/core';
import {
  ERASE_HEADER,
  isRejection,
  partitionOf,
  readErasure,
  readSubjectKey,
  reject,
  subjectKey,
  TICK_HEADER,
  utf8Text,
} from '@callfold/core';
import { checkAgainstLog, normalise } from '@callfold/sources';
import type { Codec, LogRecord } from './ports.ts';

/** What one raw record turned out to be. */
export type Input =
  | { readonly what: 'event'; readonly record: LogRecord; readonly key: string; readonly event: StatusEvent }
  | {
      readonly what: 'erase';
      readonly record: LogRecord;
      readonly key: string;
      /** What it names of that which stands in the derived topics. */
      readonly named: readonly Tombstone[];
    }
  | { readonly what: 'rejected'; readonly record: LogRecord; readonly rejection: Rejection }
  | { readonly what: 'tick'; readonly record: LogRecord };

export type Place = { readonly source: Source; readonly partition: number; readonly partitions: number };

type Subject = {
  readonly tenantId: string;
  readonly key: string;
  readonly partitions: number;
  /** Where its key belongs. */
  readonly partition: number;
};

/** By id the subjects of late; most events are of one of them. Dropped whole when it is full. */
const SUBJECTS = 32_768;
const subjects = new Map<string, Subject>();

function subjectOf(tenantId: string, subjectId: string, partitions: number): Subject {
  const known = subjects.get(subjectId);
  if (known !== undefined && known.tenantId === tenantId && known.partitions === partitions) return known;
  const key = subjectKey(tenantId, subjectId);
  const subject = { tenantId, key, partitions, partition: partitionOf(tenantId, subjectId, partitions) };
  if (subjects.size >= SUBJECTS) subjects.clear();
  subjects.set(subjectId, subject);
  return subject;
}

const wrongPartition = (key: string, belongs: number, partitions: number): Rejection =>
  reject('wrong-partition', `${key} belongs to partition ${belongs} of ${partitions}`);

export function isErasure({ value, headers }: Pick<LogRecord, 'value' | 'headers'>): boolean {
  return value === null && headers.some(({ name }) => name === ERASE_HEADER);
}

/** A record without a value: time that passes, an erasure, or nothing that can be read. */
function valueless(record: LogRecord, { source, partition, partitions }: Place): Input {
  const { key, headers } = record;
  if (key === null && headers.some(({ name }) => name === TICK_HEADER)) return { what: 'tick', record };
  const erasure = headers.find(({ name }) => name === ERASE_HEADER);
  const rejected = (rejection: Rejection): Input => ({ what: 'rejected', record, rejection });
  if (!erasure) return rejected(reject('no-value', ''));
  const text = key === null ? '' : utf8Text(key);
  const subject = readSubjectKey(text);
  const named = subject && readErasure(utf8Text(erasure.value), source, subject.tenantId);
  if (!subject || !named) return rejected(reject('bad-erasure', ''));
  const belongs = partitionOf(subject.tenantId, subject.subjectId, partitions);
  if (belongs !== partition) return rejected(wrongPartition(text, belongs, partitions));
  return { what: 'erase', record, key: text, named };
}

/** Key of the subject that it erases, as a fold takes it; null: it erases nobody. */
export function erasedBy(record: LogRecord, place: Place): string | null {
  if (record.value !== null) return null;
  const input = valueless(record, place);
  return input.what === 'erase' ? input.key : null;
}

/** Whose state it changes; null: nobody's. */
export function subjectOfInput(input: Input): string | null {
  return input.what === 'event' || input.what === 'erase' ? input.key : null;
}

/** Decodes and checks; schemas were made known before. Never throws for data. */
export function inputOf(record: LogRecord, place: Place, codec: Codec): Input {
  if (record.value === null) return valueless(record, place);
  const raw = codec.decode(place.source, record.value);
  if (isRejection(raw)) return { what: 'rejected', record, rejection: raw };
  const latest = Math.max(raw.occurredAt, raw.startedAt ?? 0, raw.endedAt ?? 0);
  const tooFarAhead = checkAgainstLog(latest, record.appendedAt);
  if (tooFarAhead) return { what: 'rejected', record, rejection: tooFarAhead };
  const { key, partition: belongs } = subjectOf(raw.tenantId, raw.subjectId, place.partitions);
  if (belongs !== place.partition) {
    return { what: 'rejected', record, rejection: wrongPartition(key, belongs, place.partitions) };
  }
  return { what: 'event', record, key, event: normalise(raw) };
}
