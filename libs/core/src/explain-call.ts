import type { CallOutcome } from '@callfold/schemas';
import { CALL_RULES, judge } from './call-rules.ts';
import type { CallView } from './call-rules.ts';
import { compareRecordFacts, decidingRecord } from './call-record.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence, evidenceOf, NOTHING_ELSE } from './explain-evidence.ts';
import { spanText } from './explain-words.ts';
import type { Fact } from './fact.ts';
import type { DerivedDraft } from './record.ts';
import { readTimeline } from './timeline.ts';

/**
 * Why a call has its outcome and no other, of several records of one call which counts, and why an offer has its
 * result.
 */

const ANOMALIES: Readonly<Record<CallOutcome['anomalies'][number], string>> = {
  'unknown-status': 'a status came that callfold does not know',
  'contact-join-missing': 'the contact left or was answered, and was never seen to join',
  'contact-leave-missing': 'the call ended and the contact was never seen to leave',
  'agent-joined-after-contact-left': 'an agent joined after the contact had left',
  'agent-joined-after-redirect': 'an agent joined after the redirect to voicemail',
  'agent-leave-without-join': 'an agent left who was never seen to join',
  'crm-registration-missing': 'the call was registered, and never in the CRM',
  'event-id-reused': 'two events with one id say different things: both count',
  truncated: 'there was more than is kept of one subject: what is last by time was left out',
};

/** Every outcome a call can have, and what of a followed call speaks against those that its words cannot tell. */
const ONLY_OF_RECORDS = 'only calls that are told as one finished record can be that';
const CALL_OUTCOMES: Readonly<Record<CallOutcome['outcome'], string | null>> = {
  answered: null,
  voicemail: null,
  missed: null,
  abandoned: null,
  'left-before-queue': null,
  'not-connected': ONLY_OF_RECORDS,
  failed: ONLY_OF_RECORDS,
  cancelled: ONLY_OF_RECORDS,
  unknown: null,
};

const outcomesOfCalls = Object.entries(CALL_OUTCOMES) as [CallOutcome['outcome'], string | null][];

function whyNotCall(outcome: CallOutcome['outcome'], chosen: CallOutcome['outcome'], view: CallView): string {
  const against = CALL_OUTCOMES[outcome];
  if (against !== null) return against;
  if (outcome === 'unknown') return 'a rule holds that says what it was';
  const rules = CALL_RULES.filter((rule) => rule.outcome === outcome);
  const reasons = rules.flatMap(({ needs }) => needs.find((need) => !need.holds(view))?.unmet(view) ?? []);
  if (reasons.length < rules.length) return `its rule holds as well, and ${chosen} is asked for before it`;
  return [...new Set(reasons)].join(', and ');
}

function silenceText({ state, settings }: Case): string {
  const silence = `${spanText(settings.closeAfterMs)} of silence`;
  return state.silent
    ? `nothing says that it is over: it was closed after ${silence}`
    : `nothing says that it is over yet: it is closed so after ${silence}`;
}

export function callDecision(draft: CallDraft, of: Case): Decision {
  const { state, settings } = of;
  const view: CallView = { timeline: readTimeline(state.facts, settings), facts: state.facts, settings };
  const { rule, outcome } = judge(view);
  const others = outcomesOfCalls.filter(([other]) => other !== outcome);
  return {
    rule,
    says: CALL_RULES.find((one) => one.rule === rule)?.says ?? rule,
    restsOn: evidenceOf(draft.decidedBy.eventIds, of),
    others: others.map(([other]) => ({ outcome: other, says: whyNotCall(other, outcome, view) })),
    passedOver: [],
    notes: [...(draft.inferred ? [silenceText(of)] : []), ...draft.anomalies.map((anomaly) => ANOMALIES[anomaly])],
  };
}

type CallDraft = Extract<DerivedDraft, { kind: 'call-outcome' }>;

const versionText = (fact: Fact): string =>
  fact.record?.recordVersion === null || fact.record === null ? 'no version' : `version ${fact.record.recordVersion}`;

function whyPassedOver(fact: Fact, chosen: Fact): string {
  const { respect } = compareRecordFacts(fact, chosen);
  switch (respect) {
    case 'version':
      return `${versionText(fact)} counts less than ${versionText(chosen)}`;
    case 'time':
      return `${versionText(fact)}, as the one that counts, and ${spanText(chosen.at - fact.at)} earlier`;
    case 'known-label':
      return 'of the same version and time, and its label is not known';
    case 'text':
      return 'of the same version and time, and its text is the smaller one';
    case 'event-id':
    case 'start-and-end':
    case null:
      return 'says the same, under another event id or with other times';
  }
}

export function recordDecision(draft: CallDraft, of: Case): Decision {
  const { facts } = of.state;
  const chosen = decidingRecord(facts);
  const label = chosen.record?.label ?? null;
  const quoted = chosen.status === null ? 'a missing status' : `the label "${chosen.status}"`;
  const means = label
    ? `${quoted} means ${label.outcome}, ${label.reason}`
    : `${quoted} says nothing that callfold knows`;
  const only =
    facts.length > 1 ? `; of ${facts.length} records of the call the one with ${versionText(chosen)} counts alone` : '';
  const others = outcomesOfCalls.filter(([other]) => other !== draft.outcome);
  const followed: ReadonlySet<string> = new Set(['abandoned', 'missed', 'left-before-queue']);
  return {
    rule: draft.decidedBy.rule,
    says: `${means}${only}`,
    restsOn: [evidence(chosen, of)],
    others: others.map(([outcome]) => ({
      outcome,
      says: followed.has(outcome) ? 'only calls that are followed event by event can be that' : means,
    })),
    passedOver: facts
      .filter((fact) => fact !== chosen)
      .map((fact) => ({ ...evidence(fact, of), says: whyPassedOver(fact, chosen) })),
    notes: draft.anomalies.map((anomaly) => ANOMALIES[anomaly]),
  };
}

/** By the names that offers give their rules. */
const OFFER_RULES: Readonly<Record<string, string>> = {
  'agent-joined': 'the agent joined',
  'another-agent-joined': 'another agent joined before it was closed',
  'no-answer': 'a no-answer came while this was the only screen that was open',
  redirected: 'its screen was open when the call was redirected to voicemail',
  'requested-again': 'its screen was open when the agent was asked again',
  'contact-left': 'the contact left before it was closed',
  'call-ended': 'the call ended before it was closed',
  'nothing-closed-it': 'nothing closed it',
};

export function offerDecision({ decidedBy }: Extract<DerivedDraft, { kind: 'agent-offer' }>, of: Case): Decision {
  const { rule, eventIds } = decidedBy;
  const tooLong = `its screen was open for ${spanText(of.settings.missedOfferMs)} and nothing closed it`;
  const says = rule === 'shown-too-long' ? tooLong : (OFFER_RULES[rule] ?? rule);
  return { ...NOTHING_ELSE, rule, says, restsOn: evidenceOf(eventIds, of) };
}
