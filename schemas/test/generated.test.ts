import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { currentSchemas, render, TARGET } from '../generate.mjs';
import type { FieldSchema, FieldType, RecordSchema } from '../src/index.ts';
import { SCHEMAS, TIME_FIELDS } from '../src/index.ts';

type Found = { readonly path: string; readonly field: FieldSchema };

function fieldsOf(record: RecordSchema, prefix: string): Found[] {
  return record.fields.flatMap((field) => {
    const path = `${prefix}.${field.name}`;
    return [{ path, field }, ...recordsIn(field.type).flatMap((inner) => fieldsOf(inner, path))];
  });
}

function recordsIn(type: FieldType): RecordSchema[] {
  if (typeof type === 'string') return [];
  if (Array.isArray(type)) return recordsIn(type[1] as FieldType);
  const value = type as Exclude<typeof type, readonly unknown[]>;
  if (value.type === 'record') return [value];
  if (value.type === 'array') return recordsIn(value.items);
  return value.type === 'map' ? recordsIn(value.values) : [];
}

const topics = Object.entries(SCHEMAS);
const all = topics.flatMap(([topic, schema]) => fieldsOf(schema, topic));

test('src/generated.ts is what the schemas say', () => {
  const message = 'src/generated.ts is stale: run `npm run generate -w schemas` and commit what it writes';
  expect(readFileSync(TARGET, 'utf8') === render(), message).toBe(true);
});

test('one schema a topic, the topic is its file name', () => {
  expect(topics.map(([topic]) => topic)).toEqual(currentSchemas().map(({ topic }: { topic: string }) => topic));
  expect(topics).toHaveLength(10);
  expect(new Set(topics.map(([, { name }]) => name)).size).toBe(10);
});

describe.each(topics)('%s', (topic, schema) => {
  test('every record and every field says what it means', () => {
    expect(schema.doc).toMatch(/^[A-Z].*\.$/);
    for (const { path, field } of fieldsOf(schema, topic)) {
      expect(field.doc, path).toMatch(/\.$/);
      const time =
        JSON.stringify(field.type).includes('timestamp-millis') && !JSON.stringify(field.type).includes('record');
      if (time) expect(field.doc, path).toContain('UTC, epoch milliseconds');
      if (/Ms$|^duration$/.test(field.name)) expect(field.doc, path).toMatch(/[Mm]illiseconds/);
    }
  });

  test('null stands first, is the default, and is explained', () => {
    for (const { path, field } of fieldsOf(schema, topic)) {
      if (!Array.isArray(field.type)) continue;
      expect(field.type[0], path).toBe('null');
      expect(field.type, path).toHaveLength(2);
      expect(field.default, path).toBeNull();
      expect(field.doc, path).toMatch(/[Nn]ull/);
    }
  });
});

test('every derived record can be told apart, placed and ordered', () => {
  const derived = topics.filter(([topic]) => !topic.startsWith('callfold.raw.') && topic !== 'callfold.dead-letters');
  expect(derived).toHaveLength(5);
  const common = ['kind', 'outcomeId', 'revision', 'correctionOf', 'tenantId', 'source', 'occurredAt', 'ingestedAt'];
  for (const [topic, schema] of derived) {
    const names = schema.fields.map(({ name }) => name);
    expect(names.slice(0, common.length), topic).toEqual(common);
    expect(
      names.filter((name) => ['callId', 'chatId', 'agentId'].includes(name)),
      topic,
    ).toHaveLength(1);
    expect(schema.fields[0]?.['callfold.values'], topic).toEqual([topic.slice('callfold.'.length, -1)]);
  }
});

test('TIME_FIELDS names every field that holds a time', () => {
  const times = all.filter(({ field }) => JSON.stringify(field.type).includes('timestamp-millis'));
  const leaves = times.filter(({ field }) => !JSON.stringify(field.type).includes('"record"')).map(({ path }) => path);
  const listed = Object.entries(TIME_FIELDS).flatMap(([topic, paths]) => paths.map((path) => `${topic}.${path}`));
  expect(listed).toEqual(leaves);
  expect(TIME_FIELDS['callfold.call-outcomes']).toContain('agents.joinedAt');
});
