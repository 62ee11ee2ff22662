import type { Attribute } from './attributes.ts';
import { mergeAttributes } from './attributes.ts';
import type { Source, StatusEvent, SubjectKind } from './event.ts';
import { KIND_OF } from './event.ts';
import type { Fact } from './fact.ts';
import { factOf } from './fact.ts';
import { unpart } from './key.ts';
import type { Published } from './published.ts';
import { NOTHING_PUBLISHED } from './published.ts';
import { insertBounded } from './room.ts';

/** What a state's text has of these very facts, of the first `size` of them. */
export type FactsText = { readonly facts: readonly Fact[]; readonly size: number; readonly text: string };

/** Everything kept of one subject. Plain data; a change makes a new one. */
export type State = {
  readonly kind: SubjectKind;
  readonly source: Source;
  readonly tenantId: string;
  readonly subjectId: string;
  readonly facts: readonly Fact[];
  readonly attributes: readonly Attribute[];
  readonly truncated: boolean;
  /** Closed by the timer, because nothing more came. The next change opens it again. */
  readonly silent: boolean;
  /** Append time of the last event that changed something. */
  readonly changedAt: number;
  /** When the changes seen so far are to be published, or null: nothing waits. */
  readonly settleAt: number | null;
  /** When the subject's one timer is due as the store knows it; null: none. */
  readonly timer: number | null;
  readonly published: Published;
  /** Of a chat or an agent: the earliest instant of what changed since the last publishing; null: nothing did. */
  readonly unsaidFrom: number | null;
  /** What happened up to this instant was dropped; null: nothing was. */
  readonly horizon: number | null;
  /** What was dropped still counts: episodes and hand-offs before the horizon. */
  readonly episodesBefore: number;
  readonly handoffsBefore: number;
  /** The last episode dropped had an ending, so that further endings in a row belong to it. */
  readonly endedBefore: boolean;
  /** All was dropped and only this is left, until then; null: a live state. */
  readonly markerUntil: number | null;
  /**
   * Of the facts that the state had when its text was last made: a state whose facts begin with the same ones repeats
   * it. No part of what the state says.
   */
  factsText: FactsText | null;
};

/** @param key as `subjectKey` makes it */
export function emptyState(source: Source, key: string): State {
  const slash = key.indexOf('/');
  return {
    kind: KIND_OF[source],
    source,
    tenantId: key.slice(0, slash),
    subjectId: unpart(key.slice(slash + 1)),
    facts: [],
    attributes: [],
    truncated: false,
    silent: false,
    changedAt: 0,
    settleAt: null,
    timer: null,
    published: NOTHING_PUBLISHED,
    unsaidFrom: null,
    horizon: null,
    episodesBefore: 0,
    handoffsBefore: 0,
    endedBefore: false,
    markerUntil: null,
    factsText: null,
  };
}

type Changes = Partial<
  Pick<
    State,
    'facts' | 'attributes' | 'truncated' | 'silent' | 'changedAt' | 'settleAt' | 'timer' | 'published' | 'unsaidFrom'
  >
>;

/**
 * The state with what most steps change. One literal with every field: a spread makes each of them a slow store, and a
 * state took seven to thirty times as long to copy (measured).
 */
export function changed(state: State, changes: Changes): State {
  const { facts = state.facts, attributes = state.attributes, truncated = state.truncated } = changes;
  const { silent = state.silent, changedAt = state.changedAt, settleAt = state.settleAt } = changes;
  const { timer = state.timer, published = state.published, unsaidFrom = state.unsaidFrom } = changes;
  return {
    kind: state.kind,
    source: state.source,
    tenantId: state.tenantId,
    subjectId: state.subjectId,
    facts,
    attributes,
    truncated,
    silent,
    changedAt,
    settleAt,
    timer,
    published,
    unsaidFrom,
    horizon: state.horizon,
    episodesBefore: state.episodesBefore,
    handoffsBefore: state.handoffsBefore,
    endedBefore: state.endedBefore,
    markerUntil: state.markerUntil,
    factsText: state.factsText,
  };
}

/** The state with one more event; the very same state when the event says nothing new. */
export function addEvent(state: State, event: StatusEvent, loggedAt: number): State {
  const { facts, added, overflowed } = insertBounded(state.kind, state.facts, factOf(event, loggedAt));
  const merged = event.attributes ? mergeAttributes(state.attributes, event.attributes, event.at) : null;
  const attributes = merged?.attributes ?? state.attributes;
  const truncated = state.truncated || overflowed || (merged?.overflowed ?? false);
  if (!added && attributes === state.attributes && truncated === state.truncated) return state;
  // What upstreams attached stands in every record of a chat.
  const touched = state.kind === 'chat' && attributes !== state.attributes ? (facts[0]?.at ?? event.at) : event.at;
  const unsaidFrom = state.kind === 'call' ? null : Math.min(state.unsaidFrom ?? Infinity, touched);
  return changed(state, { facts, attributes, truncated, unsaidFrom, silent: false, changedAt: loggedAt });
}
