import type { PartitionStatus } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import type { Health } from './health.ts';
import { partitionReport } from './health.ts';
import type { Metrics } from './metrics.ts';
import { withoutSecrets } from './secrets.ts';

export type { FastifyInstance } from 'fastify';

export type OpsOptions = {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly ready: () => readonly Health[] | Promise<readonly Health[]>;
  /** The roles at work in the process: `/readyz?verbose` tells of each of their partitions. */
  readonly services?: () => readonly { readonly name: string; status(): readonly PartitionStatus[] }[];
  /** Of each role in the process. */
  readonly metrics: readonly Metrics[];
  /** Further routes of the service. */
  readonly routes?: (app: FastifyInstance) => void;
  readonly bodyBytesMax?: number;
};

/** Of a request's body, where the service takes none of its own. */
const BODY_BYTES_MAX = 1_048_576;
/** From a request's first byte to its last. */
const REQUEST_MS = 30_000;

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

/**
 * `/livez`, `/readyz`, `/metrics`, and what the service adds.
 * @throws Refused when the address cannot be listened on
 */
export async function startHttp(options: OpsOptions): Promise<OpsServer> {
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax ?? BODY_BYTES_MAX,
    // Whoever sends a request byte by byte must not hold a connection for ever.
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
  });
  // Other commands must not take another program on the same port for ours.
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('server', 'callfold');
  });
  // What a part answered is told here as it came.
  app.addHook('onSend', async (_request, _reply, payload) =>
    typeof payload === 'string' ? withoutSecrets(payload) : payload,
  );
  app.get('/livez', () => ({ status: 'live' }));
  app.get<{ Querystring: { verbose?: string } }>('/readyz', async (request, reply) => {
    const checks = await options.ready();
    const ok = checks.every((check) => check.ok);
    const answer = { status: ok ? 'ready' : 'not ready', checks };
    if (request.query.verbose === undefined) return reply.code(ok ? 200 : 503).send(answer);
    const services = options.services?.() ?? [];
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
