import type { AgentOffer, CallOutcome } from '@callfold/schemas';
import { attributesOf } from './attributes.ts';
import type { Verdict } from './call-rules.ts';
import { judge } from './call-rules.ts';
import type { Fact } from './fact.ts';
import { hasReusedId } from './fact.ts';
import { idOf } from './key.ts';
import type { Offer } from './offers.ts';
import type { Presence } from './presence.ts';
import type { Draft } from './record.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import type { Timeline } from './timeline.ts';
import { isTimelineOver, readTimeline } from './timeline.ts';

/**
 * Outcome of a call that is told as a timeline of who was in. Rules: docs/outcomes.md, each under the name in
 * `decidedBy`.
 */

/** Leaves closer together than this do not tell who hung up: the tear-down writes both. */
const SAME_MOMENT_MS = 1_000;

function exitAt(t: Timeline): number | null {
  const p = t.presence;
  return p.lastLeave && !p.contactIn ? p.lastLeave.at : (t.end?.at ?? null);
}

function endedAtOf(t: Timeline): number | null {
  const p = t.presence;
  return t.end?.at ?? (p.contactIn ? null : p.lastLeave?.at) ?? p.redirect?.at ?? null;
}

/** The agents were gone, another one was asked, and the contact left while waiting for that one. */
function wasAbandonedInTransfer(t: Timeline): boolean {
  const exit = exitAt(t);
  const agentsGone = t.presence.lastAgentLeave;
  return t.transferPending && exit !== null && agentsGone !== null && exit - agentsGone.at >= SAME_MOMENT_MS;
}

function hungUpByOf(t: Timeline, isOver: boolean): CallOutcome['hungUpBy'] {
  const p = t.presence;
  const contact = p.contactIn ? null : p.lastLeave;
  const agent = p.lastAgentLeave;
  if (!isOver || (!contact && !agent)) return 'unknown';
  if (wasAbandonedInTransfer(t)) return contact ? 'contact' : 'unknown';
  if (!agent) return 'contact';
  if (!contact) return 'agent';
  if (Math.abs(contact.at - agent.at) < SAME_MOMENT_MS) return 'unknown';
  return contact.at < agent.at ? 'contact' : 'agent';
}

function waitOf(t: Timeline, verdict: Verdict): number | null {
  const p = t.presence;
  if (!p.firstJoin) return null;
  const until = verdict.outcome === 'answered' ? verdict.deciding.at : (p.redirect?.at ?? exitAt(t));
  return until === null ? null : Math.max(0, until - p.firstJoin.at);
}

function talkOf(p: Presence, verdict: Verdict, endedAt: number | null): number | null {
  if (verdict.outcome === 'unknown') return null;
  // A contact who comes only after the redirect is in the voicemail, whoever else is still in.
  if (verdict.outcome !== 'answered') return 0;
  let sum = 0;
  for (const { from, to } of p.talks) {
    const until = to ?? endedAt;
    if (until === null) return null;
    sum += Math.max(0, until - from);
  }
  return sum;
}

function reasonOf(verdict: Verdict, hungUpBy: CallOutcome['hungUpBy'], t: Timeline): CallOutcome['reason'] {
  switch (verdict.outcome) {
    case 'answered':
      if (hungUpBy === 'contact') return 'customer-ended';
      if (hungUpBy === 'agent') return 'agent-ended';
      return t.end ? 'call-ended' : 'unknown';
    case 'abandoned':
      return verdict.rule === 'contact-left-unanswered' ? 'customer-ended' : 'call-ended';
    case 'missed':
      return 'no-answer';
    case 'voicemail':
      return 'voicemail';
    case 'left-before-queue':
      return 'never-queued';
    default:
      return 'unknown';
  }
}

function anomaliesOf(state: State, t: Timeline, verdict: Verdict): CallOutcome['anomalies'] {
  const p = t.presence;
  const voicemail = verdict.outcome === 'voicemail';
  // For the agents a call ends with its redirect: what follows in a voicemail changes nothing but times.
  const ended = t.end !== null || voicemail;
  const leaveMissing = t.end !== null && p.contactIn && !voicemail;
  const found: [CallOutcome['anomalies'][number], boolean][] = [
    ['unknown-status', t.unknownWords],
    ['contact-join-missing', p.contactLeftWithoutJoin],
    ['contact-leave-missing', leaveMissing],
    ['agent-joined-after-contact-left', p.joinedAfterContactLeft],
    ['agent-joined-after-redirect', p.joinedAfterRedirect],
    ['agent-leave-without-join', p.agentLeftWithoutJoin],
    ['crm-registration-missing', t.registered && !t.crmRegistered && ended],
    ['event-id-reused', hasReusedId(state.facts)],
    ['truncated', state.truncated],
  ];
  return found.filter(([, holds]) => holds).map(([name]) => name);
}

