/** What is shown while subjects move to partitions that were added to their topic. */

import { createMemoryWorld, systemClock } from '@callfold/adapters';
import type { State } from '@callfold/core';
import {
  DEFAULT_SETTINGS,
  emptyState,
  encodeState,
  foldEvent,
  isRejection,
  partitionOf,
  rawTopic,
  subjectKey,
  TOPICS,
} from '@callfold/core';
import type { At, Claim } from '@callfold/engine';

import { normalise, readEvent } from '@callfold/sources';
import { expect, test, vi } from 'vitest';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import { startWatch } from '../src/watch.ts';

const TOPIC = rawTopic('callcenter24');
const [WAS, NOW] = [2, 4];
const soon = { timeout: 5_000, interval: 5 };

function waiting(id: string): readonly [string, State] {
  const raw = readEvent({
    source: 'callcenter24',
    callId: id,
    occurredAt: Date.now(),
    status: 'Participant join (Contact)',
  });
  if (isRejection(raw)) throw new Error(raw.reason);
  const key = subjectKey(raw.tenantId, id);
  const rules = { settings: DEFAULT_SETTINGS, publishes: false, drops: true };
  const step = foldEvent(emptyState('callcenter24', key), normalise(raw), Date.now(), rules);
  if (isRejection(step) || step.state === null) throw new Error('it was not folded');
  return [key, step.state];
}

test('subjects that move to partitions that were added stay, and are followed there, without a restart', async () => {
  const world = createMemoryWorld({ clock: systemClock });
  for (const { name } of TOPICS) world.topics.create(name, WAS);
  const store = world.ports().store('projector');
  const claims = new Map<number, { readonly claim: Claim; next: number | null }>();

  async function commit(
    partition: number,
    partitions: number,
    states: ReadonlyMap<string, State | null>,
  ): Promise<void> {
    const at: At = { topic: TOPIC, partition };
    const held = claims.get(partition) ?? (await store.claim(at, `token-${partition}`));
    const next = (held.next ?? 0) + 1;
    const texts = new Map([...states].map(([key, state]) => [key, state && encodeState(state)]));
    const answer = await store.commit(at, held.claim, {
      expected: held.next,
      next,
      meta: JSON.stringify({ version: 1, partitions, clock: Date.now() }),
      tables: new Map([['states', texts]]),
      timers: new Map(),
      outboxFrom: 0,
      outbox: [],
      outboxTrim: 0,
      feed: true,
    });
    expect(answer).toEqual({ ok: true });
    claims.set(partition, { claim: held.claim, next });
  }

  const placed = (id: string, partitions: number): number => partitionOf('default', id, partitions);
  const ids = Array.from({ length: 40 }, (_, n) => `call-${n}`).filter((id) => placed(id, WAS) === 0);
  const moving = ids.filter((id) => placed(id, NOW) !== 0);
  expect(moving.length).toBeGreaterThan(2);
  await commit(0, WAS, new Map(ids.map(waiting)));
  const shelf = { book: null, root: '1', settings: DEFAULT_SETTINGS, storeOf: () => store };
  const watch = startWatch({
    shelf,
    log: world.ports().log('projector'),
    clock: systemClock,
    limits: { ...CONSOLE_LIMITS, pollMs: 5, confirmMs: 20, retryMs: 5 },
    onChanges: () => undefined,
    onTrouble: (message) => expect.unreachable(message),
  });
  const size = (): number | undefined => watch.picture()?.size;
  await vi.waitFor(() => expect(size()).toBe(ids.length), soon);
  world.topics.grow(TOPIC, NOW);
  await commit(WAS, WAS, new Map(moving.map(waiting)));
  await commit(0, WAS, new Map(moving.map((id) => [waiting(id)[0], null])));
  await commit(0, NOW, new Map());
  await vi.waitFor(() => expect(size()).toBe(ids.length), soon);
  const later = Array.from({ length: 400 }, (_, n) => `late-${n}`).find((id) => placed(id, NOW) === WAS) as string;
  await commit(WAS, NOW, new Map([waiting(later)]));
  await vi.waitFor(() => expect(size()).toBe(ids.length + 1), soon);
  await watch.stop();
});
