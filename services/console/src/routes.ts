import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@callfold/adapters';
import { sendProblem } from '@callfold/adapters';
import type { DerivedRecord, Source, SubjectKind } from '@callfold/core';
import { aggregateJson, idOf, recordJson, RECORD_TOPICS, SOURCES } from '@callfold/core';
import { isoTime } from '@callfold/schemas';
import type { Access } from './access.ts';
import { historyJson } from './history.ts';
import type { ConsoleLimits } from './limits.ts';
import type { PageQuery } from './lists.ts';
import { recordPage, subjectPage } from './lists.ts';
import type { Counting } from './metrics.ts';
import { openApi } from './openapi.ts';
import { addPage } from './page.ts';
import type { Operations } from './operations.ts';
import type { Picture, Shown } from './picture.ts';
import { ProblemError } from './problem.ts';
import { readSubject } from './subject.ts';
import type { Truth } from './watch.ts';
import type { AtWork, MomentQuery } from './work.ts';

/** The console's paths. Nothing here changes anything. */

export type RoutesParts = {
  readonly access: Access;
  readonly limits: ConsoleLimits;
  /** @throws ProblemError `starting`, and for a moment that cannot be had */
  readonly atWork: (query: MomentQuery) => AtWork;
  readonly counting: Counting;
  readonly fault: (error: unknown) => void;
};

type Query = PageQuery &
  MomentQuery & {
    readonly tenant?: string;
    readonly source?: string;
    readonly state?: string;
    readonly agent?: string;
    readonly status?: string;
    readonly kind?: string;
    readonly outcome?: string;
    readonly from?: string;
    readonly code?: string;
  };
type Request = FastifyRequest<{ Querystring: Query; Params: { kind?: string; '*'?: string } }>;

/** Agents that are named in calls are of this source. */
const IN_CALLS: Source = 'callcenter24';
const EXPLAIN = '/explain/:kind/*';
const DEFAULT_TENANT = 'default';

export function addConsoleRoutes(root: FastifyInstance, parts: RoutesParts): void {
  const { access, counting, limits } = parts;
  // In a scope of its own: other routes of the process keep their errors.
  void root.register(
    (app, _options, done) => {
      app.addHook('onResponse', async ({ routeOptions }, reply) => {
        counting.answered(routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1_000);
      });
      app.setErrorHandler((error, _request, reply) => sendProblem(reply, problemOf(error, parts)));
      const get = (
        path: string,
        answer: (request: Request, tenantId: string | null, work: AtWork) => Promise<object> | object,
      ): void => {
        app.get(path, async (plain, reply) => {
          const request = plain as Request;
          const tenantId = access.tenantOf(request, request.query.tenant);
          const work = parts.atWork(request.query);
          // Not answered as of now to whoever asks for another time.
          if (request.query.at !== undefined && !work.isPast && path !== EXPLAIN)
            throw new ProblemError(
              'bad-query',
              'at: this console shows what is now; `callfold board` shows a past day',
            );
          return sendJson(request, reply, await answer(request, tenantId, work), work.truth());
        });
      };
      for (const kind of ['call', 'chat', 'agent'] as const) {
        get(`/${kind}s`, ({ query }, tenantId, work) => subjects(kind, query, tenantId, work, limits));
        // An id may be longer than a named parameter, and have a slash in it: the rest of the path is the id.
        get(`/${kind}s/*`, ({ params, query }, tenantId, work) =>
          subject(kind, params['*'] ?? '', query, tenantId, work),
        );
      }
      get('/outcomes', ({ query }, tenantId, work) => outcomes(query, tenantId, work, limits));
      get(EXPLAIN, explanation);
      const forOperators = (
        path: string,
        answer: (operations: Pick<Operations, 'status' | 'deadLetters'>, query: Query) => Promise<object>,
      ): void => {
        app.get(path, async (plain, reply) => {
          const request = plain as Request;
          access.checkOperator(request);
          const work = parts.atWork(request.query);
          if (work.operations === null)
            throw new ProblemError('replay', 'a replay is of events alone: it has no partitions and no dead letters');
          return sendJson(request, reply, await answer(work.operations, request.query), work.truth());
        });
      };
      forOperators('/status', (operations) => operations.status());
      forOperators('/dead-letters', (operations, query) => operations.deadLetters(query));
      get('/figures', (_request, tenantId, { figures }) => figures.today(tenantId));
      get('/history', ({ query }, tenantId, { history }) => historyJson(history.of(tenantId, sourceOf(query)), limits));
      get('/agent-days', ({ query }, tenantId, work) => agentDays(query, tenantId, work));
      app.get('/changes', (plain, reply) => {
        const request = plain as Request;
        const tenantId = access.tenantOf(request, request.query.tenant);
        stream(request, reply, tenantId, parts.atWork(request.query));
      });
      const api = openApi(limits);
      app.get('/console/openapi.json', () => api);
      done();
    },
    { prefix: '/v1' },
  );
  void root.register((app, _options, done) => {
    app.setErrorHandler((error, _request, reply) => sendProblem(reply, problemOf(error, parts)));
    addPage(app);
    done();
  });
}

function problemOf(error: unknown, { fault }: RoutesParts): ProblemError {
  if (error instanceof ProblemError) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500 && error instanceof Error) return new ProblemError('malformed', error.message);
  fault(error);
  return new ProblemError('internal', 'it is logged; the same request may work later');
}

