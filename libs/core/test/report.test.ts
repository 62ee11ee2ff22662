import { describe, expect, test } from 'vitest';
import type { DerivedRecord, ReportFigures, ReportOptions } from '../src/index.ts';
import { openReport } from '../src/index.ts';
import { aiCall, call, episode, handoff, HOUR, lost, NOON, offer, SECOND, stay } from './report-records.ts';
import { AUTUMN, SPRING, UTC } from './report-zones.ts';

const OPTIONS: ReportOptions = {
  zone: UTC,
  from: null,
  to: null,
  openUntil: null,
  tenants: [],
  sources: [],
  thresholdsSeconds: [20, 30],
  by: [],
};

function figuresOf(records: readonly DerivedRecord[], options: Partial<ReportOptions> = {}): ReportFigures {
  const report = openReport({ ...OPTIONS, ...options });
  for (const record of records) report.add(record);
  return report.figures();
}

describe('calls', () => {
  const calls = [
    call('a'),
    call('b', { waitMs: 20 * SECOND }),
    call('c', { waitMs: 20 * SECOND + 1 }),
    lost('d', 'abandoned', 3, { stage: 'ring' }),
    lost('e', 'abandoned', 25),
    lost('f', 'missed', 15),
    lost('g', 'voicemail', 40, { voicemailLeft: true }),
    lost('h', 'unknown', 9, { inferred: true }),
    lost('i', 'unknown', 9, { queuedAt: null, waitMs: null }),
    lost('j', 'left-before-queue', 0, { queuedAt: null, waitMs: null }),
  ];
  const figures = figuresOf(calls).callcenter24;

  test('offered leaves out what never queued', () => {
    expect(figures).toMatchObject({
      calls: 10,
      offered: 8,
      outcomes: { answered: 3, abandoned: 2, missed: 1, voicemail: 1, unknown: 2, 'left-before-queue': 1 },
      shortAbandoned: 1,
      abandonedStage: { ring: 1, queue: 1 },
      inferred: 1,
      voicemailLeft: 1,
      abandonedOfAllPercent: 20,
    });
  });

  test('the four service levels differ, and a threshold is inclusive', () => {
    expect(figures?.report.serviceLevelPercent['20']).toEqual({
      ofAnswered: 66.6667,
      ofOffered: 25,
      netOfShortAbandons: 28.5714,
      netOfAbandonsWithinT: 28.5714,
    });
    expect(figures?.report.serviceLevelPercent['30']).toEqual({
      ofAnswered: 100,
      ofOffered: 37.5,
      netOfShortAbandons: 42.8571,
      netOfAbandonsWithinT: 50,
    });
  });

  test('abandonment with and without the short ones, and the other ways to be lost', () => {
    expect(figures?.report.abandonmentPercent).toEqual({ ofOffered: 25, withoutShort: 14.2857 });
    expect(figures?.report.missedPercent).toEqual({ ofOffered: 12.5 });
    expect(figures?.report.voicemailPercent).toEqual({ ofOffered: 12.5 });
  });

  test('waits and talk; the longest wait is that of the voicemail', () => {
    expect(figures).toMatchObject({
      waitMsAnswered: 50_001,
      waitMsAbandoned: 28_000,
      asaSeconds: 16.667,
      meanWaitOfAbandonedSeconds: 14,
      longestWaitSeconds: 40,
      talkMs: 180_000,
      meanTalkSeconds: 60,
      waitsUnknown: 0,
    });
  });

  test('an unknown wait is in no mean and in no threshold, and is counted', () => {
    const unseen = { queuedAt: null, waitMs: null };
    const own = figuresOf([call('a'), call('b', unseen), lost('c', 'abandoned', 0, { ...unseen, short: null })]);
    expect(own.callcenter24).toMatchObject({ offered: 3, asaSeconds: 10, waitsUnknown: 2, shortAbandoned: 0 });
    expect(own.callcenter24?.report.serviceLevelPercent['20']).toMatchObject({ ofAnswered: 50, ofOffered: 33.3333 });
  });

  test('nothing divided by nothing is null, not nought', () => {
    const own = figuresOf([lost('a', 'left-before-queue', 0, { queuedAt: null, waitMs: null })]).callcenter24;
    expect(own).toMatchObject({ asaSeconds: null, meanTalkSeconds: null, longestWaitSeconds: null });
    expect(own?.report.abandonmentPercent).toEqual({ ofOffered: null, withoutShort: null });
    expect(own?.report.serviceLevelPercent['20']?.ofAnswered).toBeNull();
  });

  test('hours are those of the zone, by queuedAt, else startedAt', () => {
    const records = [
      call('a', { queuedAt: NOON - HOUR }),
      lost('b', 'voicemail', 0, { queuedAt: null, startedAt: NOON + HOUR }),
    ];
    const utc = figuresOf(records).callcenter24?.report.byHour;
    expect(utc).toEqual({
      11: { offered: 1, answered: 1, abandoned: 0 },
      13: { offered: 1, answered: 0, abandoned: 0 },
    });
    const spring = figuresOf(records, { zone: SPRING }).callcenter24?.report.byHour;
    expect(Object.keys(spring ?? {})).toEqual(['13', '15']);
  });
});

