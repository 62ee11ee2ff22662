import type { AgentInterval } from '@callfold/schemas';
import type { Fact } from './fact.ts';
import { idOf } from './key.ts';
import type { Draft } from './record.ts';
import type { State } from './state.ts';
import { agentState, betterReport, durationOf, stayName } from './stay.ts';

/** An agent's stays in states, as intervals that never overlap. Rules: docs/outcomes.md. */

export type Interval = {
  readonly state: string;
  readonly deciding: Fact;
  readonly end: number | null;
  readonly durationFrom: AgentInterval['durationFrom'];
  readonly flags: AgentInterval['flags'];
};

/** At one start known durations come before null, then by state name; the last is current. */
function compareStays(a: Fact, b: Fact): number {
  if (a.at !== b.at) return a.at - b.at;
  const open = (fact: Fact): number => (durationOf(fact) === null ? 1 : 0);
  return open(a) - open(b) || (agentState(a) < agentState(b) ? -1 : 1);
}

/** One fact per (start, state), in order. */
export function agentStays(facts: readonly Fact[]): Fact[] {
  const stays = new Map<string, Fact>();
  for (const fact of facts) {
    const key = `${fact.at}/${agentState(fact)}`;
    const known = stays.get(key);
    stays.set(key, known ? betterReport(known, fact) : fact);
  }
  return [...stays.values()].sort(compareStays);
}

export function agentIntervals(facts: readonly Fact[]): Interval[] {
  const stays = agentStays(facts);
  return stays.map((fact, index) => {
    const next = stays[index + 1];
    const duration = durationOf(fact);
    const reported = duration === null ? null : fact.at + duration;
    const overlaps = reported !== null && next !== undefined && reported > next.at;
    const end = reported === null || overlaps ? (next?.at ?? null) : reported;
    const flags: AgentInterval['flags'][number][] = [];
    if (end !== null && next !== undefined && end < next.at) flags.push('gap-after');
    if (overlaps) flags.push('overlap');
    if (fact.word === 'unknown') flags.push('unknown-state');
    const durationFrom = end === null ? 'open' : reported === null || overlaps ? 'derived' : 'reported';
    return { state: agentState(fact), deciding: fact, end, durationFrom, flags };
  });
}

/**
 * The facts that tell the intervals from a start on, and those of the start before it: an interval depends on itself
 * and on the next start alone.
 */
function factsFrom(facts: readonly Fact[], start: number): readonly Fact[] {
  let first = facts.length;
  const at = (index: number): number => facts[index]?.at ?? -Infinity;
  while (first > 0 && at(first - 1) >= start) first -= 1;
  const before = at(first - 1);
  while (first > 0 && at(first - 1) === before) first -= 1;
  return first === 0 ? facts : facts.slice(first);
}

/** The stay that the agent is in, as far as is known; null: no event at all. */
export function currentInterval(facts: readonly Fact[]): Interval | null {
  return agentIntervals(factsFrom(facts, facts.at(-1)?.at ?? 0)).at(-1) ?? null;
}

/** @param from only what a change at this start or later can have touched; null: everything */
export function readAgent(state: State, from: number | null = null): Draft<AgentInterval>[] {
  const facts = from === null ? state.facts : factsFrom(state.facts, from);
  return agentIntervals(facts).map(({ state: name, deciding, end, durationFrom, flags }) => {
    const start = deciding.at;
    const outcomeId = `${idOf(state.tenantId, state.source, state.subjectId)}/${stayName(deciding)}`;
    return {
      kind: 'agent-interval',
      outcomeId,
      tenantId: state.tenantId,
      source: state.source,
      occurredAt: deciding.at,
      ingestedAt: deciding.loggedAt,
      agentId: state.subjectId,
      state: name,
      description: deciding.stay?.description ?? null,
      start,
      end,
      durationMs: end === null ? null : end - start,
      durationFrom,
      flags,
    };
  });
}
