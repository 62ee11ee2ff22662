// biome-ignore-all format: written by generate.mjs; `npm run generate -w schemas` renews it.
/** Generated from the Avro schemas: edit those, not this file. Times are epoch milliseconds in UTC. */

import { toBase64 } from './base64.ts';
import type { RecordSchema } from './record-schema.ts';
import { isoTime } from './time.ts';

/** One stay of an agent in one state. Published as it changes: first open, then with its end. */
export type AgentInterval = {
  /** What this record is: always 'agent-interval'. */
  readonly kind: 'agent-interval';
  /**
   * Identifies the record over its revisions, and is its Kafka key: tenantId/source/agentId/start/state, each
   * part percent-encoded. Keep the row with the highest revision.
   */
  readonly outcomeId: string;
  /** 1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one. */
  readonly revision: number;
  /** Always null: an interval has no outcome to correct. */
  readonly correctionOf: string | null;
  /** Whose contact centre it is. */
  readonly tenantId: string;
  /** The upstream whose events decided. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
  /** Start of the stay, by the upstream's clock. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded
   * from a file.
   */
  readonly ingestedAt: number | null;
  /** The upstream's id of the agent. */
  readonly agentId: string;
  /**
   * The state's name as Vonage writes it: Ready, ReadyRFO, Away, ExtendedAway, LoggedOut, Busy, Wrap, Unexpected,
   * Failed; another name verbatim, with the flag unknown-state.
   */
  readonly state: string;
  /**
   * Of Busy, Wrap, Unexpected and Failed the interaction type (Live, Semi-Live, Non-Live), else the presence's
   * name. Null when not given.
   */
  readonly description: string | null;
  /** When the agent entered the state. UTC, epoch milliseconds. */
  readonly start: number;
  /** When the agent left the state. UTC, epoch milliseconds. Null while the agent is in it. */
  readonly end: number | null;
  /** Milliseconds in the state, always end minus start. Null while the agent is in it. */
  readonly durationMs: number | null;
  /**
   * reported: by the upstream. derived: a newer state's start ended the interval, or cut the reported duration.
   * open: the agent is still in the state.
   */
  readonly durationFrom: 'reported' | 'derived' | 'open';
  /**
   * gap-after: nothing is known between this end and the next start. overlap: the reported duration reached past
   * the next start and was cut there. unknown-state: the state's name is not on Vonage's list. Empty when all is
   * well.
   */
  readonly flags: readonly ('gap-after' | 'overlap' | 'unknown-state')[];
};

/** Why the record says what it says. */
export type DecidedBy = {
  /** Name of the rule that decided; docs/outcomes.md explains each. */
  readonly rule: string;
  /** Ids of the raw events it rests on, the deciding one first. */
  readonly eventIds: readonly string[];
};

/**
 * One offer of a call to one agent, and what became of it. Published with its call. Count missed offers here,
 * missed calls in call outcomes: they are not the same.
 */
export type AgentOffer = {
  /** What this record is: always 'agent-offer'. */
  readonly kind: 'agent-offer';
  /**
   * Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId/agent/n, each part
   * percent-encoded. Keep the row with the highest revision.
   */
  readonly outcomeId: string;
  /** 1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one. */
  readonly revision: number;
  /**
   * The result that the revision before had, where this one differs from it. Null in a first revision, and where
   * the result is the same.
   */
  readonly correctionOf: string | null;
  /** Whose contact centre it is. */
  readonly tenantId: string;
  /** The upstream whose events decided. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
  /** When the event that decided the result happened, by the upstream's clock. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded
   * from a file.
   */
  readonly ingestedAt: number | null;
  /** The upstream's id of the call. */
  readonly callId: string;
  /** The agent's display name, with single spaces and in Unicode NFC. */
  readonly agent: string;
  /** Which offer of this call to this agent: 1, 2, ... in order of time. */
  readonly n: number;
  /**
   * When the agent's call screen was asked for. UTC, epoch milliseconds. Null when a screen was shown with no
   * request before it.
   */
  readonly offeredAt: number | null;
  /** What the agent was said to be when the screen was asked for. Null when not said. */
  readonly agentWas: 'available' | 'busy' | null;
  /**
   * When the agent's call screen opened: from here it rang. UTC, epoch milliseconds. Null when it was never
   * shown.
   */
  readonly screenShownAt: number | null;
  /**
   * answered: the agent joined. missed: it rang out at this agent. rescinded: it ended otherwise (another agent
   * joined, the contact left, the call ended). unknown: nothing closed it.
   */
  readonly result: 'answered' | 'missed' | 'rescinded' | 'unknown';
  /**
   * Milliseconds from the screen's opening to the offer's close. Null when the screen was never shown or nothing
   * closed the offer.
   */
  readonly ringMs: number | null;
  /** The rule and the events that decided. */
  readonly decidedBy: DecidedBy;
};

/** One stay of an agent in the call. An agent who came back has another. */
export type CallAgent = {
  /** The agent's display name, with single spaces and in Unicode NFC. */
  readonly agent: string;
  /** When the agent joined. UTC, epoch milliseconds. Null when no join was seen. */
  readonly joinedAt: number | null;
  /** When the agent left. UTC, epoch milliseconds. Null when no leave was seen. */
  readonly leftAt: number | null;
};

/**
 * How one call ended. Published when the call is over and has settled, again when something changes it. One call
 * is one outcome, however many agents it rang.
 */