describe('agents of calls', () => {
  const at = (seconds: number): number => NOON + seconds * SECOND;

  test.each([
    ['the one who joined at the answer', [['Ada', 10, 70]], 'Ada'],
    [
      'not who was gone by then',
      [
        ['Ben', 2, 5],
        ['Ada', 10, 70],
      ],
      'Ada',
    ],
    [
      'not who came after',
      [
        ['Ada', 10, 20],
        ['Ben', 15, 70],
      ],
      'Ada',
    ],
    [
      'of two who were there the first',
      [
        ['Ben', -20, 70],
        ['Ada', -10, 70],
      ],
      'Ben',
    ],
    ['whose join was never seen', [['Ada', null, 70]], 'Ada'],
    ['whose leave was never seen', [['Ada', 10, null]], 'Ada'],
    ['who left at the same instant', [['Ada', 10, 10]], 'Ada'],
  ] as const)('answered first: %s', (_what, stays, expected) => {
    const agents = stays.map(([agent, joined, left]) => ({
      agent,
      joinedAt: joined === null ? null : at(joined),
      leftAt: left === null ? null : at(left),
    }));
    const byAgent = figuresOf([call('a', { agents })]).callcenter24?.report.byAgent ?? {};
    const answered = Object.entries(byAgent).filter(([, figures]) => figures.answered > 0);
    expect(answered.map(([agent]) => agent)).toEqual([expected]);
  });

  test('stays count as far as the contact was in: from queueing to the end', () => {
    const agents = [
      { agent: 'Ada', joinedAt: at(-30), leftAt: at(20) },
      { agent: 'Ben', joinedAt: at(15), leftAt: at(90) },
      { agent: 'Ada', joinedAt: at(40), leftAt: null },
      { agent: 'Cid', joinedAt: at(75), leftAt: at(80) },
    ];
    const record = call('a', { agents, answeredAt: NOON, waitMs: 0, transferred: true });
    expect(figuresOf([record]).callcenter24?.report.byAgent).toEqual({
      Ada: { answered: 1, talkMs: 50_000 },
      Ben: { answered: 0, talkMs: 55_000 },
      Cid: { answered: 0, talkMs: 0 },
    });
  });

  test('an agent who joined a call that was not answered has no talk in it', () => {
    const agents = [{ agent: 'Ada', joinedAt: at(41), leftAt: at(60) }];
    const record = lost('a', 'voicemail', 40, { agents, endedAt: at(60) });
    expect(figuresOf([record]).callcenter24?.report.byAgent).toEqual({});
  });

  test('offers by result: a rescinded one is nobody’s miss', () => {
    const offers = [
      offer('a', 'Ada'),
      offer('a', 'Ben', { result: 'rescinded' }),
      offer('b', 'Ben', { result: 'missed' }),
      offer('b', 'Ben', { n: 2, result: 'unknown', offeredAt: null }),
    ];
    const figures = figuresOf(offers, { by: ['agent'] });
    expect(figures.callcenter24).toMatchObject({
      offers: 4,
      offerResults: { answered: 1, missed: 1, rescinded: 1, unknown: 1 },
      report: { missedOfferPercent: { ofOffers: 25, ofAnsweredAndMissed: 50 } },
    });
    expect(figures.groups.map(({ key, callcenter24 }) => [key, callcenter24?.offers])).toEqual([
      [{ agent: 'Ada' }, 1],
      [{ agent: 'Ben' }, 3],
    ]);
  });
});

