import type { RecordDetail, StatusEvent, StayDetail } from './event.ts';
import { AGENT_WORDS, CALL_WORDS, CHAT_WORDS } from './event.ts';

/**
 * One event as a subject's state keeps it. A state is the *set* of its facts in a fixed order and everything else is
 * computed from it, so that no result can depend on the order or the number of times in which events came.
 */
export type Fact = {
  /** When it happened, epoch ms. */
  readonly at: number;
  /** A word of the inner language. */
  readonly word: string;
  readonly id: string;
  /** The vendor's words, verbatim. */
  readonly status: string | null;
  /** When the log took it first, epoch ms. */
  readonly loggedAt: number;
  readonly agent: string | null;
  readonly agentWas: 'available' | 'busy' | null;
  readonly record: RecordDetail | null;
  readonly stay: StayDetail | null;
};

const RANK: ReadonlyMap<string, number> = new Map(
  [...CALL_WORDS, 'record', ...CHAT_WORDS, ...AGENT_WORDS].map((word, index) => [word, index]),
);

export function factOf(event: StatusEvent, loggedAt: number): Fact {
  const isTimeline = event.kind === 'call' && event.word !== 'record';
  return {
    at: event.at,
    word: event.word,
    id: event.eventId,
    status: event.status,
    loggedAt,
    agent: isTimeline ? event.agent : null,
    agentWas: isTimeline ? event.agentWas : null,
    record: event.word === 'record' ? event.detail : null,
    stay: event.kind === 'agent' ? event.detail : null,
  };
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function compareNumber(a: number | null, b: number | null): number {
  return (a ?? -Infinity) - (b ?? -Infinity) || 0;
}

/**
 * Total order of facts: by time, then the words' rank, then everything that tells two facts apart. 0: the same fact.
 */
export function compareFacts(a: Fact, b: Fact): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.word !== b.word) return (RANK.get(a.word) ?? 0) - (RANK.get(b.word) ?? 0);
  return (
    compareText(a.agent, b.agent) ||
    compareText(a.id, b.id) ||
    compareText(a.status, b.status) ||
    compareText(a.agentWas, b.agentWas) ||
    compareNumber(a.stay?.duration ?? null, b.stay?.duration ?? null) ||
    compareText(a.stay?.description ?? null, b.stay?.description ?? null) ||
    compareNumber(a.record?.recordVersion ?? null, b.record?.recordVersion ?? null) ||
    compareNumber(a.record?.startedAt ?? null, b.record?.startedAt ?? null) ||
    compareNumber(a.record?.endedAt ?? null, b.record?.endedAt ?? null)
  );
}

export type Inserted = {
  readonly facts: readonly Fact[];
  /** False: the same fact was there, or it did not fit. */
  readonly added: boolean;
  /** Something did not fit: the greatest fact was left out. */
  readonly overflowed: boolean;
};

/** The set with one more fact, at most `max`, the smallest kept. The argument is not changed. */
export function insertFact(facts: readonly Fact[], fact: Fact, max: number): Inserted {
  let place = facts.length;
  while (place > 0) {
    const order = compareFacts(fact, facts[place - 1] as Fact);
    if (order === 0) return { facts, added: false, overflowed: false };
    if (order > 0) break;
    place -= 1;
  }
  if (place >= max) return { facts, added: false, overflowed: true };
  // A list of just this length: a spread, as a push, takes room for a dozen facts more, and states are kept long.
  const next = facts.toSpliced(place, 0, fact);
  const overflowed = next.length > max;
  if (overflowed) next.pop();
  return { facts: next, added: true, overflowed };
}

/** Two facts with one event id that say different things. */
export function hasReusedId(facts: readonly Fact[]): boolean {
  return new Set(facts.map((fact) => fact.id)).size < facts.length;
}
