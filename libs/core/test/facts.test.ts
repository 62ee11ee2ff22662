import { expect, test } from 'vitest';
import type { CallWord, Fact, State, StatusEvent } from '../src/index.ts';
import {
  addEvent,
  aggregateOf,
  compareFacts,
  DEFAULT_SETTINGS,
  emptyState,
  factOf,
  hasReusedId,
  insertFact,
  LIMITS,
} from '../src/index.ts';
import { attributesOf, mergeAttributes } from '../src/attributes.ts';
import { agentEvent, BASE, callEvent, chatEvent, KEY } from './events.ts';

const fact = (event: StatusEvent): Fact => factOf(event, BASE);

/**
 * At one instant, as the contract has it: the two registrations, then one word after another, and at last what is
 * unknown.
 */
const RANKS: readonly CallWord[] = [
  'registered',
  'crm-registered',
  'contact-joined',
  'agent-requested',
  'screen-shown',
  'redirected',
  'agent-joined',
  'no-answer',
  'agent-left',
  'contact-left',
  'ended',
  'recorded',
  'unknown',
];

test('at one instant facts stand in the order of their words', () => {
  const facts = RANKS.map((word, i) => fact(callEvent(`z${RANKS.length - i}`, BASE, word, null)));
  const shuffled = facts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(shuffled).not.toEqual(facts);
  expect(shuffled.toSorted(compareFacts)).toEqual(facts);
});

test('an earlier fact comes first, whatever its word', () => {
  const facts = [fact(callEvent('a', BASE, 'unknown', null)), fact(callEvent('b', BASE + 1, 'registered', null))];
  expect(facts.toReversed().toSorted(compareFacts)).toEqual(facts);
});

test('facts that differ in anything but the time of logging are two, and the same fact is one', () => {
  const one = callEvent('a', BASE, 'agent-requested', 'Anna', { agentWas: 'busy' });
  const others: StatusEvent[] = [
    { ...one, eventId: 'b' },
    { ...one, agent: 'Boris' } as StatusEvent,
    { ...one, agentWas: 'available' } as StatusEvent,
    { ...one, agentWas: null } as StatusEvent,
    { ...one, status: 'other words' },
    { ...one, status: null },
  ];
  for (const other of others) {
    expect(compareFacts(fact(one), fact(other))).not.toBe(0);
    expect(Math.sign(compareFacts(fact(one), fact(other)))).toBe(-Math.sign(compareFacts(fact(other), fact(one))));
  }
  expect(compareFacts(factOf(one, BASE), factOf({ ...one }, BASE + 5_000))).toBe(0);
  const stay = agentEvent('a', BASE, 'Ready', 5, { description: 'x' });
  expect(compareFacts(fact(stay), fact(agentEvent('a', BASE, 'Ready', null, { description: 'x' })))).not.toBe(0);
  expect(compareFacts(fact(stay), fact(agentEvent('a', BASE, 'Ready', 5)))).not.toBe(0);
});

test('a full set keeps its smallest, whichever came first, and says that something did not fit', () => {
  const facts = [3, 1, 2].map((at) => fact(callEvent(`e${at}`, BASE + at, 'no-answer', null)));
  const taken = facts.reduce<readonly Fact[]>((set, one) => insertFact(set, one, 2).facts, []);
  expect(taken.map(({ id }) => id)).toEqual(['e1', 'e2']);
  expect(insertFact(taken, facts[0] as Fact, 2)).toEqual({ facts: taken, added: false, overflowed: true });
  expect(insertFact(taken, facts[1] as Fact, 2)).toEqual({ facts: taken, added: false, overflowed: false });
});

test('what was put into a set before is not changed', () => {
  const before: readonly Fact[] = Object.freeze([fact(callEvent('a', BASE, 'ended', null))]);
  insertFact(before, fact(callEvent('b', BASE - 1, 'ended', null)), 9);
  insertFact(before, fact(callEvent('c', BASE + 1, 'ended', null)), 9);
  expect(before.map(({ id }) => id)).toEqual(['a']);
});

test('the same event again gives the very same state, so that nothing is written for it', () => {
  const event = callEvent('a', BASE, 'ended', null, { attributes: { queue: 'sales' } });
  const state = addEvent(emptyState('callcenter24', KEY), event, BASE);
  expect(addEvent(state, { ...event }, BASE + 60_000)).toBe(state);
  expect(addEvent(state, { ...event, attributes: null }, BASE)).toBe(state);
  expect(addEvent(state, { ...event, attributes: { lang: 'en' } }, BASE)).not.toBe(state);
});