export type CallOutcome = {
  /** What this record is: always 'call-outcome'. */
  readonly kind: 'call-outcome';
  /**
   * Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId, each part
   * percent-encoded. Keep the row with the highest revision.
   */
  readonly outcomeId: string;
  /** 1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one. */
  readonly revision: number;
  /**
   * The outcome that the revision before had, where this one differs from it. Null in a first revision, and where
   * the outcome is the same.
   */
  readonly correctionOf: string | null;
  /** Whose contact centre it is. */
  readonly tenantId: string;
  /** The upstream whose events decided. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
  /** When the deciding event happened, by the upstream's clock. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded
   * from a file.
   */
  readonly ingestedAt: number | null;
  /** The upstream's id of the call. */
  readonly callId: string;
  /**
   * How the call ended, one of a closed list. answered: an agent and the contact were in at one instant, or the
   * voice AI took the line. abandoned: the contact left the queue unanswered. missed: it rang out. voicemail:
   * redirected before an answer. left-before-queue: over before the contact was in. not-connected: the person
   * called was not reached. failed: a fault. cancelled: by hand. unknown: cannot be told.
   */
  readonly outcome:
    | 'answered'
    | 'abandoned'
    | 'missed'
    | 'voicemail'
    | 'left-before-queue'
    | 'not-connected'
    | 'failed'
    | 'cancelled'
    | 'unknown';
  /** Why, more finely than the outcome, one of a closed list; for Atlas by the status label. */
  readonly reason:
    | 'customer-ended'
    | 'agent-ended'
    | 'call-ended'
    | 'no-answer'
    | 'voicemail'
    | 'never-queued'
    | 'message-delivered'
    | 'transferred'
    | 'max-duration'
    | 'silence'
    | 'transfer-failed'
    | 'line-busy'
    | 'invalid-number'
    | 'no-incoming-call'
    | 'hook-while-ringing'
    | 'cancelled'
    | 'agent-failed'
    | 'no-audio'
    | 'connection-lost'
    | 'dial-failed'
    | 'start-failed'
    | 'limit-reached'
    | 'system-error'
    | 'ai-service-error'
    | 'no-ai-model'
    | 'unknown';
  /**
   * The deciding event's status, verbatim; of an inferred record the latest status. Null when that event had
   * none.
   */
  readonly rawStatus: string | null;
  /**
   * Abandoned calls only: ring when an agent's call screen was open when the contact left, else queue. Null for
   * every other outcome.
   */
  readonly stage: 'ring' | 'queue' | null;
  /**
   * Abandoned calls only: whether the wait was at most the short-abandon threshold (5 s unless set otherwise,
   * inclusive). Null for every other outcome, and when the wait is unknown.
   */
  readonly short: boolean | null;
  /**
   * Voicemail only: true when a recording was attached after the redirect. Null otherwise; never false, because a
   * recording not seen is no proof that none was left.
   */
  readonly voicemailLeft: boolean | null;
  /**
   * Whether a second agent joined while the contact was in, or the voice AI handed the call over. The same agent
   * again is a reconnect, not a transfer.
   */
  readonly transferred: boolean;
  /**
   * Whether the contact left an answered call after its agents had gone, while another agent was being asked. The
   * outcome stays answered.
   */
  readonly abandonedInTransfer: boolean;
  /**
   * Answered calls only: who left first; unknown when both left less than 1 s apart or the leaves were not seen.
   * Null when not answered, or when the status does not say.
   */
  readonly hungUpBy: 'contact' | 'agent' | 'unknown' | null;
  /** Whether a live person was spoken to. */
  readonly personReached: 'yes' | 'no' | 'unknown';
  /** Whose fault a failure was. Null when it was nobody's, or cannot be told. */
  readonly fault: 'agent' | 'customer' | 'provider' | 'platform' | 'configuration' | null;
  /**
   * True when nothing said that the call was over and it was closed because nothing more came (4 h of silence
   * unless set otherwise). A real end that comes later corrects it.
   */
  readonly inferred: boolean;
  /** The call's earliest event; for Atlas the start in its record. UTC, epoch milliseconds. Null when unknown. */
  readonly startedAt: number | null;
  /**
   * When the contact first came in and began to wait. UTC, epoch milliseconds. Null when not seen, and always for
   * Atlas.
   */
  readonly queuedAt: number | null;
  /**
   * The first instant at which the contact and an agent were both in. UTC, epoch milliseconds. Null when not
   * answered, and always for Atlas.
   */
  readonly answeredAt: number | null;
  /**
   * The end of the call: the last 'Call ended', else the contact's last leave, else the redirect; for Atlas the
   * end in its record. UTC, epoch milliseconds. Null when unknown.
   */
  readonly endedAt: number | null;
  /**
   * Milliseconds from queuedAt to the answer, the redirect, the contact's last leave or the end, in this
   * preference. Null when queuedAt or that end is unknown, and always for Atlas.
   */
  readonly waitMs: number | null;
  /**
   * Milliseconds in which the contact and at least one agent were both in; hold is part of it. Null when unknown,
   * and always for Atlas.
   */
  readonly talkMs: number | null;
  /**
   * The agents' stays in the call, in order of joining; those whose join was never seen come first. Empty when no
   * agent was in.
   */
  readonly agents: readonly CallAgent[];
  /** How many times the call was offered to an agent; each offer is an agent-offer record. 0 for Atlas. */
  readonly offers: number;
  /** How many of these offers the agent missed. */
  readonly missedOffers: number;
  /** What was odd about the events, each name once, from a closed list. Empty when nothing was. */
  readonly anomalies:
    | readonly ('unknown-status'
    | 'contact-join-missing'
    | 'contact-leave-missing'
    | 'agent-joined-after-contact-left'
    | 'agent-joined-after-redirect'
    | 'agent-leave-without-join'
    | 'crm-registration-missing'
    | 'event-id-reused'
    | 'truncated')[];
  /** The rule and the events that decided. */
  readonly decidedBy: DecidedBy;
  /**
   * Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names,
   * 256 characters each.
   */
  readonly attributes: Readonly<Record<string, string>>;
};

/** One stay of a chat in Manual. Published on entering, with nulls, and again on leaving. */
export type ChatHandoff = {
  /** What this record is: always 'chat-handoff'. */
  readonly kind: 'chat-handoff';
  /**
   * Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/n, each part
   * percent-encoded. Keep the row with the highest revision.
   */
  readonly outcomeId: string;
  /** 1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one. */
  readonly revision: number;
  /** Always null: a hand-off has no outcome to correct. */
  readonly correctionOf: string | null;
  /** Whose contact centre it is. */
  readonly tenantId: string;
  /** The upstream whose events decided. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
  /** When the deciding event happened (entering, then leaving), by the upstream's clock. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded
   * from a file.
   */
  readonly ingestedAt: number | null;
  /** The upstream's id of the chat. */
  readonly chatId: string;
  /** Which hand-off of this chat, over all its episodes: 1, 2, ... */
  readonly n: number;
  /** The episode of the chat in which it stood. */
  readonly episode: number;
  /** When the chat went into Manual. UTC, epoch milliseconds. */
  readonly enteredAt: number;
  /** When it left Manual. UTC, epoch milliseconds. Null while it is there. */
  readonly leftAt: number | null;
  /**
   * Milliseconds in Manual: waiting for a person and their handling together, which the source does not tell
   * apart. Null while it is there.
   */
  readonly dwellMs: number | null;
  /** The status that followed, as the upstream writes it. Null while it is there. */
  readonly returnedTo: string | null;
};

/**
 * One episode of a chat: from its first status to Finished, Blocked or Stopped, or to its falling silent. The
 * next status after that begins the next episode.
 */
export type ChatOutcome = {
  /** What this record is: always 'chat-outcome'. */
  readonly kind: 'chat-outcome';
  /**
   * Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/episode, each part
   * percent-encoded. Keep the row with the highest revision.
   */
  readonly outcomeId: string;
  /** 1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one. */
  readonly revision: number;
  /**
   * The outcome that the revision before had, where this one differs from it. Null in a first revision, and where
   * the outcome is the same.
   */
  readonly correctionOf: string | null;
  /** Whose contact centre it is. */
  readonly tenantId: string;
  /** The upstream whose events decided. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
  /** When the deciding event happened, by the upstream's clock. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded
   * from a file.
   */
  readonly ingestedAt: number | null;
  /** The upstream's id of the chat. */
  readonly chatId: string;
  /** Which episode of this chat: 1, 2, ... */
  readonly episode: number;
  /**
   * completed: Finished. blocked: the client blocked the bot. undeliverable: Stopped, the bot may not write.
   * stalled: Waiting for 24 h. unknown: silent for 7 days in another status. Both times unless set otherwise.
   */
  readonly outcome: 'completed' | 'blocked' | 'undeliverable' | 'stalled' | 'unknown';
  /**
   * The deciding event's status, verbatim; of an inferred record the latest status. Null when that event had
   * none.
   */
  readonly rawStatus: string | null;
  /** True when the episode was never in Manual: no person handled it. */
  readonly contained: boolean;
  /** How many times the episode went into Manual; each stay is a chat-handoff record. */
  readonly handoffs: number;
  /**
   * Milliseconds spent in each status during the episode, by status as the upstream writes it. A stay that has
   * not ended is not in it.
   */
  readonly dwellMs: Readonly<Record<string, number>>;
  /** When the client blocked the bot. UTC, epoch milliseconds. Null when they did not. */
  readonly blockedAt: number | null;
  /** The episode's first event. UTC, epoch milliseconds. */
  readonly startedAt: number;
  /** The deciding status's first instant. UTC, epoch milliseconds. Null when inferred. */
  readonly endedAt: number | null;
  /**
   * True when the episode was closed because nothing more came (outcomes stalled and unknown). Corrected when the
   * chat goes on.
   */
  readonly inferred: boolean;
  /** The rule and the events that decided. */
  readonly decidedBy: DecidedBy;
  /**
   * Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names,
   * 256 characters each.
   */
  readonly attributes: Readonly<Record<string, string>>;
};

