/** Every limit on what one event or one subject may hold. Lengths are in UTF-16 code units unless named bytes. */
export const LIMITS = {
  /** A raw record's value; larger ones are dead letters. */
  recordBytes: 1_048_576,
  subjectId: 256,
  eventId: 256,
  status: 4_096,
  description: 1_024,
  adapter: 256,
  rawAttributes: 256,
  rawAttributeName: 256,
  rawAttributeValue: 16_384,
  /** Facts one subject keeps: the smallest in their order; more sets `truncated`. A chat may go to and fro all day. */
  callFacts: 1_024,
  /** Of these at most so many about ringing (asked, shown, no answer, unknown words); the rest is for who is in. */
  callRingingFacts: 768,
  chatFacts: 4_096,
  agentFacts: 65_536,
  /** Where state is dropped, an agent with more loses the older half at once: a year that is imported in a minute. */
  agentFactsKept: 2_048,
  attributes: 16,
  attributeName: 256,
  attributeValue: 256,
} as const;

export const MIN_TIME = Date.UTC(1990, 0, 1);
/** Exclusive. */
export const MAX_TIME = Date.UTC(2101, 0, 1);
/** An event may be at most this much later than the log's append time. */
export const FUTURE_MS = 86_400_000;
export const TENANT = /^[A-Za-z0-9._-]{1,64}$/;
