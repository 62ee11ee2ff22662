import type { CallOutcome } from '@callfold/schemas';
import type { CallWord, Settings, StatusEvent, TimelineEvent } from '../src/index.ts';

/**
 * The rules for a call once more, as slow and as close to their words as can be: for every instant it asks anew who was
 * in. Kept apart from the fold, so that both can only be wrong together by misreading the rules alike.
 */

const RANKS: readonly CallWord[] = [
  'registered',
  'crm-registered',
  'contact-joined',
  'agent-requested',
  'screen-shown',
  'redirected',
  'agent-joined',
  'no-answer',
  'agent-left',
  'contact-left',
  'ended',
  'recorded',
  'unknown',
];

export type Expected = Pick<
  CallOutcome,
  | 'outcome'
  | 'transferred'
  | 'startedAt'
  | 'queuedAt'
  | 'answeredAt'
  | 'endedAt'
  | 'waitMs'
  | 'talkMs'
  | 'short'
  | 'inferred'
>;

function inEventTime(events: readonly StatusEvent[]): TimelineEvent[] {
  const rank = (event: TimelineEvent): number => RANKS.indexOf(event.word);
  return events
    .filter((event): event is TimelineEvent => event.kind === 'call' && event.word !== 'record')
    .toSorted((a, b) => a.at - b.at || rank(a) - rank(b));
}

/** @param events without two that say the same; ties between agents at one instant must not matter to what is asked */
export function expectedOf(events: readonly StatusEvent[], settings: Settings): Expected {
  const all = inEventTime(events);
  const at = (i: number): number => all[Math.max(i, 0)]?.at ?? 0;
  const positions = all.map((_, i) => i);
  const redirect = all.findIndex(({ word }) => word === 'redirected');
  const beforeRedirect = (i: number): boolean => redirect === -1 || i < redirect;
  const agents = [...new Set(all.flatMap(({ agent, word }) => (agent && word.startsWith('agent-') ? [agent] : [])))];

  /** In after position i (-1: before everything), by the last join or leave up to there. */
  function isIn(i: number, join: CallWord, leave: CallWord, agent: string | null): boolean {
    const own = positions.filter((p) => all[p]?.agent === agent && (all[p]?.word === join || all[p]?.word === leave));
    const counted = own.filter((p) => agent === null || all[p]?.word === leave || beforeRedirect(p));
    const last = counted.findLast((p) => p <= i);
    if (last !== undefined) return all[last]?.word === join;
    const first = own[0];
    return first !== undefined && all[first]?.word === leave && beforeRedirect(first);
  }
  const contactIn = (i: number): boolean => isIn(i, 'contact-joined', 'contact-left', null);
  const agentIn = (agent: string, i: number): boolean => isIn(i, 'agent-joined', 'agent-left', agent);
  const together = (i: number): boolean => contactIn(i) && agents.some((agent) => agentIn(agent, i));

  const answer = [-1, ...positions].find((i) => together(i) && beforeRedirect(Math.max(i, 0)));
  const last = (word: CallWord): number => all.findLastIndex((event) => event.word === word);
  const end = last('ended');
  const left = last('contact-left');
  const joined = all.findIndex(({ word }) => word === 'contact-joined');
  const inAtLast = contactIn(all.length - 1);
  const gone = left !== -1 && !inAtLast;
  const over = end !== -1 || redirect !== -1 || gone;

  const endedAt = end !== -1 ? at(end) : gone ? at(left) : redirect !== -1 ? at(redirect) : null;
  const exitAt = gone ? at(left) : end !== -1 ? at(end) : null;
  const outcome = ((): Expected['outcome'] => {
    if (answer !== undefined) return 'answered';
    if (redirect !== -1) return 'voicemail';
    if (!over) return 'unknown';
    const asked = Math.max(last('agent-requested'), last('screen-shown'));
    const final = positions.filter((p) => all[p]?.word === 'no-answer' && p > asked);
    const tearsDown = (p: number): boolean => at(left) >= at(p) && at(left) - at(p) <= settings.teardownMs;
    const endedInstead = end !== -1 && (left === -1 || inAtLast);
    if (final.some((p) => endedInstead || (gone && tearsDown(p)))) return 'missed';
    return joined === -1 ? 'left-before-queue' : 'abandoned';
  })();

  const isAnswered = outcome === 'answered';
  const answeredAt = isAnswered ? at(answer ?? 0) : null;
  const queuedAt = joined === -1 ? null : at(joined);
  const until = answeredAt ?? (redirect !== -1 ? at(redirect) : exitAt);
  const waitMs = queuedAt === null || until === null ? null : Math.max(0, until - queuedAt);
  const starts = [-1, ...positions].filter((i) => together(i) && (i === -1 || !together(i - 1)));
  const spans = starts.map((i) => {
    const stop = positions.find((p) => p > i && !together(p));
    const to = stop === undefined ? endedAt : at(stop);
    return to === null ? null : Math.max(0, to - at(i));
  });
  const talkMs = spans.reduce<number | null>((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0);

  const wasWith = (agent: string, i: number): boolean =>
    [-1, ...positions].some((p) => p < i && contactIn(p) && agentIn(agent, p));
  const transferred = positions.some((i) => {
    const agent = all[i]?.agent;
    const joins = all[i]?.word === 'agent-joined' && beforeRedirect(i) && contactIn(i) && agent;
    if (!joins || agentIn(agent, i - 1)) return false;
    return agents.some((other) => other !== agent && wasWith(other, i));
  });
  return {
    outcome,
    transferred,
    startedAt: all[0]?.at ?? null,
    queuedAt,
    answeredAt,
    endedAt,
    waitMs,
    talkMs: outcome === 'unknown' ? null : isAnswered ? talkMs : 0,
    short: outcome === 'abandoned' && waitMs !== null ? waitMs <= settings.shortAbandonMs : null,
    inferred: !over,
  };
}
