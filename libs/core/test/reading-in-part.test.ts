import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { DerivedDraft, DerivedRecord, Rules, State } from '../src/index.ts';
import {
  aggregateOf,
  contentHash,
  emptyState,
  fireTimer,
  foldEvent,
  isClosed,
  isRejection,
  readAgent,
} from '../src/index.ts';
import { expectedChat } from './chat-oracle.ts';
import { fileRules, serviceRules } from './drive.ts';
import { agentEvent, BASE, chatEvent, KEY } from './events.ts';
import { agents, chats } from './generated.ts';
import type { Delivered } from './orders.ts';
import { inAnyOrder } from './orders.ts';
import { hold } from './properties.ts';

/**
 * A chat or an agent may have thousands of changes, so that each one reads anew only what it can have touched. After
 * every step of any history, what was said must be what is said when all is read.
 */

vi.setConfig({ testTimeout: 600_000 });

const RUNS = 200;
/** Nothing waits to be said, so that every step can be looked at; state is dropped between. */
const AT_ONCE: readonly Rules[] = [fileRules({ settleMs: 0 }), serviceRules({ settleMs: 0, dropAfterMs: 20_000 })];
const SETTLED: readonly Rules[] = [fileRules(), serviceRules({ dropAfterMs: 20_000 })];

type Look = (state: State, said: ReadonlyMap<string, DerivedRecord>) => void;

/** Looks whenever nothing waits to be said. @returns how often it looked */
function watch(history: readonly Delivered[], rules: Rules, look: Look): number {
  let state: State | null = null;
  let looks = 0;
  const said = new Map<string, DerivedRecord>();
  const take = (step: ReturnType<typeof fireTimer>): void => {
    for (const { record } of step.derived) said.set(`${record.kind} ${record.outcomeId}`, record);
    state = step.state;
    if (!state || state.settleAt !== null || state.facts.length === 0) return;
    looks += 1;
    look(state, said);
  };
  const fireUpTo = (to: number): void => {
    while (state && state.timer !== null && state.timer <= to) take(fireTimer(state, state.timer, rules));
  };
  for (const { event, loggedAt } of history) {
    fireUpTo(loggedAt);
    const step = foldEvent(state ?? emptyState(event.source, KEY), event, loggedAt, rules);
    if (!isRejection(step)) take(step);
  }
  fireUpTo(Infinity);
  return looks;
}

const lookAtChat: Look = (state, said) => {
  const expected = expectedChat(state);
  const episodes = expected.episodes.map((one) => [`chat-outcome t/chatterfy/s-1/${one.episode}`, one] as const);
  const handoffs = expected.handoffs.map((one) => [`chat-handoff t/chatterfy/s-1/${one.n}`, one] as const);
  for (const [name, one] of [...episodes, ...handoffs]) {
    const { dwellMs, ...fields } = one;
    expect(said.get(name), name).toMatchObject(fields);
    expect(Object.entries(said.get(name) ?? {}).find(([field]) => field === 'dwellMs')?.[1]).toEqual(dwellMs);
  }
  expect(aggregateOf(state, SETTLED[0]?.settings as Rules['settings'])).toMatchObject(expected.now);
  const last = expected.episodes.at(-1);
  expect(isClosed(state)).toBe(state.silent || expected.now.status === null || last?.episode === expected.now.episode);
};

const lookAtAgent: Look = (state, said) => {
  for (const draft of readAgent(state) as DerivedDraft[]) {
    const record = said.get(`${draft.kind} ${draft.outcomeId}`);
    expect(record && contentHash(record), draft.outcomeId).toBe(contentHash(draft));
  }
};

const rules = fc.constantFrom(...AT_ONCE, ...SETTLED);

test('of a chat, after every step in any order', () => {
  hold(
    fc.tuple(inAnyOrder(chats()), rules),
    ([history, one]) => {
      expect(watch(history, one, lookAtChat)).toBeGreaterThan(0);
    },
    { runs: RUNS },
  );
});

test('of a chat that goes to and fro, with events that come late', () => {
  const busy = chats(['auto', 'manual', 'waiting', 'finished', 'blocked'], 120);
  hold(
    fc.tuple(inAnyOrder(busy), rules),
    ([history, one]) => {
      expect(watch(history, one, lookAtChat)).toBeGreaterThan(0);
    },
    { runs: RUNS / 10 },
  );
});

test('of an agent, after every step in any order', () => {
  hold(
    fc.tuple(inAnyOrder(agents()), rules),
    ([history, one]) => {
      expect(watch(history, one, lookAtAgent)).toBeGreaterThan(0);
    },
    { runs: RUNS },
  );
});

test('of a chat and an agent with more records than stand on one page of those published', () => {
  const words = ['auto', 'manual', 'waiting', 'manual', 'finished'] as const;
  const chat = Array.from({ length: 700 }, (_, i) => chatEvent(`c${i}`, BASE + i * 60_000, words[i % 5] ?? 'auto'));
  const states = ['Ready', 'Busy', 'Wrap'] as const;
  const agent = Array.from({ length: 1_400 }, (_, i) => {
    const duration = i % 2 === 1 ? 120_000 : null;
    return agentEvent(`a${i}`, BASE + (i >> 1) * 120_000, states[(i >> 1) % 3] ?? 'Ready', duration);
  });
  const looks = { chat: lookAtChat, agent: lookAtAgent };
  for (const events of [chat, agent]) {
    for (const one of [...AT_ONCE, serviceRules({ dropAfterMs: 7_200_000 })]) {
      const look = looks[events === chat ? 'chat' : 'agent'];
      const history = events.map((event, i) => ({ event, loggedAt: BASE + i * 60_000 }));
      let looked = 0;
      const steps = watch(history, one, (state, said) => {
        looked += 1;
        if (looked % 50 === 0) look(state, said);
      });
      expect(steps).toBeGreaterThan(500);
    }
  }
});
