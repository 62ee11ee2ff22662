/** A gateway on the memory log, over real HTTP on a free port. */

import type { Link, Logger, MetricSet } from '@callfold/adapters';
import {
  createCodec,
  createLocalRegistry,
  createLogger,
  createMemoryWorld,
  createMetricSet,
  directLink,
  startHttp,
} from '@callfold/adapters';
import type { Source } from '@callfold/core';
import type { LogRecord } from '@callfold/engine';
import { rawTopic, SOURCES } from '@callfold/core';
import { readConfig } from '@callfold/adapters/config';
import type { Gateway } from '../src/index.ts';
import { start } from '../src/index.ts';
import type { GatewayLimits } from '../src/limits.ts';

export const PARTITIONS = 4;
export const NOON = '2026-01-05T12:00:00Z';

export type TestGateway = {
  readonly url: string;
  readonly gateway: Gateway;
  readonly metrics: MetricSet;
  /** Everything that was logged. */
  logged(): string;
  /** The records of a raw topic, as Avro has them. */
  records(source: Source): Record<string, unknown>[];
  /** The same as they stand. */
  raw(source: Source): LogRecord[];
  /** Replaces the way to the log. */
  link(link: Link): void;
  post(body: string | Uint8Array, headers?: Readonly<Record<string, string>>, path?: string): Promise<Answer>;
  close(): Promise<void>;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  // What it is depends on the path; each test says what it expects.
  readonly body: Readonly<Record<string, unknown>> & { readonly code?: string; readonly detail?: string };
};

export type HarnessOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Partial<GatewayLimits>;
  readonly now?: () => number;
};

export async function openGateway({ env = {}, limits, now = Date.now }: HarnessOptions = {}): Promise<TestGateway> {
  const config = readConfig({ CALLFOLD_HTTP_PORT: '0', ...env });
  const world = createMemoryWorld({ clock: { now } });
  for (const source of SOURCES) world.topics.create(rawTopic(source), PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(SOURCES.map(rawTopic));
  let current: Link = directLink;
  const writer = world.ports((call, at, run) => current(call, at, run)).writer();
  const lines: string[] = [];
  const logger: Logger = createLogger('trace', 'gateway', { write: (line) => void lines.push(line) });
  const metrics = createMetricSet('gateway');
  const ports = { log: () => ({ codec, writer }), logger, metrics, now };
  const gateway = start({ ...config, ...(limits && { limits }) }, ports);
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [gateway.health()],
    metrics: [metrics],
    limits: gateway.http,
    routes: (app) => gateway.routes(app),
  });
  const raw = (source: Source): LogRecord[] =>
    Array.from({ length: PARTITIONS }, (_, partition) => [
      ...world.topics.read({ topic: rawTopic(source), partition }, 0, 100_000).records,
    ]).flat();
  return {
    url: http.url,
    gateway,
    metrics,
    logged: () => lines.join(''),
    raw,
    records: (source) =>
      raw(source).map(({ value }) => codec.decodeDerived(rawTopic(source), value ?? new Uint8Array())),
    link: (link) => {
      current = link;
    },
    async post(body, headers = {}, path = '/v1/events') {
      const answer = await fetch(`${http.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: body as string,
      });
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer['body'] };
    },
    close: () => http.close(),
  };
}

export const event = (callId: string, more: Readonly<Record<string, unknown>> = {}) => ({
  source: 'callcenter24',
  callId,
  occurredAt: NOON,
  status: 'Participant join (Contact)',
  ...more,
});

export const json = (value: unknown): string => JSON.stringify(value);
export const lines = (values: readonly unknown[]): string => values.map((value) => `${json(value)}\n`).join('');
