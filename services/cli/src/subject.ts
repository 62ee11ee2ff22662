import type { Rules } from '@callfold/core';
import type { Explained, RawLog, ScanProgress, SubjectQuery } from '@callfold/engine';
import { explainSubject, placingStates } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { quoted } from './again.ts';
import type { Similar } from './similar.ts';
import { similarSubjects, TAIL_RECORDS } from './similar.ts';
import type { Site } from './site.ts';

/** One subject explained, or what was there instead of it. */

export const DEFAULT_TENANT = 'default';

export const rawOf = (site: Site): RawLog => ({
  log: site.log('projector'),
  codec: site.codec,
  store: placingStates(site),
});

/** What was asked for, or in words what was looked for and what was there instead. */
export type Answer =
  | { readonly found: readonly Explained[] }
  | { readonly found: null; readonly message: string; readonly similar: readonly Similar[] };

function whenText({ explanation: { timeline }, place }: Explained): string {
  const first = timeline.find((moment) => moment.what === 'event');
  if (!first) return '';
  const log = `${place.topic}/${first.partition ?? place.partition}`;
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
  progress?: ScanProgress,
): Promise<Answer> {
  const raw = rawOf(site);
  const scanning = progress ? { progress } : {};
  const found = await explainSubject(raw, query, rules, scanning);
  if (found.length > 0) return { found };
  const { at, ...always } = query;
  const later = at === undefined ? [] : await explainSubject(raw, always, rules, scanning);
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
