import type { CallOutcome } from '@callfold/schemas';
import { CALL_RULES, judge } from './call-rules.ts';
import type { CallView } from './call-rules.ts';
import { compareRecordFacts, decidingRecord } from './call-record.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence, evidenceOf, NOTHING_ELSE, notesOf } from './explain-evidence.ts';
import { saying } from './explain-words.ts';
import type { Fact } from './fact.ts';
import type { Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';
import { PHRASES } from './phrases.ts';
import type { PhraseCode } from './phrases.ts';
import type { DerivedDraft } from './record.ts';
import { readTimeline } from './timeline.ts';

/**
 * Why a call has its outcome and no other, of several records of one call which counts, and why an offer has its
 * result.
 */

/** Every outcome a call can have, and what of a followed call speaks against those that its words cannot tell. */
const ONLY_OF_RECORDS = 'not.of-records';
const CALL_OUTCOMES: Readonly<Record<CallOutcome['outcome'], PhraseCode | null>> = {
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

const outcomesOfCalls = Object.entries(CALL_OUTCOMES) as [CallOutcome['outcome'], PhraseCode | null][];

function whyNotCall(
  outcome: CallOutcome['outcome'],
  chosen: CallOutcome['outcome'],
  view: CallView,
): readonly Phrase[] {
  const against = CALL_OUTCOMES[outcome];
  if (against !== null) return [phrase(against)];
  if (outcome === 'unknown') return [phrase('not.unknown')];
  const rules = CALL_RULES.filter((rule) => rule.outcome === outcome);
  const reasons = rules.flatMap(({ needs }) => needs.find((need) => !need.holds(view))?.unmet(view) ?? []);
  if (reasons.length < rules.length) return [phrase('not.asked-before', { chosen })];
  return [...new Map(reasons.map((one) => [one.code, one])).values()];
}

function silencePhrase({ state, settings }: Case): Phrase {
  return phrase(state.silent ? 'silence.closed' : 'silence.open', { silence: settings.closeAfterMs });
}

export function callDecision(draft: CallDraft, of: Case): Decision {
  const { state, settings } = of;
  const view: CallView = { timeline: readTimeline(state.facts, settings), facts: state.facts, settings };
  const { rule, outcome } = judge(view);
  const others = outcomesOfCalls.filter(([other]) => other !== outcome);
  return {
    rule,
    ...saying(phrase(`rule.${rule}`)),
    restsOn: evidenceOf(draft.decidedBy.eventIds, of),
    others: others.map(([other]) => ({ outcome: other, ...saying(...whyNotCall(other, outcome, view)) })),
    passedOver: [],
    ...notesOf([...(draft.inferred ? [silencePhrase(of)] : []), ...anomaliesOf(draft)]),
  };
}

type CallDraft = Extract<DerivedDraft, { kind: 'call-outcome' }>;

const anomaliesOf = ({ anomalies }: CallDraft): Phrase[] => anomalies.map((one) => phrase(`anomaly.${one}`));

function versionOf({ record }: Fact): Phrase {
  const version = record?.recordVersion ?? null;
  return version === null ? phrase('no-version') : phrase('version', { n: version });
}

function whyPassedOver(fact: Fact, chosen: Fact): Phrase {
  const { respect } = compareRecordFacts(fact, chosen);
  switch (respect) {
    case 'version':
      return phrase('passed.version', { version: versionOf(fact), chosen: versionOf(chosen) });
    case 'time':
      return phrase('passed.time', { version: versionOf(fact), earlier: chosen.at - fact.at });
    case 'known-label':
    case 'text':
      return phrase(`passed.${respect}`);
    case 'event-id':
    case 'start-and-end':
    case null:
      return phrase('passed.same');
  }
}

function labelPhrase({ record, status }: Fact): Phrase {
  const label = record?.label ?? null;
  if (label === null) return status === null ? phrase('label.missing') : phrase('label.says-nothing', { status });
  const { outcome, reason } = label;
  if (status === null) return phrase('label.missing-means', { outcome, reason });
  return phrase('label.means', { status, outcome, reason });
}

export function recordDecision(draft: CallDraft, of: Case): Decision {
  const { facts } = of.state;
  const chosen = decidingRecord(facts);
  const label = labelPhrase(chosen);
  const alone = phrase('label.alone', { label, n: facts.length, version: versionOf(chosen) });
  const others = outcomesOfCalls.filter(([other]) => other !== draft.outcome);
  const followed: ReadonlySet<string> = new Set(['abandoned', 'missed', 'left-before-queue']);
  return {
    rule: draft.decidedBy.rule,
    ...saying(facts.length > 1 ? alone : label),
    restsOn: [evidence(chosen, of)],
    others: others.map(([outcome]) => ({
      outcome,
      ...saying(followed.has(outcome) ? phrase('not.of-followed') : label),
    })),
    passedOver: facts
      .filter((fact) => fact !== chosen)
      .map((fact) => ({ ...evidence(fact, of), ...saying(whyPassedOver(fact, chosen)) })),
    ...notesOf(anomaliesOf(draft)),
  };
}

const isCode = (code: string): code is PhraseCode => Object.hasOwn(PHRASES, code);

export function offerDecision({ decidedBy }: Extract<DerivedDraft, { kind: 'agent-offer' }>, of: Case): Decision {
  const { rule, eventIds } = decidedBy;
  const code = `offer.${rule}`;
  const values = rule === 'shown-too-long' ? { most: of.settings.missedOfferMs } : {};
  const said = isCode(code) ? phrase(code, values) : phrase('rule', { rule });
  return { ...NOTHING_ELSE, rule, ...saying(said), restsOn: evidenceOf(eventIds, of) };
}
