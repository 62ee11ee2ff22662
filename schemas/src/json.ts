/**
 * The one JSON form of a record: its own names in the schema's order, times as ISO 8601 UTC with milliseconds, bytes as
 * base64. NDJSON, HTTP answers and exports all have it.
 */

import { fromBase64 } from './base64.ts';
import type { RecordByTopic, Topic } from './generated.ts';
import { JSON_WRITERS, SCHEMAS } from './generated.ts';
import type { FieldSchema, FieldType, RecordSchema, ValueType } from './record-schema.ts';
import { fromIsoTime } from './time.ts';

/** The JSON is no record of the topic. `message` names the field and what stands there. */
export class NotARecord extends Error {
  override readonly name = 'NotARecord';
}

export function isTopic(topic: string): topic is Topic {
  return Object.hasOwn(SCHEMAS, topic);
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param topic one of `Topic`; another is a mistake of the caller's and throws.
 * @param record of that topic. Lists and maps without times in them are taken over, not copied.
 */
export function toJson(topic: string, record: object): Record<string, unknown> {
  if (!isTopic(topic)) throw unknownTopic(topic);
  return (JSON_WRITERS[topic] as (record: object) => Record<string, unknown>)(record);
}

/**
 * The inverse of `toJson`. What newer versions added is left out, what older ones lacked gets its default.
 * Throws `NotARecord` when a field is missing or of a wrong type; words outside a closed list are kept.
 */
export function fromJson<T extends Topic>(topic: T, json: unknown): RecordByTopic[T] {
  const read = readers.get(topic);
  if (!read) throw unknownTopic(topic);
  try {
    return read(json) as RecordByTopic[T];
  } catch (error) {
    throw error instanceof NotARecord ? new NotARecord(`${topic}: ${error.message}`) : error;
  }
}

function unknownTopic(topic: string): Error {
  return new Error(`no schema for topic ${topic}: schemas/avro has no file for it`);
}

/** JSON to value; throws `NotARecord`. */
type Read = (json: unknown) => unknown;

function recordReader(schema: RecordSchema): Read {
  const fields = schema.fields.map((field): [string, Read] => [field.name, fieldReader(field)]);
  return (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('an object', json);
    const record: Record<string, unknown> = {};
    for (const [name, read] of fields) record[name] = within(name, read, (json as Fields)[name]);
    return record;
  };
}

function within(name: string, read: Read, json: unknown): unknown {
  try {
    return read(json);
  } catch (error) {
    throw error instanceof NotARecord ? new NotARecord(`${name} ${error.message}`) : error;
  }
}

function fieldReader(field: FieldSchema): Read {
  const read = typeReader(field.type);
  // A default is null, a text, an empty list or an empty map, and so the same in a record and in JSON.
  const given = field.default === undefined ? null : JSON.stringify(field.default);
  return (json) => {
    if (json !== undefined) return read(json);
    if (given === null) throw new NotARecord('is missing');
    return JSON.parse(given) as unknown;
  };
}

function typeReader(type: FieldType): Read {
  if (!isUnion(type)) return valueReader(type);
  const read = valueReader(type[1]);
  return (json) => (json === null ? null : read(json));
}

function isUnion(type: FieldType): type is readonly ['null', ValueType] {
  return Array.isArray(type);
}

function valueReader(type: ValueType): Read {
  if (typeof type === 'string') return SIMPLE[type];
  switch (type.type) {
    case 'long':
      return (json) =>
        orWrong(typeof json === 'string' ? fromIsoTime(json) : null, 'such a time: 1999-02-01T09:30:00.000Z', json);
    case 'record':
      return recordReader(type);
    case 'array': {
      const read = valueReader(type.items);
      return (json) => {
        if (!Array.isArray(json)) throw wrong('a list', json);
        return json.map((item, i) => within(String(i), read, item));
      };
    }
    case 'map': {
      const read = valueReader(type.values);
      return (json) => {
        if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('an object', json);
        return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, within(key, read, item)]));
      };
    }
  }
}

const SIMPLE: Readonly<Record<Extract<ValueType, string>, Read>> = {
  string: (json) => orWrong(typeof json === 'string' ? json : null, 'a text', json),
  boolean: (json) => orWrong(typeof json === 'boolean' ? json : null, 'true or false', json),
  int: (json) => orWrong(json === (Number(json) | 0) ? json : null, 'a whole number of 32 bits', json),
  long: (json) => orWrong(Number.isSafeInteger(json) ? json : null, 'a whole number', json),
  bytes: (json) => orWrong(typeof json === 'string' ? fromBase64(json) : null, 'base64', json),
};

function orWrong<T>(value: T | null, what: string, json: unknown): T {
  if (value === null) throw wrong(what, json);
  return value;
}

function wrong(what: string, json: unknown): NotARecord {
  const seen = JSON.stringify(json) ?? String(json);
  return new NotARecord(`is not ${what}: ${seen.length > 80 ? `${seen.slice(0, 80)}...` : seen}`);
}

const readers: ReadonlyMap<string, Read> = new Map(
  Object.entries(SCHEMAS).map(([topic, schema]) => [topic, recordReader(schema)]),
);
