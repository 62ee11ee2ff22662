import { expect, it } from 'vitest';
import type { RecoveryRow } from '../src/recovery.ts';
import { recoveryText } from '../src/recovery.ts';

/** What `callfold recover` says of one partition. */

const ROW: RecoveryRow = {
  role: 'outcomes',
  topic: 'callfold.raw.atlas',
  partition: 1,
  found: 'checkpoint',
  detail: 'position 7',
  survey: null,
  onward: null,
  grown: null,
  executed: false,
};

const cut = (executed: boolean): string =>
  recoveryText({
    ...ROW,
    found: 'cut',
    detail: 'the log ends at 40',
    onward: { offset: 25, start: 10, end: 40 },
    executed,
  });

it('where a state goes on with another log, and what it takes as folded, is said before and afterwards', () => {
  expect(cut(false)).toMatch(/would go on with it at offset 25, and takes the 15 before it as folded\n/);
  expect(cut(true)).toMatch(
    /^.*laid down for its owner, who goes on at offset 25, and takes the 15 before it as folded\n$/,
  );
});

it.each([
  [false, '3 of its 8 subjects belong to those now'],
  [true, '3 of its 8 subjects were moved'],
])('which subjects move to partitions that were added is said: executed %s', (executed, says) => {
  const grown = { topic: ROW.topic, partition: 1, subjects: 8, moves: 3 };
  const detail = 'the topic has 4 partitions, the state was made with 2';
  expect(recoveryText({ ...ROW, found: 'grown', detail, grown, executed })).toBe(
    `outcomes callfold.raw.atlas/1: partitions were added (${detail}): ${says}\n`,
  );
});
