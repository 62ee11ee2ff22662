/** What an owner does when its group shares out anew: everything is sent before, and nothing has to be done again. */

import { CALL_OUTCOMES, rawTopic, SOURCES, utf8Bytes } from '@callfold/core';
import type { At, Batch } from '@callfold/engine';
import { DEFAULT_LIMITS } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import { answerOf, byHand, HOUR, SIGNAL } from './engine-by-hand.ts';
import type { Fault, Part } from './engine-harness.ts';
import { call, openHarness, OUTCOMES, START } from './engine-harness.ts';

async function scene(fault: (call: string) => Fault, of: Part = 'kafka') {
  const h = await openHarness((part, name) => (part === of ? fault(name) : 'none'));
  const { consumer, handler } = byHand();
  const service = h.start(OUTCOMES, undefined, {}, consumer);
  const events = call('first', START);
  const at: At = h.placeOf(events[0]!);
  const position = (await answerOf(h, handler().assigned(at, SIGNAL, null))) ?? 0;
  h.publish(events);
  const take = (from: number): Promise<number | null> =>
    answerOf(h, handler().batch(at, h.world.topics.read(at, from, 1_000), SIGNAL));
  const claims = (): number => h.said.filter(({ name }) => name === 'partition-claimed').length;
  return { h, service, handler: handler(), at, position, take, claims };
}

describe('an owner that is paused', () => {
  it('has sent what it committed, and goes on without a claim, a fence or a record of the store', async () => {
    let calls: string[] = [];
    const { h, service, handler, at, position, take, claims } = await scene((name) => {
      calls.push(name);
      return 'none';
    });
    const next = await take(position);
    // The call's settle time goes by: the tick that comes then is the record at which it is published.
    await h.clock.runUntil(() => h.world.topics.bounds(at).end > (next ?? 0), HOUR);
    calls = [];
    const after = take(next ?? 0);
    await after;
    await answerOf(h, handler.paused(at));
    expect(service.status()[0]).toMatchObject({ waiting: 0, committed: await after });
    expect(h.read(CALL_OUTCOMES)).toHaveLength(1);
    handler.resumed(at);

    h.publish(call('first', START + 600_000));
    expect(await take((await after) ?? 0)).toBe(h.world.topics.bounds(at).end);
    expect(claims()).toBe(1);
    expect(calls.filter((name) => name === 'fence' || name === 'readBack')).toEqual([]);
    await answerOf(h, handler.revoked(at));
    expect(service.status()).toEqual([]);
    await h.stop([service]);
  });

  it('does not hold the group up for longer than its limit when nothing can be sent, and sends it later', async () => {
    let isAway = false;
    const { h, service, handler, at, position, take, claims } = await scene((name) =>
      isAway && name === 'send' ? 'before' : 'none',
    );
    const next = await take(position);
    await h.clock.runUntil(() => h.world.topics.bounds(at).end > (next ?? 0), HOUR);
    isAway = true;
    await take(next ?? 0);
    await answerOf(h, handler.paused(at), 2 * DEFAULT_LIMITS.drainMs);
    expect(service.status()[0]?.waiting).toBeGreaterThan(0);
    isAway = false;
    handler.resumed(at);
    expect(await h.clock.runUntil(() => h.read(CALL_OUTCOMES).length === 1, HOUR)).toBe(true);
    expect(claims()).toBe(1);
    await answerOf(h, handler.revoked(at));
    await h.stop([service]);
  });

  it('folds what waits already before it is handed anything, and answers where that ends', async () => {
    const { h, service, handler, at, position } = await scene(() => 'none');
    await answerOf(h, handler.revoked(at));
    const { end } = h.world.topics.bounds(at);
    expect(end).toBeGreaterThan(position);
    expect(await answerOf(h, handler.assigned(at, SIGNAL, null))).toBe(end);
    expect(await h.clock.runUntil(() => service.status()[0]?.committed === end, HOUR)).toBe(true);
    await answerOf(h, handler.revoked(at));
    await h.stop([service]);
  });

  it('answers its own position when the log cannot be read on just then', async () => {
    let isAway = false;
    const { h, service, handler, at, position } = await scene((name) =>
      isAway && name === 'read' ? 'before' : 'none',
    );
    await answerOf(h, handler.revoked(at));
    isAway = true;
    expect(await answerOf(h, handler.assigned(at, SIGNAL, null))).toBe(position);
    await h.stop([service]);
  });

  it('claims at most so many partitions at the same time, and all of them in the end', async () => {
    let claims = 0;
    let hangs = true;
    const h = await openHarness((part, name) => {
      if (part !== 'store' || name !== 'claim') return 'none';
      claims += 1;
      return hangs ? 'hang' : 'none';
    });
    const { consumer, handler } = byHand();
    const service = h.start(OUTCOMES, undefined, { claimsAtOnce: 3 }, consumer);
    const ats = SOURCES.flatMap((source) => [0, 1].map((partition) => ({ topic: rawTopic(source), partition })));
    const all = Promise.all(ats.map((at) => handler().assigned(at, SIGNAL, null)));
    await h.clock.runUntil(() => false, 60_000);
    expect(claims).toBe(3);
    hangs = false;
    h.letGo();
    expect(await answerOf(h, all)).toEqual(ats.map(() => 0));
    expect(claims).toBe(ats.length);
    await h.stop([service]);
  });
});

