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

const isEnding = (stay: ChatStay): boolean => stay.first.word in ENDINGS;

export function chatStays(facts: readonly Fact[]): ChatStay[] {
  const firsts: Fact[] = [];
  for (const fact of facts) {
    const before = firsts.at(-1);
    if (!before || chatStatus(before) !== chatStatus(fact)) firsts.push(fact);
  }
  return firsts.map((first, index) => ({ status: chatStatus(first), first, until: firsts[index + 1] ?? null }));
}

/** Of several endings in a row the first Finished decides, without one the last. */
function endingOf(stays: readonly ChatStay[]): ChatStay | null {
  const endings = stays.filter(isEnding);
  return endings.find((stay) => stay.first.word === 'finished') ?? endings.at(-1) ?? null;
}

export function chatEpisodes(state: State): Episode[] {
  const runs: ChatStay[][] = [];
  for (const stay of chatStays(state.facts)) {
    // In a row with an ending whose episode was dropped: that one is decided.
    if (runs.length === 0 && state.endedBefore && isEnding(stay)) continue;
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (!run || !before || (isEnding(before) && !isEnding(stay))) runs.push([stay]);
    else run.push(stay);
  }
  return runs.map((stays, index) => ({ number: state.episodesBefore + index + 1, stays, ending: endingOf(stays) }));
}

/**
 * When a chat that goes on is closed as inferred, in log time. Waiting counts from when it was first heard of, since a
 * repeat of the same status starts nothing; anything else from the last event.
 */
export function chatCloseDue(state: State, settings: Settings): number {
  const last = chatStays(state.facts).at(-1);
  if (last?.first.word !== 'waiting') return state.changedAt + settings.chatCloseAfterMs;
  const waiting = state.facts.slice(state.facts.indexOf(last.first));
  const heardAt = waiting.reduce((earliest, fact) => Math.min(earliest, fact.loggedAt), Infinity);
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

function handoffRecords(state: State, episodes: readonly Episode[]): Draft<ChatHandoff>[] {
  const manual = episodes.flatMap(({ number, stays }) =>
    stays.filter((stay) => stay.first.word === 'manual').map((stay) => ({ number, stay })),
  );
  return manual.map(({ number, stay }, index) => {
    const n = state.handoffsBefore + index + 1;
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
      episode: number,
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

/** What can be published now: ended episodes, an open one only when it fell silent, and every stay in Manual. */
export function readChat(state: State): ChatReading {
  const episodes = chatEpisodes(state);
  return {
    outcomes: episodes.flatMap((episode) => episodeRecord(state, episode) ?? []),
    handoffs: handoffRecords(state, episodes),
  };
}
