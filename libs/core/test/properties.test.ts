import type * as fc from 'fast-check';
import { fromJson } from '@callfold/schemas';
import { describe, expect, test, vi } from 'vitest';
import type { DerivedDraft, DerivedRecord, State, StatusEvent } from '../src/index.ts';
import {
  aggregateOf,
  contentHash,
  encodeState,
  labelOf,
  readAgent,
  readCall,
  readCallRecord,
  readChat,
  recordJson,
  suffixOf,
} from '../src/index.ts';
import { fileRules } from './drive.ts';
import { agents, calls, chats, records } from './generated.ts';
import { fold, inAnyOrder, inTwoOrders, saying, sayings, stored } from './orders.ts';
import { hold } from './properties.ts';

/** What holds of every subject of every kind. */

vi.setConfig({ testTimeout: 600_000 });

const RULES = fileRules();
const KINDS: readonly (readonly [string, fc.Arbitrary<StatusEvent[]>])[] = [
  ['calls', calls()],
  ['records', records()],
  ['chats', chats()],
  ['agents', agents()],
];
const TOPICS = {
  'call-outcome': 'callfold.call-outcomes',
  'agent-offer': 'callfold.agent-offers',
  'chat-outcome': 'callfold.chat-outcomes',
  'chat-handoff': 'callfold.chat-handoffs',
  'agent-interval': 'callfold.agent-intervals',
} as const;
const RUNS = 150;

/** Everything that can be said of a subject, read afresh from its state. */
function readings(state: State): readonly DerivedDraft[] {
  if (state.kind === 'agent') return readAgent(state);
  if (state.kind === 'chat') return [...readChat(state).outcomes, ...readChat(state).handoffs];
  if (state.source === 'atlas') return [readCallRecord(state)];
  const { outcome, offers } = readCall(state, RULES.settings);
  return [outcome, ...offers];
}

describe.each(KINDS)('%s', (kind, events) => {
  test('in any order and however often they come: the same aggregate and the same last records', () => {
    hold(
      inTwoOrders(events),
      ([one, other]) => {
        const [a, b] = [fold(one, RULES), fold(other, RULES)];
        expect(aggregateOf(a.state as State, RULES.settings)).toEqual(aggregateOf(b.state as State, RULES.settings));
        expect([...sayings(a)]).toEqual([...sayings(b)]);
      },
      { runs: RUNS },
    );
  });

  test('what stands in the end is what the state says when it is read as a whole', () => {
    hold(
      inAnyOrder(events),
      (history) => {
        const driver = fold(history, RULES);
        const state = driver.state as State;
        const whole = readings(state).map((draft): [string, object] => [
          suffixOf(state, draft),
          saying(draft as DerivedRecord),
        ]);
        expect([...sayings(driver)]).toEqual(whole.sort(([a], [b]) => (a < b ? -1 : 1)));
      },
      { runs: RUNS },
    );
  });

  test('revisions have no gap, say something new each time, and name what they correct', () => {
    hold(
      inAnyOrder(events),
      (history) => {
        const { said, state } = fold(history, RULES);
        const latest = new Map<string, DerivedRecord>();
        for (const { record } of said) {
          const name = suffixOf(state as State, record);
          const before = latest.get(name);
          expect(record.revision).toBe((before?.revision ?? 0) + 1);
          const corrects = before && labelOf(before) !== labelOf(record);
          expect(record.correctionOf).toBe(corrects ? labelOf(before) : null);
          if (before) expect(contentHash(record)).not.toBe(contentHash(before));
          latest.set(name, record);
        }
        const outcomes = [...latest.values()].filter((record) => record.kind === 'call-outcome');
        expect(outcomes).toHaveLength(kind === 'calls' || kind === 'records' ? 1 : 0);
      },
      { runs: RUNS },
    );
  });

  test('a record is the same from JSON, and hashes alike', () => {
    hold(
      inAnyOrder(events),
      (history) => {
        for (const { record } of fold(history, RULES).said) {
          const copy: DerivedRecord = fromJson(TOPICS[record.kind], JSON.parse(JSON.stringify(recordJson(record))));
          expect(copy).toEqual(record);
          expect(contentHash(copy)).toBe(contentHash(record));
        }
      },
      { runs: RUNS / 3 },
    );
  });

  test('through the store and back at every step: the same state, the same text, the same records', () => {
    hold(
      inAnyOrder(events),
      (history) => {
        const kept = fold(history, RULES);
        const restored = fold(history, RULES, stored);
        expect(restored.said).toEqual(kept.said);
        // First, since it keeps what the text has of its facts from then on, as the restored one does.
        const text = encodeState(kept.state as State);
        expect(restored.state).toEqual(kept.state);
        expect(encodeState(restored.state as State)).toBe(text);
        expect(encodeState({ ...stored(kept.state as State), factsText: null })).toBe(text);
      },
      { runs: RUNS / 3 },
    );
  });
});
