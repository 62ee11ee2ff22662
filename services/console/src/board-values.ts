import type { ReportFigures, Source } from '@callfold/core';

/** The board's figures, of what is live and of today's report: as the page shows them, and as the console notes them. */

/** Epoch ms, or a text as JSON has it. */
type Time = number | string;

const msOf = (time: Time): number => (typeof time === 'number' ? time : Date.parse(time));

export type BoardCall = {
  readonly source: Source;
  readonly phase: string;
  readonly since: Time | null;
  readonly queuedAt: Time | null;
  readonly answeredAt: Time | null;
  readonly agents: readonly { readonly leftAt: Time | null }[];
};

export type BoardAgent = { readonly source: Source; readonly state: string };

export type BoardFigures = Pick<ReportFigures, 'callcenter24' | 'atlas'>;

export type Board = {
  readonly calls: Iterable<BoardCall>;
  readonly agents: Iterable<BoardAgent>;
  /** Null: not known yet. */
  readonly figures: BoardFigures | null;
  /** Epoch ms. */
  readonly now: number;
};

/** Null: there is none, or none of the source that is asked for. */
export type BoardValues = {
  readonly waiting: number | null;
  /** Seconds. */
  readonly longest: number | null;
  /** Percent, by T in seconds. */
  readonly levels: Readonly<Record<string, number | null>>;
  readonly abandoned: number | null;
  readonly answered: number | null;
  readonly ready: number | null;
  readonly agents: number | null;
};

const READY: ReadonlySet<string> = new Set(['free', 'Ready']);
const AWAY: ReadonlySet<string> = new Set(['LoggedOut']);

/** Nobody is in with its contact, ringing or not: not yet, or again after a transfer. */
export const isWaiting = ({ phase }: Pick<BoardCall, 'phase'>): boolean => phase === 'waiting' || phase === 'ringing';

/** A call that was answered waits again since its last agent left it; before that it was talked to. */
export function waitingSince({ answeredAt, queuedAt, since, agents }: Omit<BoardCall, 'source' | 'phase'>): number {
  if (answeredAt === null) return msOf(queuedAt ?? since ?? Number.NaN);
  const left = agents.flatMap(({ leftAt }) => (leftAt === null ? [] : [msOf(leftAt)]));
  return left.length > 0 ? Math.max(...left) : msOf(since ?? answeredAt);
}

const isOf = (source: Source | null, ...of: readonly Source[]): boolean => source === null || of.includes(source);

/** @param source null: of all. What is given may be of others too */
export function boardValues({ calls, agents, figures, now }: Board, source: Source | null): BoardValues {
  let waiting = 0;
  let longest: number | null = null;
  for (const call of calls) {
    if (!isOf(source, call.source) || !isWaiting(call)) continue;
    waiting += 1;
    longest = Math.max(longest ?? 0, now - waitingSince(call));
  }
  let [ready, all] = [0, 0];
  for (const agent of agents) {
    if (!isOf(source, agent.source) || AWAY.has(agent.state)) continue;
    all += 1;
    if (READY.has(agent.state)) ready += 1;
  }
  const report = isOf(source, 'callcenter24') ? figures?.callcenter24?.report : undefined;
  const levels = Object.entries(report?.serviceLevelPercent ?? {}).map(([T, { ofOffered }]) => [T, ofOffered] as const);
  const hasAnswers = figures !== null && isOf(source, 'callcenter24', 'atlas');
  const answersOf = source === 'atlas' ? figures?.atlas : figures?.callcenter24;
  const hasAgents = isOf(source, 'callcenter24', 'vonage');
  return {
    waiting: isOf(source, 'callcenter24') ? waiting : null,
    longest: longest === null ? null : Math.floor(longest / 1_000),
    levels: Object.fromEntries(levels),
    abandoned: report?.abandonmentPercent.ofOffered ?? null,
    answered: hasAnswers ? (answersOf?.outcomes['answered'] ?? 0) : null,
    ready: hasAgents ? ready : null,
    agents: hasAgents ? all : null,
  };
}
