import { problemResponses, problemSchema } from '@callfold/adapters';
import type { Source } from '@callfold/core';
import { CODES, LIMITS, rawTopic, SOURCES } from '@callfold/core';
import type { FieldType, RecordSchema, Topic } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import { PROBLEMS } from './problem.ts';

/** OpenAPI 3.1 of the gateway. The events' shapes are those of the Avro schemas; problems those of the one list. */

type Json = Readonly<Record<string, unknown>>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const nameOf = (source: Source): string => `RawEvent-${source}`;

/** As JSON has them; what is read more freely than Avro, the description says. */
function typeOf(name: string, type: FieldType): Json {
  const inner = (Array.isArray(type) ? type[1] : type) as Exclude<FieldType, readonly unknown[]>;
  const text = JSON.stringify(inner);
  if (text.includes('timestamp-millis'))
    return {
      oneOf: [{ type: 'string', format: 'date-time' }, { type: 'integer' }],
      description: 'ISO 8601 with a zone, or epoch ms',
    };
  if (text.includes('"map"')) return { type: ['object', 'null'], additionalProperties: { type: 'string' } };
  const isNullable = Array.isArray(type);
  const kind = text.includes('long') ? 'integer' : 'string';
  const lengths = LIMITS as Readonly<Record<string, number>>;
  const most = name.endsWith('Id') ? LIMITS.subjectId : lengths[name];
  const kinds = name.endsWith('Id') && name !== 'tenantId' ? ['string', 'integer'] : [kind];
  return {
    type: isNullable ? [...kinds, 'null'] : kinds.length === 1 ? kind : kinds,
    ...(kind === 'string' && most !== undefined && { maxLength: most }),
  };
}

function eventSchema(source: Source): Json {
  const schema: RecordSchema = SCHEMAS[rawTopic(source) as Topic];
  const fields = schema.fields.filter(({ name }) => name !== 'payload' && name !== 'adapter');
  const properties = fields.map(({ name, type, doc }) => {
    const said = typeOf(name, type);
    return [name, { ...said, description: [doc, said['description']].filter(Boolean).join(' ') }] as const;
  });
  const needed = fields.filter((field) => !('default' in field)).map(({ name }) => name);
  return {
    type: 'object',
    description: schema.doc,
    required: ['source', ...needed],
    properties: { source: { const: source }, ...Object.fromEntries(properties) },
  };
}

const RESULT: Json = {
  type: 'object',
  required: ['index', 'count', 'status'],
  properties: {
    index: { type: 'integer', minimum: 0, description: 'Of the first of `count` neighbours with the same end.' },
    count: { type: 'integer', minimum: 1 },
    status: { enum: ['accepted', 'refused', 'ignored'] },
    line: { type: 'integer', minimum: 1, description: 'Of NDJSON; empty lines count.' },
    code: { enum: Object.keys(CODES), description: 'The codes of dead letters and of `callfold import --rejects`.' },
    reason: { type: 'string' },
    pointer: { type: 'string', description: 'JSON pointer into the item.' },
  },
};

const COUNTS: Json = {
  accepted: { type: 'integer', minimum: 0, description: 'Acknowledged by the log.' },
  refused: { type: 'integer', minimum: 0 },
  ignored: { type: 'integer', minimum: 0, description: 'Not what a hook is for.' },
  items: { type: 'array', items: ref('ItemResult') },
};

const PROBLEM: Json = problemSchema(PROBLEMS, {
  decided: { type: 'integer', description: 'So many items at the front are in the log, refused or ignored.' },
  ...COUNTS,
});

const problems = (statuses: readonly number[]): Json => problemResponses(PROBLEMS, statuses);

const TAKEN: Json = {
  description: 'The log has acknowledged (acks=all) what was not refused.',
  content: { 'application/json': { schema: ref('Taken') } },
};

const one = { schema: ref('RawEvent') };
const cloudEvent = { schema: ref('CloudEvent') };

function eventsPath(bodyBytes: number): Json {
  return {
    summary: 'Publish raw events',
    description: `JSON bodies have at most ${bodyBytes} bytes, NDJSON any length. gzip is taken. Repeats are harmless.`,
    security: [{ key: [] }, {}],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { oneOf: [ref('RawEvent'), { type: 'array', items: ref('RawEvent') }] } },
        'application/x-ndjson': { ...one, schema: { ...one.schema, description: 'One a line.' } },
        'application/cloudevents+json': cloudEvent,
        'application/cloudevents-batch+json': { schema: { type: 'array', items: ref('CloudEvent') } },
      },
    },
    responses: { '202': TAKEN, ...problems([400, 401, 403, 408, 413, 415, 422, 429, 500, 503]) },
  };
}

const HOOK_PATH: Json = {
  summary: 'Deliver what a vendor sends, signed as configured',
  parameters: [
    { name: 'source', in: 'path', required: true, schema: { enum: SOURCES } },
    { name: 'tenant', in: 'query', schema: { type: 'string', default: 'default' } },
  ],
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: {} },
      'application/x-www-form-urlencoded': { schema: { type: 'object' } },
    },
  },
  responses: { '202': TAKEN, ...problems([400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503]) },
};

export function openApi(bodyBytes: number): Json {
  return {
    openapi: '3.1.0',
    info: { title: 'callfold gateway', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: {
      '/v1/events': { post: eventsPath(bodyBytes) },
      '/v1/hooks/{source}': { post: HOOK_PATH },
      '/v1/openapi.json': {
        get: {
          summary: 'This',
          responses: { '200': { description: 'OpenAPI 3.1', content: { 'application/json': {} } } },
        },
      },
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'The key of a tenant.' } },
      schemas: {
        RawEvent: { oneOf: SOURCES.map((source) => ref(nameOf(source))), discriminator: { propertyName: 'source' } },
        ...Object.fromEntries(SOURCES.map((source) => [nameOf(source), eventSchema(source)])),
        CloudEvent: {
          type: 'object',
          required: ['specversion', 'id', 'source', 'type'],
          description:
            'CloudEvents 1.0; `type` may name the raw topic, `subject` the subject, `time` when it happened.',
          properties: {
            specversion: { const: '1.0' },
            id: { type: 'string' },
            source: { type: 'string' },
            type: { type: 'string' },
            subject: { type: 'string' },
            time: { type: 'string', format: 'date-time' },
            data: { type: 'object' },
            data_base64: { type: 'string' },
          },
        },
        ItemResult: RESULT,
        Taken: { type: 'object', required: ['accepted', 'refused', 'items'], properties: COUNTS },
        Problem: PROBLEM,
      },
    },
  };
}
