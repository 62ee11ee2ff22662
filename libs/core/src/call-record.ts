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

/** Greater counts: by version (one without is least), then later, then a known label, then the greater text. */
function compareRecords(a: Fact, b: Fact): number {
  const version = (fact: Fact): number => fact.record?.recordVersion ?? -Infinity;
  const known = (fact: Fact): number => (fact.record?.label ? 1 : 0);
  const text = (fact: Fact): string => fact.status ?? '';
  if (version(a) !== version(b)) return version(a) < version(b) ? -1 : 1;
  if (a.at !== b.at) return a.at - b.at;
  if (known(a) !== known(b)) return known(a) - known(b);
  if (text(a) !== text(b)) return text(a) < text(b) ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/** @param state of a call told as records, with at least one fact */
export function readCallRecord(state: State): Draft<CallOutcome> {
  const deciding = state.facts.reduce((best, fact) => (compareRecords(fact, best) > 0 ? fact : best));
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
