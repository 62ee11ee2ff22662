import type { AgentInterval, AgentOffer, CallOutcome, ChatHandoff, ChatOutcome } from '@callfold/schemas';
import type { Source } from './event.ts';
import type { Fact } from './fact.ts';
import type { State } from './state.ts';

/** Derived records less what only their publishing gives them. */
export type Draft<Record> = Omit<Record, 'revision' | 'correctionOf'>;

export type DerivedRecord = CallOutcome | AgentOffer | ChatOutcome | ChatHandoff | AgentInterval;
export type DerivedDraft =
  | Draft<CallOutcome>
  | Draft<AgentOffer>
  | Draft<ChatOutcome>
  | Draft<ChatHandoff>
  | Draft<AgentInterval>;

/** What every derived record has, first, in this order. */
export function commonOf<Kind extends DerivedRecord['kind']>(
  state: State,
  kind: Kind,
  outcomeId: string,
  deciding: Fact,
): { kind: Kind; outcomeId: string; tenantId: string; source: Source; occurredAt: number; ingestedAt: number | null } {
  return {
    kind,
    outcomeId,
    tenantId: state.tenantId,
    source: state.source,
    occurredAt: deciding.at,
    ingestedAt: deciding.loggedAt,
  };
}
