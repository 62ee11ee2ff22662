import { problemResponses, problemSchema } from '@callfold/adapters';
import { KIND_OF, RECORD_TOPICS, SOURCES } from '@callfold/core';
import { MOMENT_FORMS } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';
import { PROBLEMS } from './problem.ts';
import { SPEED_MOST } from './speeds.ts';

/** OpenAPI 3.1 of the console. */

type Json = Readonly<Record<string, unknown>>;

const TEXT: Json = { type: 'string' };
const query = (name: string, description: string, schema: Json = TEXT): Json => ({
  name,
  in: 'query',
  description,
  schema,
});

const TENANT = query('tenant', 'Of a key for all tenants: only this one. Another than that of the key is refused.');
const MOMENT = query(
  'at',
  'Of a replay alone: as of then, an ISO 8601 time with a zone; else as of its end. Where it is now, 400.',
);
const ETAG: Json = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an answer before: 304 when nothing changed since.',
  schema: TEXT,
};
const HEADERS: Json = {
  ETag: { schema: TEXT },
  'Callfold-As-Of': {
    description: 'Everything that the log took up to then is in the aggregates that are shown.',
    schema: { type: 'string', format: 'date-time' },
  },
};
const sourceOf = (kind: 'call' | 'chat' | 'agent'): Json =>
  query('source', 'Only of this one.', {
    enum: SOURCES.filter((one) => KIND_OF[one] === kind || (kind === 'agent' && one === 'callcenter24')),
  });

function paging({ pageItems, pageItemsMost }: ConsoleLimits): readonly Json[] {
  return [
    query('limit', 'Of one page.', { type: 'integer', minimum: 1, maximum: pageItemsMost, default: pageItems }),
    query('cursor', '`next` of the page before.'),
  ];
}

function answer(description: string, schema: Json, statuses: readonly number[]): Json {
  return {
    '200': { description, headers: HEADERS, content: { 'application/json': { schema } } },
    '304': { description: 'Nothing changed since.' },
    ...problemResponses(PROBLEMS, [400, 401, 403, ...statuses, 500, 503]),
  };
}

function pageOf(name: string, description: string): Json {
  return {
    type: 'object',
    required: [name, 'next', 'isComplete'],
    properties: {
      [name]: { type: 'array', description, items: { type: 'object' } },
      next: { type: ['string', 'null'], description: 'The cursor of the next page; null: this is the last one.' },
      isComplete: { type: 'boolean', description: 'False: there is more than the console holds, or is still read.' },
    },
  };
}

const SECURITY = [{ key: [] }, {}];

function listPath(name: string, summary: string, filters: readonly Json[], limits: ConsoleLimits, what: string): Json {
  const parameters = [...filters, TENANT, MOMENT, ...paging(limits), ETAG];
  return { get: { summary, security: SECURITY, parameters, responses: answer(summary, pageOf(name, what), []) } };
}

const ID: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'As it is written; the rest of the path, so that it may hold slashes.',
  schema: TEXT,
};

function subjectPath(kind: 'call' | 'chat' | 'agent'): Json {
  const summary = `One ${kind} as it stands, for as long as its state is kept`;
  const responses = answer(summary, { type: 'object' }, [404, 409]);
  return { get: { summary, security: SECURITY, parameters: [ID, sourceOf(kind), TENANT, MOMENT, ETAG], responses } };
}

const EXPLAIN_PATH: Json = {
  get: {
    summary: 'Why it is as it is: one subject explained, as `callfold explain --json` says it',
    description:
      'Its events in the order of the log, what each changed, what was published, the rule behind each record and the ' +
      'events that it rests on. One explanation for each source that knows the subject.',
    security: SECURITY,
    parameters: [
      { name: 'kind', in: 'path', required: true, schema: { enum: [...new Set(Object.values(KIND_OF))] } },
      ID,
      TENANT,
      query('at', `As of then, by what the log held: ${MOMENT_FORMS}.`),
      query('from', 'Only what the log took from then on, in the same forms: of one whose beginning is known.'),
      ETAG,
    ],
    responses: answer(
      'Explanations.',
      {
        type: 'object',
        required: ['explanations'],
        properties: { explanations: { type: 'array', items: { type: 'object' } } },
      },
      [404, 422],
    ),
  },
};

