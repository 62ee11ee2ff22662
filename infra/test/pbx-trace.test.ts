import type { DerivedRecord, RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, openReport } from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { describe, expect, test, vi } from 'vitest';
import { UTC } from './outcomes-examples.ts';
import type { Truth } from './pbx-trace.ts';
import { pbxAgents, pbxCalls, shuffled } from './pbx-trace.ts';

/** Traces with a PBX's habits, none of which the rules were made on, counted apart and by the fold. */

vi.setConfig({ testTimeout: 300_000 });

function last(events: readonly RawEvent[]): DerivedRecord[] {
  const fold = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const records = [...events.flatMap((event) => fold.push(event).records), ...fold.end()];
  return [...new Map(records.map((record) => [`${record.kind} ${record.outcomeId}`, record])).values()];
}

function figuresOf(records: readonly DerivedRecord[], thresholdsSeconds: readonly number[]) {
  const whole = { from: null, to: null, openUntil: null, tenants: [], sources: [], by: [] };
  const report = openReport({ ...whole, zone: UTC, thresholdsSeconds });
  for (const record of records) report.add(record);
  return report.figures();
}

const THRESHOLDS = [0, 20, 60];
const sumOf = (truths: readonly Truth[], of: (truth: Truth) => number): number =>
  truths.reduce((sum, truth) => sum + of(truth), 0);
const percent = (part: number, whole: number): number => Math.round((1_000_000 * part) / whole) / 10_000;

describe.each([1, 2, 3])('calls of seed %i', (seed) => {
  const { events, calls } = pbxCalls(seed, 400);
  const truths = [...calls.values()];
  const inOrder = last(events.toSorted((a, b) => a.occurredAt - b.occurredAt));
  const inAnyOrder = last(shuffled(events, seed));

  test.each([
    ['in order', inOrder],
    ['in any order, some twice', inAnyOrder],
  ])('each is what happened, %s', (_, records) => {
    const outcomes = records.filter((record) => record.kind === 'call-outcome');
    const told = outcomes.map((one): [string, Truth] => [
      one.callId,
      {
        outcome: one.outcome as Truth['outcome'],
        waitMs: one.waitMs ?? -1,
        talkMs: one.talkMs ?? -1,
        offers: one.offers,
        missedOffers: one.missedOffers,
        answeredBy: one.outcome === 'answered' ? (one.agents[0]?.agent ?? null) : null,
        transferred: one.transferred,
      },
    ]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(calls));
    for (const one of outcomes) expect(one.anomalies).toEqual([]);
    const offers = records.filter((record) => record.kind === 'agent-offer');
    expect(offers).toHaveLength(sumOf(truths, (truth) => truth.offers));
    for (const { ringMs } of offers) expect(ringMs).toBeGreaterThanOrEqual(0);
  });

  test('the figures are those counted apart', () => {
    const { callcenter24 } = figuresOf(inAnyOrder, THRESHOLDS);
    const of = (outcome: Truth['outcome']): Truth[] => truths.filter((truth) => truth.outcome === outcome);
    const [answered, abandoned] = [of('answered'), of('abandoned')];
    const within = (some: readonly Truth[], seconds: number): number =>
      some.filter(({ waitMs }) => waitMs <= seconds * 1_000).length;
    const short = within(abandoned, 5);
    expect(callcenter24).toMatchObject({
      calls: calls.size,
      offered: calls.size,
      outcomes: Object.fromEntries(
        (['abandoned', 'answered', 'missed', 'voicemail'] as const).map((outcome) => [outcome, of(outcome).length]),
      ),
      shortAbandoned: short,
      waitMsAnswered: sumOf(answered, ({ waitMs }) => waitMs),
      waitMsAbandoned: sumOf(abandoned, ({ waitMs }) => waitMs),
      talkMs: sumOf(answered, ({ talkMs }) => talkMs),
      transferred: answered.filter(({ transferred }) => transferred).length,
      offers: sumOf(truths, ({ offers }) => offers),
      offerResults: { missed: sumOf(truths, ({ missedOffers }) => missedOffers), answered: answered.length },
    });
    for (const seconds of THRESHOLDS) {
      const good = within(answered, seconds);
      expect(callcenter24?.report.serviceLevelPercent[seconds]).toEqual({
        ofAnswered: percent(good, answered.length),
        ofOffered: percent(good, calls.size),
        netOfShortAbandons: percent(good, calls.size - short),
        netOfAbandonsWithinT: percent(good, calls.size - within(abandoned, seconds)),
      });
    }
  });
});

describe.each([1, 2, 3])('agents of seed %i', (seed) => {
  const { events, timeMs, stays } = pbxAgents(seed, 20, 120);

  test.each([
    ['in order', events],
    ['in any order, some twice', shuffled(events, seed)],
  ])('their time is where they were, %s', (_, some) => {
    const { vonage } = figuresOf(last(some), []);
    const told = Object.entries(vonage?.timeMs ?? {}).filter(([, ms]) => ms > 0);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(timeMs));
    expect(vonage).toMatchObject({ agents: 20, openIntervals: 20, overlaps: 0, gaps: 0 });
    const counted = Object.values(vonage?.intervals ?? {}).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(stays + 20);
  });
});
