import { expect, test } from 'vitest';
import { createRandom, weighted } from '../src/feed/random.ts';
import { createSchedule } from '../src/feed/schedule.ts';

const DRAWS = 50_000;

const draws = (draw: () => number): number[] => Array.from({ length: DRAWS }, draw);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('the same seed gives the same numbers, another seed or fork others', () => {
  const first = (seed: number | string) => Array.from({ length: 5 }, createRandom(seed).next);
  expect(first(7)).toEqual(first(7));
  expect(first('7')).toEqual(first(7));
  expect(first(8)).not.toEqual(first(7));
  const fork = (name: string) => Array.from({ length: 5 }, createRandom(7).fork(name).next);
  expect(fork('a')).toEqual(fork('a'));
  expect(fork('a')).not.toEqual(fork('b'));
});

test('a fork draws the same numbers however many its parent has drawn', () => {
  const parent = createRandom(1);
  const before = parent.fork('x').next();
  parent.next();
  expect(parent.fork('x').next()).toBe(before);
});

test('numbers are spread evenly over [0, 1)', () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  const values = draws(createRandom(2).next);
  expect(values.filter((value) => value < 0 || value >= 1)).toEqual([]);
  for (const value of values) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
  // Ten times the standard deviation of such a count is 670.
  for (const count of tenths) expect(Math.abs(count - DRAWS / 10)).toBeLessThan(670);
});

test('distributions have the mean and the median they name', () => {
  const random = createRandom(3);
  expect(Math.abs(mean(draws(() => random.exponential(20))) - 20)).toBeLessThan(0.5);
  const times = draws(() => random.logNormal(100, 0.8)).sort((a, b) => a - b);
  expect(times[DRAWS / 2] ?? 0).toBeGreaterThan(97);
  expect(times[DRAWS / 2] ?? 0).toBeLessThan(103);
  expect(mean(times) / (100 * Math.exp(0.32))).toBeCloseTo(1, 1);
  expect(new Set(draws(() => random.whole(3, 5)))).toEqual(new Set([3, 4, 5]));
});

test('weighted draws come as often as they weigh, and never at weight 0', () => {
  const random = createRandom(4);
  const draw = weighted([
    ['often', 3],
    ['never', 0],
    ['seldom', 1],
  ]);
  const drawn = Array.from({ length: DRAWS }, () => draw(random));
  expect(drawn.filter((item) => item === 'often').length / DRAWS).toBeCloseTo(0.75, 1);
  expect(drawn).not.toContain('never');
});

test('choosing from nothing is an error that says so', () => {
  expect(() => createRandom(5).pick([])).toThrow('nothing to choose from');
});

test('a schedule gives back by time, and what is of one time in the order in which it came', () => {
  const random = createRandom(6);
  const schedule = createSchedule<{ at: number; order: number }>(10_000);
  const put = Array.from({ length: 3_000 }, (_, order) => ({ at: random.whole(0, 200), order }));
  for (const item of put) schedule.put(item.at, item);
  const taken = [];
  for (let next = schedule.take(); next !== null; next = schedule.take()) taken.push(next.item);
  expect(taken).toEqual([...put].sort((a, b) => a.at - b.at || a.order - b.order));
  expect(schedule.nextAt()).toBeNull();
});

test('a schedule that only fills says so instead of growing', () => {
  const schedule = createSchedule<number>(2);
  schedule.put(1, 1);
  schedule.put(1, 2);
  expect(() => schedule.put(1, 3)).toThrow('more than 2 entries');
});
