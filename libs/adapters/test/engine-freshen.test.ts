/** What an owner that publishes little does so that the next one need not read back what others published. */

import { CALL_OUTCOMES, rawTopic } from '@callfold/core';
import { decodeMeta, DEFAULT_LIMITS } from '@callfold/engine';
import { expect, it } from 'vitest';
import { answerOf, byHand, HOUR, SIGNAL } from './engine-by-hand.ts';
import { call, openHarness, OUTCOMES, START } from './engine-harness.ts';

const FEW = 5;
const LIMITS = { freshenRecords: FEW };

it('knows where a topic ends that only others publish to, and says so once that is worth a commit', async () => {
  const h = await openHarness();
  const service = h.start(OUTCOMES, undefined, LIMITS);
  expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
  const quiet = { topic: rawTopic('atlas'), partition: h.placeOf(call('0', START)[0]!).partition };
  const known = async (): Promise<number | undefined> => {
    const meta = (await h.world.ports().store(OUTCOMES.name).peek(quiet))?.meta;
    return decodeMeta(meta ?? '').published[CALL_OUTCOMES];
  };
  const end = (): number => h.world.topics.bounds({ ...quiet, topic: CALL_OUTCOMES }).end;
  async function publish(count: number): Promise<void> {
    for (const until = end() + count; end() < until; ) {
      h.publish(call(`call-${h.clock.now()}`, START));
      expect(await h.clock.runUntil(h.settled([service], 0), HOUR)).toBe(true);
      await h.clock.runUntil(() => false, 20_000);
    }
  }
  await publish(1);
  expect(await h.clock.runUntil(() => false, 3 * DEFAULT_LIMITS.freshenMs)).toBe(false);
  expect(await known()).toBeLessThan(end());
  await publish(FEW);
  await h.clock.runUntil(() => false, 3 * DEFAULT_LIMITS.freshenMs);
  expect(await known()).toBe(end());
  await h.stop([service]);
});

it('fences within a minute where that was left for its first send, though it has nothing to send', async () => {
  const asked: string[] = [];
  const h = await openHarness((_part, name) => {
    asked.push(name);
    return 'none';
  });
  const at = h.placeOf(call('first', START)[0]!);
  const [one, two] = [byHand(), byHand()];
  const services = [one, two].map(({ consumer }) => h.start(OUTCOMES, undefined, {}, consumer));
  await answerOf(h, one.handler().assigned(at, SIGNAL, null));
  h.publish(call('first', START));
  await answerOf(h, one.handler().batch(at, h.world.topics.read(at, 0, 100), SIGNAL));
  const word = await answerOf(h, one.handler().revoked(at));
  asked.length = 0;
  await answerOf(h, two.handler().assigned(at, SIGNAL, word));
  expect(asked).not.toContain('fence');
  expect(await h.clock.runUntil(() => asked.includes('fence'), DEFAULT_LIMITS.freshenMs + 1_000)).toBe(true);
  expect(asked).not.toContain('send');
  await answerOf(h, two.handler().revoked(at));
  await h.stop(services);
});

it('takes no topic for read that ends before what is known of it: the next claim finds out', async () => {
  const h = await openHarness();
  const first = h.start(OUTCOMES);
  const at = h.placeOf(call('first', START)[0]!);
  h.publish(call('first', START));
  expect(await h.clock.runUntil(h.settled([first]), HOUR)).toBe(true);
  // As after an unclean leader.
  h.world.topics.truncate({ ...at, topic: CALL_OUTCOMES }, 0);
  await h.clock.runUntil(() => false, 3 * DEFAULT_LIMITS.freshenMs);
  await h.stop([first]);
  const known = decodeMeta((await h.world.ports().store(OUTCOMES.name).peek(at))?.meta ?? '').published[CALL_OUTCOMES];
  expect(known).toBeGreaterThan(0);
  const next = h.start(OUTCOMES, undefined, LIMITS);
  expect(await h.clock.runUntil(() => h.said.some(({ name }) => name === 'derived-lost'), HOUR)).toBe(true);
  await h.stop([next]);
});
