import type { Config, FastifyInstance } from '@callfold/adapters';
import { partitionHealth } from '@callfold/adapters';
import { recordJson } from '@callfold/core';
import { createEventProducer } from '@callfold/client';
import type { PartitionStatus, Service } from '@callfold/engine';
import { createNdjsonReader, readEvent, rejectedLine } from '@callfold/sources';
import type { DevStatus } from './commands/status.ts';
import { addCommandRoutes } from './site-commands.ts';
import type { Site } from './site.ts';
import { addSubjectRoutes } from './subject-routes.ts';
import type { Tail } from './tail.ts';
import { decodeUtf8 } from './lines.ts';

/** What `callfold dev` answers over HTTP: events in, last outcomes and explanations out. */

const LAST_RECORDS = 100;

type Parts = {
  readonly site: Site;
  readonly config: Config;
  readonly tail: Tail;
  readonly services: readonly Service[];
};

function linesOf(body: unknown, type: string): ReturnType<ReturnType<typeof createNdjsonReader>['push']> {
  if (type.includes('ndjson') && Buffer.isBuffer(body)) {
    const reader = createNdjsonReader({ decodeUtf8 });
    return [...reader.push(body), ...reader.end()];
  }
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  return items.map((item, index) => {
    const event = readEvent(item);
    return 'rejected' in event ? { line: index + 1, rejection: event } : { line: index + 1, event };
  });
}

export function addRoutes(app: FastifyInstance, { site, config, tail, services }: Parts): void {
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post('/v1/events', async (request, reply) => {
    const producer = createEventProducer({ writer: site.writer, codec: site.codec });
    const rejected = [];
    for (const item of linesOf(request.body, request.headers['content-type'] ?? '')) {
      if ('event' in item) await producer.send(item.event);
      else rejected.push(rejectedLine(item.line, item.rejection));
    }
    await producer.flush();
    const code = producer.sent === 0 && rejected.length > 0 ? 422 : 202;
    return reply.code(code).send({ accepted: producer.sent, rejected });
  });

  app.get('/v1/outcomes', () => ({ records: tail.last(LAST_RECORDS).map((record) => recordJson(record)) }));

  app.get('/v1/status', (): DevStatus => {
    const problemOf = (one: PartitionStatus): string | null => {
      const [health] = partitionHealth([one]);
      return health === undefined || health.ok ? null : health.detail;
    };
    const partitionsOf = (service: Service) => service.status().map((one) => ({ ...one, problem: problemOf(one) }));
    return { services: services.map((service) => ({ role: service.name, partitions: partitionsOf(service) })) };
  });

  addSubjectRoutes(app, { site, settings: config.settings });
  addCommandRoutes(app, { site, config });

  app.get<{ Params: { topic: string; partition: string }; Querystring: { from?: string } }>(
    '/v1/derived/:topic/:partition',
    async (request) => {
      const { topic, partition } = request.params;
      const page = await site.readDerived(topic, Number(partition), Number(request.query.from ?? '0'));
      const records = page.records.map(({ offset, key, headers, value }) => ({
        offset,
        key: Buffer.from(key ?? []).toString(),
        headers: Object.fromEntries(headers.map((header) => [header.name, Buffer.from(header.value).toString()])),
        record: value === null ? null : site.codec.decodeDerived(topic, value),
      }));
      return { next: page.next, end: page.end, records };
    },
  );
}