test('calls of the voice AI: the connect rate tells the unknown apart; reasons, faults, durations', () => {
  const figures = figuresOf([
    aiCall('a', { reason: 'agent-ended' }),
    aiCall('b', { reason: 'agent-ended', endedAt: null }),
    aiCall('c', { outcome: 'not-connected', reason: 'invalid-number', personReached: 'no', fault: 'customer' }),
    aiCall('d', { outcome: 'voicemail', reason: 'voicemail', personReached: 'no', endedAt: NOON - HOUR }),
    aiCall('e', { outcome: 'failed', reason: 'agent-failed', personReached: 'unknown', fault: 'agent' }),
    aiCall('f', { outcome: 'answered', reason: 'transferred', transferred: true }),
  ]);
  expect(figures.callcenter24).toBeUndefined();
  expect(figures.atlas).toEqual({
    calls: 6,
    outcomes: { answered: 3, failed: 1, 'not-connected': 1, voicemail: 1 },
    reasons: { 'agent-ended': 2, 'agent-failed': 1, 'invalid-number': 1, transferred: 1, voicemail: 1 },
    faults: { agent: 1, customer: 1 },
    personReached: { yes: 3, no: 2, unknown: 1 },
    transferred: 1,
    // One gives no end; of one the end lies before the start, which is no duration below nothing.
    durationMs: 240_000,
    durationsUnknown: 1,
    meanDurationSeconds: 48,
    report: {
      connectPercent: { ofYesAndNo: 60 },
      personUnknownPercent: { ofAll: 16.6667 },
      voicemailPercent: { ofAll: 16.6667 },
      failedPercent: { ofAll: 16.6667 },
      transferredPercent: { ofAll: 16.6667 },
    },
  });
});

test('chats: containment is of the completed alone; blocked and undeliverable are two things', () => {
  const figures = figuresOf([
    episode('a'),
    episode('b', { contained: false, handoffs: 2, dwellMs: { Auto: HOUR, Manual: HOUR } }),
    episode('b', { episode: 2, outcome: 'blocked', blockedAt: NOON }),
    episode('c', { outcome: 'undeliverable' }),
    episode('d', { outcome: 'stalled', inferred: true, endedAt: null, dwellMs: {} }),
    episode('e', { blockedAt: NOON }),
    handoff('b'),
    handoff('b', { n: 2, leftAt: NOON + HOUR, dwellMs: HOUR }),
    handoff('f', { leftAt: null, dwellMs: null, returnedTo: null }),
  ]);
  expect(figures.chatterfy).toEqual({
    episodes: 6,
    outcomes: { blocked: 1, completed: 3, stalled: 1, undeliverable: 1 },
    containedCompleted: 2,
    withHandoff: 1,
    everBlocked: 2,
    inferred: 1,
    dwellMs: { Auto: 5 * HOUR, Manual: HOUR },
    handoffs: 3,
    openHandoffs: 1,
    handoffDwellMs: HOUR + 120_000,
    meanHandoffDwellSeconds: 1_860,
    report: {
      containmentPercent: { ofCompleted: 66.6667 },
      completedPercent: { ofEpisodes: 50 },
      blockedPercent: { ofEpisodes: 16.6667 },
      undeliverablePercent: { ofEpisodes: 16.6667 },
      stalledPercent: { ofEpisodes: 16.6667 },
    },
  });
});

