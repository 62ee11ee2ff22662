/** The generated month: its events give the figures it promises, counted here a second time, from the events alone. */

import { DEFAULT_SETTINGS, addEvent, emptyState, isRejection, readCall, subjectKey } from '@callfold/core';
import { normalise, readEvent } from '@callfold/sources';
import { describe, expect, test, vi } from 'vitest';
import { generateMonth } from '../month/month.mjs';

// They compute and wait for nothing: only a busy machine makes them slow.
vi.setConfig({ testTimeout: 60_000 });

type Month = ReturnType<typeof generateMonth>;
type Lines = Month['events'];

const month = generateMonth({ seed: 1 });
const { expected } = month;

/** One call as its lines tell it; every one of these calls has one agent at most. */
type Told = { queuedAt: number; leftAt: number; asked: boolean; agent: string | null; from: number; to: number };

function tellCalls(events: Lines): Told[] {
  const calls = new Map<string, Told>();
  for (const { callId, occurredAt, status } of events) {
    const call = calls.get(callId) ?? { queuedAt: 0, leftAt: 0, asked: false, agent: null, from: 0, to: 0 };
    calls.set(callId, call);
    const at = Date.parse(occurredAt);
    const who = /^Participant (join|leave) \((.*)\)$/.exec(status);
    if (status.startsWith('Sending a request')) call.asked = true;
    else if (who?.[2] === 'Contact') call[who[1] === 'join' ? 'queuedAt' : 'leftAt'] = at;
    else if (who !== null) {
      call.agent = who[2] ?? null;
      call[who[1] === 'join' ? 'from' : 'to'] = at;
    }
  }
  return [...calls.values()];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('its figures are those of its events', () => {
  const calls = tellCalls(month.events);
  const answered = calls.filter(({ agent }) => agent !== null);
  const abandoned = calls.filter(({ agent }) => agent === null);
  const waitsOfAnswered = answered.map(({ queuedAt, from }) => from - queuedAt);
  const waitsOfAbandoned = abandoned.map(({ queuedAt, leftAt }) => leftAt - queuedAt);

  test('outcomes, offers, waits and talk', () => {
    expect(expected).toMatchObject({
      calls: 4_000,
      outcomes: { answered: answered.length, abandoned: abandoned.length },
      shortAbandoned: waitsOfAbandoned.filter((waitMs) => waitMs <= 5_000).length,
      offers: calls.filter(({ asked }) => asked).length,
      waitMsAnswered: sum(waitsOfAnswered),
      waitMsAbandoned: sum(waitsOfAbandoned),
      talkMs: sum(answered.map(({ from, to }) => to - from)),
    });
    expect(expected.asaSeconds).toBeCloseTo(sum(waitsOfAnswered) / 1_000 / answered.length, 4);
    expect(expected.meanWaitOfAbandonedSeconds).toBeCloseTo(sum(waitsOfAbandoned) / 1_000 / abandoned.length, 4);
    expect(expected.abandonedOfAllPercent).toBeCloseTo((100 * abandoned.length) / 4_000, 4);
  });

  test.each([20, 30, 60])('service levels within %i s', (level) => {
    const inTime = (waits: readonly number[]) => waits.filter((waitMs) => waitMs <= level * 1_000).length;
    const short = waitsOfAbandoned.filter((waitMs) => waitMs <= 5_000).length;
    const percentOf = (whole: number) => Math.round((1_000_000 * inTime(waitsOfAnswered)) / whole) / 10_000;
    expect(expected.report.serviceLevelPercent[String(level)]).toEqual({
      ofAnswered: percentOf(answered.length),
      ofOffered: percentOf(calls.length),
      netOfShortAbandons: percentOf(calls.length - short),
      netOfAbandonsWithinT: percentOf(calls.length - inTime(waitsOfAbandoned)),
    });
  });

  test('by hour and by agent', () => {
    const { byHour, byAgent } = expected.report;
    for (let hour = 0; hour < 24; hour += 1) {
      const here = calls.filter(({ queuedAt }) => new Date(queuedAt).getUTCHours() === hour);
      const lost = here.filter(({ agent }) => agent === null).length;
      const counts = { offered: here.length, answered: here.length - lost, abandoned: lost };
      expect([hour, byHour[hour]]).toEqual([hour, here.length === 0 ? undefined : counts]);
    }
    for (const [agent, counts] of Object.entries(byAgent)) {
      const own = answered.filter((call) => call.agent === agent);
      expect(counts).toEqual({ answered: own.length, talkMs: sum(own.map(({ from, to }) => to - from)) });
    }
    expect(sum(Object.values(byAgent).map((counts) => counts.answered))).toBe(answered.length);
  });

  test('and those of the rules by which calls are folded', () => {
    const small = generateMonth({ seed: 2, calls: 1_000 });
    const states = new Map<string, ReturnType<typeof emptyState>>();
    for (const line of small.events) {
      const raw = readEvent(line);
      if (isRejection(raw)) throw new Error(raw.reason);
      const key = subjectKey(raw.tenantId, raw.subjectId);
      states.set(key, addEvent(states.get(key) ?? emptyState(raw.source, key), normalise(raw), raw.occurredAt));
    }
    const folded = [...states.values()].map((state) => readCall(state, DEFAULT_SETTINGS).outcome);
    const of = (outcome: string) => folded.filter((one) => one.outcome === outcome);
    const waits = (outcome: string) => sum(of(outcome).map(({ waitMs }) => waitMs ?? Number.NaN));
    expect({
      calls: folded.length,
      outcomes: { answered: of('answered').length, abandoned: of('abandoned').length },
      shortAbandoned: folded.filter(({ short }) => short === true).length,
      offers: sum(folded.map(({ offers }) => offers)),
      waitMsAnswered: waits('answered'),
      waitMsAbandoned: waits('abandoned'),
      talkMs: sum(of('answered').map(({ talkMs }) => talkMs ?? Number.NaN)),
    }).toEqual({
      calls: small.expected.calls,
      outcomes: small.expected.outcomes,
      shortAbandoned: small.expected.shortAbandoned,
      offers: small.expected.offers,
      waitMsAnswered: small.expected.waitMsAnswered,
      waitMsAbandoned: small.expected.waitMsAbandoned,
      talkMs: small.expected.talkMs,
    });
  });
});

describe('its shape is that of a real month', () => {
  test('about one caller in six gives up, some of them at once', () => {
    expect(expected.outcomes.abandoned / expected.calls).toBeGreaterThan(0.1);
    expect(expected.outcomes.abandoned / expected.calls).toBeLessThan(0.3);
    expect(expected.shortAbandoned).toBeGreaterThan(10);
  });

  test('it covers 28 days, and some calls run over midnight', () => {
    const days = new Set(month.events.map(({ occurredAt }) => occurredAt.slice(0, 10)));
    expect(days.size).toBeGreaterThanOrEqual(28);
    const overnight = tellCalls(month.events).filter(
      ({ queuedAt, leftAt }) => new Date(queuedAt).getUTCDate() !== new Date(leftAt).getUTCDate(),
    );
    expect(overnight.length).toBeGreaterThan(0);
  });

  test('its dirt is there: unnamed agents, talks of no length, agents gone a second before the queue is', () => {
    const calls = tellCalls(month.events).filter(({ agent }) => agent !== null);
    expect(calls.filter(({ agent, asked }) => agent === 'NO_SERVER' && !asked).length).toBeGreaterThan(10);
    expect(calls.filter(({ from, to }) => from === to).length).toBeGreaterThan(10);
    expect(calls.filter(({ to, leftAt }) => to < leftAt).length).toBeGreaterThan(5);
  });

  test('events come twice and late, and a clean month has the same figures without either', () => {
    const texts = month.events.map((event) => JSON.stringify(event));
    expect(texts.length - new Set(texts).size).toBeGreaterThan(100);
    const behind = month.events.filter(
      (event, index) => event.occurredAt < (month.events[index - 1]?.occurredAt ?? ''),
    );
    expect(behind.length).toBeGreaterThan(100);
    const clean = generateMonth({ seed: 1, repeated: 0, late: 0 });
    expect(clean.expected).toEqual(expected);
    expect(clean.events.map((event) => event.occurredAt)).toEqual(clean.events.map((one) => one.occurredAt).sort());
    const all = new Set(texts);
    expect(clean.events.filter((event) => !all.has(JSON.stringify(event)))).toEqual([]);
    expect(clean.events.length).toBe(all.size);
  });
});

test('the same seed gives the same month, another seed another', () => {
  expect(generateMonth({ seed: 5, calls: 100 })).toEqual(generateMonth({ seed: 5, calls: 100 }));
  expect(generateMonth({ seed: 6, calls: 100 }).expected).not.toEqual(generateMonth({ seed: 5, calls: 100 }).expected);
});

test.each([0, 1.5, Number.NaN, 500_001])('%d calls are refused', (calls) => {
  expect(() => generateMonth({ seed: 1, calls })).toThrow('whole number of calls');
});
