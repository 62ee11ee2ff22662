import { createMemoryWorld } from '@callfold/adapters';
import type { Log } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Point } from '../src/points.ts';
import { placeOf, readDuration, readOffset, readPoint, readTime, spanOf } from '../src/points.ts';

const NOW = Date.UTC(2026, 1, 28, 9, 30);
const AT = { topic: 'callfold.raw.atlas', partition: 0 };

describe('a time', () => {
  it.each([
    ['2026-02-28T09:30:00Z', NOW],
    ['2026-02-28T10:30:00+01:00', NOW],
    ['2026-02-28T09:30:00.250Z', NOW + 250],
  ])('%s has a zone', (text, time) => expect(readTime(text)).toBe(time));

  it.each(['2026-02-28T09:30:00', '2026-02-28T09:30'])('%s has none, and none is guessed', (text) => {
    expect(readTime(text)).toMatch(/has no zone: add Z or an offset/);
    expect(readPoint(text, NOW)).toMatch(/has no zone: add Z or an offset/);
  });

  it.each(['yesterday', '', '2026-02-30T09:30:00Z', '1767225600000'])('%s is none', (text) => {
    expect(readTime(text)).toMatch(/is no time/);
  });
});

describe('a duration', () => {
  it.each([
    ['PT2H30M', 9_000_000],
    ['P1DT12H', 129_600_000],
    ['P3D', 259_200_000],
    ['PT0.5S', 500],
    ['PT0S', 0],
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s is %d ms', (text, ms) => expect(readDuration(text)).toBe(ms));

  it.each(['P', 'PT', 'P1DT', '2', 'h', '-PT2H', '2 h', 'PT2H ', '1.5h', '1w', 'PT1D', 'P1H'])('%s is none', (text) => {
    expect(readDuration(text)).toMatch(/is no duration/);
  });

  it('of months is refused, with what to write instead: it would not always be as long', () => {
    expect(readDuration('P1M')).toMatch(/Years, months and weeks are written as days/);
    expect(readDuration('PT1M')).toBe(60_000);
  });
});

describe('a point', () => {
  it.each<[string, Point]>([
    ['earliest', { what: 'earliest' }],
    ['latest', { what: 'latest' }],
    ['0', { what: 'offset', offset: 0 }],
    ['4711', { what: 'offset', offset: 4_711 }],
    ['2026-02-28T09:30:00Z', { what: 'time', time: NOW }],
    ['PT2H', { what: 'time', time: NOW - 7_200_000 }],
    ['2h', { what: 'time', time: NOW - 7_200_000 }],
  ])('%s', (text, point) => expect(readPoint(text, NOW)).toEqual(point));

  it('of thirteen digits was meant as a time, and is refused', () => {
    expect(readOffset('1767225600000')).toMatch(/too many digits for an offset. A time is ISO 8601/);
    expect(readPoint('1767225600000', NOW)).toMatch(/too many digits/);
  });

  it.each(['soon', '-1', '1e3', ''])('%s is none, and the forms are told', (text) => {
    expect(readPoint(text, NOW)).toMatch(/is no place in a log. Expected earliest, latest/);
  });
});

describe('a point in a partition', () => {
  /** Records 0 to 9, a minute apart, two of them at each instant; the first four gone where asked for. */
  function logOf(start = 0): Log {
    const world = createMemoryWorld({ clock: { now: () => NOW } });
    world.topics.create(AT.topic, 1);
    for (let n = 0; n < 10; n += 1) {
      world.topics.append(AT, [{ key: null, value: null, headers: [] }], NOW + Math.floor(n / 2) * 60_000);
    }
    if (start > 0) world.topics.retain(AT, start);
    return world.ports().log('group');
  }

  it.each<[Point, number, 'start' | 'end' | null]>([
    [{ what: 'earliest' }, 0, null],
    [{ what: 'latest' }, 10, null],
    [{ what: 'offset', offset: 7 }, 7, null],
    [{ what: 'offset', offset: 10 }, 10, null],
    [{ what: 'offset', offset: 11 }, 10, 'end'],
    [{ what: 'time', time: 0 }, 0, null],
    [{ what: 'time', time: NOW }, 0, null],
    [{ what: 'time', time: NOW + 1 }, 2, null],
    [{ what: 'time', time: NOW + 120_000 }, 4, null],
    [{ what: 'time', time: NOW + 240_001 }, 10, 'end'],
  ])('%j is at offset %d', async (point, offset, beyond) => {
    expect(await placeOf(logOf(), AT, point)).toEqual({ offset, beyond });
  });

  it.each<[Point, number, 'start' | null]>([
    [{ what: 'earliest' }, 4, null],
    [{ what: 'offset', offset: 3 }, 4, 'start'],
    [{ what: 'offset', offset: 4 }, 4, null],
    [{ what: 'time', time: NOW + 60_000 }, 4, 'start'],
    [{ what: 'time', time: NOW + 120_000 }, 4, null],
    [{ what: 'time', time: NOW + 180_000 }, 6, null],
  ])('where retention took what is below 4, %j is at offset %d, and says so', async (point, offset, beyond) => {
    expect(await placeOf(logOf(4), AT, point)).toEqual({ offset, beyond });
  });

  it('a range ends before its end, and is never less than empty', async () => {
    const log = logOf();
    const early: Point = { what: 'time', time: NOW + 60_000 };
    const late: Point = { what: 'time', time: NOW + 180_000 };
    expect(await spanOf(log, AT, early, late)).toEqual({ from: 2, to: 6 });
    expect(await spanOf(log, AT, late, early)).toEqual({ from: 6, to: 6 });
    expect(await spanOf(log, AT, { what: 'earliest' }, { what: 'latest' })).toEqual({ from: 0, to: 10 });
  });
});
