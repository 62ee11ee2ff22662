import type { Settings } from '@callfold/core';
import type { At } from '@callfold/engine';
import { createOfflineFold, inputOf, rulesOf, timeFrom } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import type { Context, Exit } from './command.ts';
import { EXIT, WrongArgument } from './command.ts';
import type { Listed } from './offset-plan.ts';
import { checkFresh, planId, readListed } from './offset-plan.ts';
import { offsetsAdvice, offsetsCsv, offsetsText } from './offsets-text.ts';
import type { Place, Point } from './points.ts';
import { placeOf, readDuration, readOffset, readTime } from './points.ts';
import type { Site } from './site.ts';
import type { Target, TargetOptions } from './targets.ts';
import { targetsOf } from './targets.ts';

/**
 * `callfold offsets`: where a time, a duration, an offset is in every partition, and how far that is from where each
 * role stands. It moves nothing: a position stands in the store with the states that were folded up to it, and is
 * right with these only.
 */
export type OffsetsOptions = TargetOptions & {
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly shiftBy?: string;
  readonly toOffset?: string;
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toCurrent?: boolean;
  /** What stands in the file. */
  readonly fromFile?: string;
  readonly export?: boolean;
  readonly execute?: boolean;
};

type Goal =
  | { readonly what: 'point'; readonly point: Point }
  | { readonly what: 'current' }
  | { readonly what: 'shift'; readonly by: number }
  | { readonly what: 'listed'; readonly listed: Listed };

export type OffsetRow = Target['at'] & {
  readonly role: Target['role'];
  /** Of the log. */
  readonly start: number;
  readonly end: number;
  /** Of the role; null: nothing was ever committed. */
  readonly position: number | null;
  readonly positionAt: number | null;
  readonly offset: number;
  /** Append time of the first record from the offset on; null at the end. */
  readonly recordAt: number | null;
  /** It was asked for what is not in the log: this end of it is nearer. */
  readonly beyond: Place['beyond'];
  /** Offsets from the position to the offset: below 0 back, above 0 on. */
  readonly records: number;
  /** Append times of the first and the last of the records in between, epoch ms. */
  readonly between: { readonly first: number | null; readonly last: number | null };
};

export type OffsetsPlan = {
  readonly plan: string;
  readonly madeAt: number;
  readonly partitions: readonly OffsetRow[];
  /** What a fold of all records in between would take here; null: it could not be told. */
  readonly fold: { readonly perSecond: number; readonly seconds: number } | null;
};

const SAMPLE_RECORDS = 5_000;
/** Of fewer the rate is that of a program that has just begun. */
const SAMPLE_LEAST = 500;
const SHIFT = /^[+-]?\d{1,12}$/;

const read = <Value>(option: string, value: Value | string): Exclude<Value, string> => {
  if (typeof value === 'string') throw new WrongArgument(`${option}: ${value}`);
  return value as Exclude<Value, string>;
};

function shiftOf(text: string): number | string {
  return SHIFT.test(text) ? Number(text) : `${JSON.stringify(text)} is no number of records, as 100 or -100.`;
}

/** @throws WrongArgument when it is not one, or none that can be read */
function goalOf(options: OffsetsOptions, now: number): Goal {
  const { toDatetime, byDuration, shiftBy, toOffset, fromFile } = options;
  const point = (one: Point): Goal => ({ what: 'point', point: one });
  const readers: readonly (readonly [string, unknown, () => Goal])[] = [
    [
      '--to-datetime',
      toDatetime,
      () => point({ what: 'time', time: read('--to-datetime', readTime(toDatetime ?? '')) }),
    ],
    [
      '--by-duration',
      byDuration,
      () => point({ what: 'time', time: now - read('--by-duration', readDuration(byDuration ?? '')) }),
    ],
    ['--shift-by', shiftBy, () => ({ what: 'shift', by: read('--shift-by', shiftOf(shiftBy ?? '')) })],
    ['--to-offset', toOffset, () => point({ what: 'offset', offset: read('--to-offset', readOffset(toOffset ?? '')) })],
    ['--to-earliest', options.toEarliest, () => point({ what: 'earliest' })],
    ['--to-latest', options.toLatest, () => point({ what: 'latest' })],
    ['--to-current', options.toCurrent, () => ({ what: 'current' })],
    ['--from-file', fromFile, () => ({ what: 'listed', listed: readListed(fromFile ?? '') })],
  ];
  const given = readers.filter(([, value]) => value !== undefined && value !== false);
  if (given.length > 1) throw new WrongArgument(`Only one of ${given.map(([name]) => name).join(', ')}.`);
  return given[0]?.[2]() ?? { what: 'current' };
}

