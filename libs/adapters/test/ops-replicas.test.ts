import { expect, it } from 'vitest';
import { createMetrics, gaugeReplicas } from '../src/ops/engine-metrics.ts';
import { NOW } from './partition-status.ts';

it('the replicas of each Redis are asked for now and then, and there is no figure while it does not answer', async () => {
  const { set, text } = createMetrics('outcomes', () => []);
  let now = NOW;
  let asked = 0;
  let answer: () => Promise<{ where: string; replicas: number }[]> = async () => [{ where: 'Redis a', replicas: 1 }];
  gaugeReplicas(
    set,
    () => {
      asked += 1;
      return answer();
    },
    () => now,
  );
  const replicas = async () => {
    await text();
    await new Promise(setImmediate);
    return [...(await text()).matchAll(/^callfold_redis_replicas\{server="(.+?)".*\} (\d+)$/gm)].map(
      ([, server, count]) => [server, Number(count)],
    );
  };
  expect(await replicas()).toEqual([['Redis a', 1]]);
  answer = () => Promise.reject(new Error('away'));
  expect([await replicas(), asked]).toEqual([[['Redis a', 1]], 1]);
  now += 10_000;
  expect([await replicas(), asked]).toEqual([[], 2]);
  // One that never answers is not asked again, and holds no page up.
  now += 10_000;
  answer = () => new Promise(() => undefined);
  expect([await replicas(), asked]).toEqual([[], 3]);
  now += 10_000;
  expect([await replicas(), asked]).toEqual([[], 3]);
});
