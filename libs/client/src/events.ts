import type { RawEvent, Rejection } from '@callfold/core';
import type { RawAtlas, RawCallcenter24, RawChatterfy, RawVonage } from '@callfold/schemas';
import { readEvent } from '@callfold/sources';

/** ISO 8601 with a zone, epoch milliseconds, or a Date. */
export type Time = string | number | Date;

type TimeField = 'occurredAt' | 'start' | 'startedAt' | 'endedAt';
type Value<Raw, Field extends keyof Raw> = Field extends TimeField ? Time : NonNullable<Raw[Field]>;

/** The schema's fields; those that must be there, and others that may be left out or null. */
type Given<Raw, Must extends keyof Raw> = { readonly [Field in Must]: Value<Raw, Field> } & {
  readonly [Field in Exclude<keyof Raw, Must | 'payload' | 'adapter'>]?: Value<Raw, Field> | null;
};

/** A raw event as an upstream gives it: `source`, and the fields of that source's schema. */
export type EventInput =
  | ({ readonly source: 'callcenter24' } & Given<RawCallcenter24, 'callId' | 'occurredAt'>)
  | ({ readonly source: 'atlas' } & Given<RawAtlas, 'callId' | 'occurredAt'>)
  | ({ readonly source: 'chatterfy' } & Given<RawChatterfy, 'chatId' | 'occurredAt'>)
  | ({ readonly source: 'vonage' } & Given<RawVonage, 'agentId' | 'start'>);

/** By the one validator of raw events, so with its codes. */
export function eventOf(input: EventInput): RawEvent | Rejection {
  const fields = Object.entries(input).map(([name, value]): [string, unknown] => [
    name,
    // An invalid date has no number: the validator refuses it as a time.
    value instanceof Date ? value.getTime() : (value as unknown),
  ]);
  return readEvent(Object.fromEntries(fields));
}
