import type { AgentInterval, AgentOffer, CallOutcome, ChatHandoff, ChatOutcome } from '@callfold/schemas';
import { idOf } from '../src/index.ts';

/** Derived records of which a test says only what matters to it. Times are epoch ms. */

export const NOON = Date.UTC(2025, 2, 30, 12);
export const SECOND = 1_000;
export const HOUR = 3_600_000;

const decidedBy = { rule: 'contact-and-agent-in', eventIds: ['e1'] };
const common = { revision: 1, correctionOf: null, tenantId: 'default', ingestedAt: null } as const;

/** An answered call unless told: in at noon, with Ada from the 10th to the 70th second. */
export function call(callId: string, said: Partial<CallOutcome> = {}): CallOutcome {
  const { tenantId, source } = { tenantId: 'default', source: 'callcenter24' as const, ...said };
  return {
    ...common,
    kind: 'call-outcome',
    outcomeId: idOf(tenantId, source, callId),
    source,
    occurredAt: NOON,
    callId,
    outcome: 'answered',
    reason: 'customer-ended',
    rawStatus: null,
    stage: null,
    short: null,
    voicemailLeft: null,
    transferred: false,
    abandonedInTransfer: false,
    hungUpBy: null,
    personReached: 'yes',
    fault: null,
    inferred: false,
    startedAt: NOON,
    queuedAt: NOON,
    answeredAt: NOON + 10 * SECOND,
    endedAt: NOON + 70 * SECOND,
    waitMs: 10 * SECOND,
    talkMs: 60 * SECOND,
    agents: [{ agent: 'Ada', joinedAt: NOON + 10 * SECOND, leftAt: NOON + 70 * SECOND }],
    offers: 0,
    missedOffers: 0,
    anomalies: [],
    decidedBy,
    attributes: {},
    ...said,
  };
}

const unanswered = { answeredAt: null, talkMs: 0, agents: [], personReached: 'no' } as const;

/** A call that was not answered, after a wait of that many seconds. */
export function lost(callId: string, outcome: CallOutcome['outcome'], waitS: number, said: Partial<CallOutcome> = {}) {
  const waitMs = waitS * SECOND;
  const ofAbandoned = outcome === 'abandoned' ? { stage: 'queue' as const, short: waitS <= 5 } : {};
  return call(callId, { ...unanswered, outcome, waitMs, endedAt: NOON + waitMs, ...ofAbandoned, ...said });
}

/** A finished record of the voice AI: a minute of it unless told. */
export function aiCall(callId: string, said: Partial<CallOutcome> = {}): CallOutcome {
  const ofRecord = { queuedAt: null, waitMs: null, endedAt: NOON + 60 * SECOND };
  return call(callId, { ...unanswered, ...ofRecord, talkMs: null, personReached: 'yes', ...said, source: 'atlas' });
}

export function offer(callId: string, agent: string, said: Partial<AgentOffer> = {}): AgentOffer {
  const { tenantId, n } = { tenantId: 'default', n: 1, ...said };
  return {
    ...common,
    kind: 'agent-offer',
    outcomeId: idOf(tenantId, 'callcenter24', callId, agent, n),
    source: 'callcenter24',
    occurredAt: NOON + 9 * SECOND,
    callId,
    agent,
    n,
    offeredAt: NOON + SECOND,
    agentWas: 'available',
    screenShownAt: NOON + 2 * SECOND,
    result: 'answered',
    ringMs: 7 * SECOND,
    decidedBy,
    ...said,
  };
}

export function episode(chatId: string, said: Partial<ChatOutcome> = {}): ChatOutcome {
  const { tenantId, episode: number } = { tenantId: 'default', episode: 1, ...said };
  return {
    ...common,
    kind: 'chat-outcome',
    outcomeId: idOf(tenantId, 'chatterfy', chatId, number),
    source: 'chatterfy',
    occurredAt: NOON + HOUR,
    chatId,
    episode: number,
    outcome: 'completed',
    rawStatus: 'Finished',
    contained: true,
    handoffs: 0,
    dwellMs: { Auto: HOUR },
    blockedAt: null,
    startedAt: NOON,
    endedAt: NOON + HOUR,
    inferred: false,
    decidedBy,
    attributes: {},
    ...said,
  };
}

export function handoff(chatId: string, said: Partial<ChatHandoff> = {}): ChatHandoff {
  const { tenantId, n } = { tenantId: 'default', n: 1, ...said };
  return {
    ...common,
    kind: 'chat-handoff',
    outcomeId: idOf(tenantId, 'chatterfy', chatId, n),
    source: 'chatterfy',
    occurredAt: NOON,
    chatId,
    n,
    episode: 1,
    enteredAt: NOON,
    leftAt: NOON + 120 * SECOND,
    dwellMs: 120 * SECOND,
    returnedTo: 'Auto',
    ...said,
  };
}

/** A stay; without an end it is open. */
export function stay(
  agentId: string,
  state: string,
  start: number,
  end: number | null,
  said: Partial<AgentInterval> = {},
) {
  const { tenantId } = { tenantId: 'default', ...said };
  const record: AgentInterval = {
    ...common,
    kind: 'agent-interval',
    outcomeId: idOf(tenantId, 'vonage', agentId, new Date(start).toISOString(), state),
    source: 'vonage',
    occurredAt: start,
    agentId,
    state,
    description: null,
    start,
    end,
    durationMs: end === null ? null : end - start,
    durationFrom: end === null ? 'open' : 'reported',
    flags: [],
    ...said,
  };
  return record;
}
