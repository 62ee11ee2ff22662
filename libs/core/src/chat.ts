import type { ChatHandoff, ChatOutcome } from '@callfold/schemas';
import { attributesOf } from './attributes.ts';
import type { Fact } from './fact.ts';
import { idOf } from './key.ts';
import type { Draft } from './record.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

/** A chat is a run of stays in statuses, cut into episodes by its endings. Rules: docs/outcomes.md. */

/** A status that stood from its first event until another one came; repeats start nothing. */
export type ChatStay = { readonly status: string; readonly first: Fact; readonly until: Fact | null };

export type Episode = {
  readonly number: number;
  readonly stays: readonly ChatStay[];
  /** The ending that counts, or null while it is open. */
  readonly ending: ChatStay | null;
};

const NAMES: Readonly<Record<string, string>> = {
  auto: 'Auto',
  manual: 'Manual',
  waiting: 'Waiting',
  finished: 'Finished',
  blocked: 'Blocked',
  stopped: 'Stopped',
};

const ENDINGS: Readonly<Record<string, ChatOutcome['outcome']>> = {
  finished: 'completed',
  blocked: 'blocked',
  stopped: 'undeliverable',
};

/** What a status is called in records: the upstream's name, of an unknown one its own words. */
export function chatStatus(fact: Fact): string {
  return NAMES[fact.word] ?? (fact.status?.trim() || 'unknown');
}

/** Asked of every fact of a chat for every change, so by name: a look-up took ten times as long (measured). */
const isEnding = ({ word }: Fact): boolean => word === 'finished' || word === 'blocked' || word === 'stopped';

const isSameStatus = (a: Fact, b: Fact): boolean =>
  a.word === b.word && (a.word !== 'unknown' || chatStatus(a) === chatStatus(b));

/** Nothing goes on: what came last is an ending, or nothing is left. */
export function isChatOver(facts: readonly Fact[]): boolean {
  const last = facts.at(-1);
  return !last || isEnding(last);
}

/** Where the stay begins that holds the fact at a place. */
function stayBegin(facts: readonly Fact[], place: number): number {
  let begin = place;
  const fact = facts[place] as Fact;
  while (begin > 0 && isSameStatus(facts[begin - 1] as Fact, fact)) begin -= 1;
  return begin;
}

/** The stays whose first facts stand at `from` or later and before `to`. */
function staysIn(facts: readonly Fact[], from: number, to: number): ChatStay[] {
  const stays: ChatStay[] = [];
  for (let first = from; first < to; ) {
    const fact = facts[first] as Fact;
    let next = first + 1;
    while (next < to && isSameStatus(facts[next] as Fact, fact)) next += 1;
    stays.push({ status: chatStatus(fact), first: fact, until: facts[next] ?? null });
    first = next;
  }
  return stays;
}

function handoffsIn(facts: readonly Fact[], from: number, to: number): number {
  let handoffs = 0;
  for (let i = from; i < to; i += 1) {
    if (facts[i]?.word === 'manual' && (i === from || facts[i - 1]?.word !== 'manual')) handoffs += 1;
  }
  return handoffs;
}

/**
 * Where an episode's facts stand, `end` exclusive. Found without making anything of them: a chat may have thousands,
 * and each change asks again.
 */
export type EpisodeSpan = { readonly number: number; readonly first: number; readonly end: number };

/** @param most no more than the first so many */
export function episodeSpans({ facts, endedBefore, episodesBefore }: State, most = Infinity): EpisodeSpan[] {
  const spans: EpisodeSpan[] = [];
  let place = 0;
  // In a row with an ending whose episode was dropped: that one is decided.
  if (endedBefore) while (place < facts.length && isEnding(facts[place] as Fact)) place += 1;
  while (place < facts.length && spans.length < most) {
    const first = place;
    while (place < facts.length && !isEnding(facts[place] as Fact)) place += 1;
    while (place < facts.length && isEnding(facts[place] as Fact)) place += 1;
    spans.push({ number: episodesBefore + spans.length + 1, first, end: place });
  }
  return spans;
}

export function handoffsInSpan(facts: readonly Fact[], { first, end }: EpisodeSpan): number {
  return handoffsIn(facts, first, end);
}

/** The status that stands; null: nothing but what belongs to an episode that was dropped. */
export function currentStatus(state: State): string | null {
  const last = state.facts.at(-1);
  return last && episodeSpans(state, 1).length > 0 ? chatStatus(last) : null;
}

/** Of several endings in a row the first Finished decides, without one the last. */
function endingOf(stays: readonly ChatStay[]): ChatStay | null {
  const endings = stays.filter(({ first }) => isEnding(first));
  return endings.find((stay) => stay.first.word === 'finished') ?? endings.at(-1) ?? null;
}

export function episodeIn(facts: readonly Fact[], { number, first, end }: EpisodeSpan): Episode {
  const stays = staysIn(facts, first, end);
  return { number, stays, ending: endingOf(stays) };
}

export function chatEpisodes(state: State): Episode[] {
  return episodeSpans(state).map((span) => episodeIn(state.facts, span));
}

/**
 * When a chat that goes on is closed as inferred, in log time. Waiting counts from when it was first heard of, since a
 * repeat of the same status starts nothing; anything else from the last event.
 */
