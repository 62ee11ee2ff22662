import type { Fact } from './fact.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

/** Why a record says what it says, and not something else: what every kind of decision has. */

/** An event that something rests on. */
export type Evidence = {
  readonly eventId: string;
  readonly status: string | null;
  readonly word: string;
  readonly occurredAt: number;
  readonly loggedAt: number;
  /** Null when it is not known. */
  readonly offset: number | null;
};

export type Decision = {
  /** As `decidedBy` names it, where the record has one. */
  readonly rule: string;
  readonly says: string;
  /** The deciding one first. */
  readonly restsOn: readonly Evidence[];
  /** Of calls and chat episodes every other outcome, and why it was not chosen. */
  readonly others: readonly { readonly outcome: string; readonly says: string }[];
  /** Events that could have decided as well: other versions of a record, other endings, other reports of a stay. */
  readonly passedOver: readonly (Evidence & { readonly says: string })[];
  /** What else is worth knowing: anomalies, gaps, cuts. */
  readonly notes: readonly string[];
};

export type OffsetOf = (fact: Fact) => number | null;

export type Case = {
  readonly state: State;
  readonly settings: Settings;
  readonly offsetOf: OffsetOf;
  /** Every report of an agent's stay that was taken; the state keeps the best one alone. */
  readonly reportsOf: (fact: Fact) => readonly Fact[];
};

export const NOTHING_ELSE = { others: [], passedOver: [], notes: [] } as const;

export function evidence(fact: Fact, { offsetOf }: Case): Evidence {
  const { id, status, word, at, loggedAt } = fact;
  return { eventId: id, status, word, occurredAt: at, loggedAt, offset: offsetOf(fact) };
}

export function evidenceOf(ids: readonly string[], of: Case): Evidence[] {
  return ids.flatMap((id) => of.state.facts.filter((fact) => fact.id === id)).map((fact) => evidence(fact, of));
}
