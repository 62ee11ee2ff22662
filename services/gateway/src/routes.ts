import type { FastifyInstance, FastifyReply, FastifyRequest } from '@callfold/adapters';
import { sendProblem } from '@callfold/adapters';
import { wholeBody } from './body.ts';
import { bodyKindOf, readFor, takeLines, takeWhole } from './events-route.ts';
import type { HeldBytes } from './held-bytes.ts';
import { hookOf, readDelivery } from './hooks-route.ts';
import type { Hook } from './hook-settings.ts';
import type { Intake, RawLog } from './intake.ts';
import { createIntake } from './intake.ts';
import type { Caller, Keys } from './keys.ts';
import type { GatewayLimits } from './limits.ts';
import type { Counting } from './metrics.ts';
import { openApi } from './openapi.ts';
import { ProblemError } from './problem.ts';
import type { RateLimit } from './rate.ts';
import type { Results } from './results.ts';
import { createResults } from './results.ts';

/** The gateway's paths: bytes in, an answer for each item out. Bodies are read here and nowhere else, as raw bytes. */

export type RoutesParts = {
  readonly keys: Keys;
  readonly hooks: readonly Hook[];
  readonly held: HeldBytes;
  readonly limits: GatewayLimits;
  readonly bodyBytes: number;
  /** @throws ProblemError `starting` or `stopping` */
  readonly log: () => RawLog;
  readonly partitions: Map<string, number>;
  readonly rateOf: (caller: Caller) => RateLimit;
  readonly counting: Counting;
  /** Epoch ms. */
  readonly now: () => number;
  /** Until the answer is sent, the service is not to stop. */
  readonly underWay: Set<object>;
  readonly fault: (error: unknown) => void;
};

export function addGatewayRoutes(root: FastifyInstance, parts: RoutesParts): void {
  const { limits, counting } = parts;
  // In a scope of its own: other routes of the process keep their parsers and their errors.
  void root.register(
    (app, _options, done) => {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      app.addHook('onRequest', async ({ raw }) => {
        parts.underWay.add(raw);
      });
      app.addHook('onResponse', async ({ raw, routeOptions }, reply) => {
        parts.underWay.delete(raw);
        counting.answered(routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1_000);
        if (!raw.complete) letGo(raw, limits);
      });
      app.addHook('onRequestAbort', async ({ raw }) => {
        parts.underWay.delete(raw);
      });
      app.setErrorHandler((error, _request, reply) => answerError(error, reply, parts));
      app.setNotFoundHandler((_request, reply) => {
        const detail = 'there are POST /v1/events, POST /v1/hooks/{source} and GET /v1/openapi.json';
        return answerError(new ProblemError('no-such-path', detail), reply, parts);
      });
      app.post('/events', (request, reply) => postEvents(request, reply, parts));
      app.post<{ Params: { source: string }; Querystring: { tenant?: string } }>('/hooks/:source', (request, reply) => {
        const { tenant } = request.query;
        const hook = hookOf(parts.hooks, request.params.source, typeof tenant === 'string' ? tenant : undefined);
        return postDelivery(hook, request, reply, parts);
      });
      const api = openApi(parts.bodyBytes);
      app.get('/openapi.json', () => api);
      done();
    },
    { prefix: '/v1' },
  );
}

type Raw = FastifyRequest['raw'];

/** A sender that was answered before its end reads the answer, and then goes. */
function letGo(raw: Raw, limits: GatewayLimits): void {
  raw.resume();
  setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, limits.lingerMs).unref();
}

function answerError(error: unknown, reply: FastifyReply, parts: RoutesParts): FastifyReply {
  const problem = error instanceof ProblemError ? error : foreignError(error, parts);
  if (problem.code === 'encoding') void reply.header('accept-encoding', 'gzip');
  return sendProblem(reply, problem);
}

/** What the server under us refused, or a fault of ours. */
function foreignError(error: unknown, { fault }: RoutesParts): ProblemError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 415) return new ProblemError('media-type', 'the content type cannot be read');
  if (status >= 400 && status < 500 && error instanceof Error) return new ProblemError('malformed', error.message);
  fault(error);
  return new ProblemError('internal', 'it is logged; the same request may work later, repeats are harmless');
}

type Body = { readonly isList: boolean; readonly isStream?: boolean };
type Open = { readonly intake: Intake; readonly results: Results };

function open(caller: Caller, body: Body, log: RawLog, parts: RoutesParts): Open {
  const { held, limits, now, counting } = parts;
  const { isList, isStream = false } = body;
  const results = createResults(isList);
  return {
    results,
    intake: createIntake({
      log,
      held,
      limits,
      rate: parts.rateOf(caller),
      results,
      partitions: parts.partitions,
      isStream,
      now,
      heard: counting,
    }),
  };
}

function admit(caller: Caller, parts: RoutesParts): RawLog {
  parts.rateOf(caller).check();
  return parts.log();
}

async function postEvents({ raw }: FastifyRequest, reply: FastifyReply, parts: RoutesParts): Promise<FastifyReply> {
  const caller = parts.keys.callerOf(raw.headers.authorization);
  const log = admit(caller, parts);
  const kind = bodyKindOf(raw);
  if (kind === 'ndjson') {
    const { intake, results } = open(caller, { isList: true, isStream: true }, log, parts);
    await takeLines(raw, caller, intake, parts);
    await intake.finish();
    return answer(reply, results);
  }
  const { isList, items, release } = await takeWhole(raw, kind, parts);
  try {
    const { intake, results } = open(caller, { isList }, log, parts);
    for (const item of items) await intake.add('fields' in item ? readFor(caller, item.fields) : item);
    await intake.finish();
    return await answer(reply, results);
  } finally {
    release();
  }
}

async function postDelivery(
  hook: Hook,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  parts: RoutesParts,
): Promise<FastifyReply> {
  const caller = parts.keys.ofTenant(hook.tenantId);
  const log = admit(caller, parts);
  const body = await wholeBody(raw, parts.limits.hookBytes, parts.held, parts.limits);
  try {
    const items = readDelivery(hook, raw, body.bytes, parts.now());
    const { intake, results } = open(caller, { isList: hook.mapping.items !== null }, log, parts);
    for (const item of items) await intake.add(item);
    await intake.finish();
    return await answer(reply, results);
  } finally {
    body.release();
  }
}

/** 202 when the log has what was not refused; 422 when nothing was taken, 403 when that was for the tenant alone. */
function answer(reply: FastifyReply, results: Results): FastifyReply {
  const { accepted, refused, ignored, items } = results;
  const counts = { accepted, refused, ...(ignored > 0 && { ignored }), items };
  if (accepted + ignored > 0 || refused === 0) return reply.code(202).send(counts);
  const more = { ...counts, errors: results.errors() };
  const isForeign = items.every(({ code }) => code === 'foreign-tenant');
  throw isForeign
    ? new ProblemError('foreign-tenant', 'every item names another tenant than that of the key', more)
    : new ProblemError('all-refused', 'nothing was written; each error says what is wrong, and where', more);
}
