import type { DerivedRecord, DerivedTopic, Latest } from '@callfold/core';
import { openLatest, RECORD_TOPICS } from '@callfold/core';
import type { At, Clock } from '@callfold/engine';
import type { Lack } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';

/** The derived records of the last two days, as they come: of each its last revision. */

export type DerivedRow = { readonly outcomeId: string; readonly record: DerivedRecord | null };

export type DerivedRows = {
  readonly partitions: (topic: string) => Promise<number>;
  /** Of a derived topic: the first that was published at that time or later. */
  readonly offsetAt: (at: At, time: number) => Promise<number>;
  readonly page: (
    topic: DerivedTopic,
    partition: number,
    from: number,
  ) => Promise<{ readonly rows: readonly DerivedRow[]; readonly next: number; readonly end: number }>;
};

export type Records = {
  readonly all: () => Iterable<DerivedRecord>;
  /** Grows with each record that came. */
  readonly version: () => number;
  /** Null: nothing is away, and everything was read once. */
  readonly away: () => string | null;
  readonly isFull: () => boolean;
  /** Why figures and lists are not of all records as they are now; null: they are. */
  readonly lack: () => Lack | null;
  /** When all topics were last read to their ends, epoch ms; null: not once. */
  readonly asOf: () => number | null;
  stop(): Promise<void>;
};

/** @returns false: there are as many as may be held, and it is left out */
export function takeRow(latest: Latest, most: number, topic: DerivedTopic, { outcomeId, record }: DerivedRow): boolean {
  if (record === null) latest.erase(topic, outcomeId);
  else if (latest.size < most || latest.has(topic, record.outcomeId)) latest.take(record);
  else return false;
  return true;
}

const TOPICS: readonly DerivedTopic[] = Object.values(RECORD_TOPICS);

type Ports = {
  readonly rows: DerivedRows;
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
  readonly onTrouble: (message: string) => void;
};

export function startRecords({ rows, clock, limits, onTrouble }: Ports): Records {
  const signal = { aborted: false };
  const positions = new Map<string, number>();
  let version = 0;
  let trouble: string | null = null;
  let isRead = false;
  let asOf: number | null = null;
  let isFull = false;
  let forgotAt = clock.now();
  const isWanted = (record: DerivedRecord): boolean => (record.ingestedAt ?? forgotAt) >= forgotAt - limits.recordsMs;
  let latest: Latest = openLatest(isWanted);

  function take(topic: DerivedTopic, row: DerivedRow): void {
    if (!takeRow(latest, limits.records, topic, row)) isFull = true;
  }

  function forget(): void {
    forgotAt = clock.now();
    const before = latest;
    latest = openLatest(isWanted);
    for (const record of before.records())
      if (isWanted(record)) take(RECORD_TOPICS[record.kind], { outcomeId: '', record });
    // With room for a tenth, so that one record that goes does not have all of them read again and again.
    if (!isFull || latest.size > limits.records - limits.records / 10) return;
    isFull = false;
    positions.clear();
    isRead = false;
  }

  async function readOn(topic: DerivedTopic, partition: number): Promise<void> {
    const name = `${topic}/${partition}`;
    for (let isMore = true; isMore && !signal.aborted; ) {
      const from = positions.get(name) ?? (await rows.offsetAt({ topic, partition }, forgotAt - limits.recordsMs));
      const page = await rows.page(topic, partition, from);
      for (const row of page.rows) take(topic, row);
      if (page.rows.length > 0) version += 1;
      isMore = page.next > from && page.next < page.end;
      positions.set(name, Math.max(from, page.next));
    }
  }

  async function look(): Promise<void> {
    if (clock.now() - forgotAt >= limits.forgetMs) forget();
    for (const topic of TOPICS) {
      const partitions = await rows.partitions(topic);
      await Promise.all(Array.from({ length: partitions }, (_, partition) => readOn(topic, partition)));
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const asked = clock.now();
        await look();
        trouble = null;
        isRead = true;
        asOf = asked;
        await clock.sleep(limits.pollMs, signal);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (trouble !== message) onTrouble(message);
        trouble = message;
        await clock.sleep(limits.retryMs, signal);
      }
    }
  }

  const done = run();
  return {
    all: () => latest.records(),
    version: () => version,
    away: () => trouble ?? (isRead ? null : 'the derived topics are read'),
    isFull: () => isFull,
    lack() {
      if (trouble !== null) return 'records-away';
      if (!isRead) return 'records-reading';
      return isFull ? 'records-full' : null;
    },
    asOf: () => asOf,
    async stop() {
      signal.aborted = true;
      await done;
    },
  };
}
