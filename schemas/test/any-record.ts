import * as fc from 'fast-check';
import type { FieldType, RecordSchema } from '../src/index.ts';

/** The furthest a Date reaches. */
const MAX_TIME = 8.64e15;

/** Mostly of the time that this project is about. */
export const anyTime = fc
  .oneof(fc.integer({ min: 631_152_000_000, max: 4_133_980_799_999 }), fc.maxSafeInteger())
  .filter((ms) => Math.abs(ms) <= MAX_TIME);

/** Any value that a schema allows; of text, any that has a UTF-8 form. */
export function anyOf(type: FieldType): fc.Arbitrary<unknown> {
  if (type === 'string') return fc.string({ unit: 'grapheme', maxLength: 8 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'int') return fc.integer();
  if (type === 'long') return fc.maxSafeInteger();
  if (type === 'bytes') return fc.uint8Array({ maxLength: 40 });
  if (Array.isArray(type)) return fc.option(anyOf(type[1] as FieldType), { nil: null });
  const value = type as Exclude<typeof type, string | readonly unknown[]>;
  if (value.type === 'record') return anyRecord(value);
  if (value.type === 'array') return fc.array(anyOf(value.items), { maxLength: 4 });
  if (value.type === 'map')
    return fc.dictionary(fc.string(), anyOf(value.values), { maxKeys: 4, noNullPrototype: true });
  return anyTime;
}

export function anyRecord(schema: RecordSchema): fc.Arbitrary<object> {
  return fc.record(Object.fromEntries(schema.fields.map(({ name, type }) => [name, anyOf(type)])));
}