/** One header of the original record. */
export type DeadLetterHeader = {
  /** The header's name. */
  readonly name: string;
  /** The header's bytes. */
  readonly value: Uint8Array;
};

/** A raw record that could not be folded, with everything needed to fold it again. */
export type DeadLetter = {
  /** What this record is: always 'dead-letter'. */
  readonly kind: 'dead-letter';
  /** Why it was refused, for programs; a code never changes its meaning. docs/outcomes.md has the list. */
  readonly code: string;
  /** Why it was refused, for people: the code in words, and what was seen. */
  readonly reason: string;
  /** The raw topic in which the record stands. */
  readonly originTopic: string;
  /** Its partition. */
  readonly originPartition: number;
  /** Its offset. */
  readonly originOffset: number;
  /** When the log took it (the broker's clock). UTC, epoch milliseconds. */
  readonly originAppendedAt: number;
  /** Its key, byte for byte. Null when it had none. */
  readonly key: Uint8Array | null;
  /** Its value, byte for byte. Null when it had none. */
  readonly value: Uint8Array | null;
  /** Its headers, in order. */
  readonly headers: readonly DeadLetterHeader[];
  /** How many times it was tried: 1, and 1 more each time it was sent to the raw topic again. */
  readonly attempts: number;
  /** The upstream whose topic it is. Null when the topic is none of the four. */
  readonly source: 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage' | null;
};

/**
 * One record of one call of the Atlas voice AI. It may be sent again with another status; of two the higher
 * recordVersion counts. The record key is tenantId/callId, percent-encoded.
 */
export type RawAtlas = {
  /** Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters. */
  readonly tenantId: string;
  /**
   * The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the
   * same id. At most 256 characters.
   */
  readonly eventId: string | null;
  /** The upstream's id of the call. Never empty, at most 256 characters. */
  readonly callId: string;
  /** When the record was written or updated, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /** The call's status label, verbatim. Null means 'Unknown status'. */
  readonly status: string | null;
  /** When the call began. UTC, epoch milliseconds. Null when not given. */
  readonly startedAt: number | null;
  /** When the call was over. UTC, epoch milliseconds. Null when not given. */
  readonly endedAt: number | null;
  /**
   * Version of the call's record; a record with one beats a record without. Null when the upstream does not
   * count.
   */
  readonly recordVersion: number | null;
  /**
   * Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null:
   * none.
   */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** What a gateway received, byte for byte. Null when the event was not mapped from anything. */
  readonly payload: Uint8Array | null;
  /** Name and version of the mapping that read the payload. Null when there was none. */
  readonly adapter: string | null;
};

/**
 * One line of CallCenter24's call log. A call has many. The record key is tenantId/callId, percent-encoded, so
 * that all lines of a call stand in one partition.
 */
export type RawCallcenter24 = {
  /** Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters. */
  readonly tenantId: string;
  /**
   * The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the
   * same id. At most 256 characters.
   */
  readonly eventId: string | null;
  /** The upstream's id of the call. Never empty, at most 256 characters. */
  readonly callId: string;
  /** When it happened, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * The log line, verbatim, with its spelling and the agent's name in brackets, for example 'Participant join
   * ([Anna Lee])'. A line that is not known is kept and counted. Null is an unknown status.
   */
  readonly status: string | null;
  /**
   * Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null:
   * none.
   */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** What a gateway received, byte for byte. Null when the event was not mapped from anything. */
  readonly payload: Uint8Array | null;
  /** Name and version of the mapping that read the payload. Null when there was none. */
  readonly adapter: string | null;
};

/**
 * One change of a Chatterfy chat's status. The status stands until the next. The record key is tenantId/chatId,
 * percent-encoded.
 */
export type RawChatterfy = {
  /** Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters. */
  readonly tenantId: string;
  /**
   * The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the
   * same id. At most 256 characters.
   */
  readonly eventId: string | null;
  /** The upstream's id of the chat. Never empty, at most 256 characters. */
  readonly chatId: string;
  /** When it happened, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds. */
  readonly occurredAt: number;
  /**
   * The status, verbatim: Auto, Manual, Waiting, Finished, Blocked, Stopped; any may follow any. Another is kept
   * and counted. Null is an unknown status.
   */
  readonly status: string | null;
  /**
   * Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null:
   * none.
   */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** What a gateway received, byte for byte. Null when the event was not mapped from anything. */
  readonly payload: Uint8Array | null;
  /** Name and version of the mapping that read the payload. Null when there was none. */
  readonly adapter: string | null;
};

/**
 * One stay of an agent in a state, as the Vonage VCC agent-state API gives it: first with a null duration, later
 * again with a number. The record key is tenantId/agentId, percent-encoded.
 */
export type RawVonage = {
  /** Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters. */
  readonly tenantId: string;
  /**
   * The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the
   * same id. At most 256 characters.
   */
  readonly eventId: string | null;
  /** The upstream's id of the agent. Never empty, at most 256 characters. */
  readonly agentId: string;
  /** When the agent entered the state; 1990 to 2100. UTC, epoch milliseconds. */
  readonly start: number;
  /** How long the agent stayed in the state, in milliseconds. Null while the agent is still in it. */
  readonly duration: number | null;
  /**
   * The state, verbatim: Ready, ReadyRFO, Away, ExtendedAway, LoggedOut, Busy, Wrap, Unexpected, Failed. Another
   * is kept and counted. Null is an unknown state.
   */
  readonly state: string | null;
  /**
   * Of Busy, Wrap, Unexpected and Failed the interaction type (Live, Semi-Live, Non-Live), else the presence's
   * name. Null when not given.
   */
  readonly description: string | null;
  /**
   * Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null:
   * none.
   */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** What a gateway received, byte for byte. Null when the event was not mapped from anything. */
  readonly payload: Uint8Array | null;
  /** Name and version of the mapping that read the payload. Null when there was none. */
  readonly adapter: string | null;
};

/** Every topic that has a schema, with its record. */
export type RecordByTopic = {
  readonly 'callfold.agent-intervals': AgentInterval;
  readonly 'callfold.agent-offers': AgentOffer;
  readonly 'callfold.call-outcomes': CallOutcome;
  readonly 'callfold.chat-handoffs': ChatHandoff;
  readonly 'callfold.chat-outcomes': ChatOutcome;
  readonly 'callfold.dead-letters': DeadLetter;
  readonly 'callfold.raw.atlas': RawAtlas;
  readonly 'callfold.raw.callcenter24': RawCallcenter24;
  readonly 'callfold.raw.chatterfy': RawChatterfy;
  readonly 'callfold.raw.vonage': RawVonage;
};

export type Topic = keyof RecordByTopic;

/** Paths of the fields that hold times. */
export const TIME_FIELDS: Readonly<Record<Topic, readonly string[]>> = {
  'callfold.agent-intervals': ['occurredAt', 'ingestedAt', 'start', 'end'],
  'callfold.agent-offers': ['occurredAt', 'ingestedAt', 'offeredAt', 'screenShownAt'],
  'callfold.call-outcomes': ['occurredAt', 'ingestedAt', 'startedAt', 'queuedAt', 'answeredAt', 'endedAt', 'agents.joinedAt', 'agents.leftAt'],
  'callfold.chat-handoffs': ['occurredAt', 'ingestedAt', 'enteredAt', 'leftAt'],
  'callfold.chat-outcomes': ['occurredAt', 'ingestedAt', 'blockedAt', 'startedAt', 'endedAt'],
  'callfold.dead-letters': ['originAppendedAt'],
  'callfold.raw.atlas': ['occurredAt', 'startedAt', 'endedAt'],
  'callfold.raw.callcenter24': ['occurredAt'],
  'callfold.raw.chatterfy': ['occurredAt'],
  'callfold.raw.vonage': ['start'],
};

