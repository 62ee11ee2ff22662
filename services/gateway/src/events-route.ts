import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Rejection } from '@callfold/core';
import { isRejection, reject } from '@callfold/core';
import { createJsonLineReader, readEvent } from '@callfold/sources';
import { bodyOf, wholeBody } from './body.ts';
import { envelopeOf, isBinary, readCloudEvent } from './cloud-events.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { Intake, Item } from './intake.ts';
import type { Caller } from './keys.ts';
import type { GatewayLimits } from './limits.ts';
import { ProblemError } from './problem.ts';

/** `POST /v1/events`: raw events by the names of docs/publishing.md, in five shapes of a body. */

export type BodyKind = 'json' | 'ndjson' | 'cloud-event' | 'cloud-events' | 'binary';

const NDJSON: ReadonlySet<string> = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);
const JSON_TYPE = /^application\/([\w.-]+\+)?json$/;

export const MEDIA_TYPES = [
  'application/json',
  'application/x-ndjson',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
] as const;

export function mediaTypeOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** @throws ProblemError `media-type` */
export function bodyKindOf(raw: IncomingMessage): BodyKind {
  const type = mediaTypeOf(raw.headers);
  if (NDJSON.has(type)) return 'ndjson';
  if (type === 'application/cloudevents+json') return 'cloud-event';
  if (type === 'application/cloudevents-batch+json') return 'cloud-events';
  if (JSON_TYPE.test(type)) return isBinary(raw.headers) ? 'binary' : 'json';
  const hint = type === 'application/x-www-form-urlencoded' ? '; curl needs `-H content-type:application/json`' : '';
  throw new ProblemError('media-type', `send one of ${MEDIA_TYPES.join(', ')}${hint}`);
}

/** The tenant is the key's; who names another is refused. */
export function readFor(caller: Caller, value: unknown): Exclude<Item, { ignored: true }> {
  const { tenantId } = caller;
  let given = value;
  if (tenantId !== null && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const said = (value as Readonly<Record<string, unknown>>)['tenantId'] ?? null;
    if (said === null) given = { ...value, tenantId };
    else if (said !== tenantId) return { rejection: reject('foreign-tenant', 'this key is not of that tenant') };
  }
  const event = readEvent(given);
  return isRejection(event) ? { rejection: event } : { event };
}

export type EventsParts = { readonly held: HeldBytes; readonly limits: GatewayLimits; readonly bodyBytes: number };

/** NDJSON of any length: at most a line and two windows of it are here. */
export async function takeLines(raw: IncomingMessage, caller: Caller, intake: Intake, parts: EventsParts) {
  const { held, limits } = parts;
  const reader = createJsonLineReader({ decodeUtf8 });
  // Bytes of the line under way.
  let tail = 0;
  const hold = async (bytes: number): Promise<void> => {
    if (bytes > tail) await held.take(bytes - tail, limits.ackMs);
    else held.give(tail - bytes);
    tail = bytes;
  };
  const take = async (items: ReturnType<typeof reader.push>): Promise<void> => {
    for (const item of items) {
      const read = 'value' in item ? readFor(caller, item.value) : { rejection: item.rejection };
      await intake.add({ ...read, line: item.line });
    }
  };
  try {
    for await (const chunk of bodyOf(raw, limits)) {
      const items = reader.push(chunk);
      await hold(items.length > 0 ? chunk.length : Math.min(tail + chunk.length, LINE_BYTES));
      await take(items);
    }
    await take(reader.end());
  } finally {
    held.give(tail);
  }
}

/** What one line may have the reader hold. */
const LINE_BYTES = 1_048_576;

/** @returns whether the items stood in a list */
export async function takeWhole(raw: IncomingMessage, kind: BodyKind, parts: EventsParts): Promise<WholeItems> {
  const { bytes, release } = await wholeBody(raw, parts.bodyBytes, parts.held, parts.limits);
  try {
    const value = parseJson(bytes);
    switch (kind) {
      case 'binary':
        return { isList: false, items: [readCloudEvent({ ...envelopeOf(raw.headers), data: value })], release };
      case 'cloud-event':
        return { isList: false, items: [readCloudEvent(value)], release };
      case 'cloud-events':
        if (!Array.isArray(value)) throw new ProblemError('malformed', 'a batch of CloudEvents is a JSON array');
        return { isList: true, items: value.map(readCloudEvent), release };
      default: {
        const list: readonly unknown[] = Array.isArray(value) ? value : [value];
        return { isList: Array.isArray(value), items: list.map((one) => ({ fields: one })), release };
      }
    }
  } catch (error) {
    release();
    throw error;
  }
}

export type WholeItems = {
  readonly isList: boolean;
  readonly items: readonly ({ readonly fields: unknown } | { readonly rejection: Rejection })[];
  release(): void;
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** @throws ProblemError `malformed`, with the validator's codes */
export function parseJson(bytes: Uint8Array): unknown {
  const refuse = ({ rejected: code, reason: detail }: Rejection): ProblemError =>
    new ProblemError('malformed', detail, { errors: [{ pointer: '', code, detail }] });
  const text = decodeUtf8(bytes);
  if (text === null) throw refuse(reject('not-utf8', ''));
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw refuse(reject('not-json', error instanceof Error ? error.message : ''));
  }
}
