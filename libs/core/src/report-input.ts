import { fromJson, NotARecord } from '@callfold/schemas';
import type { Rejection } from './codes.ts';
import { reject } from './codes.ts';
import { SOURCES } from './event.ts';
import type { DerivedRecord } from './record.ts';
import type { DerivedTopic } from './topics.ts';
import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, CHAT_HANDOFFS, CHAT_OUTCOMES, DERIVED_OF } from './topics.ts';

type RecordTopic = Exclude<DerivedTopic, 'callfold.dead-letters'>;

export const RECORD_TOPICS: Readonly<Record<DerivedRecord['kind'], RecordTopic>> = {
  'call-outcome': CALL_OUTCOMES,
  'agent-offer': AGENT_OFFERS,
  'chat-outcome': CHAT_OUTCOMES,
  'chat-handoff': CHAT_HANDOFFS,
  'agent-interval': AGENT_INTERVALS,
};

function isKind(kind: unknown): kind is DerivedRecord['kind'] {
  return typeof kind === 'string' && Object.hasOwn(RECORD_TOPICS, kind);
}

/** The inverse of `recordJson`, for a value that may be anything. */
export function derivedRecordOf(json: unknown): DerivedRecord | Rejection {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return reject('not-an-object', '');
  const { kind, status, state } = json as Readonly<Record<string, unknown>>;
  if (!isKind(kind)) {
    const isRaw = kind === undefined && (status !== undefined || state !== undefined);
    const mend = isRaw ? 'this is a raw event, `callfold fold` makes records of it' : 'this is no derived record';
    return reject('bad-field', `kind is ${JSON.stringify(kind) ?? 'missing'}: ${mend}`);
  }
  const topic = RECORD_TOPICS[kind];
  try {
    const record = fromJson(topic, json);
    const makers = SOURCES.filter((source) => DERIVED_OF[source].includes(topic));
    if (makers.includes(record.source)) return record;
    return reject('bad-field', `source is ${record.source}, which has no ${topic.replace('callfold.', '')}`);
  } catch (error) {
    if (error instanceof NotARecord) return reject('bad-field', error.message);
    throw error;
  }
}
