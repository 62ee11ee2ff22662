import { expect, it } from 'vitest';
import { duration } from '../src/words.ts';

it.each([
  [0, '0 s'],
  [59_499, '59 s'],
  [59_500, '1 min 0 s'],
  [119_600, '2 min 0 s'],
  [3_599_600, '1 h 0 min'],
  [86_399_000, '24 h 0 min'],
  [14_340_000, '3 h 59 min'],
])('a duration of %i ms is read as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
