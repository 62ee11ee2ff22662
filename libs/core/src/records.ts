import { toJson } from '@callfold/schemas';
import { readAgent } from './agent.ts';
import { readOffers, readOutcome } from './call.ts';
import { readCallRecord } from './call-record.ts';
import { isChatOver, readChat } from './chat.ts';
import { hashOf } from './hash.ts';
import { part } from './key.ts';
import type { DerivedDraft, DerivedRecord } from './record.ts';
import type { Settings } from './settings.ts';
import type { PublishedRecord } from './published.ts';
import { publishedUnder, withPublished } from './published.ts';
import type { State } from './state.ts';
import { changed } from './state.ts';
import { isTimelineOver, readTimeline } from './timeline.ts';
import type { DerivedTopic } from './topics.ts';
import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, CHAT_HANDOFFS, CHAT_OUTCOMES } from './topics.ts';

/** A record that is to be published: the next revision under its id. */
export type Derived = { readonly topic: DerivedTopic; readonly record: DerivedRecord };

type Publishable = { readonly topic: DerivedTopic; readonly draft: DerivedDraft };

export const TOPIC_OF: Readonly<Record<DerivedRecord['kind'], DerivedTopic>> = {
  'call-outcome': CALL_OUTCOMES,
  'agent-offer': AGENT_OFFERS,
  'chat-outcome': CHAT_OUTCOMES,
  'chat-handoff': CHAT_HANDOFFS,
  'agent-interval': AGENT_INTERVALS,
};

/** What the records of a topic are; dead letters are none. */
export const KIND_OF_TOPIC: Readonly<Partial<Record<DerivedTopic, DerivedRecord['kind']>>> = Object.fromEntries(
  Object.entries(TOPIC_OF).map(([kind, topic]) => [topic, kind]),
);

/** Where records of its kind stand. */
export function topicOf(record: DerivedRecord): DerivedTopic {
  return TOPIC_OF[record.kind];
}

/** The record as it is printed, served and exported: the contract's names, times in ISO 8601. */
export function recordJson(record: DerivedRecord): Record<string, unknown> {
  return toJson(TOPIC_OF[record.kind], record);
}

/** The subject has ended, or nothing more came: what can be said of it now is said. Agents never close. */
export function isClosed(state: State): boolean {
  if (state.silent) return true;
  if (state.kind === 'call') return isOver(state);
  return state.kind === 'chat' && isChatOver(state.facts);
}

/** A call's own word that it is over; a finished record says so by being there. */
export function isOver(state: State): boolean {
  return state.source === 'callcenter24' ? isTimelineOver(state.facts) : state.facts.length > 0;
}

function publishables(state: State, settings: Settings, wants: (topic: DerivedTopic) => boolean): Publishable[] {
  if (state.facts.length === 0) return [];
  if (state.kind === 'agent') {
    if (state.unsaidFrom === null) return [];
    return readAgent(state, state.unsaidFrom).map((draft) => ({ topic: AGENT_INTERVALS, draft }));
  }
  if (state.kind === 'chat') {
    const { outcomes, handoffs } = readChat(state, state.unsaidFrom);
    return [
      ...outcomes.map((draft) => ({ topic: CHAT_OUTCOMES, draft }) as const),
      ...handoffs.map((draft) => ({ topic: CHAT_HANDOFFS, draft }) as const),
    ];
  }
  if (!isClosed(state)) return [];
  if (state.source !== 'callcenter24') return [{ topic: CALL_OUTCOMES, draft: readCallRecord(state) }];
  const timeline = readTimeline(state.facts, settings);
  const all: Publishable[] = [];
  // What is not wanted is not made: a call has as many offers as agents were asked.
  if (wants(CALL_OUTCOMES)) all.push({ topic: CALL_OUTCOMES, draft: readOutcome(state, timeline, settings) });
  if (wants(AGENT_OFFERS)) for (const draft of readOffers(state, timeline)) all.push({ topic: AGENT_OFFERS, draft });
  return all;
}

/** What is said by publishing, and what the record's id says already: hashes are only compared under one id. */
const NOT_CONTENT: ReadonlySet<string> = new Set([
  'revision',
  'correctionOf',
  'ingestedAt',
  'kind',
  'outcomeId',
  'tenantId',
  'source',
  'callId',
  'chatId',
  'agentId',
]);
const contentFields = new Map<string, readonly string[]>();

/**
 * Hash of what a record says, less what depends on when and how often it was said; the order of its fields is no
 * matter.
 */
export function contentHash(draft: DerivedDraft | DerivedRecord): string {
  let fields = contentFields.get(draft.kind);
  if (!fields) {
    fields = Object.keys(draft)
      .filter((field) => !NOT_CONTENT.has(field))
      .sort();
    contentFields.set(draft.kind, fields);
  }
  return hashOf(draft, fields);
}

export function labelOf(draft: DerivedDraft | DerivedRecord): string | null {
  if (draft.kind === 'agent-offer') return draft.result;
  return draft.kind === 'call-outcome' || draft.kind === 'chat-outcome' ? draft.outcome : null;
}

/** The record's name within its subject: its kind, and its id less the subject's own part. */
export function suffixOf(
  state: Pick<State, 'tenantId' | 'source' | 'subjectId'>,
  draft: DerivedDraft | DerivedRecord,
): string {
  const own = `${part(state.tenantId)}/${state.source}/${part(state.subjectId)}`;
  return `${draft.kind}${draft.outcomeId.slice(own.length)}`;
}

/**
 * The state as it is when the record that was just derived has another revision than the next one: it stood already.
 */
export function withRevision(state: State, record: DerivedRecord, revision: number): State {
  const suffix = suffixOf(state, record);
  const before = publishedUnder(state.published, suffix);
  if (!before) return state;
  return changed(state, { published: withPublished(state.published, new Map([[suffix, { ...before, revision }]])) });
}

/**
 * The next revision of every record that says something else than what was published last.
 * @param rules with `only`, records of other topics are not told, now or later
 */
export function publish(
  state: State,
  { settings, only }: { readonly settings: Settings; readonly only?: ReadonlySet<DerivedTopic> },
): { readonly state: State; readonly derived: readonly Derived[] } {
  const derived: Derived[] = [];
  const changes = new Map<string, PublishedRecord>();
  const wants = (topic: DerivedTopic): boolean => only === undefined || only.has(topic);
  for (const { topic, draft } of publishables(state, settings, wants)) {
    if (!wants(topic)) continue;
    const suffix = suffixOf(state, draft);
    const before = publishedUnder(state.published, suffix);
    const hash = contentHash(draft);
    if (before?.hash === hash) continue;
    const label = labelOf(draft);
    const revision = (before?.revision ?? 0) + 1;
    const correctionOf = before && before.label !== label ? before.label : null;
    changes.set(suffix, { revision, hash, label });
    // The draft is ours alone: two fields more are far cheaper than a copy of thirty.
    derived.push({ topic, record: Object.assign(draft, { revision, correctionOf }) as DerivedRecord });
  }
  const published = withPublished(state.published, changes);
  return { state: changed(state, { published, settleAt: null, unsaidFrom: null }), derived };
}
