/** What stands in a partition in which its key does not belong, as a past day has it. */

import { partitionOf, readSubjectKey } from '@callfold/core';
import type { At } from '@callfold/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Recording } from '../src/index.ts';
import type { States } from '../src/placing.ts';
import type { Step } from '../src/recording.ts';
import type { Logged } from './replay-harness.ts';
import { at, call, PARTITIONS, recordingOf } from './replay-harness.ts';

const LOGGED: readonly Logged[] = Array.from({ length: 12 }, (_, n) =>
  call(`CA-${n}`, at(9, n), [0, 'Participant join (Contact)'], [8, 'Participant join (Anna)'], [90, 'Call ended']),
)
  .flat()
  .toSorted((a, b) => a.loggedAt - b.loggedAt);

/** Of a subject that does not move when there are so many partitions. */
const staysBy =
  (count: number) =>
  ({ key }: Step): boolean => {
    const { tenantId = '', subjectId = '' } = readSubjectKey(key) ?? {};
    return partitionOf(tenantId, subjectId, count) < PARTITIONS;
  };

let recording: Recording;
beforeAll(async () => {
  recording = await recordingOf(LOGGED);
});

describe('a day that is played', () => {
  /** Each event of it once more, where its key does not belong, as it was refused when the log took it. */
  const misplaced = LOGGED.flatMap((one) => [1, 2].map((misplacedBy) => ({ ...one, misplacedBy })));
  const WITH_MISPLACED = [...misplaced, ...LOGGED].toSorted((a, b) => a.loggedAt - b.loggedAt);

  /** As far as it matters here, by the owner of each partition. */
  const statesOf = (metaOf: (place: At) => object | null): States => ({
    async peek(place) {
      const meta = metaOf(place);
      return meta && { claim: { epoch: 1, token: 'a' }, next: 1, meta: JSON.stringify({ version: 1, ...meta }) };
    },
  });

  it('refuses what stands in a partition in which it does not belong, as its owner did', async () => {
    const { steps, base } = await recordingOf(WITH_MISPLACED);
    expect(steps).toEqual(recording.steps);
    expect(base.records).toEqual(recording.base.records);
  });

  it('is the same where its topics have got more partitions since, before subjects are moved and after', async () => {
    const partitions = 4 * PARTITIONS;
    const isAdded = ({ partition }: At): boolean => partition >= PARTITIONS;
    const derived = { 'callfold.call-outcomes': PARTITIONS };
    const before = statesOf((place) => (isAdded(place) ? null : { partitions: PARTITIONS, derived }));
    // All of the day lies before the move.
    const after = statesOf((place) => ({ partitions, derived, begun: { from: isAdded(place) ? 0 : 1_000 } }));
    for (const states of [before, after]) {
      const { steps, base } = await recordingOf(WITH_MISPLACED, { grownTo: partitions, states });
      expect(steps).toEqual(recording.steps);
      expect(base.records).toEqual(recording.base.records);
    }
  });

  it('goes by the number that there was at each record, where the state knows it', async () => {
    const twice = 2 * PARTITIONS;
    const partitions = 2 * twice;
    const derived = { 'callfold.call-outcomes': PARTITIONS };
    // Moved to twice as many before the day, to four times as many after it; all of it came as if to the first ones.
    const placedBy = [
      { partitions: PARTITIONS, until: 0 },
      { partitions: twice, until: 1_000 },
    ];
    const states = statesOf(() => ({ partitions, derived, begun: { from: 1_000, placedBy } }));
    const { steps } = await recordingOf(LOGGED, { grownTo: partitions, states });
    expect(steps).toEqual(recording.steps.filter(staysBy(twice)));
    expect(steps.length).toBeLessThan(recording.steps.length);
    expect(steps.length).toBeGreaterThan(0);
  });

  it('refuses what was still published to the partition of before when its subject was moved', async () => {
    const partitions = 4 * PARTITIONS;
    const derived = { 'callfold.call-outcomes': PARTITIONS };
    const states = statesOf(() => ({ partitions, derived, begun: { from: 0 } }));
    const { steps } = await recordingOf(LOGGED, { grownTo: partitions, states });
    expect(steps).toEqual(recording.steps.filter(staysBy(partitions)));
    expect(steps.length).toBeLessThan(recording.steps.length);
    expect(steps.length).toBeGreaterThan(0);
  });
});
