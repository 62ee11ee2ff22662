import type { Source } from './event.ts';
import { idOf, part, unpart } from './key.ts';
import { LIMITS, MAX_TIME, TENANT } from './limits.ts';
import { publishedEntries } from './published.ts';
import type { DerivedRecord, RecordName } from './record.ts';
import { TOPIC_OF } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { emptyState } from './state.ts';
import type { DerivedTopic } from './topics.ts';
import { DERIVED_OF } from './topics.ts';

/**
 * One person's data goes. An erasure is a raw record of the subject's own key, so that it stands in the same order as
 * what it erases, and whoever folds the log again erases again. It names what stands of the subject in the derived
 * topics, since a state forgets what it published long ago.
 */

/** A record that stands, or one that will: its `outcomeId`, and how often it was said. */
export type Tombstone = { readonly topic: DerivedTopic; readonly outcomeId: string; readonly revision: number };

const VERSION = 1;
/** Of one record; a subject with more needs several. As text they take some hundred bytes each. */
export const ERASURE_RECORDS_MAX = 2_000;

/**
 * For ever: what is kept of an erased subject is that nothing of it is to be kept. Versions of before take it for a
 * marker.
 */
const FOR_EVER = MAX_TIME;

export function isErased(state: Pick<State, 'markerUntil'>): boolean {
  return state.markerUntil === FOR_EVER;
}

function erasedState({ source }: State, key: string, loggedAt: number): State {
  return { ...emptyState(source, key), changedAt: loggedAt, markerUntil: FOR_EVER };
}

/** What the header says. @param records at most `ERASURE_RECORDS_MAX` */
export function erasureText(records: readonly Tombstone[]): string {
  return JSON.stringify({ version: VERSION, records: records.map((one) => [one.topic, one.outcomeId, one.revision]) });
}

function isTombstone(value: unknown, own: string, topics: readonly string[]): value is [DerivedTopic, string, number] {
  if (!Array.isArray(value)) return false;
  const [topic, outcomeId, revision] = value as readonly unknown[];
  return (
    typeof topic === 'string' &&
    topics.includes(topic) &&
    typeof outcomeId === 'string' &&
    outcomeId.startsWith(own) &&
    Number.isInteger(revision) &&
    (revision as number) >= 1
  );
}

/**
 * The records that a header names. An id may be disguised, so that of it only tenant and source can be told.
 * @returns null when it is none of ours, or names what is not its subject's
 */
export function readErasure(text: string, source: Source, tenantId: string): readonly Tombstone[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const { version, records } = (parsed ?? {}) as { readonly version?: unknown; readonly records?: unknown };
  if (version !== VERSION || !Array.isArray(records) || records.length > ERASURE_RECORDS_MAX) return null;
  const own = `${part(tenantId)}/${source}/`;
  const topics = DERIVED_OF[source].filter((topic) => Object.values(TOPIC_OF).includes(topic));
  if (!records.every((one) => isTombstone(one, own, topics))) return null;
  return records.map(([topic, outcomeId, revision]: [DerivedTopic, string, number]) => ({
    topic,
    outcomeId,
    revision,
  }));
}

/** Whose key it is, as `subjectKey` makes it; null: nobody's. */
export function readSubjectKey(key: string): { readonly tenantId: string; readonly subjectId: string } | null {
  const slash = key.indexOf('/');
  const tenantId = key.slice(0, Math.max(0, slash));
  const subjectId = unpart(key.slice(slash + 1));
  if (!TENANT.test(tenantId) || subjectId === '' || subjectId.length > LIMITS.subjectId) return null;
  return `${tenantId}/${part(subjectId)}` === key ? { tenantId, subjectId } : null;
}

/** @param suffix as `suffixOf` makes it */
function nameOf({ tenantId, source, subjectId }: State, suffix: string): RecordName {
  const [kind = '', ...parts] = suffix.split('/');
  return { kind: kind as DerivedRecord['kind'], tenantId, source, subjectId, parts: parts.map(unpart) };
}

/** As a record of that name is published by these rules. */
export function publishedId(name: RecordName, { disguise }: Settings): string {
  const { tenantId, source, subjectId, parts } = name;
  return disguise?.idOf(name) ?? idOf(tenantId, source, subjectId, ...parts);
}

const OUTCOME_OF = { call: 'call-outcome', chat: 'chat-outcome', agent: 'agent-interval' } as const;

/** Tenant, source and subject, as an `outcomeId` begins. */
export function subjectOfId(outcomeId: string): string {
  return outcomeId.split('/').slice(0, 3).join('/');
}

/** The same of every record of a subject, as it is published by these settings. @param key the subject's */
export function subjectAsPublished(source: Source, key: string, settings: Settings): string {
  const { kind, tenantId, subjectId } = emptyState(source, key);
  return subjectOfId(publishedId({ kind: OUTCOME_OF[kind], tenantId, source, subjectId, parts: [] }, settings));
}

/**
 * The step of an erasure: nothing of the subject is left but that it was erased, and what was published of it goes.
 * @param key the subject's
 * @param named by the erasure
 */
export function eraseSubject(
  before: State,
  key: string,
  named: readonly Tombstone[],
  loggedAt: number,
  { settings, publishes }: { readonly settings: Settings; readonly publishes: boolean },
): { readonly state: State; readonly tombstones: readonly Tombstone[] } {
  const state = isErased(before) ? before : erasedState(before, key, loggedAt);
  if (!publishes) return { state, tombstones: [] };
  const due = new Map<string, Tombstone>();
  const add = (one: Tombstone): void => {
    const name = `${one.topic} ${one.outcomeId}`;
    const revision = Math.max(one.revision, due.get(name)?.revision ?? 0);
    due.set(name, { ...one, revision });
  };
  for (const [suffix, { revision }] of publishedEntries(before.published)) {
    const name = nameOf(before, suffix);
    add({ topic: TOPIC_OF[name.kind], outcomeId: publishedId(name, settings), revision });
  }
  for (const one of named) add(one);
  const tombstones = [...due].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return { state, tombstones };
}
