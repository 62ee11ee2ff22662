/**
 * Raw events as upstreams send them: the fields of NDJSON and of JSON over HTTP, before any validation.
 * Times are ISO 8601 text or epoch milliseconds.
 */
type Time = string | number;
type Attributes = Readonly<Record<string, string>>;

export type CallLogLine = {
  readonly source: 'callcenter24';
  readonly tenantId: string;
  readonly callId: string;
  readonly occurredAt: Time;
  readonly status: string;
  readonly attributes?: Attributes;
};

export type CallRecord = {
  readonly source: 'atlas';
  readonly tenantId: string;
  readonly callId: string;
  readonly occurredAt: Time;
  /** Left out or null: the upstream itself does not know. */
  readonly status?: string | null;
  readonly startedAt?: Time;
  readonly endedAt?: Time;
  readonly recordVersion?: number;
  readonly attributes?: Attributes;
};

export type ChatStatus = {
  readonly source: 'chatterfy';
  readonly tenantId: string;
  readonly chatId: string;
  readonly eventId: string;
  readonly occurredAt: Time;
  readonly status: string;
  readonly attributes?: Attributes;
};

export type AgentState = {
  readonly source: 'vonage';
  readonly tenantId: string;
  readonly agentId: string;
  /** UTC, whatever the season. */
  readonly start: string;
  /** ms; null while the agent is still in the state. */
  readonly duration: number | null;
  readonly state: string;
  readonly description: string | null;
};

export type RawJson = CallLogLine | CallRecord | ChatStatus | AgentState;

/** What was done on purpose to one delivery, so that a reader of the feed can tell dirt from a fault of its own. */
export type Mark = 'repeated' | 'late' | 'respelt' | 'unknown-word';

export type Delivery = {
  readonly event: RawJson;
  /** When the upstream hands it over, epoch ms on the caller's clock. */
  readonly deliverAt: number;
  readonly marks: readonly Mark[];
};

/** The simulated world as its parts see it. */
export type World = {
  readonly tenantId: string;
  /** Starts every id, so that a feed begun at another time speaks of other calls and chats. */
  readonly run: string;
  /** Simulated time, epoch ms. */
  readonly now: () => number;
  /** Does something after this many simulated milliseconds. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** An event happened now. `unknownWord`: its status is meant to be in no vocabulary. */
  readonly tell: (event: RawJson, unknownWord?: boolean) => void;
};

export function isoOf(at: number): string {
  return new Date(at).toISOString();
}

/** The same instant as a clock east of Greenwich shows it. */
export function isoWithOffset(at: number, offsetHours: number): string {
  const local = new Date(at + offsetHours * 3_600_000).toISOString().slice(0, -1);
  return `${local}+${String(offsetHours).padStart(2, '0')}:00`;
}
