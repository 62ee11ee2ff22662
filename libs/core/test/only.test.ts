import type * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { DerivedRecord, DerivedTopic, StatusEvent } from '../src/index.ts';
import { topicOf } from '../src/index.ts';
import { serviceRules } from './drive.ts';
import { calls, chats, records } from './generated.ts';
import { fold, inAnyOrder } from './orders.ts';
import { hold } from './properties.ts';

/** Rules that want some topics alone tell those records, revision by revision, and nothing else. */

vi.setConfig({ testTimeout: 600_000 });

const CASES: readonly (readonly [string, fc.Arbitrary<StatusEvent[]>, DerivedTopic])[] = [
  ['call outcomes', calls(), 'callfold.call-outcomes'],
  ['agent offers', calls(), 'callfold.agent-offers'],
  ['outcomes of records', records(), 'callfold.call-outcomes'],
  ['offers of records, of which there are none', records(), 'callfold.agent-offers'],
  ['hand-offs', chats(), 'callfold.chat-handoffs'],
];

describe.each(CASES)('%s', (_, events, topic) => {
  test.each([0, 30_000])('settle %i ms', (settleMs) => {
    const rules = serviceRules({ settleMs });
    const only: ReadonlySet<DerivedTopic> = new Set([topic]);
    hold(
      inAnyOrder(events),
      (history) => {
        const whole = fold(history, rules);
        const narrow = fold(history, { ...rules, only });
        const told = (record: DerivedRecord): boolean => topicOf(record) === topic;
        expect(narrow.said).toEqual(whole.said.filter(({ record }) => told(record)));
      },
      { runs: 60 },
    );
  });
});
