import type { AgentInterval, AgentOffer, CallOutcome, ChatHandoff, ChatOutcome } from '@callfold/schemas';
import type { DerivedRecord } from '@callfold/core';
import { counted } from './text-lines.ts';

/** Derived records in plain words, one line each: what `callfold dev` prints as they come. */

/** Rounded before it is taken apart: never 23 h 60 min. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function afterWaiting(record: CallOutcome): string {
  return record.waitMs === null ? '' : ` after waiting ${duration(record.waitMs)}`;
}

const HUNG_UP = {
  contact: 'the contact hung up',
  agent: 'the agent hung up',
  unknown: 'who hung up is not known',
} as const;

function callWords(record: CallOutcome): string {
  const agents = record.agents.map(({ agent }) => agent).join(', ');
  switch (record.outcome) {
    case 'answered': {
      if (record.source === 'atlas') return `answered by the voice AI: ${record.rawStatus}`;
      const talk = record.talkMs === null ? '' : `, talked ${duration(record.talkMs)}`;
      const hungUp = record.hungUpBy ? `, ${HUNG_UP[record.hungUpBy]}` : '';
      return `answered by ${agents || 'an agent'}${afterWaiting(record)}${talk}${record.transferred ? ', transferred' : ''}${hungUp}`;
    }
    case 'abandoned':
      return `abandoned${record.short ? ' at once' : ''}${afterWaiting(record)}, ${record.stage === 'ring' ? 'while it rang' : 'in the queue'}`;
    case 'voicemail':
      if (record.source === 'atlas') return 'reached a voicemail';
      return `sent to voicemail${afterWaiting(record)}, ${record.voicemailLeft ? 'a message was left' : 'no message seen'}`;
    case 'missed':
      return `missed: nobody answered${afterWaiting(record)}`;
    case 'left-before-queue':
      return 'left before the queue';
    case 'unknown':
      return `unknown: ${record.rawStatus ?? 'no status'}`;
    default:
      return `${record.outcome.replaceAll('-', ' ')}: ${record.rawStatus}${record.fault ? ` (fault: ${record.fault})` : ''}`;
  }
}

function offerWords(record: AgentOffer): string {
  const rang = record.ringMs === null ? '' : ` after ringing ${duration(record.ringMs)}`;
  return `offer ${record.n} to ${record.agent}: ${record.result}${rang}`;
}

function chatWords(record: ChatOutcome): string {
  const by = record.contained ? 'without a person' : `with ${counted(record.handoffs, 'hand-off')}`;
  return `episode ${record.episode} ${record.outcome}, ${by}`;
}

function handoffWords(record: ChatHandoff): string {
  if (record.dwellMs === null) return 'handed to a person';
  return `back from a person after ${duration(record.dwellMs)}, now ${record.returnedTo}`;
}

function intervalWords(record: AgentInterval): string {
  const why = record.description ? ` (${record.description})` : '';
  return record.durationMs === null
    ? `is ${record.state}${why}`
    : `was ${record.state}${why} for ${duration(record.durationMs)}`;
}

/** The subject as people name it, and what became of it. */
export function inWords(record: DerivedRecord): string {
  const revised = record.correctionOf
    ? ` [corrects ${record.correctionOf}]`
    : record.revision > 1
      ? ` [revision ${record.revision}]`
      : '';
  switch (record.kind) {
    case 'call-outcome':
      return `call  ${record.callId}  ${callWords(record)}${record.inferred ? ' (inferred)' : ''}${revised}`;
    case 'agent-offer':
      return `call  ${record.callId}  ${offerWords(record)}${revised}`;
    case 'chat-outcome':
      return `chat  ${record.chatId}  ${chatWords(record)}${record.inferred ? ' (inferred)' : ''}${revised}`;
    case 'chat-handoff':
      return `chat  ${record.chatId}  ${handoffWords(record)}${revised}`;
    case 'agent-interval':
      return `agent ${record.agentId}  ${intervalWords(record)}${revised}`;
  }
}
