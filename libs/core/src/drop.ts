import { chatEpisodes } from './chat.ts';
import type { Fact } from './fact.ts';
import { isClosed } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

/**
 * Closed state goes a named time of log time after its last change. A call goes whole and leaves a marker; of a chat
 * ended episodes go and its counters stay; of an agent intervals go that are ended, and the last one stays.
 */

function lastLogged(facts: readonly Fact[]): number {
  return facts.reduce((latest, fact) => Math.max(latest, fact.loggedAt), -Infinity);
}

/** How many facts, from the first on, the oldest droppable part of a chat or an agent has; 0: nothing can go. */
function droppablePart(state: State): number {
  if (state.kind === 'agent') {
    const first = state.facts[0];
    const next = state.facts.findIndex((fact) => fact.at !== first?.at);
    return Math.max(0, next);
  }
  const [episode, following] = chatEpisodes(state);
  if (!episode) return state.facts.length;
  if (following) return state.facts.indexOf((following.stays[0] as (typeof following.stays)[number]).first);
  return isClosed(state) ? state.facts.length : 0;
}

/** When the oldest closed part of a chat or an agent may go, or a closed call as a whole; null: not yet closed. */
export function dropDue(state: State, settings: Settings): number | null {
  if (state.kind === 'call') return isClosed(state) ? state.changedAt + settings.dropAfterMs : null;
  const size = droppablePart(state);
  if (size === 0) return null;
  // An agent's stay is ended by the next one, so that one counts too.
  const upTo = state.kind === 'agent' ? size + 1 : size;
  const silence = state.silent && size === state.facts.length ? settings.chatCloseAfterMs : 0;
  return lastLogged(state.facts.slice(0, upTo)) + silence + settings.dropAfterMs;
}

function dropEpisode(state: State, size: number): State {
  const [episode] = chatEpisodes(state);
  const gone = state.facts.slice(0, size);
  if (!episode) return { ...state, facts: [], horizon: horizonAfter(state, gone) };
  const handoffs = episode.stays.filter((stay) => stay.first.word === 'manual').length;
  const published = new Map(state.published);
  published.delete(`chat-outcome/${episode.number}`);
  for (let n = 1; n <= handoffs; n += 1) published.delete(`chat-handoff/${state.handoffsBefore + n}`);
  return {
    ...state,
    facts: state.facts.slice(size),
    published,
    horizon: horizonAfter(state, gone),
    episodesBefore: episode.number,
    handoffsBefore: state.handoffsBefore + handoffs,
    endedBefore: episode.ending !== null,
    silent: state.silent && size < state.facts.length,
  };
}

function horizonAfter(state: State, gone: readonly Fact[]): number | null {
  return gone.at(-1)?.at ?? state.horizon;
}

function dropStays(state: State, size: number): State {
  const gone = state.facts.slice(0, size);
  const horizon = horizonAfter(state, gone);
  const until = new Set(gone.map((fact) => new Date(fact.at).toISOString()));
  const published = new Map([...state.published].filter(([suffix]) => !until.has(suffix.split('/')[1] ?? '')));
  return { ...state, facts: state.facts.slice(size), published, horizon };
}

/** The state without the oldest droppable part; for a call what is left is a marker. */
export function dropOldest(state: State, clock: number, settings: Settings): State {
  if (state.kind === 'call') {
    const empty = { facts: [], attributes: [], published: new Map(), settleAt: null, silent: false };
    return { ...state, ...empty, horizon: horizonAfter(state, state.facts), markerUntil: clock + settings.markerMs };
  }
  const size = droppablePart(state);
  return state.kind === 'chat' ? dropEpisode(state, size) : dropStays(state, size);
}
