/** A chat's first episode and its first hand-off have one id, in two topics: nothing may take one for the other. */

import type { RawEvent } from '@callfold/core';
import { CHAT_HANDOFFS, CHAT_OUTCOMES } from '@callfold/core';
import { expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { event, openHarness, OUTCOMES, START } from './engine-harness.ts';

const HOUR = 3_600_000;
const ID = 'default/chatterfy/c/1';

function chat(chatId: string, ...words: readonly string[]): RawEvent[] {
  return words.map((status, n) =>
    event({ source: 'chatterfy', chatId, occurredAt: START + n * 1_000, status, eventId: `e-${n}` }),
  );
}

const idsIn = (h: Harness, topic: string): string[] =>
  h.read(topic).map(({ key }) => String.fromCodePoint(...(key ?? [])));

it('verify finds a chat that was handed off as it should be', async () => {
  const h = await openHarness();
  h.publish(chat('c', 'Auto', 'Manual', 'Auto', 'Finished'));
  const service = h.start(OUTCOMES);
  expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
  expect(new Set(idsIn(h, CHAT_OUTCOMES))).toEqual(new Set([ID]));
  expect(new Set(idsIn(h, CHAT_HANDOFFS))).toEqual(new Set([ID]));
  await h.stop([service]);
  const said = await h.findings();
  expect(said.filter((one) => one.includes('chatterfy'))).toEqual([]);
});

it('sends nothing twice and corrects nothing when the store forgets that they were sent', async () => {
  const h = await openHarness();
  h.publish(chat('before', 'Auto', 'Finished'));
  const service = h.start(OUTCOMES);
  expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
  const snapshot = h.world.storeServer(OUTCOMES.name).snapshot();
  const events = chat('c', 'Auto', 'Manual', 'Auto', 'Finished');
  // The hand-off is published while the chat is still open, and the outcome after it.
  h.publish(events.slice(0, 2));
  const has = (topic: string) => (): boolean => h.settled([service])() && idsIn(h, topic).includes(ID);
  expect(await h.clock.runUntil(has(CHAT_HANDOFFS), HOUR)).toBe(true);
  h.publish(events.slice(2));
  expect(await h.clock.runUntil(has(CHAT_OUTCOMES), HOUR)).toBe(true);
  const before = [...h.read(CHAT_OUTCOMES), ...h.read(CHAT_HANDOFFS)];
  h.world.storeServer(OUTCOMES.name).restore(snapshot);
  h.publish(chat('after', 'Auto', 'Finished'));
  const isDone = (): boolean => h.settled([service])() && h.said.some(({ name }) => name === 'partition-moved');
  expect(await h.clock.runUntil(isDone, HOUR)).toBe(true);
  const after = [...h.read(CHAT_OUTCOMES), ...h.read(CHAT_HANDOFFS)];
  const fresh = after.filter(({ key }) => String.fromCodePoint(...(key ?? [])).includes('/after/'));
  expect(after.length - before.length).toBe(fresh.length);
  await h.stop([service]);
});
