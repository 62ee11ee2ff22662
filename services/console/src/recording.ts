import type { DerivedRecord, DerivedTopic, Rules, Source, StatusEvent, Tombstone, Zone, ZoneDay } from '@callfold/core';
import { openLatest, rawTopic, SOURCES } from '@callfold/core';
import type { At, Input, LogRecord, OfflineFold, OfflineStanding, RawLog } from '@callfold/engine';
import { createOfflineFold, logPages } from '@callfold/engine';
import { CONSOLE_LIMITS } from './limits.ts';
import type { States } from './placing.ts';
import { openPlacing } from './placing.ts';

/** One past day of the raw log, as a replay plays it: what came before it is folded, its own events are kept. */

/** What one record of the day asks of the fold; `at` is when the log took it. */
export type Step = { readonly at: number; readonly source: Source; readonly key: string } & (
  | { readonly what: 'event'; readonly event: StatusEvent }
  | { readonly what: 'erase'; readonly named: readonly Tombstone[] }
);

/** How everything stands at one moment: a replay can go on from there. */
export type Mark = {
  /** Epoch ms. */
  readonly now: number;
  /** Of the first step that is not folded yet. */
  readonly next: number;
  readonly fold: OfflineStanding;
  readonly records: readonly DerivedRecord[];
  /** Subjects that are shown, or name agents; null: it was not looked which. */
  readonly shown: ReadonlyMap<Source, readonly string[]> | null;
};

export type Recording = {
  readonly day: ZoneDay;
  /** Of the day from the hour of its first event to the end of the hour of its last: epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly steps: readonly Step[];
  /** As it stands when the day begins. */
  readonly base: Mark;
  readonly raw: RawLog;
  readonly rules: Rules;
};

export type DayOfLog = {
  readonly raw: RawLog;
  /** Those of `outcomes`, which know by how many partitions the log was placed; absent: by those that it has. */
  readonly states?: States;
  /** Those of `outcomes`: what is shown of a day is what was shown on it. */
  readonly rules: Rules;
  readonly zone: Zone;
  /** Some moment of the day, epoch ms. */
  readonly at: number;
  /** What the log took before that is not read, epoch ms; absent: all of it is. */
  readonly since?: number;
  /** Of a day that is not over: now, epoch ms. */
  readonly until?: number;
  /** Told of records that are read; what it throws ends the reading. */
  readonly progress?: (records: number) => void;
};

type Reader = { readonly source: Source; take(): Promise<Taken | null> };
type Taken = { readonly at: number; readonly input: Input };

/** Hours of the day that are shown begin and end with one of its clock's. */
const hourStart = ({ hours, start }: ZoneDay, at: number): number =>
  hours.findLast((hour) => hour.start <= at)?.start ?? start;
const hourEnd = ({ hours, end }: ZoneDay, at: number): number => hours.find((hour) => hour.end > at)?.end ?? end;

/** One partition, record by record. The log clock does not go back where a broker's did. */
async function openReader({ raw, states, since }: DayOfLog, at: At, source: Source, end: number): Promise<Reader> {
  const { log, codec } = raw;
  const place = await openPlacing({ at, source, codec }, await log.partitions(at.topic), states);
  const { start } = await log.bounds(at);
  const from = since === undefined ? start : Math.max(start, await log.offsetAt(at, since));
  const pages = logPages(log, at, from, await log.offsetAt(at, end));
  let page: readonly LogRecord[] = [];
  let index = 0;
  let clock = -Infinity;
  return {
    source,
    async take() {
      while (index >= page.length) {
        const next = await pages.next();
        if (next.done) return null;
        page = next.value.records;
        index = 0;
        await codec.prepare(page);
      }
      const record = page[index] as LogRecord;
      index += 1;
      clock = Math.max(clock, record.appendedAt);
      return { at: clock, input: place(record) };
    },
  };
}

async function openReaders(day: DayOfLog, end: number): Promise<Reader[]> {
  const readers: Reader[] = [];
  for (const source of SOURCES) {
    const topic = rawTopic(source);
    const partitions = await day.raw.log.partitions(topic);
    for (let partition = 0; partition < partitions; partition += 1)
      readers.push(await openReader(day, { topic, partition }, source, end));
  }
  return readers;
}

/** Of all partitions in the order of when the log took them; what was taken at one instant, one partition at a time. */
async function* stepsOf(day: DayOfLog, end: number): AsyncGenerator<Step> {
  const readers = await openReaders(day, end);
  const heads = await Promise.all(readers.map((reader) => reader.take()));
  const { progress = () => undefined } = day;
  for (let records = 0; ; records += 1) {
    let first = -1;
    for (const [index, head] of heads.entries())
      if (head !== null && (first < 0 || head.at < (heads[first]?.at ?? Infinity))) first = index;
    const [head, reader] = [heads[first], readers[first]];
    if (!head || !reader) return;
    progress(records);
    const { at, input } = head;
    const { source } = reader;
    // Time passes by the replay's own clock, and what is refused changes nothing.
    if (input.what === 'event') yield { what: 'event', at, source, key: input.key, event: input.event };
    if (input.what === 'erase') yield { what: 'erase', at, source, key: input.key, named: input.named };
    heads[first] = await reader.take();
  }
}

/** Where what a fold publishes goes. */
export type Taking = {
  take(record: DerivedRecord): void;
  erase(topic: DerivedTopic, outcomeId: string): void;
};

export function takeStep(fold: OfflineFold, step: Step, taking: Taking): void {
  if (step.what === 'event') {
    for (const record of fold.fold(step.key, step.event, step.at).records) taking.take(record);
    return;
  }
  const { records, tombstones } = fold.erase(step.source, step.key, step.named, step.at);
  for (const record of records) taking.take(record);
  for (const { topic, outcomeId } of tombstones) taking.erase(topic, outcomeId);
}

/** @returns null: the log has no event of that day */
export async function readDay(asked: DayOfLog): Promise<Recording | null> {
  const { raw, rules, zone } = asked;
  const day = zone.dayOf(asked.at);
  const oldest = day.start - CONSOLE_LIMITS.recordsMs;
  const latest = openLatest((record) => (record.ingestedAt ?? record.occurredAt) >= oldest);
  const fold = createOfflineFold(rules, true);
  const steps: Step[] = [];
  for await (const step of stepsOf(asked, day.end)) {
    if (step.at >= day.start) steps.push(step);
    else takeStep(fold, step, latest);
  }
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return null;
  for (const record of fold.advance(day.start)) latest.take(record);
  return {
    day,
    from: hourStart(day, first.at),
    to: Math.max(last.at, Math.min(hourEnd(day, last.at), asked.until ?? Infinity)),
    steps,
    base: { now: day.start, next: 0, fold: fold.standing(), records: [...latest.records()], shown: null },
    raw,
    rules,
  };
}
