import type { AgentInterval, ChatHandoff, ChatOutcome } from '@callfold/schemas';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { DerivedRecord, State, StatusEvent } from '../src/index.ts';
import {
  addEvent,
  agentIntervals,
  CHAT_WORDS,
  contentHash,
  emptyState,
  LIMITS,
  readAgent,
  readChat,
} from '../src/index.ts';
import { fileRules, serviceRules } from './drive.ts';
import { agentEvent, BASE, chatEvent, KEY } from './events.ts';
import { agents, chats } from './generated.ts';
import type { Delivered } from './orders.ts';
import { fold, inAnyOrder, inOrder, sayings } from './orders.ts';
import { delivery, hold } from './properties.ts';

/** What holds of every chat and of every agent. */

vi.setConfig({ testTimeout: 600_000 });

const RULES = fileRules();
const RUNS = 300;

function said(history: readonly Delivered[]): readonly DerivedRecord[] {
  return [...sayings(fold(history, RULES)).values()] as DerivedRecord[];
}

function intervalsOf(records: readonly DerivedRecord[]): readonly AgentInterval[] {
  const intervals = records.filter((record) => record.kind === 'agent-interval');
  return intervals.sort((a, b) => a.start - b.start || (a.end ?? Infinity) - (b.end ?? Infinity));
}

test('intervals never overlap, and their durations are their ends less their starts', () => {
  hold(
    inAnyOrder(agents()),
    (history) => {
      const intervals = intervalsOf(said(history));
      for (const [index, one] of intervals.entries()) {
        const next = intervals[index + 1];
        expect(one.durationMs).toBe(one.end === null ? null : one.end - one.start);
        expect(one.durationFrom === 'open').toBe(one.end === null);
        if (one.durationMs !== null) expect(one.durationMs).toBeGreaterThanOrEqual(0);
        if (next) expect(one.end).not.toBeNull();
        if (next) expect(one.end).toBeLessThanOrEqual(next.start);
        expect(one.flags.includes('gap-after')).toBe(next !== undefined && (one.end ?? Infinity) < next.start);
        if (one.flags.includes('overlap')) expect([one.durationFrom, one.end]).toEqual(['derived', next?.start]);
      }
      const starts = new Set(history.map(({ event }) => event.at));
      expect(new Set(intervals.map(({ start }) => start))).toEqual(starts);
    },
    { runs: RUNS },
  );
});

test('an agent is in the state that began last', () => {
  hold(
    agents(),
    (events) => {
      const facts =
        fold(
          events.map((event) => ({ event, loggedAt: BASE })),
          RULES,
        ).state?.facts ?? [];
      const last = Math.max(...events.map(({ at }) => at));
      expect(agentIntervals(facts).at(-1)?.deciding.at).toBe(last);
    },
    { runs: RUNS },
  );
});

test('a service that refused nothing says of an agent in the end what a file says', () => {
  hold(
    inOrder(agents()),
    (history) => {
      const service = fold(history, serviceRules());
      const taken = history.filter(
        ({ event }) => service.state === null || event.at > (service.state.horizon ?? -Infinity),
      );
      fc.pre(taken.length > 0);
      expect(service.said).toEqual(fold(history, RULES).said);
    },
    { runs: RUNS },
  );
});

/** The set of events alone, without the records on the way. */
function stateOf(events: readonly StatusEvent[]): State {
  const source = events[0]?.source ?? 'vonage';
  return events.reduce((state, event) => addEvent(state, event, BASE), emptyState(source, KEY));
}

test('a year of an agent within a minute: what a service keeps is bounded, and what it says is what a file says', () => {
  const size = LIMITS.agentFactsKept + 1_500;
  const events = Array.from({ length: size }, (_, i) => {
    const word = (['Ready', 'Busy', 'Wrap'] as const)[i % 3] ?? 'Ready';
    return agentEvent(`y${i}`, BASE + i * 60_000, word, i % 5 === 0 ? 50_000 : null);
  });
  const service = fold(
    events.map((event, i) => ({ event, loggedAt: BASE + i })),
    serviceRules(),
  );
  const last = new Map(service.said.map(({ record }) => [record.outcomeId, contentHash(record)]));
  const whole = readAgent(stateOf(events)).map((draft) => [draft.outcomeId, contentHash(draft)]);
  expect([...last]).toEqual(whole);
  expect(last.size).toBe(size);
  expect(service.state?.facts.length).toBeLessThanOrEqual(LIMITS.agentFactsKept);
  expect(service.state?.truncated).toBe(false);
});