/** With a tag of what it says: whoever has it already is told so, and nothing else. */
function sendJson({ headers }: Request, reply: FastifyReply, body: object, { asOf }: Truth): FastifyReply {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  void reply.header('etag', tag).header('cache-control', 'private, no-cache').header('vary', 'authorization');
  if (asOf !== null) void reply.header('callfold-as-of', isoTime(asOf));
  const given = headers['if-none-match'] ?? '';
  const known = new Set(given.split(',').map((one) => one.trim().replace(/^W\//, '')));
  if (known.has(tag) || known.has('*')) return reply.code(304).send();
  return reply.type('application/json').send(text);
}

function pictureOf(work: AtWork): Picture {
  const picture = work.picture();
  if (picture) return picture;
  throw new ProblemError('starting', 'the aggregates are being read; /readyz says what is missing');
}

const namesAgent = ({ aggregate }: Shown, agent: string): boolean =>
  aggregate.kind === 'call' && aggregate.agents.some((one) => one.agent === agent);

function recordNames(record: DerivedRecord, agent: string): boolean {
  if (record.kind === 'call-outcome') return record.agents.some((one) => one.agent === agent);
  if (record.kind === 'agent-offer') return record.agent === agent;
  return record.kind === 'agent-interval' && record.agentId === agent;
}

function subjects(
  kind: SubjectKind,
  query: Query,
  tenantId: string | null,
  work: AtWork,
  limits: ConsoleLimits,
): object {
  const { state, agent, status, source } = query;
  const isWanted = (one: Shown): boolean => {
    const { aggregate } = one;
    if (tenantId !== null && one.tenantId !== tenantId) return false;
    if (source !== undefined && aggregate.source !== source) return false;
    if (agent !== undefined && !namesAgent(one, agent)) return false;
    if (aggregate.kind === 'call') return state === undefined || aggregate.phase === state;
    if (aggregate.kind === 'agent') return state === undefined || aggregate.state === state;
    return status === undefined || aggregate.status === status;
  };
  const picture = pictureOf(work);
  const { items, next } = subjectPage(picture.of(kind), isWanted, query, limits);
  // The text of each is made already; it is read again so that one JSON is sent.
  return { [`${kind}s`]: items.map(({ aggregate }) => aggregateJson(aggregate)), next, isComplete: !picture.isFull };
}

async function subject(
  kind: SubjectKind,
  id: string,
  query: Query,
  tenantId: string | null,
  { states, picture }: AtWork,
): Promise<object> {
  const owner = tenantId ?? DEFAULT_TENANT;
  const source = query.source ?? null;
  // An agent that is only named in calls has no state of its own.
  const seen = kind === 'agent' && source !== 'vonage' ? picture()?.get(idOf(IN_CALLS, owner, id)) : undefined;
  if (kind === 'agent' && source === IN_CALLS) {
    if (seen) return aggregateJson(seen.aggregate);
    throw new ProblemError('not-found', 'no call that is kept of the tenant names an agent with this id');
  }
  const question = { kind, id, tenantId: owner, source };
  const found = await readSubject(states, question).catch((error: unknown) => {
    if (error instanceof ProblemError && error.code === 'not-found' && seen) return seen.aggregate;
    if (error instanceof ProblemError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ProblemError('away', `the store did not answer: ${why}`, error);
  });
  if (seen && found !== seen.aggregate)
    throw new ProblemError('ambiguous', `add source: ${found.source} or ${IN_CALLS}`);
  return aggregateJson(found);
}

function explanation({ params, query, socket }: Request, tenantId: string | null, work: AtWork): Promise<object> {
  const { kind = '', '*': id = '' } = params;
  const isLeft = (): boolean => socket.destroyed;
  return work.explaining.answer({ kind, id, tenantId: tenantId ?? DEFAULT_TENANT, query, isLeft });
}

/** Null: of all. */
function sourceOf({ source }: Query): Source | null {
  const found = SOURCES.find((one) => one === source);
  if (source === undefined || found !== undefined) return found ?? null;
  throw new ProblemError('bad-query', `source must be one of ${SOURCES.join(', ')}`);
}

function agentDays(query: Query, tenantId: string | null, { figures, records }: AtWork): object {
  const source = sourceOf(query);
  const { from, agents } = figures.agentDays(tenantId);
  return {
    from: isoTime(from),
    isComplete: !records.isFull() && records.away() === null,
    agents: agents
      .filter((one) => source === null || one.source === source)
      .map((one) => ({ ...one, from: isoTime(one.from) })),
  };
}

function outcomes(query: Query, tenantId: string | null, { records }: AtWork, limits: ConsoleLimits): object {
  const { kind, outcome, agent } = query;
  const source = sourceOf(query);
  if (kind !== undefined && !Object.hasOwn(RECORD_TOPICS, kind))
    throw new ProblemError('bad-query', `kind must be one of ${Object.keys(RECORD_TOPICS).join(', ')}`);
  const isWanted = (one: DerivedRecord): boolean =>
    (tenantId === null || one.tenantId === tenantId) &&
    (kind === undefined || one.kind === kind) &&
    (source === null || one.source === source) &&
    (agent === undefined || recordNames(one, agent)) &&
    (outcome === undefined || ('outcome' in one && one.outcome === outcome));
  const { items, next } = recordPage(records.all(), isWanted, query, limits);
  return { records: items.map(recordJson), next, isComplete: !records.isFull() && records.away() === null };
}

function stream(request: Request, reply: FastifyReply, tenantId: string | null, work: AtWork): void {
  const { streams } = work;
  pictureOf(work);
  if (streams.count() >= streams.most)
    throw new ProblemError('too-many', `${streams.count()} streams are open; try again, or at another console`);
  const { 'last-event-id': lastEventId } = request.headers;
  reply.hijack();
  const { raw: response } = reply;
  response.writeHead(200, {
    server: 'callfold',
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Else a proxy may keep events back.
    'x-accel-buffering': 'no',
  });
  // An empty one is what a reader has after a `reset`: nothing to go on from.
  const given = typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined;
  streams.open({ response, tenantId, lastEventId: given });
}
