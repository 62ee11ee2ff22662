import { idOf, unpart } from './key.ts';
import { isClosed } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { readParties } from './timeline.ts';

/**
 * Agents that are named in calls have a current state too. Each call says what its agents are doing in it, under
 * `tenant/agent/call`; readers merge what the calls of all partitions say.
 */
export type AgentInCall = { readonly doing: 'on-call' | 'ringing' | 'free'; readonly since: number };

export type SeenAgent = {
  readonly kind: 'agent';
  readonly tenantId: string;
  readonly source: 'callcenter24';
  readonly agentId: string;
  readonly state: AgentInCall['doing'];
  readonly description: null;
  readonly since: number;
  /** Ids of the live calls that the agent is in, or that ring. */
  readonly calls: readonly string[];
};

const RANK: Readonly<Record<AgentInCall['doing'], number>> = { 'on-call': 2, ringing: 1, free: 0 };

/** By `tenant/agent/call`. A closed call, by inference too, leaves its agents free. */
export function agentsInCall(state: State, settings: Settings): Map<string, AgentInCall> {
  const found = new Map<string, AgentInCall>();
  if (state.source !== 'callcenter24' || state.facts.length === 0) return found;
  if (!state.facts.some((fact) => fact.agent !== null)) return found;
  const { presence, offers } = readParties(state.facts, settings);
  const closed = isClosed(state);
  const last = state.facts.at(-1)?.at ?? 0;
  const note = (agent: string, doing: AgentInCall['doing'], since: number): void => {
    const key = idOf(state.tenantId, agent, state.subjectId);
    const before = found.get(key);
    if (!before || RANK[doing] > RANK[before.doing] || (doing === before.doing && since > before.since)) {
      found.set(key, { doing, since });
    }
  };
  for (const offer of offers) {
    const rings = !closed && offer.shown !== null && offer.closedAt === null;
    if (rings) note(offer.agent, 'ringing', offer.shown.at);
    else note(offer.agent, 'free', offer.closedAt ?? offer.decidedBy.at);
  }
  for (const { agent, joined, left } of presence.stays) {
    if (!closed && presence.isIn(agent) && left === null) note(agent, 'on-call', joined?.at ?? last);
    else note(agent, 'free', left?.at ?? last);
  }
  return found;
}

export function encodeAgentInCall({ doing, since }: AgentInCall): string {
  return `${doing} ${since}`;
}

function decodeAgentInCall(text: string): AgentInCall {
  const [doing, since] = text.split(' ');
  return { doing: doing as AgentInCall['doing'], since: Number(since) };
}

/** @param entries as `agentsInCall` and `encodeAgentInCall` made them, of any number of calls and partitions */
export function mergeAgents(entries: Iterable<readonly [key: string, text: string]>): SeenAgent[] {
  const agents = new Map<string, { tenantId: string; agentId: string; best: AgentInCall; calls: string[] }>();
  for (const [key, text] of entries) {
    const [tenant = '', agent = '', call = ''] = key.split('/');
    const now = decodeAgentInCall(text);
    const id = `${tenant}/${agent}`;
    const known = agents.get(id) ?? { tenantId: unpart(tenant), agentId: unpart(agent), best: now, calls: [] };
    const better = RANK[now.doing] - RANK[known.best.doing];
    // Of one state the earliest since counts, of being free the latest.
    const longer = now.doing === 'free' ? now.since > known.best.since : now.since < known.best.since;
    if (better > 0 || (better === 0 && longer)) known.best = now;
    if (now.doing !== 'free') known.calls.push(unpart(call));
    agents.set(id, known);
  }
  return [...agents.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { tenantId, agentId, best, calls }]) => ({
      kind: 'agent',
      tenantId,
      source: 'callcenter24',
      agentId,
      state: best.doing,
      description: null,
      since: best.since,
      calls: calls.sort(),
    }));
}
