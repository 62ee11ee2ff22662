import type { CallOutcome } from '@callfold/schemas';
import { isoTime, toJson } from '@callfold/schemas';
import { currentInterval } from './agent.ts';
import { readCall } from './call.ts';
import { readCallRecord } from './call-record.ts';
import { chatStatus, dwellOf, episodeIn, episodeSpans, handoffsInSpan } from './chat.ts';
import type { Source } from './event.ts';
import type { Draft } from './record.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { agentState } from './stay.ts';
import type { Phase } from './timeline.ts';
import { readStanding } from './timeline.ts';
import { CALL_OUTCOMES } from './topics.ts';
import type { SeenAgent } from './agents-in-calls.ts';

/**
 * How one subject stands now: what readers of the store, the query API and `fold --aggregates` show. Times epoch ms.
 */

export type CallAggregate = Omit<Draft<CallOutcome>, 'kind' | 'ingestedAt'> & {
  readonly kind: 'call';
  readonly phase: Phase;
  readonly since: number | null;
};

export type ChatAggregate = {
  readonly kind: 'chat';
  readonly tenantId: string;
  readonly source: Source;
  readonly chatId: string;
  readonly status: string | null;
  readonly since: number | null;
  readonly episode: number;
  readonly handoffs: number;
  readonly dwellMs: Readonly<Record<string, number>>;
};

export type AgentAggregate = {
  readonly kind: 'agent';
  readonly tenantId: string;
  readonly source: Source;
  readonly agentId: string;
  readonly state: string;
  readonly description: string | null;
  readonly since: number;
};

export type Aggregate = CallAggregate | ChatAggregate | AgentAggregate;

function callAggregate(state: State, settings: Settings): CallAggregate {
  const timeline = state.source === 'callcenter24' ? readCall(state, settings) : null;
  const { ingestedAt: _, ...outcome } = timeline ? timeline.outcome : readCallRecord(state);
  if (!timeline) return { ...outcome, kind: 'call', phase: 'ended', since: outcome.endedAt ?? outcome.occurredAt };
  const { phase, since } = readStanding(state.facts, settings);
  // Closed because nothing more came: nothing says since when, but since the last event nothing was heard.
  if (state.silent && phase !== 'ended') {
    return { ...outcome, kind: 'call', phase: 'ended', since: state.facts.at(-1)?.at ?? null };
  }
  return { ...outcome, kind: 'call', phase, since: since?.at ?? null };
}

function chatAggregate(state: State): ChatAggregate {
  const spans = episodeSpans(state);
  const last = spans.at(-1);
  const episode = last ? episodeIn(state.facts, last) : null;
  const stay = episode?.stays.at(-1);
  const handoffs = spans.reduce((sum, span) => sum + handoffsInSpan(state.facts, span), state.handoffsBefore);
  return {
    kind: 'chat',
    tenantId: state.tenantId,
    source: state.source,
    chatId: state.subjectId,
    status: stay ? chatStatus(stay.first) : null,
    since: stay?.first.at ?? null,
    episode: episode?.number ?? state.episodesBefore,
    handoffs,
    dwellMs: dwellOf(episode?.stays ?? [], null),
  };
}

function agentAggregate(state: State): AgentAggregate | null {
  const current = currentInterval(state.facts);
  if (!current) return null;
  return {
    kind: 'agent',
    tenantId: state.tenantId,
    source: state.source,
    agentId: state.subjectId,
    state: agentState(current.deciding),
    description: current.deciding.stay?.description ?? null,
    since: current.deciding.at,
  };
}

/** Null: nothing is kept of the subject but a marker. */
export function aggregateOf(state: State, settings: Settings): Aggregate | null {
  if (state.kind === 'chat') return state.facts.length > 0 || state.episodesBefore > 0 ? chatAggregate(state) : null;
  if (state.facts.length === 0) return null;
  return state.kind === 'call' ? callAggregate(state, settings) : agentAggregate(state);
}

/** The aggregate as it is printed and served: times in ISO 8601. */
export function aggregateJson(aggregate: Aggregate | SeenAgent): Record<string, unknown> {
  const since = aggregate.since === null ? null : isoTime(aggregate.since);
  if (aggregate.kind !== 'call') return { ...aggregate, since };
  const { phase, since: _, ...outcome } = aggregate;
  const unpublished = { revision: 0, correctionOf: null, ingestedAt: null };
  const json = toJson(CALL_OUTCOMES, { ...outcome, ...unpublished });
  for (const field of Object.keys(unpublished)) delete json[field];
  return { ...json, kind: 'call', phase, since };
}
