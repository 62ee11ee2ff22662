import { episodeSpans, handoffsInSpan, isChatOver } from './chat.ts';
import type { Fact } from './fact.ts';
import { NOTHING_PUBLISHED, withoutPublished } from './published.ts';
import { isClosed } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { stayName } from './stay.ts';

/**
 * Closed state goes a named time of log time after its last change. A call goes whole and leaves a marker; of a chat
 * ended episodes go and its counters stay; of an agent intervals go that are ended, and the last one stays.
 */

function lastLogged(facts: readonly Fact[], from: number, to: number): number {
  let latest = -Infinity;
  for (let i = from; i < to; i += 1) latest = Math.max(latest, (facts[i] as Fact).loggedAt);
  return latest;
}

/** How many facts, from the first on, the oldest closed episode has; 0: none is closed. */
function droppableEpisode(state: State): number {
  const [oldest] = episodeSpans(state, 1);
  if (!oldest) return state.facts.length;
  if (oldest.end < state.facts.length) return oldest.end;
  return state.silent || isChatOver(state.facts) ? oldest.end : 0;
}

/** Where the next start after a place begins; the number of facts when there is none. */
function nextStart(facts: readonly Fact[], place: number): number {
  const at = facts[place]?.at;
  let next = place;
  while (next < facts.length && facts[next]?.at === at) next += 1;
  return next;
}

/**
 * When the stays of the start at a place may go; null: they are the last. A stay is ended by the next, so that counts
 * too.
 */
function stayDue(facts: readonly Fact[], place: number, settings: Settings): number | null {
  const next = nextStart(facts, place);
  if (next >= facts.length) return null;
  return lastLogged(facts, place, nextStart(facts, next)) + settings.dropAfterMs;
}

/** When the oldest closed part of a chat or an agent may go, or a closed call as a whole; null: not yet closed. */
export function dropDue(state: State, settings: Settings): number | null {
  if (state.kind === 'call') return isClosed(state) ? state.changedAt + settings.dropAfterMs : null;
  if (state.kind === 'agent') return stayDue(state.facts, 0, settings);
  const size = droppableEpisode(state);
  if (size === 0) return null;
  const silence = state.silent && size === state.facts.length ? settings.chatCloseAfterMs : 0;
  return lastLogged(state.facts, 0, size) + silence + settings.dropAfterMs;
}

function dropEpisode(state: State): State {
  const { facts } = state;
  const size = droppableEpisode(state);
  const horizon = facts[size - 1]?.at ?? state.horizon;
  const [oldest] = episodeSpans(state, 1);
  if (!oldest) return { ...state, facts: [], horizon };
  const handoffsBefore = state.handoffsBefore + handoffsInSpan(facts, oldest);
  const gone = [`chat-outcome/${oldest.number}`];
  for (let n = state.handoffsBefore + 1; n <= handoffsBefore; n += 1) gone.push(`chat-handoff/${n}`);
  return {
    ...state,
    facts: facts.slice(size),
    published: withoutPublished(state.published, gone),
    horizon,
    episodesBefore: oldest.number,
    handoffsBefore,
    endedBefore: isChatOver(facts.slice(0, size)),
    silent: state.silent && size < facts.length,
  };
}

/**
 * An agent without the first facts: what began before the first that stays is closed, since it would end a stay that is
 * gone.
 */
function dropStays(state: State, size: number): State {
  const first = state.facts[size];
  if (!first || size === 0) return state;
  const gone = state.facts.slice(0, size).map((fact) => `agent-interval/${stayName(fact)}`);
  return {
    ...state,
    facts: state.facts.slice(size),
    published: withoutPublished(state.published, gone),
    horizon: first.at - 1,
  };
}

/** An agent without the older half of its stays, the last one kept. */
export function dropOlderHalf(state: State): State {
  return dropStays(state, nextStart(state.facts, Math.ceil(state.facts.length / 2) - 1));
}

/** The state without what is due to go; for a call what is left is a marker. Something must be due. */
export function dropOldest(state: State, clock: number, settings: Settings): State {
  if (state.kind === 'call') {
    const horizon = state.facts.at(-1)?.at ?? state.horizon;
    const empty = { facts: [], attributes: [], published: NOTHING_PUBLISHED, settleAt: null, silent: false };
    return { ...state, ...empty, horizon, markerUntil: clock + settings.markerMs };
  }
  if (state.kind === 'chat') return dropEpisode(state);
  let size = 0;
  while ((stayDue(state.facts, size, settings) ?? Infinity) <= clock) size = nextStart(state.facts, size);
  return dropStays(state, size);
}