const outcomesOf = (records: readonly DerivedRecord[]): readonly ChatOutcome[] =>
  records.filter((record) => record.kind === 'chat-outcome').sort((a, b) => a.episode - b.episode);
const handoffsOf = (records: readonly DerivedRecord[]): readonly ChatHandoff[] =>
  records.filter((record) => record.kind === 'chat-handoff').sort((a, b) => a.n - b.n);

test('episodes are numbered without a gap, follow one another, and an ended one is dwell time through and through', () => {
  hold(
    inAnyOrder(chats()),
    (history) => {
      const episodes = outcomesOf(said(history));
      expect(episodes.map(({ episode }) => episode)).toEqual(episodes.map((_, i) => i + 1));
      for (const [index, one] of episodes.entries()) {
        const dwell = Object.values(one.dwellMs);
        for (const ms of dwell) expect(ms).toBeGreaterThanOrEqual(0);
        const whole = dwell.reduce((sum, ms) => sum + ms, 0);
        if (one.endedAt !== null) expect(whole).toBe(one.endedAt - one.startedAt);
        expect(one.inferred).toBe(one.outcome === 'stalled' || one.outcome === 'unknown');
        expect(one.endedAt === null).toBe(one.inferred);
        // Only the last one can be closed by silence: the others ended, or there would be no next.
        if (one.inferred) expect(index).toBe(episodes.length - 1);
        const before = episodes[index - 1];
        if (before) expect(one.startedAt).toBeGreaterThanOrEqual(before.endedAt ?? Infinity);
      }
    },
    { runs: RUNS },
  );
});

test('hand-offs are numbered over all episodes, and every one is counted', () => {
  hold(
    inAnyOrder(chats()),
    (history) => {
      const records = said(history);
      const handoffs = handoffsOf(records);
      expect(handoffs.map(({ n }) => n)).toEqual(handoffs.map((_, i) => i + 1));
      for (const one of handoffs) {
        expect(one.dwellMs).toBe(one.leftAt === null ? null : one.leftAt - one.enteredAt);
        expect(one.returnedTo === null).toBe(one.leftAt === null);
        expect(one.dwellMs ?? 0).toBeGreaterThanOrEqual(0);
      }
      for (const episode of outcomesOf(records)) {
        expect(handoffs.filter((one) => one.episode === episode.episode)).toHaveLength(episode.handoffs);
        expect(episode.contained).toBe(episode.handoffs === 0);
      }
    },
    { runs: RUNS },
  );
});

test('a repeat of the status that stands starts nothing', () => {
  hold(
    chats(),
    (events) => {
      const repeated = events.flatMap((event): StatusEvent[] => {
        const alone = events.every((other) => other === event || Math.abs(other.at - event.at) > 1);
        return alone
          ? [event, { ...event, at: event.at + 1, eventId: `${event.eventId} again`, attributes: null }]
          : [event];
      });
      const plain = said(events.map((event) => ({ event, loggedAt: BASE })));
      const twice = said(repeated.map((event) => ({ event, loggedAt: BASE })));
      expect(twice).toEqual(plain);
    },
    { runs: RUNS },
  );
});

test('what was published of a chat never vanishes', () => {
  hold(
    inAnyOrder(chats()),
    (history) => {
      const last = new Set(said(history).map(({ outcomeId, kind }) => `${kind} ${outcomeId}`));
      for (let size = 1; size < history.length; size += 1) {
        for (const { outcomeId, kind } of said(history.slice(0, size))) expect(last).toContain(`${kind} ${outcomeId}`);
      }
    },
    { runs: RUNS / 10 },
  );
});

test('more than a chat keeps: in any order the same', () => {
  const many = fc.integer({ min: 1, max: 0xffff }).map((seed) =>
    Array.from({ length: LIMITS.chatFacts + 50 }, (_, i) => {
      const word = CHAT_WORDS[(i * seed) % CHAT_WORDS.length] ?? 'auto';
      return chatEvent(`m${i}`, BASE + ((i * seed) % 4_093), word);
    }),
  );
  hold(
    many.chain((events) => fc.tuple(delivery(events), delivery(events))),
    ([one, other]) => {
      const [a, b] = [stateOf(one), stateOf(other)];
      expect(a.truncated).toBe(true);
      expect(a.facts.map(({ id }) => id)).toEqual(b.facts.map(({ id }) => id));
      expect(readChat(a)).toEqual(readChat(b));
    },
    { runs: 2 },
  );
});
