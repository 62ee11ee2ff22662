/**
 * Why an input was refused: the one list, for `fold --rejects`, import, the gateway and the dead letters.
 * A code is for programs and never changes; the reason beside it is for people.
 */
export const CODES = {
  'not-utf8': 'the bytes are not UTF-8',
  'not-json': 'the text is not JSON',
  'not-csv': 'the row is not CSV, or does not fit its header',
  'not-an-object': 'the JSON is not an object',
  'not-avro': 'the bytes do not decode as the Avro schema they name',
  'unknown-schema': 'the schema id is not in the registry',
  'no-value': 'the record has no value and is no tick',
  'too-large': 'the record is larger than the limit',
  'unknown-source': 'the source is none of the four',
  'bad-tenant': 'the tenant does not match [A-Za-z0-9._-]{1,64}',
  'foreign-tenant': 'the tenant is not that of the sender',
  'missing-id': 'the subject has no id',
  'bad-id': 'an id is of a wrong type, or longer than the limit',
  'missing-time': 'the time is missing',
  'bad-time': 'the time is neither ISO 8601 with a zone nor epoch milliseconds',
  'time-out-of-range': 'the time is before 1990, after 2100, or more than a day after the log took the record',
  'bad-field': 'a field is of a wrong type, or longer than the limit',
  'wrong-partition': 'the record stands in another partition than its key belongs to',
  'bad-erasure': 'the record asks for an erasure and does not say of whom, or of what',
  erased: 'the subject was erased before the log took this event',
  'too-late': 'the subject was closed and dropped before this event came',
} as const;

export type Code = keyof typeof CODES;

export type Rejection = { readonly rejected: Code; readonly reason: string };

/** @param detail what was seen, where; said after the code's own words. */
export function reject(code: Code, detail: string): Rejection {
  return { rejected: code, reason: detail === '' ? CODES[code] : `${CODES[code]}: ${detail}` };
}

export function isRejection(value: object): value is Rejection {
  return 'rejected' in value;
}
