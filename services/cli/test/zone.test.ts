import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Zone } from '@callfold/core';
import { hourOf, pieces } from '@callfold/core';
import { zoneOf } from '../src/zone.ts';

const HOUR = 3_600_000;

function zone(name: string): Zone {
  const found = zoneOf(name);
  if (!found) throw new Error(`no zone ${name}`);
  return found;
}

describe('a local day', () => {
  test.each([
    ['UTC', '2025-03-30T12:00:00Z', '2025-03-30', '2025-03-30T00:00:00.000Z', 24],
    ['Europe/Berlin', '2025-03-30T12:00:00Z', '2025-03-30', '2025-03-29T23:00:00.000Z', 23],
    ['Europe/Berlin', '2025-10-26T12:00:00Z', '2025-10-26', '2025-10-25T22:00:00.000Z', 25],
    ['Europe/Berlin', '2025-10-26T23:00:00Z', '2025-10-27', '2025-10-26T23:00:00.000Z', 24],
    ['Asia/Kolkata', '2025-03-30T18:29:59.999Z', '2025-03-30', '2025-03-29T18:30:00.000Z', 24],
    // Clocks go forward at midnight: the day begins at one.
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04', '2018-11-04T03:00:00.000Z', 23],
    // Half an hour of daylight saving.
    ['Australia/Lord_Howe', '2025-10-05T00:00:00Z', '2025-10-05', '2025-10-04T13:30:00.000Z', 23.5],
    // Clocks went back from one past midnight: the rest of the old date is the new day's, which has begun.
    ['America/St_Johns', '2006-10-29T02:30:30Z', '2006-10-29', '2006-10-29T02:30:00.000Z', 25],
    ['America/St_Johns', '2006-10-29T03:00:00Z', '2006-10-29', '2006-10-29T02:30:00.000Z', 25],
    ['America/St_Johns', '2006-10-29T02:29:59Z', '2006-10-28', '2006-10-28T02:30:00.000Z', 24],
    // The day that Samoa left out.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29', '2011-12-29T10:00:00.000Z', 24],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-31', '2011-12-30T10:00:00.000Z', 24],
  ])('%s at %s', (name, at, date, start, hours) => {
    const day = zone(name).dayOf(Date.parse(at));
    expect({ date: day.date, start: new Date(day.start).toISOString() }).toEqual({ date, start });
    expect((day.end - day.start) / HOUR).toBe(hours);
  });

  test.each([
    ['Europe/Berlin', '2025-03-30T12:00:00Z', [0, 1, 3, 4], 23],
    ['Europe/Berlin', '2025-10-26T12:00:00Z', [0, 1, 2, 2, 3], 25],
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', [1, 2, 3], 23],
    ['Australia/Lord_Howe', '2025-04-06T00:00:00Z', [0, 1, 1, 2], 25],
    ['America/St_Johns', '2006-10-29T12:00:00Z', [0, 23, 0, 1, 2], 26],
    ['America/St_Johns', '2006-04-02T12:00:00Z', [0, 1, 2], 24],
  ])('the hours of %s at %s', (name, at, first, count) => {
    const { hours } = zone(name).dayOf(Date.parse(at));
    expect(hours.slice(0, first.length).map(({ hour }) => hour)).toEqual(first);
    expect([hours.length, hours.at(-1)?.hour]).toEqual([count, 23]);
  });
});

test('hours are those that the platform’s own calendar gives, without a gap, all day', () => {
  const names = [
    'UTC',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Africa/Casablanca',
    'Asia/Kathmandu',
  ];
  const clocks = new Map(
    names.map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' }),
    ]),
  );
  const zones = new Map(names.map((name) => [name, zone(name)]));
  const anInstant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2026, 0, 1) });
  fc.assert(
    fc.property(fc.constantFrom(...names), anInstant, (name, at) => {
      const day = zones.get(name)?.dayOf(at);
      if (!day) throw new Error('no day');
      expect(at >= day.start && at < day.end).toBe(true);
      const shown = `${day.date}, ${String(hourOf(day, at)).padStart(2, '0')}`;
      expect(clocks.get(name)?.format(at).slice(0, shown.length)).toBe(shown);
      expect(day.hours.map(({ start }) => start)).toEqual([day.start, ...day.hours.slice(0, -1).map(({ end }) => end)]);
      expect(day.hours.at(-1)?.end).toBe(day.end);
    }),
  );
});

test('days follow each other without a gap, in every zone, also where clocks changed in odd ways', () => {
  const zones = new Map<string, Zone>();
  const anInstant = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2038, 0, 1) });
  fc.assert(
    fc.property(fc.constantFrom(...Intl.supportedValuesOf('timeZone')), anInstant, (name, at) => {
      const own = zones.get(name) ?? zone(name);
      zones.set(name, own);
      const day = own.dayOf(at);
      expect(at >= day.start && at < day.end).toBe(true);
      expect(own.dayOf(day.end).start).toBe(day.end);
      expect(own.dayOf(day.start - 1).end).toBe(day.start);
      expect([day.hours[0]?.start, day.hours.at(-1)?.end]).toEqual([day.start, day.end]);
    }),
  );
});

test('an interval is cut at every midnight, and nothing of it is lost', () => {
  const berlin = zone('Europe/Berlin');
  const [from, to] = [Date.parse('2025-03-28T12:00:00Z'), Date.parse('2025-03-31T12:00:00Z')];
  const cut = [...pieces(from, to, berlin, 'days')];
  expect(cut.map((piece) => [piece.day.date, (piece.to - piece.from) / HOUR])).toEqual([
    ['2025-03-28', 11],
    ['2025-03-29', 24],
    ['2025-03-30', 23],
    ['2025-03-31', 14],
  ]);
  const hourly = [...pieces(from, to, berlin, 'hours')];
  expect(hourly.reduce((sum, piece) => sum + piece.to - piece.from, 0)).toBe(to - from);
});

test('names are taken in any case and said as the list has them; what is no zone is none', () => {
  expect(zoneOf('europe/berlin')?.name).toBe('Europe/Berlin');
  for (const name of ['', 'Nowhere', '+02:00', 'Europe/Berlin ', '2025-01-01T00:00:00Z[Europe/Berlin]'])
    expect([name, zoneOf(name)]).toEqual([name, null]);
});
