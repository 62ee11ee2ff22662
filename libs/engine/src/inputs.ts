import type { Rejection, Source, StatusEvent } from '@callfold/core';
import { isRejection, partitionOf, reject, subjectKey, TICK_HEADER } from '@callfold/core';
import { checkAgainstLog, normalise } from '@callfold/sources';
import type { Codec, LogRecord } from './ports.ts';

/** What one raw record turned out to be. */
export type Input =
  | { readonly what: 'event'; readonly record: LogRecord; readonly key: string; readonly event: StatusEvent }
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

/** Decodes and checks; schemas were made known before. Never throws for data. */
export function inputOf(record: LogRecord, place: Place, codec: Codec): Input {
  if (record.value === null) {
    const isTick = record.key === null && record.headers.some((header) => header.name === TICK_HEADER);
    return isTick ? { what: 'tick', record } : { what: 'rejected', record, rejection: reject('no-value', '') };
  }
  const raw = codec.decode(place.source, record.value);
  if (isRejection(raw)) return { what: 'rejected', record, rejection: raw };
  const latest = Math.max(raw.occurredAt, raw.startedAt ?? 0, raw.endedAt ?? 0);
  const tooFarAhead = checkAgainstLog(latest, record.appendedAt);
  if (tooFarAhead) return { what: 'rejected', record, rejection: tooFarAhead };
  const { key, partition: belongs } = subjectOf(raw.tenantId, raw.subjectId, place.partitions);
  if (belongs !== place.partition) {
    const rejection = reject('wrong-partition', `${key} belongs to partition ${belongs} of ${place.partitions}`);
    return { what: 'rejected', record, rejection };
  }
  return { what: 'event', record, key, event: normalise(raw) };
}
