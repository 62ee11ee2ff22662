import { isoTime } from '@callfold/schemas';
import type { Aggregate } from './aggregate.ts';
import { aggregateJson, aggregateOf } from './aggregate.ts';
import { readAgent } from './agent.ts';
import { readCall } from './call.ts';
import { readCallRecord } from './call-record.ts';
import { currentStatus, readChat } from './chat.ts';
import type { Saying } from './explain-words.ts';
import { changePhrase, saying } from './explain-words.ts';
import type { Json, Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';
import type { DerivedDraft } from './record.ts';
import { isClosed, recordJson } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

/** What is said of a subject at one moment, and what an event or a timer changed in it. */

export type Change = Saying & {
  /** Which of the subject's records, in words; null: the subject itself. */
  readonly record: string | null;
  /** What that is made of. */
  readonly named: Phrase | null;
  readonly field: string;
  /** As JSON has them, times in ISO 8601; null: nothing. */
  readonly from: Json;
  readonly to: Json;
};

/**
 * What can be said of a subject now, whether or not it is closed: of an open one, what would be said if nothing more
 * came.
 */
export function readingsOf(state: State, settings: Settings): readonly DerivedDraft[] {
  if (state.facts.length === 0) return [];
  if (state.kind === 'agent') return readAgent(state);
  if (state.kind === 'chat') {
    const { outcomes, handoffs } = readChat({ ...state, silent: true });
    return [...outcomes, ...handoffs];
  }
  if (state.source !== 'callcenter24') return [readCallRecord(state)];
  const { outcome, offers } = readCall(state, settings);
  return [outcome, ...offers];
}

/** A record's name within its subject; null: it is the subject itself. */
export function namePhrase(draft: DerivedDraft): Phrase | null {
  switch (draft.kind) {
    case 'call-outcome':
      return null;
    case 'agent-offer':
      return phrase('name.offer', { n: draft.n, agent: draft.agent });
    case 'chat-outcome':
      return phrase('name.episode', { n: draft.episode });
    case 'chat-handoff':
      return phrase('name.handoff', { n: draft.n });
    case 'agent-interval':
      return phrase('name.stay', { state: draft.state, start: isoTime(draft.start) });
  }
}

const textOf = (named: Phrase | null): string | null => named && saying(named).says;

export const nameOf = (draft: DerivedDraft): string | null => textOf(namePhrase(draft));

export function draftJson(draft: DerivedDraft): Record<string, Json> {
  const { revision: _, correctionOf: __, ...json } = recordJson({ ...draft, revision: 0, correctionOf: null });
  return json as Record<string, Json>;
}

/** What is said of the subject itself, and by id what is said in its other records. */
export type Said = {
  readonly subject: Readonly<Record<string, Json>>;
  readonly records: ReadonlyMap<string, DerivedDraft>;
};

/** What every reader knows already, what is in a record's name, and what only says when and by which event. */
const QUIET_FIELDS = [
  'kind',
  'outcomeId',
  'tenantId',
  'source',
  'occurredAt',
  'ingestedAt',
  'decidedBy',
  'rawStatus',
  'since',
  'callId',
  'chatId',
  'agentId',
  'agent',
  'n',
  'episode',
  'start',
  'offers',
] as const;
const QUIET: ReadonlySet<string> = new Set(QUIET_FIELDS);

type KeyOf<One> = One extends unknown ? keyof One : never;
/** What may change in what is said. */
export type ChangeField = Exclude<KeyOf<DerivedDraft> | KeyOf<Aggregate>, (typeof QUIET_FIELDS)[number]>;

/**
 * While a call goes on, these only say what would be said if it fell silent; of one not answered, the latter two as
 * well.
 */
const NOT_YET: readonly string[] = ['inferred', 'reason', 'hungUpBy'];
const NOT_YET_UNANSWERED: readonly string[] = ['outcome', 'personReached'];

const isNew = (state: State): boolean => state.facts.length === 0 && state.episodesBefore === 0;

function subjectOf(state: State, settings: Settings): Record<string, Json> {
  // Asked at every event: all that an aggregate has of a long chat would be read each time.
  if (state.kind === 'chat') return isNew(state) ? {} : { status: currentStatus(state) };
  const aggregate = aggregateOf(state, settings);
  if (aggregate === null || aggregate.kind === 'chat') return {};
  if (aggregate.kind === 'agent') return { state: aggregate.state };
  const json = aggregateJson(aggregate) as Record<string, Json>;
  if (isClosed(state)) return json;
  const quiet = json['outcome'] === 'unknown' ? [...NOT_YET, ...NOT_YET_UNANSWERED] : NOT_YET;
  return { ...json, ...Object.fromEntries(quiet.map((field) => [field, null])) };
}

function recordsOf(state: State, settings: Settings, from: number | null): readonly DerivedDraft[] {
  if (state.facts.length === 0) return [];
  if (state.kind === 'agent') return readAgent(state, from);
  if (state.kind === 'chat') {
    const { outcomes, handoffs } = readChat(state, from);
    return [...outcomes, ...handoffs];
  }
  return state.source === 'callcenter24' ? readCall(state, settings).offers : [];
}

/** @param from of a chat or an agent: only what a change at this instant or later can have touched; null: everything */
export function saidOf(state: State, settings: Settings, from: number | null = null): Said {
  const records = recordsOf(state, settings, from).map((draft): [string, DerivedDraft] => [
    `${draft.kind} ${draft.outcomeId}`,
    draft,
  ]);
  return { subject: subjectOf(state, settings), records: new Map(records) };
}

/** Nothing to speak of: what a record says before anything is known. */
function isNothing(field: string, value: Json): boolean {
  if (value === null || value === false) return true;
  if (value === 0) return !field.endsWith('Ms');
  if (field === 'result') return value === 'unknown';
  if (field === 'durationFrom') return value === 'open';
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function changesIn(
  named: Phrase | null,
  was: Readonly<Record<string, Json>>,
  is: Readonly<Record<string, Json>>,
): Change[] {
  const changes: Change[] = [];
  const record = textOf(named);
  for (const field of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (QUIET.has(field) || (named !== null && field === 'state')) continue;
    const from = was[field] ?? null;
    const to = is[field] ?? null;
    if (isNothing(field, from) && isNothing(field, to)) continue;
    if (JSON.stringify(from) === JSON.stringify(to)) continue;
    const said = changePhrase(field, isNothing(field, from) ? null : from, to);
    changes.push({ record, named, field, from, to, ...saying(said) });
  }
  return changes;
}

function isSame(a: DerivedDraft, b: DerivedDraft): boolean {
  const other = b as unknown as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(a)) {
    const same =
      value === other[field] || (typeof value === 'object' && JSON.stringify(value) === JSON.stringify(other[field]));
    if (!same) return false;
  }
  return true;
}

/** From one revision of a record to the next. */
export function changesOfRecord(was: DerivedDraft, is: DerivedDraft): Change[] {
  return changesIn(namePhrase(is), draftJson(was), draftJson(is));
}

export function changesBetween(was: Said, is: Said): Change[] {
  const changes = changesIn(null, was.subject, is.subject);
  for (const [id, draft] of is.records) {
    const before = was.records.get(id);
    if (before && isSame(before, draft)) continue;
    changes.push(...changesIn(namePhrase(draft), before ? draftJson(before) : {}, draftJson(draft)));
  }
  for (const [id, draft] of was.records) {
    if (is.records.has(id)) continue;
    const named = namePhrase(draft);
    const gone = { field: 'outcomeId', from: draft.outcomeId, to: null };
    changes.push({ record: textOf(named), named, ...gone, ...saying(phrase('change.unsaid')) });
  }
  return changes;
}
