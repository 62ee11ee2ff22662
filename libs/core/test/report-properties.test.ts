import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { DerivedRecord, Dimension, ReportFigures, ReportOptions } from '../src/index.ts';
import { DIMENSIONS, openLatest, openReport } from '../src/index.ts';
import { aiCall, call, episode, handoff, HOUR, lost, NOON, offer, SECOND, stay } from './report-records.ts';
import { AUTUMN, SPRING, UTC } from './report-zones.ts';

// They compute and wait for nothing: only a busy machine makes them slow.
vi.setConfig({ testTimeout: 60_000 });

const SPAN_S = 3 * 24 * 3_600;

const anId = fc.nat(40).map(String);
const anAgent = fc.constantFrom('Ada', 'Ben', 'Cid', '7');
const aTenant = fc.constantFrom('default', 'other');
/** Within three days, the one in the middle of which has its clocks changed. */
const aTime = fc.integer({ min: -SPAN_S / 2, max: SPAN_S / 2 }).map((seconds) => NOON + seconds * SECOND);
const aWait = fc.nat(90);

const answered = fc
  .record({ id: anId, tenantId: aTenant, queuedAt: fc.option(aTime), waitS: aWait, talkS: fc.nat(600), agent: anAgent })
  .map(({ id, tenantId, queuedAt, waitS, talkS, agent }) => {
    const at = (queuedAt ?? NOON) + waitS * SECOND;
    const endedAt = at + talkS * SECOND;
    const waitMs = queuedAt === null ? null : waitS * SECOND;
    const agents = [{ agent, joinedAt: at, leftAt: endedAt }];
    const times = { queuedAt, startedAt: queuedAt, occurredAt: at, answeredAt: at, endedAt };
    return call(id, { tenantId, ...times, waitMs, talkMs: talkS * SECOND, agents });
  });
const unanswered = fc
  .record({
    id: anId,
    tenantId: aTenant,
    queuedAt: aTime,
    waitS: aWait,
    outcome: fc.constantFrom('abandoned', 'missed', 'voicemail', 'unknown', 'left-before-queue'),
  })
  .map(({ id, outcome, waitS, queuedAt, tenantId }) =>
    outcome === 'left-before-queue'
      ? lost(id, outcome, 0, { tenantId, queuedAt: null, startedAt: queuedAt, waitMs: null })
      : lost(id, outcome, waitS, { tenantId, queuedAt }),
  );
const told = fc
  .record({ id: anId, at: aTime, personReached: fc.constantFrom('yes', 'no', 'unknown') })
  .map(({ id, at, personReached }) => aiCall(id, { startedAt: at, endedAt: at + SECOND, personReached }));
const offered = fc
  .record({
    id: anId,
    agent: anAgent,
    offeredAt: aTime,
    result: fc.constantFrom('answered', 'missed', 'rescinded', 'unknown'),
  })
  .map(({ id, agent, offeredAt, result }) => offer(id, agent, { offeredAt, result }));
const chatted = fc
  .record({
    id: anId,
    number: fc.integer({ min: 1, max: 3 }),
    endedAt: aTime,
    contained: fc.boolean(),
    outcome: fc.constantFrom('completed', 'blocked', 'undeliverable', 'stalled'),
  })
  .map(({ id, number, endedAt, contained, outcome }) => episode(id, { episode: number, endedAt, contained, outcome }));
const handedOver = fc
  .record({ id: anId, n: fc.integer({ min: 1, max: 3 }), enteredAt: aTime, dwellMs: fc.option(fc.nat(HOUR)) })
  .map(({ id, n, enteredAt, dwellMs }) => handoff(id, { n, enteredAt, dwellMs }));
const stayed = fc
  .record({
    agent: anAgent,
    start: aTime,
    lastedS: fc.option(fc.nat(SPAN_S)),
    state: fc.constantFrom('Ready', 'Busy', 'Wrap', 'Unexpected', 'LoggedOut', 'Juggling'),
  })
  .map(({ agent, start, lastedS, state }) =>
    stay(agent, state, start, lastedS === null ? null : start + lastedS * SECOND),
  );

const someRecords = fc.uniqueArray(
  fc.oneof<fc.Arbitrary<DerivedRecord>[]>(answered, unanswered, told, offered, chatted, handedOver, stayed),
  { maxLength: 60, selector: ({ kind, outcomeId }) => `${kind} ${outcomeId}` },
);
const someOptions = fc
  .record({
    zone: fc.constantFrom(UTC, SPRING, AUTUMN),
    from: fc.option(aTime),
    lengthS: fc.option(fc.nat(SPAN_S)),
    by: fc.uniqueArray(fc.constantFrom<Dimension[]>(...DIMENSIONS), { maxLength: 3 }),
    open: fc.boolean(),
  })
  .map(({ zone, from, lengthS, by, open }): ReportOptions => {
    const to = lengthS === null ? null : (from ?? NOON) + lengthS * SECOND;
    return {
      zone,
      from,
      to,
      openUntil: open ? to : null,
      tenants: [],
      sources: [],
      thresholdsSeconds: [5, 20, 60],
      by,
    };
  });

function figuresOf(records: Iterable<DerivedRecord>, options: ReportOptions): ReportFigures {
  const report = openReport(options);
  for (const record of records) report.add(record);
  return report.figures();
}