function jsonAgentInterval(r: AgentInterval): Record<string, unknown> {
  return {
    kind: r.kind,
    outcomeId: r.outcomeId,
    revision: r.revision,
    correctionOf: r.correctionOf,
    tenantId: r.tenantId,
    source: r.source,
    occurredAt: isoTime(r.occurredAt),
    ingestedAt: r.ingestedAt === null ? null : isoTime(r.ingestedAt),
    agentId: r.agentId,
    state: r.state,
    description: r.description,
    start: isoTime(r.start),
    end: r.end === null ? null : isoTime(r.end),
    durationMs: r.durationMs,
    durationFrom: r.durationFrom,
    flags: r.flags,
  };
}

function jsonAgentOffer(r: AgentOffer): Record<string, unknown> {
  return {
    kind: r.kind,
    outcomeId: r.outcomeId,
    revision: r.revision,
    correctionOf: r.correctionOf,
    tenantId: r.tenantId,
    source: r.source,
    occurredAt: isoTime(r.occurredAt),
    ingestedAt: r.ingestedAt === null ? null : isoTime(r.ingestedAt),
    callId: r.callId,
    agent: r.agent,
    n: r.n,
    offeredAt: r.offeredAt === null ? null : isoTime(r.offeredAt),
    agentWas: r.agentWas,
    screenShownAt: r.screenShownAt === null ? null : isoTime(r.screenShownAt),
    result: r.result,
    ringMs: r.ringMs,
    decidedBy: r.decidedBy,
  };
}

function jsonCallAgent(r: CallAgent): Record<string, unknown> {
  return {
    agent: r.agent,
    joinedAt: r.joinedAt === null ? null : isoTime(r.joinedAt),
    leftAt: r.leftAt === null ? null : isoTime(r.leftAt),
  };
}

function jsonCallOutcome(r: CallOutcome): Record<string, unknown> {
  return {
    kind: r.kind,
    outcomeId: r.outcomeId,
    revision: r.revision,
    correctionOf: r.correctionOf,
    tenantId: r.tenantId,
    source: r.source,
    occurredAt: isoTime(r.occurredAt),
    ingestedAt: r.ingestedAt === null ? null : isoTime(r.ingestedAt),
    callId: r.callId,
    outcome: r.outcome,
    reason: r.reason,
    rawStatus: r.rawStatus,
    stage: r.stage,
    short: r.short,
    voicemailLeft: r.voicemailLeft,
    transferred: r.transferred,
    abandonedInTransfer: r.abandonedInTransfer,
    hungUpBy: r.hungUpBy,
    personReached: r.personReached,
    fault: r.fault,
    inferred: r.inferred,
    startedAt: r.startedAt === null ? null : isoTime(r.startedAt),
    queuedAt: r.queuedAt === null ? null : isoTime(r.queuedAt),
    answeredAt: r.answeredAt === null ? null : isoTime(r.answeredAt),
    endedAt: r.endedAt === null ? null : isoTime(r.endedAt),
    waitMs: r.waitMs,
    talkMs: r.talkMs,
    agents: r.agents.map((one) => jsonCallAgent(one)),
    offers: r.offers,
    missedOffers: r.missedOffers,
    anomalies: r.anomalies,
    decidedBy: r.decidedBy,
    attributes: r.attributes,
  };
}

function jsonChatHandoff(r: ChatHandoff): Record<string, unknown> {
  return {
    kind: r.kind,
    outcomeId: r.outcomeId,
    revision: r.revision,
    correctionOf: r.correctionOf,
    tenantId: r.tenantId,
    source: r.source,
    occurredAt: isoTime(r.occurredAt),
    ingestedAt: r.ingestedAt === null ? null : isoTime(r.ingestedAt),
    chatId: r.chatId,
    n: r.n,
    episode: r.episode,
    enteredAt: isoTime(r.enteredAt),
    leftAt: r.leftAt === null ? null : isoTime(r.leftAt),
    dwellMs: r.dwellMs,
    returnedTo: r.returnedTo,
  };
}

function jsonChatOutcome(r: ChatOutcome): Record<string, unknown> {
  return {
    kind: r.kind,
    outcomeId: r.outcomeId,
    revision: r.revision,
    correctionOf: r.correctionOf,
    tenantId: r.tenantId,
    source: r.source,
    occurredAt: isoTime(r.occurredAt),
    ingestedAt: r.ingestedAt === null ? null : isoTime(r.ingestedAt),
    chatId: r.chatId,
    episode: r.episode,
    outcome: r.outcome,
    rawStatus: r.rawStatus,
    contained: r.contained,
    handoffs: r.handoffs,
    dwellMs: r.dwellMs,
    blockedAt: r.blockedAt === null ? null : isoTime(r.blockedAt),
    startedAt: isoTime(r.startedAt),
    endedAt: r.endedAt === null ? null : isoTime(r.endedAt),
    inferred: r.inferred,
    decidedBy: r.decidedBy,
    attributes: r.attributes,
  };
}

function jsonDeadLetterHeader(r: DeadLetterHeader): Record<string, unknown> {
  return {
    name: r.name,
    value: toBase64(r.value),
  };
}

function jsonDeadLetter(r: DeadLetter): Record<string, unknown> {
  return {
    kind: r.kind,
    code: r.code,
    reason: r.reason,
    originTopic: r.originTopic,
    originPartition: r.originPartition,
    originOffset: r.originOffset,
    originAppendedAt: isoTime(r.originAppendedAt),
    key: r.key === null ? null : toBase64(r.key),
    value: r.value === null ? null : toBase64(r.value),
    headers: r.headers.map((one) => jsonDeadLetterHeader(one)),
    attempts: r.attempts,
    source: r.source,
  };
}

function jsonRawAtlas(r: RawAtlas): Record<string, unknown> {
  return {
    tenantId: r.tenantId,
    eventId: r.eventId,
    callId: r.callId,
    occurredAt: isoTime(r.occurredAt),
    status: r.status,
    startedAt: r.startedAt === null ? null : isoTime(r.startedAt),
    endedAt: r.endedAt === null ? null : isoTime(r.endedAt),
    recordVersion: r.recordVersion,
    attributes: r.attributes,
    payload: r.payload === null ? null : toBase64(r.payload),
    adapter: r.adapter,
  };
}

function jsonRawCallcenter24(r: RawCallcenter24): Record<string, unknown> {
  return {
    tenantId: r.tenantId,
    eventId: r.eventId,
    callId: r.callId,
    occurredAt: isoTime(r.occurredAt),
    status: r.status,
    attributes: r.attributes,
    payload: r.payload === null ? null : toBase64(r.payload),
    adapter: r.adapter,
  };
}

function jsonRawChatterfy(r: RawChatterfy): Record<string, unknown> {
  return {
    tenantId: r.tenantId,
    eventId: r.eventId,
    chatId: r.chatId,
    occurredAt: isoTime(r.occurredAt),
    status: r.status,
    attributes: r.attributes,
    payload: r.payload === null ? null : toBase64(r.payload),
    adapter: r.adapter,
  };
}

function jsonRawVonage(r: RawVonage): Record<string, unknown> {
  return {
    tenantId: r.tenantId,
    eventId: r.eventId,
    agentId: r.agentId,
    start: isoTime(r.start),
    duration: r.duration,
    state: r.state,
    description: r.description,
    attributes: r.attributes,
    payload: r.payload === null ? null : toBase64(r.payload),
    adapter: r.adapter,
  };
}

