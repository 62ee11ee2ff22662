import { systemClock } from '@callfold/adapters';
import type { DerivedRecord, Settings, Source } from '@callfold/core';
import { recordJson } from '@callfold/core';
import type { At, Compared, Comparing, Range, RangeCounts, Replayed } from '@callfold/engine';
import { compareRange, replayRange, requestsTaken, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { logWith } from './archiving.ts';
import type { Context } from './command.ts';
import type { ConfirmOptions } from './confirming.ts';
import type { Point } from './points.ts';
import { spanOf } from './points.ts';
import type { Progress } from './progress.ts';
import { createProgress } from './progress.ts';
import type { Site } from './site.ts';
import { sourceTargets, targetsOf } from './targets.ts';

/** What `callfold replay outcomes` finds, says and does. */

export type ReplayOptions = ConfirmOptions & {
  readonly from: Point;
  readonly to: Point;
  readonly source?: Source;
  readonly partition?: number;
  readonly tenant?: string;
  readonly call?: string;
  /** A folder of `callfold archive`. */
  readonly archive?: string;
  /** Seconds. */
  readonly wait?: number;
};

export type ReplayRow = {
  readonly topic: string;
  readonly partition: number;
  readonly range: Range;
  /** What is committed at this position was compared. */
  readonly position: number;
  readonly counts: Readonly<Record<string, Readonly<RangeCounts>>>;
  readonly letters: Compared['letters'];
  readonly differences: readonly {
    readonly what: string;
    readonly topic: string;
    readonly id: string;
    readonly stands: Record<string, unknown> | null;
    readonly says: Record<string, unknown> | null;
  }[];
  /** Of a run that executes. */
  readonly replayed: Replayed | null;
};

/** Differences of one partition that are told in full; all are counted. */
/** For an owner that does not move. */
const WAIT_SECONDS = 60;
const TOLD_MAX = 1_000;

function isWanted({ tenant, call }: ReplayOptions): (record: DerivedRecord) => boolean {
  return (record) =>
    (tenant === undefined || record.tenantId === tenant) &&
    (call === undefined || ('callId' in record && record.callId === call));
}

/** Partition by partition: what differs, and where told to, what its owner has published for it. */
export async function* replayOutcomes(
  site: Site,
  settings: Settings,
  options: ReplayOptions,
  { config, say, stop }: Pick<Context, 'config' | 'say' | 'stop'>,
): AsyncGenerator<ReplayRow> {
  for (const { source, at } of await targetsOf(site, sourceTargets(options))) {
    if (stop.requested) return;
    const log = logWith(site.log('outcomes'), options.archive, config);
    const range = await spanOf(log, at, options.from, options.to);
    if (range.to <= range.from) continue;
    const progress = progressOf(at, await log.bounds(at), say);
    const comparing: Comparing = {
      at,
      source,
      log,
      codec: site.codec,
      store: site.store('outcomes'),
      reader: site.derived,
      rules: rulesOf(OUTCOMES, settings),
      clock: systemClock,
      stop,
      patienceMs: (options.wait ?? WAIT_SECONDS) * 1_000,
      range,
      isWanted: isWanted(options),
      progress: progress.add,
    };
    // What an earlier run has asked for comes first: it is no difference any more then.
    if (options.execute) await requestsTaken(comparing);
    if (stop.requested) return;
    const compared = await compareRange(comparing);
    progress.end();
    if (stop.requested) return;
    const replayed = options.execute ? await replayRange(comparing, compared) : null;
    yield rowOf(at, range, compared, replayed);
  }
}

function progressOf({ topic, partition }: At, { start, end }: { start: number; end: number }, say: Context['say']) {
  let done = 0;
  let bytes = 0;
  const progress: Progress = createProgress({
    noun: `records of ${topic}/${partition}`,
    total: end - start,
    say,
  });
  return {
    add(records: number, more: number): void {
      done += records;
      bytes += more;
      progress.at(done, bytes);
    },
    end: () => void progress.end(),
  };
}

function rowOf({ topic, partition }: At, range: Range, compared: Compared, replayed: Replayed | null): ReplayRow {
  const { position, counts, letters, differences } = compared;
  const told = differences.slice(0, TOLD_MAX).map(({ stands, says, ...rest }) => ({
    ...rest,
    stands: stands && recordJson(stands),
    says: says && recordJson(says),
  }));
  return {
    topic,
    partition,
    range,
    position,
    counts: Object.fromEntries(counts),
    letters,
    differences: told,
    replayed,
  };
}

const WORDS: readonly (readonly [keyof RangeCounts, string])[] = [
  ['same', 'the same'],
  ['missing', 'missing'],
  ['changed', 'changed'],
  ['surplus', 'surplus, left as they are'],
  ['beforeHorizon', 'before the horizon, not compared'],
  ['moving', 'about to be published by their owner, not compared'],
  ['erased', 'erased, not compared'],
];

export function differencesOf({ counts }: Pick<ReplayRow, 'counts'>): {
  readonly due: number;
  readonly surplus: number;
} {
  const all = Object.values(counts);
  const sum = (what: keyof RangeCounts): number => all.reduce((total, one) => total + one[what], 0);
  return { due: sum('missing') + sum('changed'), surplus: sum('surplus') };
}

/** One partition, in words. */
export function replayText({ topic, partition, range, counts, letters, differences, replayed }: ReplayRow): string {
  const lines = [`${topic}/${partition}, offsets ${range.from} to ${range.to}:`];
  for (const [name, of] of Object.entries(counts)) {
    const parts = WORDS.flatMap(([what, words]) => (of[what] > 0 ? [`${of[what]} ${words}`] : []));
    lines.push(`    ${name}: ${parts.join('; ')}`);
  }
  if (letters.surplus > 0) lines.push(`    ${letters.surplus} dead letters that fold today: \`callfold dlq redrive\``);
  if (letters.missing > 0) lines.push(`    ${letters.missing} records that would be dead letters today`);
  for (const { what, topic: where, id, stands, says } of differences)
    lines.push(`  ${what} ${where} ${id}${changes(stands, says)}`);
  if (replayed) {
    const moved = replayed.moved > 0 ? `; of ${replayed.moved} subjects something came meanwhile: run it again` : '';
    lines.push(`    ${replayed.published} published as their next revision${moved}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The fields that differ, as `: outcome "missed" -> "abandoned"`. */
export function changes(stands: Record<string, unknown> | null, says: Record<string, unknown> | null): string {
  if (!stands || !says) return '';
  const silent = new Set(['revision', 'correctionOf', 'ingestedAt']);
  const parts = Object.keys(says).flatMap((field) => {
    const [was, is] = [JSON.stringify(stands[field]), JSON.stringify(says[field])];
    return silent.has(field) || was === is ? [] : [`${field} ${was} -> ${is}`];
  });
  return `: ${parts.join(', ')}`;
}
