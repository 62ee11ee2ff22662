/** What consumers load says what the schemas say. Postgres itself: contracts.system.test.ts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import schemaOfAsyncApi from '@asyncapi/specs/schemas/3.0.0.json' with { type: 'json' };
import { TOPICS } from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';
import { Ajv } from 'ajv';
import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { derivedContracts } from '../contracts/columns.mjs';
import { ROOT, renderContracts } from '../contracts/generate.mjs';

const rendered = renderContracts();

test.each(Object.keys(rendered))('%s is what the schemas say', (path) => {
  const message = `${path} is stale: run \`npm run contracts\` and commit what it writes`;
  expect(readFileSync(join(ROOT, path), 'utf8') === rendered[path], message).toBe(true);
});

describe('AsyncAPI', () => {
  type Message = { payload: { schema: object }; headers?: object };
  type Document = {
    channels: Record<string, { address: string; bindings: { kafka: { topicConfiguration: Record<string, unknown> } } }>;
    operations: Record<string, { channel: { $ref: string } }>;
    components: { messages: Record<string, Message> };
  };
  const document = parse(rendered['docs/contracts/asyncapi.yaml'] ?? '') as Document;
  // The specification's schema brings its own copy of JSON Schema's, and formats that are for people.
  const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false });
  const isValid = ajv.compile(schemaOfAsyncApi);

  test('is valid by the schema of the specification', () => {
    isValid(document);
    expect(isValid.errors ?? []).toEqual([]);
  });

  test('is refused when it is wrong', () => {
    const wrong = structuredClone(document);
    const first = Object.values(wrong.channels)[0];
    first!.bindings.kafka.topicConfiguration['cleanup.policy'] = ['compost'];
    expect(isValid(wrong)).toBe(false);
  });

  test('every reference leads somewhere', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(refs.length).toBeGreaterThan(TOPICS.length * 3 - 1);
    for (const path of refs) {
      // The channels' names have dots and no slashes.
      let at: unknown = document;
      for (const part of path.split('/')) at = (at as Record<string, unknown>)[part];
      expect(at, path).toBeTypeOf('object');
    }
  });

  test('has each topic, with the schema that is registered', () => {
    expect(Object.keys(document.channels)).toEqual(TOPICS.map(({ name }) => name));
    for (const schema of Object.values(SCHEMAS)) {
      const { payload } = document.components.messages[schema.name]!;
      expect(payload.schema).toEqual(schema);
      // A reader of Avro that is not ours takes it.
      expect(avsc.Type.forSchema(payload.schema as avsc.Schema).name).toBe(`callfold.${schema.name}`);
    }
  });
});

describe('dbt', () => {
  type Column = { name: string; description: string; data_type: string; quote: boolean; data_tests?: unknown[] };
  type Source = { name: string; schema: string; tables: { name: string; description: string; columns: Column[] }[] };
  const { version, sources } = parse(rendered['docs/contracts/dbt/sources.yml'] ?? '') as {
    version: number;
    sources: Source[];
  };

  test('has one source with a table a topic, and every field with its words', () => {
    expect(version).toBe(2);
    expect(sources.map(({ name, schema }) => [name, schema])).toEqual([['callfold', 'callfold']]);
    expect(sources[0]?.tables.map(({ name }) => name)).toEqual(derivedContracts().map(({ table }) => table));
    for (const [at, { schema }] of derivedContracts().entries()) {
      const columns = sources[0]?.tables[at]?.columns ?? [];
      expect(columns.map(({ name, description }) => [name, description])).toEqual(
        schema.fields.map(({ name, doc }) => [name, doc]),
      );
      expect(columns.find(({ name }) => name === 'outcomeId')?.data_tests).toEqual(['unique', 'not_null']);
      expect(columns.every(({ quote }) => quote)).toBe(true);
    }
  });
});

test('the data dictionary has a row for every field of every topic', () => {
  const page = rendered['docs/data-dictionary.md'] ?? '';
  for (const [topic, schema] of Object.entries(SCHEMAS)) {
    const section = page.split(`## ${topic}\n`)[1]?.split('\n## ')[0] ?? '';
    for (const { name } of schema.fields) expect(section, `${topic} ${name}`).toContain(`| \`${name}\` |`);
  }
  expect(page).toContain('| `agents.joinedAt` |');
});