describe('a slice that is open while there is more to be read', () => {
  it('is committed when its owner is paused, when it was open for long, and at the end of the log', async () => {
    const { h, service, handler, at, position } = await scene(() => 'none');
    const committed = (): number | null => service.status()[0]?.committed ?? null;
    const take = async (from: number, most: number): Promise<number> =>
      (await answerOf(h, handler.batch(at, h.world.topics.read(at, from, most), SIGNAL))) ?? 0;
    const three = await take(position, 3);
    expect(three).toBe(position + 3);
    expect(committed()).toBe(position);
    await answerOf(h, handler.paused(at));
    expect(committed()).toBe(three);
    handler.resumed(at);

    const five = await take(three, 2);
    expect(committed()).toBe(three);
    expect(await h.clock.runUntil(() => committed() === five, DEFAULT_LIMITS.sliceMs + 1_000)).toBe(true);

    const all = await take(five, 1_000);
    expect(all).toBe(h.world.topics.bounds(at).end);
    expect(await h.clock.runUntil(() => committed() === all, 100)).toBe(true);
    await answerOf(h, handler.revoked(at));
    await h.stop([service]);
  });
});

describe('a drain that is not done in time', () => {
  it('ends before anything is folded on, when the partition stays', async () => {
    let isAway = false;
    const { h, service, handler, at } = await scene(
      (name) => (isAway && name === 'commit' ? 'before' : 'none'),
      'store',
    );
    const garbage = { key: utf8Bytes('key'), value: new Uint8Array([9, 9, 9]) };
    const from = h.world.topics.bounds(at).end;
    await answerOf(h, handler.batch(at, h.world.topics.read(at, 0, 100), SIGNAL));
    for (let n = 0; n < 12; n += 1) h.append(at, garbage);
    isAway = true;
    // A first slice that is not committed, and an open one behind it.
    const some = h.world.topics.read(at, from, 2);
    await answerOf(h, handler.batch(at, { ...some, end: some.next }, SIGNAL));
    await answerOf(h, handler.batch(at, h.world.topics.read(at, from + 2, 3), SIGNAL));
    expect(await answerOf(h, handler.paused(at))).toBeNull();
    handler.resumed(at);
    const rest = handler.batch(at, h.world.topics.read(at, from + 5, 100), SIGNAL);
    await h.clock.runUntil(() => false, 200);
    isAway = false;
    await answerOf(h, rest);
    expect(await h.clock.runUntil(() => h.letters().length >= 12, HOUR)).toBe(true);
    await h.clock.runUntil(() => false, 60_000);
    expect(h.letters().map(({ letter, seq }) => [seq, letter.originOffset])).toEqual(
      Array.from({ length: 12 }, (_, n) => [n, from + n]),
    );
    await answerOf(h, handler.revoked(at));
    await h.stop([service]);
  });
});

