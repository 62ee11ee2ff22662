import type { ChatHandoff, ChatOutcome } from '@callfold/schemas';
import type { Fact, State } from '../src/index.ts';

/**
 * The rules for a chat once more, read as a whole and close to their words: every episode and every hand-off anew, each
 * time. The fold reads only what a change can have touched; here is what it must come to.
 */

type Stay = { readonly status: string; readonly first: Fact; readonly until: Fact | null };

const NAMES = new Map([
  ['auto', 'Auto'],
  ['manual', 'Manual'],
  ['waiting', 'Waiting'],
  ['finished', 'Finished'],
  ['blocked', 'Blocked'],
  ['stopped', 'Stopped'],
]);
const OUTCOMES = new Map([
  ['finished', 'completed'],
  ['blocked', 'blocked'],
  ['stopped', 'undeliverable'],
] as const);

const statusOf = (fact: Fact): string => NAMES.get(fact.word) ?? (fact.status?.trim() || 'unknown');
const isEnding = ({ first }: Stay): boolean => OUTCOMES.has(first.word as 'finished');
const isManual = ({ first }: Stay): boolean => first.word === 'manual';

function staysOf(facts: readonly Fact[]): Stay[] {
  const firsts = facts.filter((fact, i) => i === 0 || statusOf(fact) !== statusOf(facts[i - 1] as Fact));
  return firsts.map((first, i) => ({ status: statusOf(first), first, until: firsts[i + 1] ?? null }));
}

function episodesOf(state: State): Stay[][] {
  const stays = staysOf(state.facts);
  const from = state.endedBefore ? stays.findIndex((stay) => !isEnding(stay)) : 0;
  const counted = from < 0 ? [] : stays.slice(from);
  const begins = counted.map((stay, i) => i === 0 || (isEnding(counted[i - 1] as Stay) && !isEnding(stay)));
  const places = begins.flatMap((begin, i) => (begin ? [i] : []));
  return places.map((place, n) => counted.slice(place, places[n + 1]));
}

export type ExpectedChat = {
  readonly episodes: readonly Pick<
    ChatOutcome,
    'episode' | 'outcome' | 'startedAt' | 'endedAt' | 'contained' | 'handoffs' | 'dwellMs' | 'blockedAt' | 'inferred'
  >[];
  readonly handoffs: readonly Pick<ChatHandoff, 'n' | 'episode' | 'enteredAt' | 'leftAt' | 'dwellMs' | 'returnedTo'>[];
  /** How the chat stands. */
  readonly now: { readonly status: string | null; readonly episode: number; readonly handoffs: number };
};

function dwellIn(stays: readonly Stay[], endedAt: number | null): Record<string, number> {
  const dwell: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const { status, first, until } of stays) {
    if (until === null || (endedAt !== null && first.at >= endedAt)) continue;
    dwell[status] = (dwell[status] ?? 0) + Math.min(until.at, endedAt ?? Infinity) - first.at;
  }
  return dwell;
}

function outcomeIn(stays: readonly Stay[], episode: number, silent: boolean): ExpectedChat['episodes'][number] | null {
  const endings = stays.filter(isEnding);
  const ending = endings.find(({ first }) => first.word === 'finished') ?? endings.at(-1) ?? null;
  if (!ending && !silent) return null;
  const stalled = stays.at(-1)?.first.word === 'waiting';
  const endedAt = ending?.first.at ?? null;
  return {
    episode,
    outcome: ending ? (OUTCOMES.get(ending.first.word as 'finished') ?? 'unknown') : stalled ? 'stalled' : 'unknown',
    startedAt: (stays[0] as Stay).first.at,
    endedAt,
    contained: !stays.some(isManual),
    handoffs: stays.filter(isManual).length,
    dwellMs: dwellIn(stays, endedAt),
    blockedAt: stays.find(({ first }) => first.word === 'blocked')?.first.at ?? null,
    inferred: ending === null,
  };
}

export function expectedChat(state: State): ExpectedChat {
  const episodes = episodesOf(state);
  const number = (i: number): number => state.episodesBefore + i + 1;
  const manual = episodes.flatMap((stays, i) => stays.filter(isManual).map((stay) => ({ stay, episode: number(i) })));
  const last = episodes.at(-1)?.at(-1);
  return {
    episodes: episodes.flatMap((stays, i) => {
      const silent = state.silent && i === episodes.length - 1;
      return outcomeIn(stays, number(i), silent) ?? [];
    }),
    handoffs: manual.map(({ stay: { first, until }, episode }, i) => ({
      n: state.handoffsBefore + i + 1,
      episode,
      enteredAt: first.at,
      leftAt: until?.at ?? null,
      dwellMs: until ? until.at - first.at : null,
      returnedTo: until ? statusOf(until) : null,
    })),
    now: {
      status: last ? last.status : null,
      episode: number(episodes.length - 1),
      handoffs: state.handoffsBefore + manual.length,
    },
  };
}
