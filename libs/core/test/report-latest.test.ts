import { expect, test } from 'vitest';
import { CALL_OUTCOMES, openLatest } from '../src/index.ts';
import { call, episode, handoff, lost } from './report-records.ts';

const all = () => true;

test('an episode and a hand-off of one chat, whose ids look alike, are two records', () => {
  const [one, other] = [episode('a'), handoff('a')];
  expect(one.outcomeId).toBe(other.outcomeId);
  const latest = openLatest(all);
  latest.take(one);
  latest.take(other);
  expect([...latest.records()]).toEqual([one, other]);
});

test('one revision with two contents is said, and which of them counts does not depend on their order', () => {
  const rows = [call('a'), lost('a', 'abandoned', 9)];
  const kept = [rows, rows.toReversed()].map((some) => {
    const latest = openLatest(all);
    for (const row of some) latest.take(row);
    expect(latest.contradicted).toBe(1);
    return [...latest.records()].map((record) => record.kind === 'call-outcome' && record.outcome);
  });
  expect(kept[0]).toEqual(kept[1]);
});

test('a higher revision settles it; what only its taking in tells apart is no contradiction', () => {
  const latest = openLatest(all);
  for (const row of [call('a'), lost('a', 'abandoned', 9), call('a', { revision: 2 })]) latest.take(row);
  latest.take(call('a', { revision: 2, ingestedAt: 7, correctionOf: 'abandoned' }));
  expect(latest.contradicted).toBe(0);
});

test('of a row that is not wanted the revision counts all the same', () => {
  const latest = openLatest((record) => record.kind === 'call-outcome' && record.outcome === 'answered');
  latest.take(lost('a', 'abandoned', 9, { revision: 2 }));
  latest.take(call('a'));
  expect([...latest.records()]).toEqual([]);
});

test('what was erased is gone, and may be said anew', () => {
  const latest = openLatest(all);
  latest.take(call('a', { revision: 3 }));
  latest.erase(CALL_OUTCOMES, call('a').outcomeId);
  expect([...latest.records()]).toEqual([]);
  latest.take(call('a'));
  expect([...latest.records()]).toEqual([call('a')]);
});
