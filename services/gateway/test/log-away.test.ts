/** A log that is slow, away or refuses: nobody hangs, nobody is told that something stands which does not. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Link } from '@callfold/adapters';
import { directLink } from '@callfold/adapters';
import { GATEWAY_LIMITS } from '../src/limits.ts';
import type { HarnessOptions, TestGateway } from './gateway-harness.ts';
import { event, json, lines, openGateway } from './gateway-harness.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const opened: TestGateway[] = [];
async function open(options?: HarnessOptions): Promise<TestGateway> {
  const gateway = await openGateway(options);
  opened.push(gateway);
  return gateway;
}
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** Appends wait until they are let go. */
function heldLink(): { link: Link; letGo(): void; waiting(): number } {
  const gates: (() => void)[] = [];
  return {
    link: async (call, _at, run) => {
      if (call === 'append') await new Promise<void>((resolve) => gates.push(resolve));
      return run();
    },
    letGo: () => gates.splice(0).forEach((gate) => gate()),
    waiting: () => gates.length,
  };
}

test('what a sender waits for is below the shortest patience of senders, 5 s', () => {
  expect(GATEWAY_LIMITS.ackMs).toBe(4_000);
});

describe('slow', () => {
  test('nothing is answered before the log has it', async () => {
    const gateway = await open();
    const held = heldLink();
    gateway.link(held.link);
    let answered = false;
    const answer = gateway.post(json(event('c-1'))).then((one) => {
      answered = true;
      return one;
    });
    await vi.waitFor(() => expect(held.waiting()).toBe(1));
    expect([answered, gateway.records('callcenter24')]).toEqual([false, []]);
    held.letGo();
    expect((await answer).status).toBe(202);
    expect(gateway.records('callcenter24')).toHaveLength(1);
  });

  test('past the limit: 503 with Retry-After, unready, and ready again when it acknowledges', async () => {
    const gateway = await open({ limits: { ackMs: 150 } });
    const held = heldLink();
    gateway.link(held.link);
    const begun = performance.now();
    const { status, headers, body } = await gateway.post(json(event('c-1')));
    expect([status, body.code, body['decided']]).toEqual([503, 'log-away', 0]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(performance.now() - begun).toBeGreaterThan(140);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
    held.letGo();
    gateway.link(directLink);
    expect((await gateway.post(json(event('c-1')))).status).toBe(202);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect(gateway.logged()).toContain('log-back');
  });

  test('what waits is bounded: with no room left a sender is told at once that there is none', async () => {
    const gateway = await open({ limits: { ackMs: 150, heldBytes: 2_000 } });
    const held = heldLink();
    gateway.link(held.link);
    const attributes = { note: 'x'.repeat(700) };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => gateway.post(json(event(`c-${n}`, { attributes })))),
    );
    const codes = answers.map(({ status, body }) => `${status} ${body.code}`);
    expect(new Set(codes)).toEqual(new Set(['503 log-away', '503 busy']));
    // Bodies and appends of two or so are in the process, never of twelve.
    expect(held.waiting()).toBeLessThan(4);
    expect(await gateway.metrics.text()).toMatch(/callfold_gateway_held_bytes\{[^}]*\} \d{1,4}\n/);
    held.letGo();
    gateway.link(directLink);
    expect((await gateway.post(json(event('c-1', { attributes })))).status).toBe(202);
    await vi.waitFor(async () =>
      expect(await gateway.metrics.text()).toMatch(/callfold_gateway_held_bytes\{[^}]*\} 0\n/),
    );
  });
});

describe('away', () => {
  test('in the middle of a stream: what is decided is said, the rest is not claimed', async () => {
    const gateway = await open({ limits: { windowRecords: 10 } });
    let appends = 0;
    gateway.link(async (call, _at, run) => {
      if (call === 'append') appends += 1;
      if (appends > 12) throw new Error('the broker is gone');
      return run();
    });
    const many = Array.from({ length: 200 }, (_, n) => event(`c-${n}`));
    const { status, body } = await gateway.post(lines(many), NDJSON);
    expect([status, body.code]).toEqual([503, 'log-away']);
    const decided = Number(body['decided']);
    expect(decided).toBeGreaterThan(0);
    expect(decided).toBeLessThan(200);
    const stand = new Set(gateway.records('callcenter24').map(({ callId }) => callId));
    for (const { callId } of many.slice(0, decided)) expect(stand).toContain(callId);
    gateway.link(directLink);
    expect((await gateway.post(lines(many), NDJSON)).body).toMatchObject({ accepted: 200 });
  });

  test('a part of the partitions only: the whole is not claimed', async () => {
    const gateway = await open();
    gateway.link(async (call, at, run) => {
      if (call === 'append' && at.partition === 2) throw new Error('this one is gone');
      return run();
    });
    const many = Array.from({ length: 40 }, (_, n) => event(`c-${n}`));
    expect((await gateway.post(json(many))).status).toBe(503);
  });

  test('before the topics are known', async () => {
    const gateway = await open();
    gateway.link(async () => {
      throw new Error('nobody answers');
    });
    expect((await gateway.post(json(event('c-1')))).status).toBe(503);
  });
});

test('a stop answers what is under way, and refuses what comes', async () => {
  const gateway = await open();
  const held = heldLink();
  gateway.link(held.link);
  const under = gateway.post(json(event('c-1')));
  await vi.waitFor(() => expect(held.waiting()).toBe(1));
  const stopped = gateway.gateway.stop();
  const late = await gateway.post(json(event('c-2')));
  expect([late.status, late.body.code, late.headers.get('retry-after')]).toEqual([503, 'stopping', '5']);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
  held.letGo();
  expect((await under).status).toBe(202);
  await stopped;
  expect(gateway.records('callcenter24')).toMatchObject([{ callId: 'c-1' }]);
});
