import type { AgentInterval, AgentOffer, CallOutcome, ChatHandoff, ChatOutcome } from '@callfold/schemas';
import type { Source } from './event.ts';

/**
 * Every record is written as one literal, its common fields included: spreading them in first made each of some thirty
 * fields a slow store, and the record ten times as slow to make (measured).
 */

/** Derived records less what only their publishing gives them. */
export type Draft<Record> = Omit<Record, 'revision' | 'correctionOf'>;

export type DerivedRecord = CallOutcome | AgentOffer | ChatOutcome | ChatHandoff | AgentInterval;
export type DerivedDraft =
  | Draft<CallOutcome>
  | Draft<AgentOffer>
  | Draft<ChatOutcome>
  | Draft<ChatHandoff>
  | Draft<AgentInterval>;

/** What a record's `outcomeId` is made of. */
export type RecordName = {
  readonly kind: DerivedRecord['kind'];
  readonly tenantId: string;
  readonly source: Source;
  readonly subjectId: string;
  /** What tells it from the others of its kind and subject: an offer's agent and number. */
  readonly parts: readonly string[];
};
