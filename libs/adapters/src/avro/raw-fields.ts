import type { RawEvent } from '@callfold/core';
import type { Received } from '@callfold/engine';
import type { FieldSchema, FieldType, RecordByTopic, RecordSchema } from '@callfold/schemas';

type RawRecord = RecordByTopic[Extract<keyof RecordByTopic, `callfold.raw.${string}`>];

const NOTHING = { payload: null, adapter: null };

/** A raw event under the names of its topic. What a gateway received is no part of the event, and stands beside it. */
export function rawFields(event: RawEvent, from?: Received): RawRecord {
  const { tenantId, eventId, subjectId, occurredAt, status, attributes } = event;
  const received = from ?? NOTHING;
  switch (event.source) {
    case 'callcenter24':
      return { tenantId, eventId, callId: subjectId, occurredAt, status, attributes, ...received };
    case 'atlas': {
      const { startedAt, endedAt, recordVersion } = event;
      const times = { occurredAt, startedAt, endedAt };
      return { tenantId, eventId, callId: subjectId, ...times, status, recordVersion, attributes, ...received };
    }
    case 'chatterfy':
      return { tenantId, eventId, chatId: subjectId, occurredAt, status, attributes, ...received };
    case 'vonage': {
      const { duration, description } = event;
      const stay = { start: occurredAt, duration, state: status, description };
      return { tenantId, eventId, agentId: subjectId, ...stay, attributes, ...received };
    }
  }
}

/**
 * The topic's schema for writers that evolved otherwise than this project would have: any field may be missing or null,
 * ids may be numbers and times texts. What comes of it, the one validator of raw events judges.
 */
export function lenientSchema(schema: RecordSchema): object {
  return { ...schema, fields: schema.fields.map((field) => ({ ...field, type: lenientType(field), default: null })) };
}

function lenientType({ name, type }: FieldSchema): unknown {
  const inner = (Array.isArray(type) ? type[1] : type) as FieldType;
  if (name.endsWith('Id')) return ['null', 'string', 'long'];
  return JSON.stringify(inner).includes('timestamp-millis') ? ['null', inner, 'string'] : ['null', inner];
}
