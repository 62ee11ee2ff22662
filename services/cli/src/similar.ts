import type { Source, SubjectKind } from '@callfold/core';
import { isRejection, KIND_OF, rawTopic, SOURCES } from '@callfold/core';
import type { SubjectQuery } from '@callfold/engine';
import type { Site } from './site.ts';

/**
 * Subjects that may have been meant when one is not there: of another tenant or kind, or written a little differently.
 */

/** The newest records of each partition that are looked at: a hint, not a search. */
export const TAIL_RECORDS = 2_000;
const SIMILAR_MAX = 5;

export type Similar = {
  readonly kind: SubjectKind;
  readonly source: Source;
  readonly tenantId: string;
  readonly id: string;
};

const level = (id: string): string => id.normalize('NFC').trim().toLowerCase();

export async function similarSubjects(site: Site, { kind, id, tenantId }: SubjectQuery): Promise<Similar[]> {
  const log = site.log('projector');
  const wanted = level(id);
  const found = new Map<string, Similar>();
  for (const source of SOURCES) {
    const topic = rawTopic(source);
    const partitions = await site.partitions(topic);
    for (let partition = 0; partition < partitions; partition += 1) {
      const { start, end } = await log.bounds({ topic, partition });
      const from = Math.max(start, end - TAIL_RECORDS);
      if (from >= end) continue;
      const { records } = await log.read({ topic, partition }, from, TAIL_RECORDS);
      await site.codec.prepare(records);
      for (const { value } of records) {
        const raw = value === null ? null : site.codec.decode(source, value);
        if (raw === null || isRejection(raw) || level(raw.subjectId) !== wanted) continue;
        const one = { kind: KIND_OF[source], source, tenantId: raw.tenantId, id: raw.subjectId };
        if (one.kind === kind && one.tenantId === tenantId && one.id === id) continue;
        found.set(JSON.stringify(one), one);
        if (found.size >= SIMILAR_MAX) return [...found.values()];
      }
    }
  }
  return [...found.values()];
}
