/** The benchmarks' input: whole calls, as many at a time as asked for, where their keys belong, known outcomes. */

import type { RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, addEvent, emptyState, partitionOf, readCall, subjectKey } from '@callfold/core';
import { normalise, readEvent } from '@callfold/sources';
import { expect, test, vi } from 'vitest';
import type { Input, InputOptions } from '../bench/input.mjs';
import { chunksByPartition, createInput } from '../bench/input.mjs';

// They compute and wait for nothing: only a busy machine makes them slow.
vi.setConfig({ testTimeout: 60_000 });

function all(input: Input): RawEvent[] {
  const events: RawEvent[] = [];
  for (let event = input.next(); event !== null; event = input.next()) events.push(event);
  return events;
}

const make = (options: InputOptions): RawEvent[] => all(createInput(options));

test('the same options give the same input, another seed another', () => {
  const options = { events: 500, live: 40 };
  expect(make(options)).toEqual(make(options));
  expect(make({ ...options, seed: 2 })).not.toEqual(make(options));
});

test('every event is one that the validator would have made, and no word is unknown', () => {
  for (const event of make({ events: 3_000, live: 50 })) {
    const { subjectId, startedAt: _s, endedAt: _e, recordVersion: _r, duration: _d, description: _t, ...json } = event;
    expect(readEvent({ ...json, callId: subjectId })).toEqual(event);
    expect(normalise(event).word).not.toBe('unknown');
  }
});

test('event ids are short and all different, times never go back', () => {
  const events = make({ events: 50_000, live: 500 });
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  expect(Math.max(...events.map(({ eventId }) => eventId.length))).toBeLessThan(20);
  expect(events.filter(({ occurredAt }, index) => occurredAt < (events[index - 1]?.occurredAt ?? 0))).toEqual([]);
});

test('as many calls stand open at a time as asked for', () => {
  const open = new Set<string>();
  const counts: number[] = [];
  const lastOf = new Map(make({ events: 60_000, live: 400, drain: true }).map((event) => [event.subjectId, event]));
  const input = createInput({ events: 60_000, live: 400, drain: true });
  for (let made = 0; made < 60_000; made += 1) {
    const event = input.next();
    if (event === null) break;
    open.add(event.subjectId);
    if (lastOf.get(event.subjectId)?.eventId === event.eventId) open.delete(event.subjectId);
    if (made > 5_000) counts.push(open.size);
  }
  // Between two calls in one place lies up to a second.
  expect(Math.min(...counts)).toBeGreaterThan(380);
  expect(Math.max(...counts)).toBeLessThanOrEqual(400);
});

test('with a great many live calls, no stretch of thousands of events holds a call twice', () => {
  const [live, stretch] = [100_000, 4_000];
  const lastAt = new Map<string, number>();
  let nearest = Infinity;
  for (const [at, { subjectId }] of make({ events: 250_000, live }).entries()) {
    nearest = Math.min(nearest, at - (lastAt.get(subjectId) ?? -Infinity));
    lastAt.set(subjectId, at);
  }
  expect(nearest).toBeGreaterThan(stretch);
  expect(lastAt.size).toBeGreaterThanOrEqual(live);
});

test('the pieces hold one partition each, the one where the key belongs, and all events in order', () => {
  const options = { events: 20_000, live: 300, partitions: 6 };
  const pieces = [...chunksByPartition(createInput(options), 500)];
  for (const { partition, events } of pieces) {
    expect(events.length).toBeLessThanOrEqual(500);
    expect(new Set(events.map((one) => partitionOf(one.tenantId, one.subjectId, 6)))).toEqual(new Set([partition]));
  }
  const whole = make(options);
  for (let partition = 0; partition < 6; partition += 1) {
    const own = whole.filter((one) => partitionOf(one.tenantId, one.subjectId, 6) === partition);
    expect(pieces.filter((piece) => piece.partition === partition).flatMap(({ events }) => events)).toEqual(own);
    expect(own.length).toBeGreaterThan(2_000);
  }
});

test('tenants are Zipf-distributed', () => {
  const calls = new Map(
    make({ events: 200_000, live: 1_000, tenants: 100 }).map((one) => [one.subjectId, one.tenantId]),
  );
  const counts = new Map<string, number>();
  for (const tenant of calls.values()) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const share = (rank: number) => (counts.get(`tenant-${rank}`) ?? 0) / calls.size;
  const total = Array.from({ length: 100 }, (_, index) => (index + 1) ** -1.1).reduce((sum, one) => sum + one, 0);
  for (const rank of [1, 2, 5, 10]) expect(share(rank) * total * rank ** 1.1).toBeCloseTo(1, 0.3);
  expect(counts.size).toBeGreaterThan(95);
});

test.each([
  ['few live calls', { events: 12_000, live: 300, drain: true }],
  ['the gaps of many', { events: 12_000, live: 300, drain: true, minGapMs: 2_000 }],
] as const)('with %s, the outcomes it says are those of the rules', (_name, options) => {
  const input = createInput(options);
  const states = new Map<string, ReturnType<typeof emptyState>>();
  for (const event of all(input)) {
    const key = subjectKey(event.tenantId, event.subjectId);
    states.set(key, addEvent(states.get(key) ?? emptyState(event.source, key), normalise(event), event.occurredAt));
  }
  const outcomes: Record<string, number> = {};
  for (const state of states.values()) {
    const { outcome } = readCall(state, DEFAULT_SETTINGS).outcome;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  expect(outcomes).toEqual(input.ended);
  expect(states.size).toBe(input.calls);
});

test.each([
  [{ events: 0, live: 1 }, 'events must be a whole number'],
  [{ events: 1, live: 0.5 }, 'live must be a whole number'],
  [{ events: 1, live: 1, minGapMs: 3_000 }, 'minGapMs is at most 2000'],
])('%o is refused', (options, message) => {
  expect(() => createInput(options)).toThrow(message);
});
