import type { CallOutcome } from '@callfold/schemas';
import { attributesOf } from './attributes.ts';
import type { Label } from './event.ts';
import type { Fact } from './fact.ts';
import { hasReusedId } from './fact.ts';
import { idOf } from './key.ts';
import type { Draft } from './record.ts';
import type { State } from './state.ts';

/** Outcome of a call that is told as one finished record with a label, which may come again in newer versions. */

const UNKNOWN: Label = {
  outcome: 'unknown',
  reason: 'unknown',
  personReached: 'unknown',
  fault: null,
  transferred: false,
  hungUpBy: null,
};

/** In which respect one record beats another; the first in which two differ decides. */
type Respect = {
  readonly respect: 'version' | 'time' | 'known-label' | 'text' | 'event-id' | 'start-and-end';
  compare(a: Fact, b: Fact): number;
};

function compareValues<T extends number | string>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

const versionOf = (fact: Fact): number => fact.record?.recordVersion ?? -Infinity;
const startOf = (fact: Fact): number => fact.record?.startedAt ?? -Infinity;
const endOf = (fact: Fact): number => fact.record?.endedAt ?? -Infinity;
/** The vendor's own "unknown status" tells no more than a label that nobody knows. */
const knownOf = (fact: Fact): number => ((fact.record?.label ?? UNKNOWN).outcome === 'unknown' ? 0 : 1);

/** A record without a version is least; no two facts of one set are alike in all of them. */
const RESPECTS: readonly Respect[] = [
  { respect: 'version', compare: (a, b) => compareValues(versionOf(a), versionOf(b)) },
  { respect: 'time', compare: (a, b) => compareValues(a.at, b.at) },
  { respect: 'known-label', compare: (a, b) => compareValues(knownOf(a), knownOf(b)) },
  { respect: 'text', compare: (a, b) => compareValues(a.status ?? '', b.status ?? '') },
  { respect: 'event-id', compare: (a, b) => compareValues(a.id, b.id) },
  {
    respect: 'start-and-end',
    compare: (a, b) => compareValues(startOf(a), startOf(b)) || compareValues(endOf(a), endOf(b)),
  },
];

/** Greater counts. `respect`: what told them apart; null: nothing does. */
export function compareRecordFacts(
  a: Fact,
  b: Fact,
): { readonly order: number; readonly respect: Respect['respect'] | null } {
  for (const { respect, compare } of RESPECTS) {
    const order = compare(a, b);
    if (order !== 0) return { order, respect };
  }
  return { order: 0, respect: null };
}

/** The one that counts alone. @param facts at least one */
export function decidingRecord(facts: readonly Fact[]): Fact {
  return facts.reduce((best, fact) => (compareRecordFacts(fact, best).order > 0 ? fact : best));
}

/** @param state of a call told as records, with at least one fact */
export function readCallRecord(state: State): Draft<CallOutcome> {
  const deciding = decidingRecord(state.facts);
  const label = deciding.record?.label ?? UNKNOWN;
  const unlisted = deciding.record?.label === null && deciding.status !== null;
  const found: [CallOutcome['anomalies'][number], boolean][] = [
    ['unknown-status', unlisted],
    ['event-id-reused', hasReusedId(state.facts)],
    ['truncated', state.truncated],
  ];
  return {
    kind: 'call-outcome',
    outcomeId: idOf(state.tenantId, state.source, state.subjectId),
    tenantId: state.tenantId,
    source: state.source,
    occurredAt: deciding.at,
    ingestedAt: deciding.loggedAt,
    callId: state.subjectId,
    outcome: label.outcome,
    reason: label.reason as CallOutcome['reason'],
    rawStatus: deciding.status,
    stage: null,
    short: null,
    voicemailLeft: null,
    transferred: label.transferred,
    abandonedInTransfer: false,
    hungUpBy: label.hungUpBy,
    personReached: label.personReached,
    fault: label.fault,
    inferred: false,
    startedAt: deciding.record?.startedAt ?? null,
    queuedAt: null,
    answeredAt: null,
    endedAt: deciding.record?.endedAt ?? null,
    waitMs: null,
    talkMs: null,
    agents: [],
    offers: 0,
    missedOffers: 0,
    anomalies: found.filter(([, holds]) => holds).map(([name]) => name),
    decidedBy: { rule: label === UNKNOWN ? 'label-unknown' : 'label', eventIds: [deciding.id] },
    attributes: attributesOf(state.attributes),
  };
}
