import type { RawEvent, Rejection, Source } from '@callfold/core';
import { FUTURE_MS, LIMITS, MAX_TIME, MIN_TIME, SOURCES, TENANT, hashFields, reject } from '@callfold/core';
import { readAttributes } from './attributes.ts';
import { parseTime } from './time.ts';
import { isWellFormed, toWellFormed } from './well-formed.ts';

/**
 * The one validator of raw events: for JSON and NDJSON, and for what was decoded from Avro. Fields of other names are
 * passed over, so that an upstream may send more than is read today; `payload` and `adapter` too, which belong to
 * whoever received the event. Only names that no prototype has are looked up, so a hostile `__proto__` in JSON is one
 * more field that is passed over.
 */

type Fields = Readonly<Record<string, unknown>>;

const DEFAULT_TENANT = 'default';
/** Most records have their predecessor's tenant: remembering it saves the pattern. */
let goodTenant = DEFAULT_TENANT;

/** @param value parsed JSON; its field `source` tells which fields are meant. */
export function readEvent(value: unknown): RawEvent | Rejection {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('not-an-object', `it is ${kindOf(value)}`);
  }
  const fields = value as Fields;
  const source = SOURCES.find((one) => one === fields['source']);
  if (source !== undefined) return readFields(source, fields);
  return reject('unknown-source', `source is ${shown(fields['source'])}, not one of ${SOURCES.join(', ')}`);
}

/**
 * Times: ISO 8601 with a zone, or epoch ms as a number (a fraction is cut off). For vonage, `occurredAt` and `status`
 * are taken where `start` and `state` are missing or null. Texts keep every character, but half a surrogate pair:
 * U+FFFD. Attributes are answered as given, not copied.
 */
export function readFields(source: Source, fields: Fields): RawEvent | Rejection {
  const tenantId = readTenant(fields['tenantId']);
  if (isRefusal(tenantId)) return tenantId;
  const subjectId = readSubject(source, fields);
  if (isRefusal(subjectId)) return subjectId;

  const ofVonage = source === 'vonage';
  const ofAtlas = source === 'atlas';
  const occurredAt = ofVonage ? readStart(fields) : readTime('occurredAt', fields['occurredAt']);
  if (isRefusal(occurredAt)) return occurredAt;
  const startedAt = ofAtlas ? readTime('startedAt', fields['startedAt']) : null;
  if (isRefusal(startedAt)) return startedAt;
  const endedAt = ofAtlas ? readTime('endedAt', fields['endedAt']) : null;
  if (isRefusal(endedAt)) return endedAt;
  if (occurredAt === null) return reject('missing-time', ofVonage ? 'start' : 'occurredAt');

  const status = ofVonage ? readState(fields) : readText('status', fields['status'], LIMITS.status);
  if (isRefusal(status)) return status;
  const recordVersion = ofAtlas ? readInteger('recordVersion', fields['recordVersion']) : null;
  if (isRefusal(recordVersion)) return recordVersion;
  const duration = ofVonage ? readDuration(fields['duration'], occurredAt) : null;
  if (isRefusal(duration)) return duration;
  const description = ofVonage ? readText('description', fields['description'], LIMITS.description) : null;
  if (isRefusal(description)) return description;
  const attributes = readAttributes(fields['attributes']);
  if (typeof attributes === 'string') return reject('bad-field', attributes);

  const given = readId('eventId', fields['eventId'], LIMITS.eventId);
  if (isRefusal(given)) return given;
  // Its order and every value are part of the ids that stand in logs: it never changes.
  const eventId =
    given ??
    hashFields([
      source,
      tenantId,
      subjectId,
      occurredAt,
      status,
      startedAt,
      endedAt,
      recordVersion,
      duration,
      description,
    ]);
  return {
    source,
    tenantId,
    subjectId,
    eventId,
    occurredAt,
    status,
    attributes,
    startedAt,
    endedAt,
    recordVersion,
    duration,
    description,
  };
}

