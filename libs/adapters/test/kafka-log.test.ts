import type { At } from '@callfold/engine';
import { expect, it } from 'vitest';
import type { Link } from '../src/kafka/client.ts';
import { logOn } from '../src/kafka/log.ts';
import { logger } from './kafka-broker.ts';

const AT: At = { topic: 'raw', partition: 0 };

/** An empty log that keeps what it was asked for. */
function emptyLink(asked: number[]): Link {
  const link: Pick<Link, 'leader' | 'fetch'> = {
    leader: async () => 1,
    async fetch(_node, at, { maxBytes }) {
      asked.push(maxBytes);
      return { ...at, code: 0, highWatermark: 0, lastStable: 0, logStart: 0, aborted: [], bytes: Buffer.alloc(0) };
    },
  };
  return link as Link;
}

it.each([
  [1, 16_384],
  [100, 102_400],
  [5_000, 1_048_576],
])('a read of at most %d records asks for %d bytes: few of many partitions fit in one answer', async (most, bytes) => {
  const asked: number[] = [];
  const log = logOn(emptyLink(asked), { connection: { brokers: [], clientId: 'test', log: logger }, groupId: 'group' });
  expect(await log.read(AT, 0, most)).toMatchObject({ records: [], next: 0, end: 0 });
  expect(asked).toEqual([bytes]);
});

it('how many partitions there are is asked again where more are expected than are known', async () => {
  let known = 2;
  let asked = 0;
  const link: Pick<Link, 'partitions' | 'refresh'> = {
    partitions: async () => known,
    async refresh() {
      asked += 1;
      known = 4;
    },
  };
  const log = logOn(link as Link, { connection: { brokers: [], clientId: 'test', log: logger }, groupId: 'group' });
  expect(await log.partitions('raw', 2)).toBe(2);
  expect(asked).toBe(0);
  expect(await log.partitions('raw', 3)).toBe(4);
  expect(await log.partitions('raw', 4)).toBe(4);
  expect(asked).toBe(1);
});
