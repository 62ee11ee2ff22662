import type { Explanation, Seen, Source, SubjectKind } from '@callfold/core';
import { explain, isRejection, KIND_OF, partitionOf, rawTopic, SOURCES } from '@callfold/core';
import type { Settings } from '@callfold/core';
import type { At } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import type { Site } from './site.ts';

/** Finds one subject's events in the raw log, by its key's partition, and explains it. */

const PAGE_RECORDS = 5_000;

export type SubjectQuery = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly tenantId: string;
  /** Absent: every source of that kind. */
  readonly source?: Source;
};

async function* eventsIn(
  site: Site,
  at: At,
  source: Source,
  query: SubjectQuery,
  progress: (offset: number, end: number) => void,
) {
  const log = site.log('projector');
  const { start, end } = await log.bounds(at);
  for (let offset = start; offset < end; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    await site.codec.prepare(batch.records);
    for (const record of batch.records) {
      if (record.value === null) continue;
      const raw = site.codec.decode(source, record.value);
      if (isRejection(raw) || raw.subjectId !== query.id || raw.tenantId !== query.tenantId) continue;
      yield { event: normalise(raw), loggedAt: record.appendedAt, offset: record.offset } satisfies Seen;
    }
    if (batch.next <= offset) return;
    offset = batch.next;
    progress(offset, end);
  }
}

/** @returns one explanation for each source that knows the subject */
export async function explainSubject(
  site: Site,
  query: SubjectQuery,
  settings: Settings,
  progress: (offset: number, end: number) => void = () => undefined,
): Promise<Explanation[]> {
  const found: Explanation[] = [];
  for (const source of SOURCES) {
    if (KIND_OF[source] !== query.kind || (query.source !== undefined && query.source !== source)) continue;
    const topic = rawTopic(source);
    const partition = partitionOf(query.tenantId, query.id, await site.partitions(topic));
    const seen: Seen[] = [];
    for await (const one of eventsIn(site, { topic, partition }, source, query, progress)) seen.push(one);
    const explanation = explain(seen, settings);
    if (explanation) found.push(explanation);
  }
  return found;
}
