import type { IncomingHttpHeaders } from 'node:http';
import type { Rejection } from '@callfold/core';
import { KIND_OF, reject, SOURCES, sourceOf } from '@callfold/core';

/**
 * CloudEvents 1.0, https://github.com/cloudevents/spec: the data is a raw event in JSON. What it leaves out, the
 * envelope says: `type` its topic (`callfold.raw.atlas`), `subject` the subject's id, `time` when it happened, `id` the
 * event's id. The envelope's own `source` is a URI of the sender and is not looked at.
 */

type Fields = Readonly<Record<string, unknown>>;
/** Told apart by a name of ours: what a sender wrote may have any. */
export type ReadFields = { readonly fields: Fields } | { readonly rejection: Rejection };

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

/** @param envelope of the structured mode, or one of a batch @returns a raw event's fields */
export function readCloudEvent(envelope: unknown): ReadFields {
  const refuse = (code: 'not-an-object' | 'bad-field', detail: string) => ({ rejection: reject(code, detail) });
  if (typeof envelope !== 'object' || envelope === null || Array.isArray(envelope))
    return refuse('not-an-object', 'a CloudEvent is an object');
  const fields = envelope as Fields;
  for (const name of REQUIRED) {
    const value = fields[name];
    if (typeof value !== 'string' || value === '')
      return refuse('bad-field', `${name} is missing, which every CloudEvent has`);
  }
  if (fields['specversion'] !== '1.0') return refuse('bad-field', 'specversion is not 1.0');
  const read = dataOf(fields);
  return 'rejection' in read ? read : { fields: withEnvelope(read.fields, fields) };
}

function dataOf(fields: Fields): ReadFields {
  const packed = fields['data_base64'];
  let data = fields['data'];
  if (data === undefined && typeof packed === 'string') {
    try {
      data = JSON.parse(Buffer.from(packed, 'base64').toString('utf8')) as unknown;
    } catch {
      return { rejection: reject('not-json', 'data_base64 holds none') };
    }
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { fields: data as Fields };
  return { rejection: reject('not-an-object', 'data is no raw event') };
}

const SUBJECTS = { call: 'callId', chat: 'chatId', agent: 'agentId' } as const;

function withEnvelope(data: Fields, { id, type, subject, time }: Fields): Fields {
  const source = data['source'] ?? sourceOf(String(type));
  const known = SOURCES.find((one) => one === source);
  const idName = known === undefined ? null : SUBJECTS[KIND_OF[known]];
  const happened = data['occurredAt'] ?? data['start'] ?? time;
  return {
    ...data,
    source,
    eventId: data['eventId'] ?? id,
    occurredAt: happened,
    ...(idName !== null && { [idName]: data[idName] ?? subject }),
  };
}

/** The binary mode: the envelope is in headers, percent-encoded, and the body is the data. */
export function envelopeOf(headers: IncomingHttpHeaders): Fields {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && typeof value === 'string') attributes[name.slice(3)] = percentDecoded(value);
  }
  return attributes;
}

export function isBinary(headers: IncomingHttpHeaders): boolean {
  return headers['ce-specversion'] !== undefined;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
