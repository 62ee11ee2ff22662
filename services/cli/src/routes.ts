import type { Config, FastifyInstance } from '@callfold/adapters';
import { systemClock } from '@callfold/adapters';
import type { Service } from '@callfold/engine';
import { readPoint, spanOf } from './points.ts';
import { addCommandRoutes } from './site-commands.ts';
import type { Site } from './site.ts';

/** What `callfold dev` answers over HTTP beside the gateway and the console: what other commands ask. */

type Parts = {
  readonly site: Site;
  readonly config: Config;
  readonly services: readonly Service[];
};

export function addRoutes(app: FastifyInstance, { site, config, services }: Parts): void {
  addCommandRoutes(app, { site, config, services });

  app.get<{ Params: { topic: string } }>('/v1/derived/:topic', async ({ params }) => ({
    partitions: await site.partitions(params.topic),
  }));

  app.get<{ Params: { topic: string; partition: string }; Querystring: { from?: string; to?: string } }>(
    '/v1/derived/:topic/:partition/span',
    async (request, reply) => {
      const { topic, partition } = request.params;
      const { from: first = 'earliest', to: behind = 'latest' } = request.query;
      const [from, to] = [readPoint(first, systemClock.now()), readPoint(behind, systemClock.now())];
      const wrong = [from, to].find((point) => typeof point === 'string');
      if (typeof from === 'string' || typeof to === 'string') return reply.code(400).send({ error: wrong });
      return spanOf(site.log('outcomes'), { topic, partition: Number(partition) }, from, to);
    },
  );

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
