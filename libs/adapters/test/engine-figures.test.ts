/** What the engine says of time and change, as metrics and traces take it up. */

import { CALL_OUTCOMES, subjectKey, utf8Bytes } from '@callfold/core';
import type { EngineEvent } from '@callfold/engine';
import { LATENESS_BOUNDS_MS } from '@callfold/engine';
import { expect, it } from 'vitest';
import { event, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

const HOUR = 3_600_000;
const LATER = 150_000;
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const said = (second: number, status: string) =>
  event({ source: 'callcenter24', callId: 'a', occurredAt: START + second * 1_000, status });
const ABANDONED = [
  said(0, 'Participant join (Contact)'),
  said(30, 'Participant leave (Contact)'),
  said(30, 'Call ended'),
];
const ANSWER = said(20, 'Participant join ([Anna])');

it('how late events came, what was corrected, which traces they brought, and since when a commit waited', async () => {
  const h = await openHarness();
  const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
  // A clock moves only while somebody waits for it.
  const until = (at: number) => h.clock.runUntil(() => false, at - h.clock.now());
  await until(START + 40_000);
  h.publish(ABANDONED);
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
  await until(START + LATER);
  const key = utf8Bytes(subjectKey(ANSWER.tenantId, ANSWER.subjectId));
  const headers = [{ name: 'traceparent', value: utf8Bytes(TRACE) }];
  for (let time = 0; time < 2; time += 1)
    h.append(h.placeOf(ANSWER), { key, value: h.codec.encodeRaw(ANSWER), headers });
  const lateAt = h.clock.now();
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);

  type Committed = Extract<EngineEvent, { name: 'batch-committed' }>;
  const of = (role: string) =>
    h.said.filter((one): one is typeof one & Committed => one.role === role && one.name === 'batch-committed');
  for (const role of ['outcomes', 'projector']) {
    const counts = LATENESS_BOUNDS_MS.map(() => 0).concat(0);
    for (const { lateness } of of(role))
      lateness.counts.forEach((count, at) => (counts[at] = (counts[at] ?? 0) + count));
    // The log took the call 40, 10 and 10 s after it happened, and the answer twice, two minutes after it.
    expect(counts).toEqual([0, 0, 2, 1, 2, 0, 0, 0, 0, 0]);
    expect(of(role).flatMap(({ causes }) => causes)).toEqual([TRACE]);
    const late = of(role).find(({ causes }) => causes.length > 0);
    expect(late?.oldestAppendedAt).toBe(lateAt);
    expect(late?.begunAt).toBeGreaterThanOrEqual(lateAt);
    const sum = of(role).reduce((ms, { lateness }) => ms + lateness.sumMs, 0);
    expect(sum).toBe(40_000 + 10_000 + 10_000 + 2 * (LATER - 20_000));
  }
  const corrections = of('outcomes').map(({ corrections: by }) => by[CALL_OUTCOMES] ?? 0);
  expect(corrections.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(of('projector').flatMap(({ corrections: by }) => Object.keys(by))).toEqual([]);
  const sent = h.said.filter((one) => one.name === 'records-sent');
  expect(sent.map(({ oldestAppendedAt }) => oldestAppendedAt).every((at) => at !== null && at >= START)).toBe(true);
  await h.stop(services);
});
