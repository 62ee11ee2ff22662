import { systemClock } from '@callfold/adapters';
import type { DerivedRecord } from '@callfold/core';
import { RECORD_TOPICS } from '@callfold/core';
import { expect, test, vi } from 'vitest';
import type { ConsoleLimits } from '../src/limits.ts';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import type { DerivedRow, DerivedRows } from '../src/records.ts';
import { startRecords } from '../src/records.ts';

const rowOf = (n: number, ingestedAt = Date.now()): DerivedRow => {
  const outcomeId = `default/callcenter24/${n}`;
  return { outcomeId, record: { kind: 'call-outcome', outcomeId, revision: 1, ingestedAt } as DerivedRecord };
};

function openRecords(all: () => readonly DerivedRow[], limits: Partial<ConsoleLimits>) {
  /** Each time that they are read from their beginning. */
  const asked: number[] = [];
  const broken = { why: null as string | null };
  const rows: DerivedRows = {
    partitions: async () => 1,
    async offsetAt({ topic }, time) {
      if (topic === RECORD_TOPICS['call-outcome']) asked.push(time);
      const first = all().findIndex(({ record }) => (record?.ingestedAt ?? 0) >= time);
      return Math.max(0, first);
    },
    async page(topic, _partition, from) {
      if (broken.why !== null) throw new Error(broken.why);
      const own = topic === RECORD_TOPICS['call-outcome'] ? all() : [];
      return { rows: own.slice(from), next: own.length, end: own.length };
    },
  };
  const records = startRecords({
    rows,
    clock: systemClock,
    limits: { ...CONSOLE_LIMITS, pollMs: 5, retryMs: 5, ...limits },
    onTrouble: () => undefined,
  });
  return { records, asked, broken };
}

test('it is told what is lacking: what is still read, what is away, what is too much; and as of when it is', async () => {
  let given: DerivedRow[] = [];
  const { records, broken } = openRecords(() => given, { records: 2 });
  expect([records.lack(), records.asOf()]).toEqual(['records-reading', null]);
  await vi.waitFor(() => expect(records.lack()).toBeNull());
  const asOf = records.asOf() ?? 0;
  expect(asOf).toBeGreaterThan(Date.now() - 10_000);
  broken.why = 'the broker is away';
  await vi.waitFor(() => expect([records.lack(), records.away()]).toEqual(['records-away', 'the broker is away']));
  expect(records.asOf()).toBeGreaterThanOrEqual(asOf);
  broken.why = null;
  given = [rowOf(1), rowOf(2), rowOf(3)];
  await vi.waitFor(() => expect(records.lack()).toBe('records-full'));
  await records.stop();
});

test('what was left out is read anew when there is room for a tenth, and not for each record that goes', async () => {
  const old = Date.now() - CONSOLE_LIMITS.recordsMs;
  // One goes soon, a tenth of all some time later.
  const all = [rowOf(0, old + 100), rowOf(1, old + 3_000), ...Array.from({ length: 19 }, (_, n) => rowOf(n + 2))];
  const { records, asked } = openRecords(() => all, { records: 20, forgetMs: 10 });
  const held = (): number => [...records.all()].length;
  const patience = { timeout: 30_000 };
  await vi.waitFor(() => expect([held(), records.lack()]).toEqual([19, 'records-full']), patience);
  expect(asked).toHaveLength(1);
  await vi.waitFor(() => expect([held(), records.lack()]).toEqual([19, null]), patience);
  expect(asked).toHaveLength(2);
  await records.stop();
});