describe('agents’ states', () => {
  test('time by state, occupancy, and Unexpected under its own name', () => {
    const figures = figuresOf([
      stay('x', 'Ready', NOON, NOON + 2 * HOUR),
      stay('x', 'Busy', NOON + 2 * HOUR, NOON + 3 * HOUR, { flags: ['gap-after'] }),
      stay('x', 'Unexpected', NOON + 4 * HOUR, NOON + 4 * HOUR + 5 * SECOND),
      stay('y', 'Wrap', NOON, NOON + HOUR, { flags: ['overlap'] }),
      stay('y', 'LoggedOut', NOON + HOUR, NOON + 9 * HOUR),
      stay('z', 'ReadyRFO', NOON, NOON + HOUR),
      stay('y', 'Juggling', NOON + 9 * HOUR, NOON + 10 * HOUR, { flags: ['unknown-state'] }),
    ]);
    expect(figures.vonage).toMatchObject({
      agents: 3,
      intervals: { Busy: 1, Juggling: 1, LoggedOut: 1, Ready: 1, ReadyRFO: 1, Unexpected: 1, Wrap: 1 },
      timeMs: { Ready: 2 * HOUR, Busy: HOUR, Wrap: HOUR, Unexpected: 5_000, LoggedOut: 8 * HOUR, Juggling: HOUR },
      loggedInMs: 6 * HOUR + 5_000,
      gaps: 1,
      overlaps: 1,
      unknownStates: 1,
      report: { occupancyPercent: { busyAndWrapOfBusyWrapReady: 50 } },
    });
  });

  test.each([
    ['23 hours when clocks go forward', SPRING, Date.UTC(2025, 2, 29, 12), '2025-03-30', 23],
    ['25 hours when they go back', AUTUMN, Date.UTC(2025, 9, 25, 12), '2025-10-26', 25],
    ['24 hours on any other day', UTC, Date.UTC(2025, 2, 29, 12), '2025-03-30', 24],
  ])('a stay over two midnights fills the day between them: %s', (_what, zone, start, date, hours) => {
    const figures = figuresOf([stay('x', 'Ready', start, start + 48 * HOUR)], { zone });
    const byDay = figures.vonage?.report.byDay ?? {};
    expect(Object.keys(byDay)).toHaveLength(3);
    expect(byDay[date]).toEqual({
      hours,
      timeMs: { Ready: hours * HOUR },
      occupancyPercent: { busyAndWrapOfBusyWrapReady: 0 },
    });
    const total = Object.values(byDay).reduce((sum, { timeMs }) => sum + (timeMs['Ready'] ?? 0), 0);
    expect(total).toBe(48 * HOUR);
  });

  test('the hour that clocks repeat has two hours in it, the one they leave out has none', () => {
    const day = (zone: typeof UTC, start: number) => {
      const { groups } = figuresOf([stay('x', 'Ready', start, start + 25 * HOUR)], {
        zone,
        by: ['hour'],
        to: zone.dayOf(start + 12 * HOUR).end,
      });
      return new Map(groups.map(({ key, vonage }) => [key.hour, vonage?.timeMs['Ready']]));
    };
    expect(day(AUTUMN, Date.UTC(2025, 9, 25, 22)).get(2)).toBe(2 * HOUR);
    const spring = day(SPRING, Date.UTC(2025, 2, 29, 23));
    expect([spring.get(1), spring.get(2), spring.get(3)]).toEqual([HOUR, undefined, HOUR]);
  });

  test('stays are cut to the range, and counted where they began', () => {
    const records = [
      stay('x', 'Busy', NOON - HOUR, NOON + HOUR),
      stay('x', 'Ready', NOON + HOUR, NOON + 3 * HOUR),
      stay('y', 'Ready', NOON + 2 * HOUR, NOON + 3 * HOUR),
      stay('z', 'Ready', NOON - HOUR, NOON),
    ];
    expect(figuresOf(records, { from: NOON, to: NOON + 2 * HOUR })).toMatchObject({
      records: 2,
      vonage: { agents: 1, intervals: { Ready: 1 }, timeMs: { Busy: HOUR, Ready: HOUR } },
    });
  });

  test('a stay without an end counts up to where it is said, or is left out', () => {
    const open = stay('x', 'Ready', NOON, null);
    expect(figuresOf([open])).toMatchObject({ openIntervalsUntil: null, vonage: { openIntervals: 1, timeMs: {} } });
    const to = NOON + 3 * HOUR;
    expect(figuresOf([open], { to, openUntil: NOON + HOUR })).toMatchObject({
      openIntervalsUntil: '2025-03-30T13:00:00.000Z',
      vonage: { openIntervals: 1, timeMs: { Ready: HOUR } },
    });
    const later = figuresOf([open], { from: NOON + HOUR, to, openUntil: to });
    expect(later.vonage).toMatchObject({ openIntervals: 1, intervals: {}, timeMs: { Ready: 2 * HOUR } });
  });
});

