import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { StatusEvent } from '../src/index.ts';
import {
  AGENT_OFFERS,
  aggregateOf,
  agentsInCall,
  CALL_OUTCOMES,
  CHAT_OUTCOMES,
  encodeState,
  erasureText,
  isErased,
  nextDue,
  readErasure,
  readSubjectKey,
  topicOf,
} from '../src/index.ts';
import { drive, fileRules, serviceRules } from './drive.ts';
import { BASE, callEvent } from './events.ts';
import { agents, calls, chats, records } from './generated.ts';
import type { Delivered } from './orders.ts';
import { inAnyOrder, stored } from './orders.ts';
import { hold } from './properties.ts';

vi.setConfig({ testTimeout: 600_000 });

const KINDS: readonly (readonly [string, fc.Arbitrary<StatusEvent[]>])[] = [
  ['calls', calls()],
  ['records', records()],
  ['chats', chats()],
  ['agents', agents()],
];
const RUNS = 150;
/** As any time, so that texts can be compared. */
const NOTHING_LEFT = encodeState(erasedAlone());

function erasedAlone() {
  const driver = drive(fileRules());
  driver.erase(callEvent('e', BASE, 'registered', null), BASE);
  if (!driver.state) throw new Error('an erasure leaves a state');
  return { ...driver.state, changedAt: 0 };
}

/** A history, and before which of its events the erasure comes; behind the last one, too. */
const erasedSomewhere = (
  events: fc.Arbitrary<StatusEvent[]>,
): fc.Arbitrary<{ readonly history: readonly Delivered[]; readonly place: number }> =>
  inAnyOrder(events).chain((history) =>
    fc.record({ history: fc.constant(history), place: fc.integer({ min: 0, max: history.length }) }),
  );

describe.each(KINDS)('%s erased at any point of any order', (_, events) => {
  test.each([
    ['with all it ever said at hand', fileRules()],
    ['after what was dropped', serviceRules()],
  ])('leave nothing behind, and nothing comes back: %s', (_name, rules) => {
    hold(
      erasedSomewhere(events),
      ({ history, place }) => {
        const driver = drive(rules, stored);
        for (const { event, loggedAt } of history.slice(0, place)) driver.push(event, loggedAt);
        const { event: any } = history[0] as Delivered;
        const erasedAt = history[place]?.loggedAt ?? Infinity;
        const at = erasedAt === Infinity ? (history.at(-1)?.loggedAt ?? BASE) : erasedAt;
        driver.advance(at);
        const said = driver.said.map(({ record }) => ({
          topic: topicOf(record),
          outcomeId: record.outcomeId,
          revision: record.revision,
        }));
        // What was dropped from the state its erasure has to name.
        const tombstones = driver.erase(any, at, rules.drops ? said : []);
        const topic = new Map(said.map((one) => [`${one.topic} ${one.outcomeId}`, one.revision]));
        for (const one of tombstones) {
          expect(topic.get(`${one.topic} ${one.outcomeId}`)).toBe(one.revision);
          topic.delete(`${one.topic} ${one.outcomeId}`);
        }
        expect([...topic.keys()]).toEqual([]);

        for (const { event, loggedAt } of history.slice(place)) {
          expect(driver.push(event, loggedAt)).toMatchObject({ rejected: 'erased' });
        }
        driver.end();
        const { state } = driver;
        expect(driver.said).toHaveLength(said.length);
        expect(state && isErased(state)).toBe(true);
        expect(state && encodeState({ ...state, changedAt: 0 })).toBe(NOTHING_LEFT);
        expect(state && nextDue(state, rules)).toBeNull();
        expect(state && aggregateOf(state, rules.settings)).toBeNull();
        expect(state && [...agentsInCall(state, rules.settings)]).toEqual([]);
      },
      { runs: RUNS },
    );
  });
});

test('a second erasure changes nothing but what it names', () => {
  const driver = drive(fileRules({ settleMs: 0 }));
  const ended = callEvent('e', BASE, 'ended', null);
  driver.push(ended, BASE);
  const [first] = driver.erase(ended, BASE + 1);
  expect(first).toEqual({ topic: CALL_OUTCOMES, outcomeId: 't/callcenter24/s-1', revision: 1 });
  const before = driver.state;
  expect(driver.erase(ended, BASE + 2)).toEqual([]);
  expect(driver.state).toBe(before);
  const named = [{ topic: AGENT_OFFERS, outcomeId: 't/callcenter24/s-1/Anna/1', revision: 3 }] as const;
  expect(driver.erase(ended, BASE + 3, named)).toEqual(named);
  expect(driver.state).toBe(before);
});

test('a projector publishes no tombstone', () => {
  const driver = drive({ ...serviceRules(), publishes: false });
  const ended = callEvent('e', BASE, 'ended', null);
  driver.push(ended, BASE);
  expect(driver.erase(ended, BASE)).toEqual([]);
});

describe('what an erasure says', () => {
  const named = [{ topic: CALL_OUTCOMES, outcomeId: 't/callcenter24/s-1', revision: 2 }] as const;

  test('is read as it was written', () => {
    expect(readErasure(erasureText(named), 'callcenter24', 't')).toEqual(named);
    expect(readErasure(erasureText([]), 'atlas', 't')).toEqual([]);
  });

  test.each([
    ['another tenant', erasureText(named), 'callcenter24', 'u'],
    ['a tenant that begins like it', erasureText(named), 'callcenter24', 't/callcenter24'],
    ['another source', erasureText(named), 'atlas', 't'],
    ['a topic that is not of the source', erasureText([{ ...named[0], topic: CHAT_OUTCOMES }]), 'callcenter24', 't'],
    ['no revision', erasureText([{ ...named[0], revision: 0 }]), 'callcenter24', 't'],
    ['another version', '{"version":2,"records":[]}', 'callcenter24', 't'],
    ['no JSON', '1', 'callcenter24', 't'],
    ['nothing', '', 'callcenter24', 't'],
  ] as const)('is nothing where it is of %s', (_name, text, source, tenant) => {
    expect(readErasure(text, source, tenant)).toBeNull();
  });

  test('names a subject by the key as it is written, and by no other', () => {
    expect(readSubjectKey('t/s%2F1')).toEqual({ tenantId: 't', subjectId: 's/1' });
    for (const key of ['', 't', 't/', '/s', 'no tenant/s', 't/s/1', 't/s%1', `t/${'x'.repeat(257)}`]) {
      expect(readSubjectKey(key)).toBeNull();
    }
  });
});