/** @param appendedAt when the log took the record, epoch ms. @returns null when the event may be that late. */
export function checkAgainstLog(occurredAt: number, appendedAt: number): Rejection | null {
  if (occurredAt <= appendedAt + FUTURE_MS) return null;
  const [when, taken] = [occurredAt, appendedAt].map((ms) => new Date(ms).toISOString());
  return reject('time-out-of-range', `it happened at ${when}, the log took it at ${taken}`);
}

function isRefusal(value: string | number | null | Rejection): value is Rejection {
  return typeof value === 'object' && value !== null;
}

function readTenant(value: unknown): string | Rejection {
  if (value === goodTenant) return goodTenant;
  if (value === undefined || value === null) return DEFAULT_TENANT;
  if (typeof value !== 'string' || !TENANT.test(value)) return reject('bad-tenant', shown(value));
  goodTenant = value;
  return value;
}

function readSubject(source: Source, fields: Fields): string | Rejection {
  let name = 'callId';
  let value = fields['callId'];
  if (source === 'chatterfy') {
    name = 'chatId';
    value = fields['chatId'];
  } else if (source === 'vonage') {
    name = 'agentId';
    value = fields['agentId'];
  }
  return readId(name, value, LIMITS.subjectId) ?? reject('missing-id', `${name} is missing or empty`);
}

/** An id as text; null when there is none. White space around it belongs to it, but does not make one. */
function readId(name: string, value: unknown, limit: number): string | null | Rejection {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') {
    if (value.trim() === '') return null;
    if (value.length > limit) return reject('bad-id', `${name} has more than ${limit} characters`);
    if (!isWellFormed(value)) return reject('bad-id', `${name} holds half a surrogate pair`);
    return value;
  }
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
  if (Number.isInteger(value)) {
    return reject('bad-id', `${name} is an integer too large for JSON's numbers; send it as a string`);
  }
  return reject('bad-id', `${name} is ${kindOf(value)}, not a string`);
}

function readStart(fields: Fields): number | null | Rejection {
  const start = fields['start'];
  return start === undefined || start === null
    ? readTime('occurredAt', fields['occurredAt'])
    : readTime('start', start);
}

function readState(fields: Fields): string | null | Rejection {
  const state = fields['state'];
  return state === undefined || state === null
    ? readText('status', fields['status'], LIMITS.status)
    : readText('state', state, LIMITS.status);
}

function readTime(name: string, value: unknown): number | null | Rejection {
  if (value === undefined || value === null) return null;
  let at: number | null = null;
  if (typeof value === 'number') at = Number.isFinite(value) ? Math.floor(value) : null;
  else if (typeof value === 'string') at = parseTime(value);
  else if (typeof value === 'bigint') at = Number(value);
  if (at === null) return reject('bad-time', `${name} is ${shown(value)}${hintOf(value)}`);
  if (at < MIN_TIME || at >= MAX_TIME) return reject('time-out-of-range', `${name} is ${shown(value)}`);
  return at;
}

function hintOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  if (parseTime(`${value}Z`) !== null) return ', which has no zone: add Z or an offset';
  return /^\d{12,}$/.test(value) ? ', epoch milliseconds as a text: send a number' : '';
}

function readDuration(value: unknown, start: number): number | null | Rejection {
  const duration = readInteger('duration', value);
  if (duration === null || isRefusal(duration)) return duration;
  if (duration < 0) return reject('bad-field', `duration is ${duration}, less than nothing`);
  // The end of the stay is a time as well, and one past the calendar could not even be written down.
  if (start + duration >= MAX_TIME) return reject('time-out-of-range', `start and a duration of ${duration} ms`);
  return duration;
}

function readInteger(name: string, value: unknown): number | null | Rejection {
  if (value === undefined || value === null) return null;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number + 0;
  return reject('bad-field', `${name} is ${shown(value)}, not an integer below 2^53`);
}

function readText(name: string, value: unknown, limit: number): string | null | Rejection {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return reject('bad-field', `${name} is ${kindOf(value)}, neither a string nor null`);
  if (value.length > limit) return reject('bad-field', `${name} has more than ${limit} characters`);
  return toWellFormed(value);
}

const SHOWN_CHARACTERS = 64;

/** A value as a reason may quote it: never a whole payload. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') {
    return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'missing' : `a ${typeof value}`;
}
