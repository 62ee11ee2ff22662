/**
 * The inner language: what every upstream's words are turned into before anything is folded.
 * `core` knows only these words; vendors' spellings live in `sources`.
 */

export type Source = 'callcenter24' | 'atlas' | 'chatterfy' | 'vonage';
export type SubjectKind = 'call' | 'chat' | 'agent';

export const SOURCES: readonly Source[] = ['callcenter24', 'atlas', 'chatterfy', 'vonage'];

export const KIND_OF: Readonly<Record<Source, SubjectKind>> = {
  callcenter24: 'call',
  atlas: 'call',
  chatterfy: 'chat',
  vonage: 'agent',
};

/** A raw event that passed the validator: the vendor's words, the contract's field names, times in epoch ms. */
export type RawEvent = {
  readonly source: Source;
  readonly tenantId: string;
  /** callId, chatId or agentId. */
  readonly subjectId: string;
  /** The upstream's, or the hash that stands in for it. */
  readonly eventId: string;
  /** `start` for vonage. */
  readonly occurredAt: number;
  /** Verbatim; `state` for vonage. */
  readonly status: string | null;
  readonly attributes: Readonly<Record<string, string>> | null;
  /** atlas only */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly recordVersion: number | null;
  /** vonage only; ms */
  readonly duration: number | null;
  readonly description: string | null;
};

/** Words of a call told as a timeline, in the order in which they rank at one instant. */
export const CALL_WORDS = [
  'registered',
  'crm-registered',
  'contact-joined',
  'agent-requested',
  'screen-shown',
  'redirected',
  'agent-joined',
  'no-answer',
  'agent-left',
  'contact-left',
  'ended',
  'recorded',
  'unknown',
] as const;
export type CallWord = (typeof CALL_WORDS)[number];

export const CHAT_WORDS = ['auto', 'manual', 'waiting', 'finished', 'blocked', 'stopped', 'unknown'] as const;
export type ChatWord = (typeof CHAT_WORDS)[number];

/** An agent's states keep the vendor's names: they are the field's own. Anything else is `unknown`. */
export const AGENT_WORDS = [
  'Ready',
  'ReadyRFO',
  'Away',
  'ExtendedAway',
  'LoggedOut',
  'Busy',
  'Wrap',
  'Unexpected',
  'Failed',
  'unknown',
] as const;
export type AgentWord = (typeof AGENT_WORDS)[number];

/** What one label of a finished call record means. */
export type Label = {
  readonly outcome: 'answered' | 'voicemail' | 'not-connected' | 'failed' | 'cancelled' | 'unknown';
  readonly reason: string;
  readonly personReached: 'yes' | 'no' | 'unknown';
  readonly fault: 'agent' | 'customer' | 'provider' | 'platform' | 'configuration' | null;
  readonly transferred: boolean;
  readonly hungUpBy: 'agent' | 'contact' | null;
};

/** Of a call told as one record (word `record`): its label, null when the label is not known, and its times. */
export type RecordDetail = {
  readonly label: Label | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly recordVersion: number | null;
};

/** Of an agent's stay in a state. */
export type StayDetail = {
  /** ms as reported; null while the agent is still in the state. */
  readonly duration: number | null;
  readonly description: string | null;
};

type Common = {
  readonly source: Source;
  readonly tenantId: string;
  readonly subjectId: string;
  readonly eventId: string;
  /** When it happened, epoch ms. */
  readonly at: number;
  /** The vendor's words, verbatim. */
  readonly status: string | null;
  readonly attributes: Readonly<Record<string, string>> | null;
};

export type TimelineEvent = Common & {
  readonly kind: 'call';
  readonly word: CallWord;
  /** The agent a word names; null where it names none or the contact. */
  readonly agent: string | null;
  /** Of `agent-requested`: what the agent was said to be. */
  readonly agentWas: 'available' | 'busy' | null;
};
export type RecordEvent = Common & { readonly kind: 'call'; readonly word: 'record'; readonly detail: RecordDetail };
export type ChatEvent = Common & { readonly kind: 'chat'; readonly word: ChatWord };
export type AgentEvent = Common & { readonly kind: 'agent'; readonly word: AgentWord; readonly detail: StayDetail };

export type StatusEvent = TimelineEvent | RecordEvent | ChatEvent | AgentEvent;