export function chatCloseDue(state: State, settings: Settings): number {
  const { facts } = state;
  if (facts.at(-1)?.word !== 'waiting') return state.changedAt + settings.chatCloseAfterMs;
  let heardAt = Infinity;
  for (let i = stayBegin(facts, facts.length - 1); i < facts.length; i += 1) {
    heardAt = Math.min(heardAt, (facts[i] as Fact).loggedAt);
  }
  return heardAt + settings.chatStalledAfterMs;
}

/** Closed stays only, up to the episode's end; ms by status. */
export function dwellOf(stays: readonly ChatStay[], endedAt: number | null): Record<string, number> {
  const dwell = new Map<string, number>();
  for (const { status, first, until } of stays) {
    if (!until || (endedAt !== null && first.at >= endedAt)) continue;
    const to = endedAt === null ? until.at : Math.min(until.at, endedAt);
    dwell.set(status, (dwell.get(status) ?? 0) + Math.max(0, to - first.at));
  }
  return Object.fromEntries([...dwell].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function episodeRecord(state: State, episode: Episode): Draft<ChatOutcome> | null {
  const { stays, ending, number } = episode;
  if (!ending && !state.silent) return null;
  const last = stays.at(-1) as ChatStay;
  const deciding = (ending ?? last).first;
  const inferred = ending === null;
  const stalled = inferred && last.first.word === 'waiting';
  const outcome = ending ? (ENDINGS[ending.first.word] as ChatOutcome['outcome']) : stalled ? 'stalled' : 'unknown';
  const handoffs = stays.filter((stay) => stay.first.word === 'manual').length;
  const endedAt = ending ? ending.first.at : null;
  return {
    kind: 'chat-outcome',
    outcomeId: idOf(state.tenantId, state.source, state.subjectId, number),
    tenantId: state.tenantId,
    source: state.source,
    occurredAt: deciding.at,
    ingestedAt: deciding.loggedAt,
    chatId: state.subjectId,
    outcome,
    episode: number,
    contained: handoffs === 0,
    handoffs,
    dwellMs: dwellOf(stays, endedAt),
    blockedAt: stays.find((stay) => stay.first.word === 'blocked')?.first.at ?? null,
    startedAt: (stays[0] as ChatStay).first.at,
    endedAt,
    inferred,
    rawStatus: deciding.status,
    decidedBy: { rule: ending ? ending.first.word : stalled ? 'waiting-too-long' : 'silent', eventIds: [deciding.id] },
    attributes: attributesOf(state.attributes),
  };
}

/** @param before how many hand-offs came before these stays */
function handoffRecords(
  state: State,
  episode: number,
  stays: readonly ChatStay[],
  before: number,
): Draft<ChatHandoff>[] {
  const manual = stays.filter((stay) => stay.first.word === 'manual');
  return manual.map((stay, index) => {
    const n = before + index + 1;
    const left = stay.until;
    const outcomeId = idOf(state.tenantId, state.source, state.subjectId, n);
    return {
      kind: 'chat-handoff',
      outcomeId,
      tenantId: state.tenantId,
      source: state.source,
      occurredAt: (left ?? stay.first).at,
      ingestedAt: (left ?? stay.first).loggedAt,
      chatId: state.subjectId,
      n,
      episode,
      enteredAt: stay.first.at,
      leftAt: left?.at ?? null,
      dwellMs: left ? Math.max(0, left.at - stay.first.at) : null,
      returnedTo: left ? chatStatus(left) : null,
    };
  });
}

export type ChatReading = {
  readonly outcomes: readonly Draft<ChatOutcome>[];
  readonly handoffs: readonly Draft<ChatHandoff>[];
};

/** Where the first fact stands that happened at an instant or later. */
function placeOf(facts: readonly Fact[], at: number): number {
  let place = facts.length;
  while (place > 0 && (facts[place - 1] as Fact).at >= at) place -= 1;
  return place;
}

/**
 * What can be published now: ended episodes, an open one only when it fell silent, and every stay in Manual.
 *
 * @param from only what a change at this instant or later can have touched: the stay that stood before it, its episode,
 *   and all that follows, since that may have other numbers now; null: everything
 */
export function readChat(state: State, from: number | null = null): ChatReading {
  const { facts } = state;
  const place = from === null ? 0 : placeOf(facts, from);
  const begin = place === 0 ? 0 : stayBegin(facts, place - 1);
  const outcomes: Draft<ChatOutcome>[] = [];
  const handoffs: Draft<ChatHandoff>[] = [];
  let before = state.handoffsBefore;
  for (const span of episodeSpans(state)) {
    const touched = Math.max(span.first, Math.min(begin, span.end));
    if (span.end >= place) {
      const isSaid = state.silent || isEnding(facts[span.end - 1] as Fact);
      const episode = isSaid ? episodeRecord(state, episodeIn(facts, span)) : null;
      if (episode) outcomes.push(episode);
      const untouched = before + handoffsIn(facts, span.first, touched);
      handoffs.push(...handoffRecords(state, span.number, staysIn(facts, touched, span.end), untouched));
    }
    before += handoffsInSpan(facts, span);
  }
  return { outcomes, handoffs };
}