test('an id that is used again for something else is noticed', () => {
  const facts = [callEvent('a', BASE, 'ended', null), callEvent('a', BASE, 'recorded', null)].map(fact);
  expect(hasReusedId(facts)).toBe(true);
  expect(hasReusedId(facts.slice(1))).toBe(false);
});

test.each([
  ['call', LIMITS.callRingingFacts, (i: number) => callEvent(`e${i}`, BASE + i, 'no-answer', null)],
  ['call', LIMITS.callFacts - LIMITS.callRingingFacts, (i: number) => callEvent(`e${i}`, BASE + i, 'ended', null)],
  ['chat', LIMITS.chatFacts, (i: number) => chatEvent(`e${i}`, BASE + i, i % 2 === 0 ? 'auto' : 'waiting')],
] as const)('a %s keeps %i facts, the earliest, and is marked when there are more', (_, most, make) => {
  let state = emptyState(make(0).source, KEY);
  for (let i = 0; i < most; i += 1) state = addEvent(state, make(i), BASE);
  expect([state.facts.length, state.truncated]).toEqual([most, false]);
  state = addEvent(state, make(most), BASE);
  expect([state.facts.length, state.truncated, state.facts.at(-1)?.id]).toEqual([most, true, `e${most - 1}`]);
  state = addEvent(state, { ...make(0), at: BASE - 1, eventId: 'late' }, BASE);
  expect([state.facts.length, state.facts[0]?.id, state.facts.at(-1)?.id]).toEqual([most, 'late', `e${most - 2}`]);
});

test('a call that rings for hours is answered all the same, in any order', () => {
  const ringing = Array.from({ length: 2_000 }, (_, i) =>
    callEvent(`r${i}`, BASE + i * 1_000, 'screen-shown', `Agent ${i % 40}`),
  );
  const told = [
    callEvent('in', BASE - 1, 'contact-joined', null),
    callEvent('join', BASE + 2_000_000, 'agent-joined', 'Agent 7'),
    callEvent('out', BASE + 2_060_000, 'contact-left', null),
  ];
  const fold = (events: readonly StatusEvent[]): State =>
    events.reduce((state, event) => addEvent(state, event, BASE), emptyState('callcenter24', KEY));
  const [one, other] = [fold([...told, ...ringing]), fold([...ringing.toReversed(), ...told])];
  expect(one.facts.map(({ id }) => id)).toEqual(other.facts.map(({ id }) => id));
  expect([one.truncated, one.facts.length]).toEqual([true, LIMITS.callRingingFacts + told.length]);
  expect(aggregateOf(one, DEFAULT_SETTINGS)).toMatchObject({ outcome: 'answered', waitMs: 2_000_001, talkMs: 60_000 });
});

test('the reports of one stay take one place, the better one, whichever came first', () => {
  const reports = [
    agentEvent('a', BASE, 'Busy', null, { description: 'Live' }),
    agentEvent('b', BASE, 'Busy', 60_000, { description: 'Live' }),
    agentEvent('c', BASE, 'Busy', 30_000, { description: 'Live' }),
    agentEvent('d', BASE, 'Busy', 60_000, { description: 'Live' }),
    agentEvent('e', BASE, 'Ready', 0),
  ];
  const fold = (events: readonly StatusEvent[]): State =>
    events.reduce((state, event) => addEvent(state, event, BASE), emptyState('vonage', KEY));
  const orders = [reports, reports.toReversed(), [...reports.slice(2), ...reports]];
  for (const events of orders) expect(fold(events).facts.map(({ id }) => id)).toEqual(['e', 'b']);
  const known = fold(reports);
  for (const event of reports) expect(addEvent(known, event, BASE + 1)).toBe(known);
});

test('attributes are cut at their limits, never through a character, and what was cut is marked', () => {
  const long = `${'x'.repeat(LIMITS.attributeValue - 1)}😀`;
  const { attributes, overflowed } = mergeAttributes([], { ['n'.repeat(300)]: 'v', long }, BASE);
  expect(attributesOf(attributes)).toEqual({ ['n'.repeat(LIMITS.attributeName)]: 'v', long: 'x'.repeat(255) });
  expect(overflowed).toBe(true);
  expect(mergeAttributes([], { name: 'x'.repeat(LIMITS.attributeValue) }, BASE).overflowed).toBe(false);
});

test('an attribute may have any name', () => {
  const values = JSON.parse('{"__proto__": "p", "constructor": "c", "10": "ten", "9": "nine"}') as Record<
    string,
    string
  >;
  const kept = attributesOf(mergeAttributes([], values, BASE).attributes);
  expect(JSON.stringify(kept)).toBe('{"9":"nine","10":"ten","__proto__":"p","constructor":"c"}');
});
