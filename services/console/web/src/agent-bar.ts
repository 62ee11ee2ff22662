import type { AgentDay } from '../../src/agent-days.ts';
import type { Agent } from './model.ts';

/** What an agent did today, by state, with the state that it is in now. */

/** As it is answered: a time is a text. */
export type AgentDayTold = Omit<AgentDay, 'from'> & { readonly from: string };
export type AgentDaysTold = {
  /** When today began. */
  readonly from: string;
  /** False: there may be more than the console holds. */
  readonly isComplete: boolean;
  readonly agents: readonly AgentDayTold[];
};

export type Days = { readonly from: number; readonly by: ReadonlyMap<string, AgentDayTold> };

/** By the name that agents have in the model. */
export function daysOf(told: AgentDaysTold | null): Days | null {
  if (told === null) return null;
  const by = new Map(told.agents.map((one) => [`${one.source}/${one.tenantId}/${one.agentId}`, one]));
  return { from: Date.parse(told.from), by };
}

export type BarPart = { readonly state: string; readonly ms: number };

/** So that bars can be compared: work first, then what is between, then what is not there. */
const ORDER: readonly string[] = ['on-call', 'Busy', 'ringing', 'Wrap', 'free', 'Ready', 'ReadyRFO', 'Away'];
const rank = (state: string): number => {
  const found = ORDER.indexOf(state);
  return found < 0 ? ORDER.length : found;
};

/** A day is no clock: its bars do not move with every second. */
const STEP_MS = 10_000;

/** @param days null: they were not told yet, and nothing is drawn */
export function barOf(key: string, agent: Agent, days: Days | null, now: number): readonly BarPart[] {
  if (days === null) return [];
  const day = days.by.get(key);
  const since = Math.max(days.from, Date.parse(agent.since));
  const times = new Map(Object.entries(day?.timeMs ?? {}));
  times.set(agent.state, (times.get(agent.state) ?? 0) + Math.max(0, now - since));
  times.delete('LoggedOut');
  if (agent.source === 'callcenter24') {
    // Who is named in calls is free between them, since the first one of today.
    const all = now - Math.min(since, day === undefined ? since : Date.parse(day.from));
    times.set('free', Math.max(0, all - (times.get('on-call') ?? 0) - (times.get('ringing') ?? 0)));
  }
  return [...times]
    .filter(([, ms]) => ms > 0)
    .map(([state, ms]) => ({ state, ms: ms < STEP_MS ? ms : ms - (ms % STEP_MS) }))
    .sort((a, b) => rank(a.state) - rank(b.state) || (a.state < b.state ? -1 : 1));
}