test('a zone whose days do not hold their own instants stops the report, and never keeps it for ever', () => {
  const broken = { name: 'broken', dayOf: () => UTC.dayOf(NOON) };
  expect(() => figuresOf([stay('x', 'Ready', NOON, NOON + 48 * HOUR)], { zone: broken })).toThrow('zone broken');
});

describe('range and groups', () => {
  test('from is inclusive, to exclusive; calls by queuedAt, chats by their end, hand-offs by their begin', () => {
    const records = [call('a'), offer('a', 'Ada', { offeredAt: NOON }), episode('b'), handoff('b')];
    const count = (from: number, to: number) => figuresOf(records, { from, to }).records;
    expect(count(NOON, NOON + 1)).toBe(3);
    expect(count(NOON - HOUR, NOON)).toBe(0);
    expect(count(NOON + 1, NOON + HOUR)).toBe(0);
    expect(count(NOON + HOUR, NOON + HOUR + 1)).toBe(1);
  });

  test('tenants and sources', () => {
    const records = [call('a'), call('b', { tenantId: 'other' }), aiCall('c'), stay('x', 'Ready', NOON, NOON + HOUR)];
    expect(figuresOf(records, { tenants: ['other'] }).records).toBe(1);
    const some = figuresOf(records, { sources: ['atlas', 'vonage'] });
    expect([some.callcenter24, some.atlas?.calls, some.vonage?.agents]).toEqual([undefined, 1, 1]);
  });

  test('groups stand in the order of their values; a call that nobody answered has no agent and comes last', () => {
    const records = [
      lost('d', 'abandoned', 9),
      call('a', { queuedAt: NOON + 24 * HOUR }),
      call('b', { agents: [{ agent: 'Zoe', joinedAt: NOON, leftAt: null }] }),
      call('c'),
    ];
    const { groups } = figuresOf(records, { by: ['day', 'agent'] });
    expect(groups.map(({ key, callcenter24 }) => [key, callcenter24?.calls])).toEqual([
      [{ day: '2025-03-30', agent: 'Ada' }, 1],
      [{ day: '2025-03-30', agent: 'Zoe' }, 1],
      [{ day: '2025-03-30', agent: null }, 1],
      [{ day: '2025-03-31', agent: 'Ada' }, 1],
    ]);
  });

  test('hours are in the order of the clock, not of their text', () => {
    const records = [2, 10, 9].map((hour) => call(`c${hour}`, { queuedAt: NOON + (hour - 12) * HOUR }));
    expect(figuresOf(records, { by: ['hour'] }).groups.map(({ key }) => key.hour)).toEqual([2, 9, 10]);
  });
});