describe('an owner that claims anew between two batches', () => {
  it('folds nothing that was read before, and is gone from the log by then', async () => {
    let hangs = false;
    const { h, service, handler, at } = await scene((name) => (hangs && name === 'claim' ? 'hang' : 'none'), 'store');
    const server = h.world.storeServer(OUTCOMES.name);
    const before = server.snapshot();
    const read = (): Batch => h.world.topics.read(at, 0, 1_000);
    await answerOf(h, handler.batch(at, read(), SIGNAL));
    expect(service.status()[0]?.position).toBeGreaterThan(0);
    hangs = true;
    server.restore(before);
    // It finds out at its next look, and its claim takes a while.
    expect(await h.clock.runUntil(() => h.said.some(({ name }) => name === 'partition-moved'), HOUR)).toBe(true);
    const late = handler.batch(at, read(), SIGNAL);
    h.world.topics.truncate(at, 0);
    hangs = false;
    h.letGo();
    expect(await answerOf(h, late)).toBe(0);
    expect(service.status()[0]).toMatchObject({ position: 0, refused: null });
    await answerOf(h, handler.revoked(at));
    await h.stop([service]);
  });
});

describe('an owner that asks the store first, and the log after another has begun', () => {
  it('does not take for lost what was committed meanwhile', async () => {
    let hangs = true;
    const h = await openHarness((_part, name) => {
      if (name !== 'witness' || !hangs) return 'none';
      hangs = false;
      return 'hang';
    });
    const late = byHand();
    const service = h.start(OUTCOMES, undefined, {}, late.consumer);
    const events = call('first', START);
    const at: At = h.placeOf(events[0]!);
    const answer = late.handler().assigned(at, SIGNAL, null);
    await h.clock.runUntil(() => !hangs, HOUR);
    h.publish(events);
    const other = h.start(OUTCOMES);
    expect(await h.clock.runUntil(() => h.read(CALL_OUTCOMES).length === 1, HOUR)).toBe(true);
    await h.stop([other]);
    h.letGo();
    expect(await answerOf(h, answer)).toBe(h.world.topics.bounds(at).end);
    expect(service.status()[0]?.refused).toBeNull();
    await h.stop([service]);
  });

  it('does not publish again what was published meanwhile, when the store has lost that', async () => {
    let hangs = false;
    const h = await openHarness((part, name) => (hangs && part === 'store' && name === 'claim' ? 'hang' : 'none'));
    const first = h.start(OUTCOMES);
    const events = call('first', START);
    const at: At = h.placeOf(events[0]!);
    h.publish(events);
    expect(await h.clock.runUntil(h.settled([first]), HOUR)).toBe(true);
    await h.stop([first]);
    const server = h.world.storeServer(OUTCOMES.name);
    const replica = server.snapshot();

    hangs = true;
    const late = byHand();
    const service = h.start(OUTCOMES, undefined, { sliceRecords: 20 }, late.consumer);
    const answer = late.handler().assigned(at, SIGNAL, null);
    await h.clock.runUntil(() => false, 1_000);
    hangs = false;
    // More than one commit takes.
    h.publish(Array.from({ length: 40 }, (_, n) => call(`later-${n}`, START + 60_000)).flat());
    const other = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([other]), HOUR)).toBe(true);
    await h.stop([other]);
    const before = h.read(CALL_OUTCOMES).length;
    server.restore(replica);
    h.letGo();
    let next = await answerOf(h, answer);
    const { end } = h.world.topics.bounds(at);
    while (next !== null && next < end) {
      next = await answerOf(h, late.handler().batch(at, h.world.topics.read(at, next, 50), SIGNAL));
    }
    expect(await h.clock.runUntil(() => service.status()[0]?.committed === end, HOUR)).toBe(true);
    await answerOf(h, late.handler().revoked(at));
    expect(h.read(CALL_OUTCOMES)).toHaveLength(before);
    await h.stop([service]);
  });
});
