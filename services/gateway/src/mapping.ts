import type { RawEvent, Rejection, Source } from '@callfold/core';
import { reject } from '@callfold/core';
import { readFields } from '@callfold/sources';

/**
 * Reads a sender's payload into raw fields, by JSON pointers that an operator wrote down. What the words mean is none
 * of its business: `status` is verbatim. A form counts as an object of texts.
 */

export const TIME_FORMATS = ['iso', 'epoch-ms', 'epoch-s', 'rfc-2822'] as const;

export type Mapping = {
  /** Name and version, kept with each record: `voice-ai/3`. */
  readonly adapter: string;
  /** Where the list of items is; null: the payload is one item. */
  readonly items: string | null;
  /** Items that are meant: at each pointer one of the values stands. Others are told as ignored. */
  readonly only: readonly { readonly pointer: string; readonly values: readonly string[] }[];
  /** Raw field to the pointers that are tried in turn; null: the item has the raw fields' own names. */
  readonly fields: ReadonlyMap<string, readonly string[]> | null;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Of the fields that are times. */
  readonly times: (typeof TIME_FORMATS)[number];
};

export const MAPPED_FIELDS = [
  'eventId',
  'callId',
  'chatId',
  'agentId',
  'occurredAt',
  'start',
  'startedAt',
  'endedAt',
  'status',
  'state',
  'description',
  'duration',
  'recordVersion',
] as const;

const TIMES: ReadonlySet<string> = new Set(['occurredAt', 'start', 'startedAt', 'endedAt']);
const NUMBERS: ReadonlySet<string> = new Set(['duration', 'recordVersion']);

/** RFC 6901. Undefined where nothing stands; only own members are looked at. */
export function atPointer(value: unknown, pointer: string): unknown {
  if (pointer === '') return value;
  let found: unknown = value;
  for (const token of pointer.slice(1).split('/')) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

/** The items of a payload; a list that is not there is a refusal of the payload as a whole. */
export function itemsOf(mapping: Mapping, payload: unknown): readonly unknown[] | Rejection {
  if (mapping.items === null) return [payload];
  const found = atPointer(payload, mapping.items);
  return Array.isArray(found)
    ? (found as unknown[])
    : reject('bad-field', `no list of items stands at ${mapping.items}`);
}

export type MappingOf = { readonly source: Source; readonly tenantId: string; readonly mapping: Mapping };

/**
 * @param fallbackId an id of this delivery, for an item that has none of its own
 * @returns null: it is none of those that are meant
 */
export function readMapped(of: MappingOf, item: unknown, fallbackId: string | null): RawEvent | Rejection | null {
  const { source, tenantId, mapping } = of;
  for (const { pointer, values } of mapping.only) {
    const found = atPointer(item, pointer);
    if (!values.includes(textOf(found) as string)) return null;
  }
  const fields = mapping.fields === null ? ownFields(item) : pointedFields(mapping, mapping.fields, item);
  if (fields === null) return reject('not-an-object', 'it has no fields');
  const given = fields['tenantId'] ?? tenantId;
  if (given !== tenantId) return reject('foreign-tenant', 'this hook is not of that tenant');
  return readFields(source, { ...fields, tenantId, eventId: fields['eventId'] ?? fallbackId });
}

function ownFields(item: unknown): Readonly<Record<string, unknown>> | null {
  const isObject = typeof item === 'object' && item !== null && !Array.isArray(item);
  return isObject ? (item as Readonly<Record<string, unknown>>) : null;
}

function pointedFields(mapping: Mapping, pointers: ReadonlyMap<string, readonly string[]>, item: unknown) {
  const fields: Record<string, unknown> = {};
  for (const [name, tried] of pointers) fields[name] = convert(name, firstOf(item, tried), mapping.times);
  const attributes: Record<string, unknown> = {};
  for (const [name, tried] of mapping.attributes) {
    const value = firstOf(item, tried);
    if (value !== undefined && value !== null) attributes[name] = textOf(value);
  }
  if (Object.keys(attributes).length > 0) fields['attributes'] = attributes;
  return fields;
}

function firstOf(item: unknown, pointers: readonly string[]): unknown {
  return pointers.map((pointer) => atPointer(item, pointer)).find((value) => value !== undefined && value !== null);
}

/** Numbers and truth values as texts; what else it may be, the validator judges. */
function textOf(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function convert(name: string, value: unknown, times: Mapping['times']): unknown {
  if (TIMES.has(name)) return timeOf(value, times);
  if (NUMBERS.has(name)) return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return name.endsWith('Id') ? value : textOf(value);
}

const RFC_2822 = /^([A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|GMT|UT)$/;

function timeOf(value: unknown, times: Mapping['times']): unknown {
  if (times === 'rfc-2822') return typeof value === 'string' && RFC_2822.test(value) ? Date.parse(value) : value;
  if (times === 'iso' || value === undefined || value === null) return value;
  const number = typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  return times === 'epoch-s' && typeof number === 'number' ? number * 1_000 : number;
}
