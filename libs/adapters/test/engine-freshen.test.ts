/** What an owner that publishes little does so that the next one need not read back what others published. */

import { CALL_OUTCOMES, rawTopic, utf8Bytes } from '@callfold/core';
import type { ConsumerHandler } from '@callfold/engine';
import { DEFAULT_LIMITS, metaOf } from '@callfold/engine';
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
  const known = async (): Promise<number | undefined> =>
    metaOf(await h.world.ports().store(OUTCOMES.name).peek(quiet))?.published[CALL_OUTCOMES];
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

it('gives a partition away without a word while it fences, which may land behind the next owner’s', async () => {
  const held: string[] = [];
  let hangs = false;
  const h = await openHarness((_part, name) => {
    if (!hangs || name !== 'fence') return 'none';
    held.push(name);
    return 'hang';
  });
  const at = h.placeOf(call('first', START)[0]!);
  const [one, two] = [byHand(), byHand()];
  const services = [one, two].map(({ consumer }) => h.start(OUTCOMES, undefined, {}, consumer));
  await answerOf(h, one.handler().assigned(at, SIGNAL, null));
  const word = await answerOf(h, one.handler().revoked(at));
  await answerOf(h, two.handler().assigned(at, SIGNAL, word));
  hangs = true;
  expect(await h.clock.runUntil(() => held.length > 0, HOUR)).toBe(true);
  // Its commit before the fence is answered, and nothing waits to be sent.
  expect(await answerOf(h, two.handler().paused(at))).toBeNull();
  two.handler().resumed(at);
  hangs = false;
  h.letGo();
  expect(await answerOf(h, two.handler().paused(at))).not.toBeNull();
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
  // Something to commit, which goes to another topic.
  h.append(at, { key: utf8Bytes('key'), value: new Uint8Array([9, 9, 9]) });
  expect(await h.clock.runUntil(() => h.letters().length === 1, HOUR)).toBe(true);
  await h.stop([first]);
  const known = metaOf(await h.world.ports().store(OUTCOMES.name).peek(at))?.published[CALL_OUTCOMES];
  expect(known).toBeGreaterThan(0);
  const next = h.start(OUTCOMES, undefined, LIMITS);
  expect(await h.clock.runUntil(() => h.said.some(({ name }) => name === 'derived-lost'), HOUR)).toBe(true);
  await h.stop([next]);
});

/** Two owners, of which the first does not hear that the second has come, and a store that loses the second one. */
async function lostOwner(freshenMs: number) {
  const h = await openHarness();
  const [one, two] = [byHand(), byHand()];
  const limits = { freshenMs, confirmMs: HOUR };
  const services = [one, two].map(({ consumer }) => h.start(OUTCOMES, undefined, limits, consumer));
  const at = h.placeOf(call('first', START)[0]!);
  const garbage = { key: utf8Bytes('key'), value: new Uint8Array([9, 9, 9]) };
  type Member = { readonly handler: () => ConsumerHandler };
  async function fold({ handler }: Member, from: number, most = 100): Promise<void> {
    const read = h.world.topics.read(at, from, most);
    await answerOf(h, handler().batch(at, { ...read, end: read.next }, SIGNAL));
    await h.clock.runUntil(() => false, 500);
  }
  await answerOf(h, one.handler().assigned(at, SIGNAL, null));
  h.append(at, garbage);
  await fold(one, 0);
  const server = h.world.storeServer(OUTCOMES.name);
  const replica = server.snapshot();
  await answerOf(h, two.handler().assigned(at, SIGNAL, null));
  for (let n = 0; n < 2; n += 1) h.append(at, garbage);
  await fold(two, 1);
  expect(h.letters()).toHaveLength(3);
  await h.clock.runUntil(() => false, 10_000);
  server.restore(replica);
  await fold(one, 1, 1);
  await h.clock.runUntil(() => false, 10_000);
  await fold(one, services[0]?.status()[0]?.position ?? 0, 1);
  await h.clock.runUntil(() => false, 60_000);
  const seqs = h.letters().map(({ seq, letter }) => [seq, letter.originOffset]);
  await h.stop(services);
  return seqs;
}

it('takes nothing for its own that another one sent, whose commits the store lost, before it has folded that itself', async () => {
  expect(await lostOwner(1_000)).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
});

it('claims anew when it reads back more than it knows of', async () => {
  expect(await lostOwner(HOUR)).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
});