/** The JSON form by topic: times as ISO 8601 UTC, bytes as base64. */
export const JSON_WRITERS: { readonly [T in Topic]: (record: RecordByTopic[T]) => Record<string, unknown> } = {
  'callfold.agent-intervals': jsonAgentInterval,
  'callfold.agent-offers': jsonAgentOffer,
  'callfold.call-outcomes': jsonCallOutcome,
  'callfold.chat-handoffs': jsonChatHandoff,
  'callfold.chat-outcomes': jsonChatOutcome,
  'callfold.dead-letters': jsonDeadLetter,
  'callfold.raw.atlas': jsonRawAtlas,
  'callfold.raw.callcenter24': jsonRawCallcenter24,
  'callfold.raw.chatterfy': jsonRawChatterfy,
  'callfold.raw.vonage': jsonRawVonage,
};

/** The schemas as they are registered. */
export const SCHEMAS: Readonly<Record<Topic, RecordSchema>> = {
  'callfold.agent-intervals': {
    "type":"record","name":"AgentInterval","namespace":"callfold","doc":"One stay of an agent in one state. Published as it changes: first open, then with its end.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["agent-interval"],"doc":"What this record is: always 'agent-interval'."},
      {"name":"outcomeId","type":"string","doc":"Identifies the record over its revisions, and is its Kafka key: tenantId/source/agentId/start/state, each part percent-encoded. Keep the row with the highest revision."},
      {"name":"revision","type":"int","doc":"1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one."},
      {"name":"correctionOf","type":["null","string"],"default":null,"doc":"Always null: an interval has no outcome to correct."},
      {"name":"tenantId","type":"string","doc":"Whose contact centre it is."},
      {"name":"source","type":"string","callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose events decided."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"Start of the stay, by the upstream's clock. UTC, epoch milliseconds."},
      {"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded from a file."},
      {"name":"agentId","type":"string","doc":"The upstream's id of the agent."},
      {"name":"state","type":"string","doc":"The state's name as Vonage writes it: Ready, ReadyRFO, Away, ExtendedAway, LoggedOut, Busy, Wrap, Unexpected, Failed; another name verbatim, with the flag unknown-state."},
      {"name":"description","type":["null","string"],"default":null,"doc":"Of Busy, Wrap, Unexpected and Failed the interaction type (Live, Semi-Live, Non-Live), else the presence's name. Null when not given."},
      {"name":"start","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the agent entered the state. UTC, epoch milliseconds."},
      {"name":"end","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the agent left the state. UTC, epoch milliseconds. Null while the agent is in it."},
      {"name":"durationMs","type":["null","long"],"default":null,"doc":"Milliseconds in the state, always end minus start. Null while the agent is in it."},
      {"name":"durationFrom","type":"string","callfold.values":["reported","derived","open"],"doc":"reported: by the upstream. derived: a newer state's start ended the interval, or cut the reported duration. open: the agent is still in the state."},
      {"name":"flags","type":{"type":"array","items":"string"},"default":[],"callfold.values":["gap-after","overlap","unknown-state"],"doc":"gap-after: nothing is known between this end and the next start. overlap: the reported duration reached past the next start and was cut there. unknown-state: the state's name is not on Vonage's list. Empty when all is well."},
    ],
  },
  'callfold.agent-offers': {
    "type":"record","name":"AgentOffer","namespace":"callfold","doc":"One offer of a call to one agent, and what became of it. Published with its call. Count missed offers here, missed calls in call outcomes: they are not the same.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["agent-offer"],"doc":"What this record is: always 'agent-offer'."},
      {"name":"outcomeId","type":"string","doc":"Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId/agent/n, each part percent-encoded. Keep the row with the highest revision."},
      {"name":"revision","type":"int","doc":"1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one."},
      {"name":"correctionOf","type":["null","string"],"default":null,"doc":"The result that the revision before had, where this one differs from it. Null in a first revision, and where the result is the same."},
      {"name":"tenantId","type":"string","doc":"Whose contact centre it is."},
      {"name":"source","type":"string","callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose events decided."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the event that decided the result happened, by the upstream's clock. UTC, epoch milliseconds."},
      {"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded from a file."},
      {"name":"callId","type":"string","doc":"The upstream's id of the call."},
      {"name":"agent","type":"string","doc":"The agent's display name, with single spaces and in Unicode NFC."},
      {"name":"n","type":"int","doc":"Which offer of this call to this agent: 1, 2, ... in order of time."},
      {"name":"offeredAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the agent's call screen was asked for. UTC, epoch milliseconds. Null when a screen was shown with no request before it."},
      {"name":"agentWas","type":["null","string"],"default":null,"callfold.values":["available","busy"],"doc":"What the agent was said to be when the screen was asked for. Null when not said."},
      {"name":"screenShownAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the agent's call screen opened: from here it rang. UTC, epoch milliseconds. Null when it was never shown."},
      {"name":"result","type":"string","callfold.values":["answered","missed","rescinded","unknown"],"doc":"answered: the agent joined. missed: it rang out at this agent. rescinded: it ended otherwise (another agent joined, the contact left, the call ended). unknown: nothing closed it."},
      {"name":"ringMs","type":["null","long"],"default":null,"doc":"Milliseconds from the screen's opening to the offer's close. Null when the screen was never shown or nothing closed the offer."},
      {"name":"decidedBy","type":{"type":"record","name":"DecidedBy","doc":"Why the record says what it says.","fields":[{"name":"rule","type":"string","doc":"Name of the rule that decided; docs/outcomes.md explains each."},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[],"doc":"Ids of the raw events it rests on, the deciding one first."}]},"doc":"The rule and the events that decided."},
    ],
  },
  'callfold.call-outcomes': {
    "type":"record","name":"CallOutcome","namespace":"callfold","doc":"How one call ended. Published when the call is over and has settled, again when something changes it. One call is one outcome, however many agents it rang.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["call-outcome"],"doc":"What this record is: always 'call-outcome'."},
      {"name":"outcomeId","type":"string","doc":"Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId, each part percent-encoded. Keep the row with the highest revision."},
      {"name":"revision","type":"int","doc":"1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one."},
      {"name":"correctionOf","type":["null","string"],"default":null,"doc":"The outcome that the revision before had, where this one differs from it. Null in a first revision, and where the outcome is the same."},
      {"name":"tenantId","type":"string","doc":"Whose contact centre it is."},
      {"name":"source","type":"string","callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose events decided."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the deciding event happened, by the upstream's clock. UTC, epoch milliseconds."},
      {"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded from a file."},
      {"name":"callId","type":"string","doc":"The upstream's id of the call."},
      {"name":"outcome","type":"string","callfold.values":["answered","abandoned","missed","voicemail","left-before-queue","not-connected","failed","cancelled","unknown"],"doc":"How the call ended, one of a closed list. answered: an agent and the contact were in at one instant, or the voice AI took the line. abandoned: the contact left the queue unanswered. missed: it rang out. voicemail: redirected before an answer. left-before-queue: over before the contact was in. not-connected: the person called was not reached. failed: a fault. cancelled: by hand. unknown: cannot be told."},
      {"name":"reason","type":"string","callfold.values":["customer-ended","agent-ended","call-ended","no-answer","voicemail","never-queued","message-delivered","transferred","max-duration","silence","transfer-failed","line-busy","invalid-number","no-incoming-call","hook-while-ringing","cancelled","agent-failed","no-audio","connection-lost","dial-failed","start-failed","limit-reached","system-error","ai-service-error","no-ai-model","unknown"],"doc":"Why, more finely than the outcome, one of a closed list; for Atlas by the status label."},
      {"name":"rawStatus","type":["null","string"],"default":null,"doc":"The deciding event's status, verbatim; of an inferred record the latest status. Null when that event had none."},
      {"name":"stage","type":["null","string"],"default":null,"callfold.values":["ring","queue"],"doc":"Abandoned calls only: ring when an agent's call screen was open when the contact left, else queue. Null for every other outcome."},
      {"name":"short","type":["null","boolean"],"default":null,"doc":"Abandoned calls only: whether the wait was at most the short-abandon threshold (5 s unless set otherwise, inclusive). Null for every other outcome, and when the wait is unknown."},
      {"name":"voicemailLeft","type":["null","boolean"],"default":null,"doc":"Voicemail only: true when a recording was attached after the redirect. Null otherwise; never false, because a recording not seen is no proof that none was left."},
      {"name":"transferred","type":"boolean","doc":"Whether a second agent joined while the contact was in, or the voice AI handed the call over. The same agent again is a reconnect, not a transfer."},
      {"name":"abandonedInTransfer","type":"boolean","doc":"Whether the contact left an answered call after its agents had gone, while another agent was being asked. The outcome stays answered."},
      {"name":"hungUpBy","type":["null","string"],"default":null,"callfold.values":["contact","agent","unknown"],"doc":"Answered calls only: who left first; unknown when both left less than 1 s apart or the leaves were not seen. Null when not answered, or when the status does not say."},
      {"name":"personReached","type":"string","callfold.values":["yes","no","unknown"],"doc":"Whether a live person was spoken to."},
      {"name":"fault","type":["null","string"],"default":null,"callfold.values":["agent","customer","provider","platform","configuration"],"doc":"Whose fault a failure was. Null when it was nobody's, or cannot be told."},
      {"name":"inferred","type":"boolean","doc":"True when nothing said that the call was over and it was closed because nothing more came (4 h of silence unless set otherwise). A real end that comes later corrects it."},
      {"name":"startedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"The call's earliest event; for Atlas the start in its record. UTC, epoch milliseconds. Null when unknown."},
      {"name":"queuedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the contact first came in and began to wait. UTC, epoch milliseconds. Null when not seen, and always for Atlas."},
      {"name":"answeredAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"The first instant at which the contact and an agent were both in. UTC, epoch milliseconds. Null when not answered, and always for Atlas."},
      {"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"The end of the call: the last 'Call ended', else the contact's last leave, else the redirect; for Atlas the end in its record. UTC, epoch milliseconds. Null when unknown."},
      {"name":"waitMs","type":["null","long"],"default":null,"doc":"Milliseconds from queuedAt to the answer, the redirect, the contact's last leave or the end, in this preference. Null when queuedAt or that end is unknown, and always for Atlas."},
      {"name":"talkMs","type":["null","long"],"default":null,"doc":"Milliseconds in which the contact and at least one agent were both in; hold is part of it. Null when unknown, and always for Atlas."},
      {"name":"agents","type":{"type":"array","items":{"type":"record","name":"CallAgent","doc":"One stay of an agent in the call. An agent who came back has another.","fields":[{"name":"agent","type":"string","doc":"The agent's display name, with single spaces and in Unicode NFC."},{"name":"joinedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the agent joined. UTC, epoch milliseconds. Null when no join was seen."},{"name":"leftAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the agent left. UTC, epoch milliseconds. Null when no leave was seen."}]}},"default":[],"doc":"The agents' stays in the call, in order of joining; those whose join was never seen come first. Empty when no agent was in."},
      {"name":"offers","type":"int","doc":"How many times the call was offered to an agent; each offer is an agent-offer record. 0 for Atlas."},
      {"name":"missedOffers","type":"int","doc":"How many of these offers the agent missed."},
      {"name":"anomalies","type":{"type":"array","items":"string"},"default":[],"callfold.values":["unknown-status","contact-join-missing","contact-leave-missing","agent-joined-after-contact-left","agent-joined-after-redirect","agent-leave-without-join","crm-registration-missing","event-id-reused","truncated"],"doc":"What was odd about the events, each name once, from a closed list. Empty when nothing was."},
      {"name":"decidedBy","type":{"type":"record","name":"DecidedBy","doc":"Why the record says what it says.","fields":[{"name":"rule","type":"string","doc":"Name of the rule that decided; docs/outcomes.md explains each."},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[],"doc":"Ids of the raw events it rests on, the deciding one first."}]},"doc":"The rule and the events that decided."},
      {"name":"attributes","type":{"type":"map","values":"string"},"default":{},"doc":"Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names, 256 characters each."},
    ],
  },
  'callfold.chat-handoffs': {
    "type":"record","name":"ChatHandoff","namespace":"callfold","doc":"One stay of a chat in Manual. Published on entering, with nulls, and again on leaving.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["chat-handoff"],"doc":"What this record is: always 'chat-handoff'."},
      {"name":"outcomeId","type":"string","doc":"Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/n, each part percent-encoded. Keep the row with the highest revision."},
      {"name":"revision","type":"int","doc":"1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one."},
      {"name":"correctionOf","type":["null","string"],"default":null,"doc":"Always null: a hand-off has no outcome to correct."},
      {"name":"tenantId","type":"string","doc":"Whose contact centre it is."},
      {"name":"source","type":"string","callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose events decided."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the deciding event happened (entering, then leaving), by the upstream's clock. UTC, epoch milliseconds."},
      {"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded from a file."},
      {"name":"chatId","type":"string","doc":"The upstream's id of the chat."},
      {"name":"n","type":"int","doc":"Which hand-off of this chat, over all its episodes: 1, 2, ..."},
      {"name":"episode","type":"int","doc":"The episode of the chat in which it stood."},
      {"name":"enteredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the chat went into Manual. UTC, epoch milliseconds."},
      {"name":"leftAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When it left Manual. UTC, epoch milliseconds. Null while it is there."},
      {"name":"dwellMs","type":["null","long"],"default":null,"doc":"Milliseconds in Manual: waiting for a person and their handling together, which the source does not tell apart. Null while it is there."},
      {"name":"returnedTo","type":["null","string"],"default":null,"doc":"The status that followed, as the upstream writes it. Null while it is there."},
    ],
  },
  'callfold.chat-outcomes': {
    "type":"record","name":"ChatOutcome","namespace":"callfold","doc":"One episode of a chat: from its first status to Finished, Blocked or Stopped, or to its falling silent. The next status after that begins the next episode.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["chat-outcome"],"doc":"What this record is: always 'chat-outcome'."},
      {"name":"outcomeId","type":"string","doc":"Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/episode, each part percent-encoded. Keep the row with the highest revision."},
      {"name":"revision","type":"int","doc":"1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one."},
      {"name":"correctionOf","type":["null","string"],"default":null,"doc":"The outcome that the revision before had, where this one differs from it. Null in a first revision, and where the outcome is the same."},
      {"name":"tenantId","type":"string","doc":"Whose contact centre it is."},
      {"name":"source","type":"string","callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose events decided."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the deciding event happened, by the upstream's clock. UTC, epoch milliseconds."},
      {"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the log took the deciding event (the broker's clock). UTC, epoch milliseconds. Null when it was folded from a file."},
      {"name":"chatId","type":"string","doc":"The upstream's id of the chat."},
      {"name":"episode","type":"int","doc":"Which episode of this chat: 1, 2, ..."},
      {"name":"outcome","type":"string","callfold.values":["completed","blocked","undeliverable","stalled","unknown"],"doc":"completed: Finished. blocked: the client blocked the bot. undeliverable: Stopped, the bot may not write. stalled: Waiting for 24 h. unknown: silent for 7 days in another status. Both times unless set otherwise."},
      {"name":"rawStatus","type":["null","string"],"default":null,"doc":"The deciding event's status, verbatim; of an inferred record the latest status. Null when that event had none."},
      {"name":"contained","type":"boolean","doc":"True when the episode was never in Manual: no person handled it."},
      {"name":"handoffs","type":"int","doc":"How many times the episode went into Manual; each stay is a chat-handoff record."},
      {"name":"dwellMs","type":{"type":"map","values":"long"},"default":{},"doc":"Milliseconds spent in each status during the episode, by status as the upstream writes it. A stay that has not ended is not in it."},
      {"name":"blockedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the client blocked the bot. UTC, epoch milliseconds. Null when they did not."},
      {"name":"startedAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The episode's first event. UTC, epoch milliseconds."},
      {"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"The deciding status's first instant. UTC, epoch milliseconds. Null when inferred."},
      {"name":"inferred","type":"boolean","doc":"True when the episode was closed because nothing more came (outcomes stalled and unknown). Corrected when the chat goes on."},
      {"name":"decidedBy","type":{"type":"record","name":"DecidedBy","doc":"Why the record says what it says.","fields":[{"name":"rule","type":"string","doc":"Name of the rule that decided; docs/outcomes.md explains each."},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[],"doc":"Ids of the raw events it rests on, the deciding one first."}]},"doc":"The rule and the events that decided."},
      {"name":"attributes","type":{"type":"map","values":"string"},"default":{},"doc":"Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names, 256 characters each."},
    ],
  },
  'callfold.dead-letters': {
    "type":"record","name":"DeadLetter","namespace":"callfold","doc":"A raw record that could not be folded, with everything needed to fold it again.",
    "fields": [
      {"name":"kind","type":"string","callfold.values":["dead-letter"],"doc":"What this record is: always 'dead-letter'."},
      {"name":"code","type":"string","doc":"Why it was refused, for programs; a code never changes its meaning. docs/outcomes.md has the list."},
      {"name":"reason","type":"string","doc":"Why it was refused, for people: the code in words, and what was seen."},
      {"name":"originTopic","type":"string","doc":"The raw topic in which the record stands."},
      {"name":"originPartition","type":"int","doc":"Its partition."},
      {"name":"originOffset","type":"long","doc":"Its offset."},
      {"name":"originAppendedAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the log took it (the broker's clock). UTC, epoch milliseconds."},
      {"name":"key","type":["null","bytes"],"default":null,"doc":"Its key, byte for byte. Null when it had none."},
      {"name":"value","type":["null","bytes"],"default":null,"doc":"Its value, byte for byte. Null when it had none."},
      {"name":"headers","type":{"type":"array","items":{"type":"record","name":"DeadLetterHeader","doc":"One header of the original record.","fields":[{"name":"name","type":"string","doc":"The header's name."},{"name":"value","type":"bytes","doc":"The header's bytes."}]}},"default":[],"doc":"Its headers, in order."},
      {"name":"attempts","type":"int","doc":"How many times it was tried: 1, and 1 more each time it was sent to the raw topic again."},
      {"name":"source","type":["null","string"],"default":null,"callfold.values":["callcenter24","atlas","chatterfy","vonage"],"doc":"The upstream whose topic it is. Null when the topic is none of the four."},
    ],
  },
  'callfold.raw.atlas': {
    "type":"record","name":"RawAtlas","namespace":"callfold","doc":"One record of one call of the Atlas voice AI. It may be sent again with another status; of two the higher recordVersion counts. The record key is tenantId/callId, percent-encoded.",
    "fields": [
      {"name":"tenantId","type":"string","default":"default","doc":"Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters."},
      {"name":"eventId","type":["null","string"],"default":null,"doc":"The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the same id. At most 256 characters."},
      {"name":"callId","type":"string","doc":"The upstream's id of the call. Never empty, at most 256 characters."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the record was written or updated, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds."},
      {"name":"status","type":["null","string"],"default":null,"doc":"The call's status label, verbatim. Null means 'Unknown status'."},
      {"name":"startedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the call began. UTC, epoch milliseconds. Null when not given."},
      {"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the call was over. UTC, epoch milliseconds. Null when not given."},
      {"name":"recordVersion","type":["null","long"],"default":null,"doc":"Version of the call's record; a record with one beats a record without. Null when the upstream does not count."},
      {"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null,"doc":"Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null: none."},
      {"name":"payload","type":["null","bytes"],"default":null,"doc":"What a gateway received, byte for byte. Null when the event was not mapped from anything."},
      {"name":"adapter","type":["null","string"],"default":null,"doc":"Name and version of the mapping that read the payload. Null when there was none."},
    ],
  },
  'callfold.raw.callcenter24': {
    "type":"record","name":"RawCallcenter24","namespace":"callfold","doc":"One line of CallCenter24's call log. A call has many. The record key is tenantId/callId, percent-encoded, so that all lines of a call stand in one partition.",
    "fields": [
      {"name":"tenantId","type":"string","default":"default","doc":"Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters."},
      {"name":"eventId","type":["null","string"],"default":null,"doc":"The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the same id. At most 256 characters."},
      {"name":"callId","type":"string","doc":"The upstream's id of the call. Never empty, at most 256 characters."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds."},
      {"name":"status","type":["null","string"],"default":null,"doc":"The log line, verbatim, with its spelling and the agent's name in brackets, for example 'Participant join ([Anna Lee])'. A line that is not known is kept and counted. Null is an unknown status."},
      {"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null,"doc":"Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null: none."},
      {"name":"payload","type":["null","bytes"],"default":null,"doc":"What a gateway received, byte for byte. Null when the event was not mapped from anything."},
      {"name":"adapter","type":["null","string"],"default":null,"doc":"Name and version of the mapping that read the payload. Null when there was none."},
    ],
  },
  'callfold.raw.chatterfy': {
    "type":"record","name":"RawChatterfy","namespace":"callfold","doc":"One change of a Chatterfy chat's status. The status stands until the next. The record key is tenantId/chatId, percent-encoded.",
    "fields": [
      {"name":"tenantId","type":"string","default":"default","doc":"Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters."},
      {"name":"eventId","type":["null","string"],"default":null,"doc":"The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the same id. At most 256 characters."},
      {"name":"chatId","type":"string","doc":"The upstream's id of the chat. Never empty, at most 256 characters."},
      {"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened, by the upstream's clock; 1990 to 2100. UTC, epoch milliseconds."},
      {"name":"status","type":["null","string"],"default":null,"doc":"The status, verbatim: Auto, Manual, Waiting, Finished, Blocked, Stopped; any may follow any. Another is kept and counted. Null is an unknown status."},
      {"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null,"doc":"Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null: none."},
      {"name":"payload","type":["null","bytes"],"default":null,"doc":"What a gateway received, byte for byte. Null when the event was not mapped from anything."},
      {"name":"adapter","type":["null","string"],"default":null,"doc":"Name and version of the mapping that read the payload. Null when there was none."},
    ],
  },
  'callfold.raw.vonage': {
    "type":"record","name":"RawVonage","namespace":"callfold","doc":"One stay of an agent in a state, as the Vonage VCC agent-state API gives it: first with a null duration, later again with a number. The record key is tenantId/agentId, percent-encoded.",
    "fields": [
      {"name":"tenantId","type":"string","default":"default","doc":"Whose contact centre it is: [A-Za-z0-9._-], 1 to 64 characters."},
      {"name":"eventId","type":["null","string"],"default":null,"doc":"The upstream's own id of this event. Null: a hash of the event's content stands in, so that a repeat gets the same id. At most 256 characters."},
      {"name":"agentId","type":"string","doc":"The upstream's id of the agent. Never empty, at most 256 characters."},
      {"name":"start","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the agent entered the state; 1990 to 2100. UTC, epoch milliseconds."},
      {"name":"duration","type":["null","long"],"default":null,"doc":"How long the agent stayed in the state, in milliseconds. Null while the agent is still in it."},
      {"name":"state","type":["null","string"],"default":null,"doc":"The state, verbatim: Ready, ReadyRFO, Away, ExtendedAway, LoggedOut, Busy, Wrap, Unexpected, Failed. Another is kept and counted. Null is an unknown state."},
      {"name":"description","type":["null","string"],"default":null,"doc":"Of Busy, Wrap, Unexpected and Failed the interaction type (Live, Semi-Live, Non-Live), else the presence's name. Null when not given."},
      {"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null,"doc":"Queue, campaign, number and the like, by name. Never interpreted; outcomes carry the first 16 names. Null: none."},
      {"name":"payload","type":["null","bytes"],"default":null,"doc":"What a gateway received, byte for byte. Null when the event was not mapped from anything."},
      {"name":"adapter","type":["null","string"],"default":null,"doc":"Name and version of the mapping that read the payload. Null when there was none."},
    ],
  },
};

/** Every version that was ever shipped, oldest first, less its words: what old records were written with. */
export const FROZEN: Readonly<Record<Topic, readonly RecordSchema[]>> = {
  'callfold.agent-intervals': [
    {"type":"record","name":"AgentInterval","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"outcomeId","type":"string"},{"name":"revision","type":"int"},{"name":"correctionOf","type":["null","string"],"default":null},{"name":"tenantId","type":"string"},{"name":"source","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"agentId","type":"string"},{"name":"state","type":"string"},{"name":"description","type":["null","string"],"default":null},{"name":"start","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"end","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"durationMs","type":["null","long"],"default":null},{"name":"durationFrom","type":"string"},{"name":"flags","type":{"type":"array","items":"string"},"default":[]}]},
  ],
  'callfold.agent-offers': [
    {"type":"record","name":"AgentOffer","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"outcomeId","type":"string"},{"name":"revision","type":"int"},{"name":"correctionOf","type":["null","string"],"default":null},{"name":"tenantId","type":"string"},{"name":"source","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"callId","type":"string"},{"name":"agent","type":"string"},{"name":"n","type":"int"},{"name":"offeredAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"agentWas","type":["null","string"],"default":null},{"name":"screenShownAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"result","type":"string"},{"name":"ringMs","type":["null","long"],"default":null},{"name":"decidedBy","type":{"type":"record","name":"DecidedBy","fields":[{"name":"rule","type":"string"},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[]}]}}]},
  ],
  'callfold.call-outcomes': [
    {"type":"record","name":"CallOutcome","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"outcomeId","type":"string"},{"name":"revision","type":"int"},{"name":"correctionOf","type":["null","string"],"default":null},{"name":"tenantId","type":"string"},{"name":"source","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"callId","type":"string"},{"name":"outcome","type":"string"},{"name":"reason","type":"string"},{"name":"rawStatus","type":["null","string"],"default":null},{"name":"stage","type":["null","string"],"default":null},{"name":"short","type":["null","boolean"],"default":null},{"name":"voicemailLeft","type":["null","boolean"],"default":null},{"name":"transferred","type":"boolean"},{"name":"abandonedInTransfer","type":"boolean"},{"name":"hungUpBy","type":["null","string"],"default":null},{"name":"personReached","type":"string"},{"name":"fault","type":["null","string"],"default":null},{"name":"inferred","type":"boolean"},{"name":"startedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"queuedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"answeredAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"waitMs","type":["null","long"],"default":null},{"name":"talkMs","type":["null","long"],"default":null},{"name":"agents","type":{"type":"array","items":{"type":"record","name":"CallAgent","fields":[{"name":"agent","type":"string"},{"name":"joinedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"leftAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null}]}},"default":[]},{"name":"offers","type":"int"},{"name":"missedOffers","type":"int"},{"name":"anomalies","type":{"type":"array","items":"string"},"default":[]},{"name":"decidedBy","type":{"type":"record","name":"DecidedBy","fields":[{"name":"rule","type":"string"},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[]}]}},{"name":"attributes","type":{"type":"map","values":"string"},"default":{}}]},
  ],
  'callfold.chat-handoffs': [
    {"type":"record","name":"ChatHandoff","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"outcomeId","type":"string"},{"name":"revision","type":"int"},{"name":"correctionOf","type":["null","string"],"default":null},{"name":"tenantId","type":"string"},{"name":"source","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"chatId","type":"string"},{"name":"n","type":"int"},{"name":"episode","type":"int"},{"name":"enteredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"leftAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"dwellMs","type":["null","long"],"default":null},{"name":"returnedTo","type":["null","string"],"default":null}]},
  ],
  'callfold.chat-outcomes': [
    {"type":"record","name":"ChatOutcome","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"outcomeId","type":"string"},{"name":"revision","type":"int"},{"name":"correctionOf","type":["null","string"],"default":null},{"name":"tenantId","type":"string"},{"name":"source","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ingestedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"chatId","type":"string"},{"name":"episode","type":"int"},{"name":"outcome","type":"string"},{"name":"rawStatus","type":["null","string"],"default":null},{"name":"contained","type":"boolean"},{"name":"handoffs","type":"int"},{"name":"dwellMs","type":{"type":"map","values":"long"},"default":{}},{"name":"blockedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"startedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"inferred","type":"boolean"},{"name":"decidedBy","type":{"type":"record","name":"DecidedBy","fields":[{"name":"rule","type":"string"},{"name":"eventIds","type":{"type":"array","items":"string"},"default":[]}]}},{"name":"attributes","type":{"type":"map","values":"string"},"default":{}}]},
  ],
  'callfold.dead-letters': [
    {"type":"record","name":"DeadLetter","namespace":"callfold","fields":[{"name":"kind","type":"string"},{"name":"code","type":"string"},{"name":"reason","type":"string"},{"name":"originTopic","type":"string"},{"name":"originPartition","type":"int"},{"name":"originOffset","type":"long"},{"name":"originAppendedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"key","type":["null","bytes"],"default":null},{"name":"value","type":["null","bytes"],"default":null},{"name":"headers","type":{"type":"array","items":{"type":"record","name":"DeadLetterHeader","fields":[{"name":"name","type":"string"},{"name":"value","type":"bytes"}]}},"default":[]},{"name":"attempts","type":"int"},{"name":"source","type":["null","string"],"default":null}]},
  ],
  'callfold.raw.atlas': [
    {"type":"record","name":"RawAtlas","namespace":"callfold","fields":[{"name":"tenantId","type":"string","default":"default"},{"name":"eventId","type":["null","string"],"default":null},{"name":"callId","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"status","type":["null","string"],"default":null},{"name":"startedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"endedAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},{"name":"recordVersion","type":["null","long"],"default":null},{"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null},{"name":"payload","type":["null","bytes"],"default":null},{"name":"adapter","type":["null","string"],"default":null}]},
  ],
  'callfold.raw.callcenter24': [
    {"type":"record","name":"RawCallcenter24","namespace":"callfold","fields":[{"name":"tenantId","type":"string","default":"default"},{"name":"eventId","type":["null","string"],"default":null},{"name":"callId","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"status","type":["null","string"],"default":null},{"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null},{"name":"payload","type":["null","bytes"],"default":null},{"name":"adapter","type":["null","string"],"default":null}]},
  ],
  'callfold.raw.chatterfy': [
    {"type":"record","name":"RawChatterfy","namespace":"callfold","fields":[{"name":"tenantId","type":"string","default":"default"},{"name":"eventId","type":["null","string"],"default":null},{"name":"chatId","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"status","type":["null","string"],"default":null},{"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null},{"name":"payload","type":["null","bytes"],"default":null},{"name":"adapter","type":["null","string"],"default":null}]},
  ],
  'callfold.raw.vonage': [
    {"type":"record","name":"RawVonage","namespace":"callfold","fields":[{"name":"tenantId","type":"string","default":"default"},{"name":"eventId","type":["null","string"],"default":null},{"name":"agentId","type":"string"},{"name":"start","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"duration","type":["null","long"],"default":null},{"name":"state","type":["null","string"],"default":null},{"name":"description","type":["null","string"],"default":null},{"name":"attributes","type":["null",{"type":"map","values":"string"}],"default":null},{"name":"payload","type":["null","bytes"],"default":null},{"name":"adapter","type":["null","string"],"default":null}]},
  ],
};