/** What no sum can hold: means, rates, the greatest, numbers of different agents. */
const NO_SUM = /(Percent|Seconds|longest|vonage\.agents|\.hours$)/;

function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => numbersOf(one, path === '' ? name : `${path}.${name}`));
}

function sumOf(parts: readonly unknown[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [path, number] of parts.flatMap((part) => numbersOf(part)))
    if (!NO_SUM.test(path)) sums.set(path, (sums.get(path) ?? 0) + number);
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sourcesOf({ callcenter24, atlas, chatterfy, vonage }: Partial<ReportFigures>) {
  return { callcenter24, atlas, chatterfy, vonage };
}

test('the order in which records come changes nothing', () => {
  const shuffled = someRecords.chain((records) =>
    fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
  );
  fc.assert(
    fc.property(shuffled, someOptions, ([records, others], options) => {
      expect(JSON.stringify(figuresOf(others, options))).toBe(JSON.stringify(figuresOf(records, options)));
    }),
  );
});

test('the groups together are the whole', () => {
  fc.assert(
    fc.property(someRecords, someOptions, (records, options) => {
      fc.pre(options.by.length > 0);
      const figures = figuresOf(records, options);
      expect(sumOf(figures.groups.map(sourcesOf))).toEqual(sumOf([sourcesOf(figures)]));
    }),
  );
});

test('two ranges that meet are, together, the range of both', () => {
  fc.assert(
    fc.property(someRecords, someOptions, aTime, (records, options, middle) => {
      // An open stay reaches into both: it is counted in each.
      const closed = records.filter((record) => record.kind !== 'agent-interval' || record.end !== null);
      const part = (from: number | null, to: number | null) =>
        sourcesOf(figuresOf(closed, { ...options, from, to, by: [] }));
      const parts = sumOf([part(null, middle), part(middle, null)]);
      expect(parts).toEqual(sumOf([part(null, null)]));
    }),
  );
});

test('hours are the whole of the offered, agents of the answered, days of the time', () => {
  fc.assert(
    fc.property(someRecords, someOptions, (records, options) => {
      const { callcenter24, vonage } = figuresOf(records, options);
      const total = (of: object | undefined, name: string): number =>
        Object.values(of ?? {}).reduce<number>((sum, one: Record<string, number>) => sum + (one[name] ?? 0), 0);
      const { byHour, byAgent } = callcenter24?.report ?? {};
      expect(total(byHour, 'offered')).toBe(callcenter24?.offered ?? 0);
      expect(total(byHour, 'answered')).toBe(callcenter24?.outcomes['answered'] ?? 0);
      expect(total(byHour, 'abandoned')).toBe(callcenter24?.outcomes['abandoned'] ?? 0);
      expect(total(byAgent, 'answered')).toBe(callcenter24?.outcomes['answered'] ?? 0);
      expect(total(byAgent, 'talkMs')).toBe(callcenter24?.talkMs ?? 0);
      const days = Object.values(vonage?.report.byDay ?? {}).map(({ timeMs }) => timeMs);
      expect(sumOf(days)).toEqual(sumOf([vonage?.timeMs]));
    }),
  );
});

test('percentages are between 0 and 100, nothing is below 0, and levels rise with their threshold', () => {
  fc.assert(
    fc.property(someRecords, someOptions, (records, options) => {
      const figures = figuresOf(records, options);
      for (const [path, number] of numbersOf(figures)) {
        expect(number, path).toBeGreaterThanOrEqual(0);
        if (path.includes('Percent')) expect(number, path).toBeLessThanOrEqual(100);
      }
      const levels = figures.callcenter24?.report.serviceLevelPercent ?? {};
      for (const formula of ['ofAnswered', 'ofOffered', 'netOfShortAbandons'] as const) {
        const rising = options.thresholdsSeconds.map((seconds) => levels[seconds]?.[formula] ?? 0);
        expect(rising).toEqual([...rising].sort((a, b) => a - b));
      }
    }),
  );
});

test('of every record the highest revision counts, in whatever order and however often they come', () => {
  const rows = fc
    .uniqueArray(fc.tuple(anId, fc.integer({ min: 1, max: 4 }), aWait), {
      selector: ([id, revision]) => `${id} ${revision}`,
    })
    .map((list) => list.map(([id, revision, waitS]) => lost(id, 'abandoned', waitS, { revision })));
  const delivered = rows.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
  );
  fc.assert(
    fc.property(delivered, fc.nat(90), ([list, some], limitS) => {
      const latest = openLatest((record) => record.kind === 'call-outcome' && (record.waitMs ?? 0) <= limitS * SECOND);
      for (const row of some) latest.take(row);
      const expected = list.filter(
        (row) =>
          !list.some((other) => other.outcomeId === row.outcomeId && other.revision > row.revision) &&
          (row.waitMs ?? 0) <= limitS * SECOND,
      );
      const byId = (records: Iterable<DerivedRecord>) =>
        [...records].sort((a, b) => (a.outcomeId < b.outcomeId ? -1 : 1));
      expect(byId(latest.records())).toEqual(byId(expected));
      expect(latest.replaced).toBe(some.length - new Set(list.map(({ outcomeId }) => outcomeId)).size);
      expect(latest.contradicted).toBe(0);
    }),
  );
});
