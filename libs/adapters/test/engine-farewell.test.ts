/** An owner that gives its partition away with everything sent, and what the next one makes of its word. */

import type { DerivedRecord } from '@callfold/core';
import { CALL_OUTCOMES, DERIVED_OF, hash64 } from '@callfold/core';
import type { At, ConsumerHandler, Service } from '@callfold/engine';
import { encodeRequest } from '@callfold/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerOf, byHand, HOUR, SIGNAL } from './engine-by-hand.ts';
import type { Fault, Harness } from './engine-harness.ts';
import { call, everything, expectGapless, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

const MINUTE = 60_000;
const FOLDED_BY_A_CLAIM = 100;

describe('an owner that gives its partition away', () => {
  let h: Harness;
  let at: At;
  let asked: string[] = [];
  let fault: (name: string) => Fault = () => 'none';
  let services: Service[] = [];

  beforeEach(async () => {
    fault = () => 'none';
    services = [];
    h = await openHarness((_part, name) => {
      asked.push(name);
      return fault(name);
    });
    at = h.placeOf(call('first', START)[0]!);
    asked = [];
  });

  /** A member of the group, in the test's own hands. */
  function member(): { readonly handler: ConsumerHandler; readonly service: Service } {
    const { consumer, handler } = byHand();
    const service = h.start(OUTCOMES, undefined, {}, consumer);
    services.push(service);
    return { handler: handler(), service };
  }

  const assign = ({ handler }: { readonly handler: ConsumerHandler }, left: string | null) =>
    answerOf(h, handler.assigned(at, SIGNAL, left));
  const revoke = ({ handler }: { readonly handler: ConsumerHandler }) => answerOf(h, handler.revoked(at));
  const outcomes = (): number => h.read(CALL_OUTCOMES).length;
  const claims = () => h.said.flatMap((one) => (one.name === 'partition-claimed' ? [one.asLeft] : []));

  /** Hands over what the log has until as many outcomes stand. */
  async function publishUntil({ handler, service }: ReturnType<typeof member>, count: number): Promise<void> {
    for (let from = service.status()[0]?.position ?? 0; outcomes() < count; ) {
      const batch = h.world.topics.read(at, from, 1_000);
      if (batch.records.length > 0) from = (await answerOf(h, handler.batch(at, batch, SIGNAL))) ?? from;
      const { end } = h.world.topics.bounds(at);
      const isOn = (): boolean => outcomes() >= count || h.world.topics.bounds(at).end > Math.max(from, end);
      expect(await h.clock.runUntil(isOn, HOUR)).toBe(true);
    }
  }

  /** One that published the outcome of a first call and gave the partition away: its word. */
  async function left(): Promise<string | null> {
    const first = member();
    await assign(first, null);
    h.publish(call('first', START));
    await publishUntil(first, 1);
    const said = await revoke(first);
    asked = [];
    return said;
  }

  async function expectWhole(): Promise<void> {
    expectGapless(h);
    const projector = h.start(PROJECTOR);
    services.push(projector);
    expect(await h.clock.runUntil(h.settled([projector]), HOUR)).toBe(true);
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  }

  it('says so when everything is sent: the next one folds first, and fences before its first send', async () => {
    const word = await left();
    expect(word).not.toBeNull();
    const next = member();
    h.publish(call('second', START + MINUTE));
    expect(await assign(next, word)).toBe(h.world.topics.bounds(at).end);
    expect(await h.clock.runUntil(() => next.service.status()[0]?.lagMs === 0, HOUR)).toBe(true);
    expect(asked.filter((name) => ['fence', 'readBack', 'outbox'].includes(name))).toEqual([]);
    expect(asked).toContain('commit');
    expect(claims()).toEqual([false, true]);
    await publishUntil(next, 2);
    const sending = asked.filter((name) => ['fence', 'readBack', 'send'].includes(name));
    expect(sending.slice(0, 2)).toEqual(['fence', 'readBack']);
    expect(sending.at(-1)).toBe('send');
    await revoke(next);
    await expectWhole();
  });

  it('may say so of a partition in which it had nothing to send itself', async () => {
    const second = member();
    await assign(second, await left());
    const word = await revoke(second);
    const third = member();
    await assign(third, word);
    expect(claims()).toEqual([false, true, true]);
    h.publish(call('second', START + MINUTE));
    await publishUntil(third, 2);
    await revoke(third);
    await expectWhole();
  });

  it('says nothing while something is not sent, and the next one fences and reads back before it folds', async () => {
    const first = member();
    await assign(first, null);
    h.publish(call('first', START));
    const { end } = h.world.topics.bounds(at);
    await answerOf(h, first.handler.batch(at, h.world.topics.read(at, 0, 1_000), SIGNAL));
    fault = (name) => (name === 'send' ? 'before' : 'none');
    expect(await h.clock.runUntil(() => h.world.topics.bounds(at).end > end, HOUR)).toBe(true);
    await answerOf(h, first.handler.batch(at, h.world.topics.read(at, end, 1_000), SIGNAL));
    expect(first.service.status()[0]?.waiting).toBeGreaterThan(0);
    expect(await answerOf(h, first.handler.paused(at))).toBeNull();
    expect(await revoke(first)).toBeNull();
    fault = () => 'none';
    asked = [];
    const next = member();
    await assign(next, null);
    expect(asked).toEqual(expect.arrayContaining(['fence', 'readBack']));
    expect(await h.clock.runUntil(() => next.service.status()[0]?.waiting === 0, HOUR)).toBe(true);
    expect(outcomes()).toBe(1);
    await revoke(next);
    await expectWhole();
  });

  it('says nothing while it is not known whether its last commit was done', async () => {
    const first = member();
    await assign(first, null);
    h.publish(call('first', START));
    await publishUntil(first, 1);
    expect(await answerOf(h, first.handler.paused(at))).not.toBeNull();
    first.handler.resumed(at);
    h.publish(call('second', START + MINUTE));
    fault = (name) => (name === 'commit' ? 'after' : 'none');
    const from = first.service.status()[0]?.position ?? 0;
    await answerOf(h, first.handler.batch(at, h.world.topics.read(at, from, 1_000), SIGNAL));
    expect(await answerOf(h, first.handler.paused(at))).toBeNull();
    fault = () => 'none';
    const word = await revoke(first);
    const next = member();
    await assign(next, word);
    await publishUntil(next, 2);
    await revoke(next);
    await expectWhole();
  });

  it('is not believed once somebody else had the partition', async () => {
    const word = await left();
    const second = member();
    await assign(second, null);
    await revoke(second);
    const third = member();
    await assign(third, word);
    expect(claims()).toEqual([false, false, false]);
    await revoke(third);
    await expectWhole();
  });

  it('is not believed of a store that went back to where everything was sent as well', async () => {
    const first = member();
    await assign(first, null);
    h.publish(call('first', START));
    await publishUntil(first, 1);
    await answerOf(h, first.handler.paused(at));
    const replica = h.world.storeServer(OUTCOMES.name).snapshot();
    first.handler.resumed(at);
    h.publish(call('second', START + MINUTE));
    await publishUntil(first, 2);
    const word = await revoke(first);
    h.world.storeServer(OUTCOMES.name).restore(replica);
    const next = member();
    await assign(next, word);
    expect(claims()).toEqual([false, false]);
    await publishUntil(next, 2);
    await revoke(next);
    expect(outcomes()).toBe(2);
    await expectWhole();
  });

  it('was right, and yet the store lost what another one sent since: that is found before the first send', async () => {
    const word = await left();
    const server = h.world.storeServer(OUTCOMES.name);
    const replica = server.snapshot();
    const second = member();
    await assign(second, null);
    // More than a claim folds at once, and each is over before the next begins.
    const { end } = h.world.topics.bounds(at);
    let here = 0;
    for (let n = 0; h.world.topics.bounds(at).end < end + 2 * FOLDED_BY_A_CLAIM; n += 1) {
      const events = call(`later-${n}`, START + MINUTE);
      if (h.placeOf(events[0]!).partition !== at.partition) continue;
      h.publish(events);
      here += 1;
      await h.clock.runUntil(() => false, MINUTE);
    }
    await publishUntil(second, 1 + here);
    const sent = everything(h).length;
    await revoke(second);
    server.restore(replica);
    const third = member();
    await assign(third, word);
    expect(claims()).toEqual([false, false, true]);
    // What it has not folded yet stands as well.
    expect(await h.clock.runUntil(() => claims().length === 4, HOUR)).toBe(true);
    expect(claims().at(-1)).toBe(false);
    for (let from = 0; from < h.world.topics.bounds(at).end; ) {
      from = third.service.status()[0]?.position ?? 0;
      from = (await answerOf(h, third.handler.batch(at, h.world.topics.read(at, from, 1_000), SIGNAL))) ?? 0;
    }
    await revoke(third);
    expect(everything(h)).toHaveLength(sent);
    await expectWhole();
  });

  it('was right, and yet the store lost a request that another one took: none is taken before that is found', async () => {
    const word = await left();
    const server = h.world.storeServer(OUTCOMES.name);
    const store = h.world.ports().store(OUTCOMES.name);
    const [first] = h.read(CALL_OUTCOMES);
    const states: (readonly [string, string])[] = [];
    for await (const slice of store.scan(at, 'states')) states.push(...slice);
    const [subject, state] = states[0]!;
    const record = h.codec.decodeDerived(CALL_OUTCOMES, first!.value!) as unknown as DerivedRecord;
    const value = h.codec.encode(CALL_OUTCOMES, { ...record, revision: record.revision + 1 });
    const read = Object.fromEntries(DERIVED_OF.callcenter24.map((topic) => [topic, 0]));
    const records = [{ topic: CALL_OUTCOMES, origin: 0, key: record.outcomeId, value }];
    const ends = { ...read, [CALL_OUTCOMES]: h.world.topics.bounds({ ...at, topic: CALL_OUTCOMES }).end };
    const seen = hash64(state);
    const { name, text } = encodeRequest({ what: 'publish', subject, seen, state, read: ends, records });
    await answerOf(h, store.ask(at, new Map([[name, text]])));
    const replica = server.snapshot();
    const second = member();
    await assign(second, null);
    expect(await h.clock.runUntil(() => outcomes() === 2, HOUR)).toBe(true);
    await revoke(second);
    server.restore(replica);
    const third = member();
    await assign(third, word);
    expect(claims()).toEqual([false, false, true]);
    h.publish(call('second', START + MINUTE));
    await publishUntil(third, 3);
    expect(third.service.status()[0]?.refused).toBeNull();
    expect(claims()).toEqual([false, false, true, false]);
    await revoke(third);
    expectGapless(h);
  });

  it('does nothing for it while it is not known whose it is, and goes on when it stays', async () => {
    const first = member();
    await assign(first, null);
    h.publish(call('first', START));
    await answerOf(h, first.handler.batch(at, h.world.topics.read(at, 0, 1_000), SIGNAL));
    await answerOf(h, first.handler.paused(at));
    const { end } = h.world.topics.bounds(at);
    asked = [];
    await h.clock.runUntil(() => false, HOUR);
    expect(asked.filter((name) => ['tick', 'commit', 'send', 'setWitness'].includes(name))).toEqual([]);
    first.handler.resumed(at);
    expect(await h.clock.runUntil(() => h.world.topics.bounds(at).end > end, HOUR)).toBe(true);
    await publishUntil(first, 1);
    await revoke(first);
    await expectWhole();
  });
});
