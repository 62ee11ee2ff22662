import type { Socket } from 'node:net';
import type { PartitionStatus } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import type { Health } from './health.ts';
import { partitionReport } from './health.ts';
import type { Metrics } from './metrics.ts';
import { withoutSecrets } from './secrets.ts';
import type { RequestSpan } from './tracing.ts';
import { traceRequest } from './tracing.ts';

export type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** How the partitions of one role stand. */
export type RoleStatus = { readonly name: string; status(): readonly PartitionStatus[] };

export type OpsOptions = {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly ready: () => readonly Health[] | Promise<readonly Health[]>;
  /** The roles at work in the process: `/readyz?verbose` tells of each of their partitions. */
  readonly services?: () => readonly RoleStatus[] | Promise<readonly RoleStatus[]>;
  /** Of each role in the process. */
  readonly metrics: readonly Metrics[];
  /** Further routes of the service. */
  readonly routes?: (app: FastifyInstance) => void;
  readonly bodyBytesMax?: number;
  /** Of a service whom strangers send to; absent: the usual ones. */
  readonly limits?: HttpLimits;
};

export type HttpLimits = {
  /** From a request's first byte to its last; 0: the routes see to it themselves. */
  readonly requestMs: number;
  /** From a connection's start, or its last answer, to the end of the next request's headers. */
  readonly headersMs: number;
  /** Open at once; more are closed as they come. */
  readonly connections: number;
  /** Told of what was refused before any route saw it. */
  readonly refused: (what: RefusedEarly) => void;
};

export type RefusedEarly = 'connection' | 'malformed' | 'headers-too-large' | 'headers-too-slow';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Whether who listens on it is reached from this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Of a request's body, where the service takes none of its own. */
const BODY_BYTES_MAX = 1_048_576;
/** From a request's first byte to its last. */
const REQUEST_MS = 30_000;
/** How often it is looked whether a connection is late. */
const LATE_CHECK_MS = 1_000;

export type OpsServer = { readonly url: string; close(): Promise<void> };

/** Roles of one process differ in a label; a metric's own lines may stand only once. */
function mergeTexts(texts: readonly string[]): string {
  const blocks = new Map<string, { head: string; lines: string[] }>();
  for (const block of texts.flatMap((text) => text.split(/\n(?=# HELP )/))) {
    const lines = block.split('\n').filter((line) => line !== '');
    const head = lines.filter((line) => line.startsWith('#')).join('\n');
    const known = blocks.get(head) ?? { head, lines: [] };
    known.lines.push(...lines.filter((line) => !line.startsWith('#')));
    blocks.set(head, known);
  }
  return [...blocks.values()].map(({ head, lines }) => `${head}\n${lines.join('\n')}\n`).join('\n');
}

function unusable({ host, port }: OpsOptions, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    const mend =
      'Another program listens there: end it, or name another port in CALLFOLD_HTTP_PORT (0 takes a free one).';
    return new Refused(`The address ${host}:${port} is taken. ${mend}`, { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new Refused(`HTTP cannot listen on ${host}:${port}: ${why}. See CALLFOLD_HTTP_HOST and CALLFOLD_HTTP_PORT.`, {
    cause: error,
  });
}

const EARLY: Readonly<Record<string, readonly [status: string, what: RefusedEarly, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'headers-too-slow', 'no whole request came in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers-too-large', 'the headers are too large'],
};

/** What is no HTTP has no route: it is answered on the bare connection, as routes answer theirs. */
function refuseEarly(error: Error & { readonly code?: string }, socket: Socket, limits: HttpLimits | undefined): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const known = EARLY[error.code ?? ''] ?? ['400 Bad Request', 'malformed', 'this is no well-formed HTTP request'];
  const [status, what, detail] = known;
  limits?.refused(what);
  const title = status.slice(status.indexOf(' ') + 1);
  const body = JSON.stringify({ type: 'about:blank', title, status: Number(status.slice(0, 3)), detail });
  const head = `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** Asked every few seconds, by machines: nobody traces those. */
const UNTRACED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Each request of a route of the service in a span, and all that is done for it within. */
function traceRoutes(app: FastifyInstance): void {
  const spans = new WeakMap<object, RequestSpan>();
  const end = (request: object, status: number, route = 'none'): void => {
    spans.get(request)?.end(status, route);
    spans.delete(request);
  };
  app.addHook('onRequest', (request, _reply, done) => {
    if (UNTRACED.has(request.routeOptions.url ?? '')) done();
    else spans.set(request, traceRequest(request.method, request.headers, done));
  });
  app.addHook('onResponse', async (request, reply) => end(request, reply.statusCode, request.routeOptions.url));
  app.addHook('onRequestAbort', async (request) => end(request, CLIENT_GONE, request.routeOptions.url));
}

/** As proxies have it of a sender that went away before its answer. */
const CLIENT_GONE = 499;

/**
 * `/livez`, `/readyz`, `/metrics`, and what the service adds.
 * @throws Refused when the address cannot be listened on
 */
export async function startHttp(options: OpsOptions): Promise<OpsServer> {
  const { limits } = options;
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax ?? BODY_BYTES_MAX,
    // Whoever sends a request byte by byte must not hold a connection for ever.
    requestTimeout: limits?.requestMs ?? REQUEST_MS,
    ...(limits && { http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: LATE_CHECK_MS } }),
    clientErrorHandler: (error, socket) => refuseEarly(error, socket, limits),
    forceCloseConnections: true,
  });
  if (limits) {
    app.server.maxConnections = limits.connections;
    app.server.on('drop', () => limits.refused('connection'));
  }
  // Other commands must not take another program on the same port for ours.
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('server', 'callfold');
  });
  // What a part answered is told here as it came.
  app.addHook('onSend', async (_request, _reply, payload) =>
    typeof payload === 'string' ? withoutSecrets(payload) : payload,
  );
  traceRoutes(app);
  app.get('/livez', () => ({ status: 'live' }));
  app.get<{ Querystring: { verbose?: string } }>('/readyz', async (request, reply) => {
    const checks = await options.ready();
    const ok = checks.every((check) => check.ok);
    const answer = { status: ok ? 'ready' : 'not ready', checks };
    if (request.query.verbose === undefined) return reply.code(ok ? 200 : 503).send(answer);
    const services = (await options.services?.()) ?? [];
    const partitions = services.flatMap((one) => one.status().map((at) => partitionReport(one.name, at)));
    return reply.code(ok ? 200 : 503).send({ ...answer, partitions });
  });
  const { metrics } = options;
  app.get('/metrics', async (_request, reply) => {
    const texts = await Promise.all(metrics.map((one) => one.text()));
    return reply.type(metrics[0]?.contentType ?? 'text/plain').send(mergeTexts(texts));
  });
  options.routes?.(app);
  const url = await app.listen({ host: options.host, port: options.port }).catch((error: unknown) => {
    throw unusable(options, error);
  });
  return { url, close: () => app.close() };
}
