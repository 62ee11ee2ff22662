/**
 * Old records stay readable, and for derived topics old readers read new records: what a registry would check, checked
 * here with real bytes, so that a change that breaks it fails before it is registered anywhere.
 */

import { TOPICS } from '@callfold/core';
import type { RecordSchema, Topic } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frozenSchemas } from '../../../schemas/generate.mjs';
import { anyRecord } from '../../../schemas/test/any-record.ts';
import { createDecode, createEncode, shapeOf } from '../src/avro/avsc.ts';

/** The samples as the writer writes and the reader then reads them. Throws when they cannot be read. */
function passed(writer: object, reader: object, samples: readonly object[]): object[] {
  const decode = createDecode(writer, shapeOf(reader));
  const encode = createEncode(shapeOf(writer));
  return samples.map((sample) => decode(encode(sample, 0), 0));
}

/** The samples less the fields that the reader does not know, with the defaults of those the writer did not. */
function expected(reader: object, samples: readonly object[]): object[] {
  const { fields } = reader as RecordSchema;
  const taken = (sample: object) =>
    fields.map((field) => [field.name, (sample as Fields)[field.name] ?? field.default]);
  return samples.map((sample) => Object.fromEntries(taken(sample)) as object);
}

type Fields = Readonly<Record<string, unknown>>;

const samplesOf = (schema: object): object[] =>
  fc.sample(anyRecord(schema as RecordSchema), { numRuns: 20, seed: 1999 });

describe.each(TOPICS)('$name, $compatibility', ({ name }) => {
  const current = SCHEMAS[name as Topic];
  const frozen = frozenSchemas(name);

  test('has a schema and at least one frozen version', () => {
    expect(current.name).toMatch(/^[A-Z]/);
    expect(frozen.length).toBeGreaterThan(0);
  });

  test.each(frozen)('today’s reader reads what version $version wrote', ({ schema }) => {
    const samples = samplesOf(schema as object);
    expect(passed(schema as object, current, samples)).toEqual(expected(current, samples));
  });
});

const FULL = TOPICS.filter((topic) => topic.compatibility === 'FULL_TRANSITIVE');

describe.each(FULL)('$name, read by those who have not upgraded', ({ name }) => {
  const current = SCHEMAS[name as Topic];

  test.each(frozenSchemas(name))('a reader of version $version reads what is written today', ({ schema }) => {
    const samples = samplesOf(current);
    expect(passed(current, schema as object, samples)).toEqual(expected(schema as object, samples));
  });
});

describe('the check itself', () => {
  const current = SCHEMAS['callfold.agent-intervals'];
  const changed = (fields: readonly object[]): object => ({ ...current, fields });
  const samples = samplesOf(current);

  test('a new field with a default passes in both directions', () => {
    const next = changed([...current.fields, { name: 'shift', type: ['null', 'string'], default: null }]);
    expect(passed(current, next, samples)).toEqual(expected(next, samples));
    const late = samples.map((sample) => ({ ...sample, shift: 'late' }));
    expect(passed(next, current, late)).toEqual(samples);
  });

  test('a new field without a default cannot read old records', () => {
    const next = changed([...current.fields, { name: 'shift', type: 'string' }]);
    expect(() => passed(current, next, samples)).toThrow(/shift/);
  });

  test('a required field taken away leaves old readers without it', () => {
    const next = changed(current.fields.filter(({ name }) => name !== 'state'));
    expect(() => passed(next, current, samples)).toThrow(/state/);
  });

  test('a field that changes its type cannot be read', () => {
    const next = changed(current.fields.map((field) => (field.name === 'state' ? { ...field, type: 'int' } : field)));
    expect(() => passed(current, next, samples)).toThrow(/string/);
  });
});
