import type { PartitionStatus } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import { partitionHealth } from '../src/ops/health.ts';
import { startHttp } from '../src/ops/http.ts';
import { AT, NOW, status } from './partition-status.ts';

describe('partitionHealth', () => {
  const CASES: readonly (readonly [what: string, fields: Partial<PartitionStatus>, ok: boolean, detail: RegExp])[] = [
    ['at the end', {}, true, /position 120, 0 behind/],
    ['behind and moving', { end: 500 }, true, /380 behind/],
    [
      'behind and standing still',
      { end: 500, stalled: { waitsFor: 'records', forMs: 31_000 } },
      false,
      /^stalled for 31 s: records/,
    ],
    [
      'stalled because something is away',
      { stalled: { waitsFor: 'outbox', forMs: 40_000 }, away: 'sending: Kafka is away' },
      false,
      /^stalled for 40 s: derived records .*; sending: Kafka is away$/,
    ],
    ['idle for long', { progressAt: NOW - 86_400_000 }, true, /0 behind/],
    ['just assigned', { position: null, committed: null, end: null, epoch: null }, true, /position null/],
    ['refused', { refused: 'run `callfold recover`' }, false, /^run `callfold recover`$/],
    ['waiting for what is away', { away: 'reading states: Redis is away' }, false, /^reading states: Redis is away$/],
    ['away with a number in the message', { away: 'x: +49 151 23456789' }, false, /\[number\]/],
  ];

  it.each(CASES)('%s', (_what, fields, ok, detail) => {
    const [health] = partitionHealth([status(fields)]);
    expect(health).toMatchObject({ name: 'callfold.raw.callcenter24/3', ok });
    expect(health?.detail).toMatch(detail);
  });
});

describe('/readyz?verbose', () => {
  it('tells of each partition of each role when asked for more, and not else', async () => {
    const outcomes = status({
      end: 170,
      lagMs: 2_500,
      waiting: 3,
      waitingMs: 1_500,
      stalled: { waitsFor: 'outbox', forMs: 31_000 },
      away: 'sending: +49 151 23456789',
    });
    const services = () => [
      { name: 'projector', status: () => [status()] },
      { name: 'outcomes', status: () => [outcomes] },
    ];
    const ready = () => partitionHealth([outcomes]);
    const server = await startHttp({ host: '127.0.0.1', port: 0, ready, services, metrics: [] });
    expect(await (await fetch(`${server.url}/readyz`)).json()).not.toHaveProperty('partitions');
    const answer = await fetch(`${server.url}/readyz?verbose`);
    expect(answer.status).toBe(503);
    const { partitions } = (await answer.json()) as { partitions: object[] };
    expect(partitions).toMatchObject([
      { role: 'projector', topic: AT.topic, partition: 3, lagRecords: 0, lagSeconds: 0, outboxOldestAgeSeconds: null },
      {
        role: 'outcomes',
        lagRecords: 50,
        lagSeconds: 2.5,
        outboxRecords: 3,
        outboxOldestAgeSeconds: 1.5,
        stalled: { waitsFor: 'outbox', seconds: 31 },
        away: 'sending: [number]',
        refused: null,
      },
    ]);
    await server.close();
  });
});