function bounded(offset: number, { start, end }: { start: number; end: number }): Place {
  if (offset < start) return { offset: start, beyond: 'start' };
  return offset > end ? { offset: end, beyond: 'end' } : { offset, beyond: null };
}

async function rowOf(site: Site, { role, at }: Target, goal: Goal): Promise<OffsetRow | null> {
  const log = site.log(role);
  const [stored, bounds] = await Promise.all([site.store(role).peek(at), log.bounds(at)]);
  const { start, end } = bounds;
  const position = stored?.next ?? null;
  const from = position ?? start;
  const placed = async (): Promise<Place | null> => {
    if (goal.what === 'point') return placeOf(log, at, goal.point);
    if (goal.what === 'current') return bounded(from, bounds);
    if (goal.what === 'shift') return bounded(from + goal.by, bounds);
    const listed = goal.listed.rows.find(
      (row) => row.topic === at.topic && row.partition === at.partition && (row.role ?? role) === role,
    );
    return listed ? bounded(listed.offset, bounds) : null;
  };
  const place = await placed();
  if (place === null) return null;
  const { offset, beyond } = place;
  const [low, high] = [Math.max(start, Math.min(from, offset)), Math.min(end, Math.max(from, offset))];
  const [positionAt, recordAt, first, last] = await Promise.all([
    position === null ? null : timeFrom(log, at, position),
    timeFrom(log, at, offset),
    low < high ? timeFrom(log, at, low) : null,
    low < high ? timeFrom(log, at, high - 1) : null,
  ]);
  const records = offset - from;
  return { role, ...at, start, end, position, positionAt, offset, recordAt, beyond, records, between: { first, last } };
}

/** How fast a fold is here, by one page of what it would fold. */
async function foldRate(site: Site, settings: Settings, row: OffsetRow): Promise<number | null> {
  const at: At = { topic: row.topic, partition: row.partition };
  const role = row.role === 'outcomes' ? OUTCOMES : projectorRole(settings);
  const target = (await targetsOf(site, at)).find((one) => one.role === row.role);
  if (!target) return null;
  const log = site.log(row.role);
  const fold = createOfflineFold(rulesOf(role, settings), true);
  const place = { source: target.source, partition: at.partition, partitions: await site.partitions(at.topic) };
  const from = Math.max(row.start, Math.min(row.position ?? row.start, row.offset));
  const begun = performance.now();
  const { records } = await log.read(at, from, SAMPLE_RECORDS);
  await site.codec.prepare(records);
  for (const record of records) {
    const input = inputOf(record, place, site.codec);
    if (input.what === 'event') fold.fold(input.key, input.event, record.appendedAt);
    else fold.advance(record.appendedAt);
  }
  return records.length < SAMPLE_LEAST ? null : (records.length * 1_000) / (performance.now() - begun);
}

export async function planOffsets(
  site: Site,
  settings: Settings,
  options: OffsetsOptions,
  now: number,
): Promise<OffsetsPlan> {
  const goal = goalOf(options, now);
  if (goal.what === 'listed') await checkFresh(site, goal.listed);
  const rows: OffsetRow[] = [];
  for (const target of await targetsOf(site, options)) {
    const row = await rowOf(site, target, goal);
    if (row) rows.push(row);
  }
  const all = rows.reduce((sum, { records }) => sum + Math.abs(records), 0);
  const longest = rows.toSorted((a, b) => Math.abs(b.records) - Math.abs(a.records))[0];
  const perSecond = longest && all > 0 ? await foldRate(site, settings, longest) : null;
  const fold = perSecond === null ? null : { perSecond, seconds: all / perSecond };
  return { plan: planId(rows), madeAt: now, partitions: rows, fold };
}

/** The command itself, where the data is. */
export async function offsetsOn(site: Site, options: OffsetsOptions, context: Context): Promise<Exit> {
  const plan = await planOffsets(site, context.config.settings, options, Date.now());
  if (options.export) context.out(offsetsCsv(plan));
  else if (context.json) context.out(`${JSON.stringify(plan)}\n`);
  else context.out(offsetsText(plan));
  for (const line of offsetsAdvice(plan, options)) context.say(line);
  return options.execute ? EXIT.precondition : EXIT.done;
}