const CHANGES_PATH: Json = {
  get: {
    summary: 'What is live, and then what changes: server-sent events',
    description:
      '`reset`: forget what you have. `change`: `{"changes": […]}`, each in the JSON form of its kind, with `live`; ' +
      'false: it is over, show it no more. `ready`: all that is live was told. `beat`: `now`, `asOf` (everything that ' +
      'the log took up to then is shown), `isWell`, and in `lacks` why what is told is a part: `subjects-full`, ' +
      '`records-reading`, `records-away`, `records-full`. `figures`: those of /v1/figures, when they are others than before. ' +
      'Of a replay `now` is its moment, and beats have `replay`: `from`, `to`, `speed`, and `usual`, the speed it began with.',
    security: SECURITY,
    parameters: [
      TENANT,
      query('at', 'Of a replay: the moment that it begins at; else its beginning. Where it is now it means nothing.'),
      query('speed', 'Of a replay: replay time that passes in a second; 0 stands still, as where only `at` is given.', {
        type: 'integer',
        minimum: 0,
        maximum: SPEED_MOST,
      }),
      { name: 'Last-Event-ID', in: 'header', description: 'Goes on behind this one, or begins anew.', schema: TEXT },
    ],
    responses: {
      '200': { description: 'Events without an end.', content: { 'text/event-stream': { schema: TEXT } } },
      ...problemResponses(PROBLEMS, [400, 401, 403, 500, 503]),
    },
  },
};

const ANY_SOURCE = query('source', 'Only of this one.', { enum: SOURCES });

const HISTORY_PATH: Json = {
  get: {
    summary: "The board's figures of the last hour, as they were noted",
    description: 'Nothing was noted while data was old or a part, or before the console had it.',
    security: SECURITY,
    parameters: [ANY_SOURCE, TENANT, MOMENT, ETAG],
    responses: answer('docs/console.md', { type: 'object' }, []),
  },
};

const AGENT_DAYS_PATH: Json = {
  get: {
    summary: 'What agents did today, by state, in ms; the state that an agent is in now is not in it',
    security: SECURITY,
    parameters: [ANY_SOURCE, TENANT, MOMENT, ETAG],
    responses: answer('docs/console.md', { type: 'object' }, []),
  },
};

const STATUS_PATH: Json = {
  get: {
    summary: 'How every partition stands, what is wrong and the command that helps: only with a key for all tenants',
    description: 'As `callfold status --json`, some seconds old at most, and `faults`: what was wrong before.',
    security: SECURITY,
    parameters: [ETAG],
    responses: answer('docs/operations.md', { type: 'object' }, [404]),
  },
};

function lettersPath(limits: ConsoleLimits): Json {
  return {
    get: {
      summary: 'Dead letters that nobody has dealt with, the latest first: only with a key for all tenants',
      description: 'As `callfold dlq list --json`, without headers, the value cut; `valueBytes` is of all of it.',
      security: SECURITY,
      parameters: [query('code', 'Only with this one.'), ...paging(limits), ETAG],
      responses: answer('docs/dead-letters.md', pageOf('letters', 'Bytes are base64.'), [404]),
    },
  };
}

export function openApi(limits: ConsoleLimits): Json {
  const aggregates = 'Aggregates, docs/outcomes.md.';
  const phase = query('state', 'Only in this phase.', {
    enum: ['registered', 'waiting', 'ringing', 'talking', 'voicemail'],
  });
  const kinds = query('kind', 'Only of this kind.', { enum: Object.keys(RECORD_TOPICS) });
  const list = (name: string, summary: string, filters: readonly Json[], what: string): Json =>
    listPath(name, summary, filters, limits, what);
  return {
    openapi: '3.1.0',
    info: { title: 'callfold console', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: {
      '/v1/calls': list(
        'calls',
        'Live calls',
        [phase, query('agent', 'Only with this agent.'), sourceOf('call')],
        aggregates,
      ),
      '/v1/calls/{id}': subjectPath('call'),
      '/v1/chats': list(
        'chats',
        'Chats in an open episode',
        [query('status', 'Only in this one.'), sourceOf('chat')],
        aggregates,
      ),
      '/v1/chats/{id}': subjectPath('chat'),
      '/v1/agents': list('agents', 'Agents', [query('state', 'Only in this one.'), sourceOf('agent')], aggregates),
      '/v1/agents/{id}': subjectPath('agent'),
      '/v1/outcomes': list(
        'records',
        'Derived records of the last two days, the latest first',
        [
          kinds,
          query('outcome', 'Only with this one.'),
          query('agent', 'Only those that name this agent.'),
          query('source', 'Only of this one.', { enum: SOURCES }),
        ],
        'Derived records, docs/data-dictionary.md.',
      ),
      '/v1/explain/{kind}/{id}': EXPLAIN_PATH,
      '/v1/figures': {
        get: {
          summary: 'The figures of `callfold report` over today, in the zone of the console',
          security: SECURITY,
          parameters: [TENANT, MOMENT, ETAG],
          responses: answer('docs/report.md', { type: 'object' }, []),
        },
      },
      '/v1/history': HISTORY_PATH,
      '/v1/agent-days': AGENT_DAYS_PATH,
      '/v1/status': STATUS_PATH,
      '/v1/dead-letters': lettersPath(limits),
      '/v1/changes': CHANGES_PATH,
      '/v1/console/openapi.json': {
        get: {
          summary: 'This',
          responses: { '200': { description: 'OpenAPI 3.1', content: { 'application/json': {} } } },
        },
      },
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'The key of a tenant.' } },
      schemas: { Problem: problemSchema(PROBLEMS) },
    },
  };
}
