/** Traces with OpenTelemetry's own SDK, as whoever runs a service would load it. */

import type { Span } from '@opentelemetry/sdk-trace-node';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { EngineEvent } from '@callfold/engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpsServer } from '../src/ops/http.ts';
import { startHttp } from '../src/ops/http.ts';
import { traceHeaders, traceObserver } from '../src/ops/tracing.ts';
import { AT, NOW } from './partition-status.ts';

const SENDER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const PARENT = `00-${SENDER.traceId}-${SENDER.spanId}-01`;

const COMMITTED: EngineEvent = {
  name: 'batch-committed',
  at: AT,
  records: 5,
  changed: 4,
  derived: 3,
  position: 20,
  end: 20,
  clock: NOW,
  begunAt: NOW,
  oldestAppendedAt: NOW,
  lateness: { counts: [], sumMs: 0 },
  corrections: {},
  causes: [PARENT, '00-00000000000000000000000000000000-b7ad6b7169203331-01', 'x'.repeat(55)],
};

describe('without an SDK', () => {
  it('nothing is traced, and no header is made', () => {
    expect(traceHeaders()).toEqual([]);
    traceObserver('callfold.outcomes')(COMMITTED);
  });
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const servers: OpsServer[] = [];
  const spans = () => exporter.getFinishedSpans();
  const contextOf = (span: Pick<Span, 'spanContext'> | undefined) => span?.spanContext();

  beforeAll(() => provider.register());
  afterEach(async () => {
    exporter.reset();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  afterAll(() => provider.shutdown());

  it('a slice is one span, a child of none, linked to the traces that its records brought', () => {
    traceObserver('callfold.outcomes', () => NOW + 250)(COMMITTED);
    traceObserver('callfold.outcomes')({ ...COMMITTED, records: 0 });
    const [span, ...more] = spans();
    expect(more).toEqual([]);
    expect(span?.name).toBe('process callfold.raw.callcenter24');
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.links.map(({ context }) => context)).toMatchObject([SENDER]);
    expect(span?.duration).toEqual([0, 250_000_000]);
    expect(span?.attributes).toMatchObject({
      'messaging.system': 'kafka',
      'messaging.destination.name': AT.topic,
      'messaging.destination.partition.id': '3',
      'messaging.consumer.group.name': 'callfold.outcomes',
      'messaging.batch.message_count': 5,
      'messaging.kafka.offset': 19,
    });
  });

  it('a request goes on with the trace of its sender, and what is published in it carries that on', async () => {
    let published: string | undefined;
    const server = await startHttp({
      host: '127.0.0.1',
      port: 0,
      ready: () => [],
      metrics: [],
      routes: (app) =>
        app.post('/v1/things/:id', async (_request, reply) => {
          await new Promise(setImmediate);
          published = traceHeaders().map(({ value }) => new TextDecoder().decode(value))[0];
          return reply.code(500).send({});
        }),
    });
    servers.push(server);
    for (const path of ['/livez', '/readyz', '/metrics']) await (await fetch(`${server.url}${path}`)).text();
    expect(spans()).toEqual([]);
    const headers = { traceparent: PARENT };
    await (await fetch(`${server.url}/v1/things/4711`, { method: 'POST', headers })).text();
    const [span] = spans();
    expect(span).toMatchObject({
      name: 'POST /v1/things/:id',
      attributes: { 'http.route': '/v1/things/:id', 'http.response.status_code': 500 },
      status: { code: 2 },
      parentSpanContext: SENDER,
    });
    expect(published).toBe(`00-${SENDER.traceId}-${contextOf(span)?.spanId}-01`);
    expect(JSON.stringify(span?.attributes)).not.toContain('4711');
  });
});