/** @param t of the state's facts, at least one */
export function readOutcome(state: State, t: Timeline, settings: Settings): Draft<CallOutcome> {
  const p = t.presence;
  const verdict = judge({ timeline: t, facts: state.facts, settings });
  const isOver = isTimelineOver(state.facts);
  const endedAt = endedAtOf(t);
  const answered = verdict.outcome === 'answered';
  const abandoned = verdict.outcome === 'abandoned';
  const hungUpBy = answered ? hungUpByOf(t, isOver) : null;
  const waitMs = waitOf(t, verdict);
  const latest = state.facts.at(-1) as Fact;
  const eventIds = [verdict.deciding, ...verdict.alsoBy].map((fact) => fact.id);
  return {
    kind: 'call-outcome',
    outcomeId: idOf(state.tenantId, state.source, state.subjectId),
    tenantId: state.tenantId,
    source: state.source,
    occurredAt: verdict.deciding.at,
    ingestedAt: verdict.deciding.loggedAt,
    callId: state.subjectId,
    outcome: verdict.outcome,
    reason: reasonOf(verdict, hungUpBy, t),
    rawStatus: (isOver ? verdict.deciding : latest).status,
    stage: abandoned ? (t.ringingAtExit ? 'ring' : 'queue') : null,
    short: abandoned && waitMs !== null ? waitMs <= settings.shortAbandonMs : null,
    voicemailLeft: verdict.outcome === 'voicemail' && t.recording ? true : null,
    transferred: p.secondAgentJoined,
    abandonedInTransfer: answered && wasAbandonedInTransfer(t),
    hungUpBy,
    personReached: answered ? 'yes' : verdict.outcome === 'unknown' ? 'unknown' : 'no',
    fault: null,
    inferred: state.silent && !isOver,
    startedAt: state.facts[0]?.at ?? null,
    queuedAt: p.firstJoin?.at ?? null,
    answeredAt: answered ? verdict.deciding.at : null,
    endedAt,
    waitMs,
    talkMs: talkOf(p, verdict, endedAt),
    agents: p.stays.map(({ agent, joined, left }) => ({
      agent,
      joinedAt: joined?.at ?? null,
      leftAt: left?.at ?? null,
    })),
    offers: t.offers.length,
    missedOffers: t.offers.filter((offer) => offer.result === 'missed').length,
    anomalies: anomaliesOf(state, t, verdict),
    decidedBy: { rule: verdict.rule, eventIds: [...new Set(eventIds)] },
    attributes: attributesOf(state.attributes),
  };
}

function offerRecord(state: State, offer: Offer): Draft<AgentOffer> {
  const { agent, n } = offer;
  const outcomeId = idOf(state.tenantId, state.source, state.subjectId, agent, n);
  const eventIds = [offer.decidedBy, offer.shown, offer.request].flatMap((fact) => (fact ? [fact.id] : []));
  return {
    kind: 'agent-offer',
    outcomeId,
    tenantId: state.tenantId,
    source: state.source,
    occurredAt: offer.decidedBy.at,
    ingestedAt: offer.decidedBy.loggedAt,
    callId: state.subjectId,
    agent,
    n,
    offeredAt: offer.request?.at ?? null,
    agentWas: offer.request?.agentWas ?? null,
    screenShownAt: offer.shown?.at ?? null,
    result: offer.result,
    ringMs: offer.shown && offer.closedAt !== null ? Math.max(0, offer.closedAt - offer.shown.at) : null,
    decidedBy: { rule: offer.rule, eventIds: [...new Set(eventIds)] },
  };
}

export function readOffers(state: State, { offers }: Timeline): Draft<AgentOffer>[] {
  return offers.map((offer) => offerRecord(state, offer));
}

export type CallReading = {
  readonly outcome: Draft<CallOutcome>;
  readonly offers: readonly Draft<AgentOffer>[];
  readonly timeline: Timeline;
};

/** @param state of a call told as a timeline, with at least one fact */
export function readCall(state: State, settings: Settings): CallReading {
  const timeline = readTimeline(state.facts, settings);
  return { timeline, outcome: readOutcome(state, timeline, settings), offers: readOffers(state, timeline) };
}
