import type { Saying } from './explain-words.ts';
import { saying } from './explain-words.ts';
import type { Fact } from './fact.ts';
import type { Phrase } from './phrase.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

/** Why a record says what it says, and not something else: what every kind of decision has. */

/** Where the log has an event. */
export type LoggedAt = {
  /** Null when it is not known. */
  readonly offset: number | null;
  /** Absent: where its subject is by now, which was not moved since. */
  readonly partition?: number;
};

/** An event that something rests on. */
export type Evidence = LoggedAt & {
  readonly eventId: string;
  readonly status: string | null;
  readonly word: string;
  readonly occurredAt: number;
  readonly loggedAt: number;
};

export type Decision = Saying & {
  /** As `decidedBy` names it, where the record has one. */
  readonly rule: string;
  /** The deciding one first. */
  readonly restsOn: readonly Evidence[];
  /** Of calls and chat episodes every other outcome, and why it was not chosen. */
  readonly others: readonly (Saying & { readonly outcome: string })[];
  /** Events that could have decided as well: other versions of a record, other endings, other reports of a stay. */
  readonly passedOver: readonly (Evidence & Saying)[];
  /** What else is worth knowing: anomalies, gaps, cuts. */
  readonly notes: readonly string[];
  /** What each of the notes is made of. */
  readonly noted: readonly Phrase[];
};

export type Case = {
  readonly state: State;
  readonly settings: Settings;
  readonly loggedAtOf: (fact: Fact) => LoggedAt;
  /** Every report of an agent's stay that was taken; the state keeps the best one alone. */
  readonly reportsOf: (fact: Fact) => readonly Fact[];
};

export const NOTHING_ELSE = { others: [], passedOver: [], notes: [], noted: [] } as const;

export const notesOf = (noted: readonly Phrase[]): Pick<Decision, 'notes' | 'noted'> => ({
  notes: noted.map((one) => saying(one).says),
  noted,
});

export function evidence(fact: Fact, { loggedAtOf }: Case): Evidence {
  const { id, status, word, at, loggedAt } = fact;
  return { eventId: id, status, word, occurredAt: at, loggedAt, ...loggedAtOf(fact) };
}

export function evidenceOf(ids: readonly string[], of: Case): Evidence[] {
  return ids.flatMap((id) => of.state.facts.filter((fact) => fact.id === id)).map((fact) => evidence(fact, of));
}
