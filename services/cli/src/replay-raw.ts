import { systemClock } from '@callfold/adapters';
import type { Source } from '@callfold/core';
import { isRejection, partitionOf, readSubjectKey, TOPICS, utf8Text } from '@callfold/core';
import type { At, Log, LogRecord, Range, RawReplayed } from '@callfold/engine';
import { isErasure, placeText, Refused, replayRaw, timeFrom } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { logWith } from './archiving.ts';
import type { Context } from './command.ts';
import type { ConfirmOptions } from './confirming.ts';
import type { Point } from './points.ts';
import { spanOf } from './points.ts';
import { createProgress, duration, grouped } from './progress.ts';
import type { Site } from './site.ts';
import { tableLines } from './table.ts';
import { sourceTargets, targetsOf } from './targets.ts';

/** What `callfold replay raw` would publish, and publishes. */

export type RawOptions = ConfirmOptions & {
  readonly from: Point;
  readonly to: Point;
  readonly toTopic: string;
  readonly source?: Source;
  readonly partition?: number;
  readonly archive?: string;
  /** Records a second at most. */
  readonly rate?: number;
};

export type RawRow = At & {
  readonly source: Source;
  readonly range: Range;
  /** Append times of the first record and of the last; null: there is none. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
};

export type RawPlan = {
  readonly toTopic: string;
  readonly toPartitions: number;
  /** Partition by partition, as they are; else by the key. */
  readonly isSame: boolean;
  readonly rows: readonly RawRow[];
};

async function partitionsThere(site: Site, topic: string): Promise<number> {
  if (TOPICS.some(({ name }) => name === topic)) {
    throw new Refused(
      `${topic} is one of callfold's own topics: there these events would count twice, or come round for ever. Take ` +
        'another one.',
    );
  }
  try {
    return await site.partitions(topic);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'UNKNOWN_TOPIC_OR_PARTITION') {
      throw new Refused(
        `There is no topic ${topic}. Make it first, with as many partitions as the raw topic and ` +
          'message.timestamp.type=LogAppendTime.',
      );
    }
    throw new Refused(`${topic} cannot be looked at (${error instanceof Error ? error.message : String(error)}).`);
  }
}

export async function planRaw(site: Site, options: RawOptions, context: Pick<Context, 'config'>): Promise<RawPlan> {
  const toPartitions = await partitionsThere(site, options.toTopic);
  const log = logWith(site.log('outcomes'), options.archive, context.config);
  const rows: RawRow[] = [];
  let isSame = true;
  for (const { source, at } of await targetsOf(site, sourceTargets(options))) {
    const range = await spanOf(log, at, options.from, options.to);
    if (range.to <= range.from) continue;
    isSame &&= (await site.partitions(at.topic)) === toPartitions;
    const [firstAt, lastAt] = await Promise.all([timeFrom(log, at, range.from), timeFrom(log, at, range.to - 1)]);
    rows.push({ source, ...at, range, firstAt, lastAt });
  }
  const sources = new Set(rows.map(({ source }) => source));
  if (sources.size > 1)
    throw new Refused(`Events of ${[...sources].join(' and ')} in one topic cannot be told apart: say --source.`);
  return { toTopic: options.toTopic, toPartitions, isSame, rows };
}

const recordsOf = ({ range }: RawRow): number => range.to - range.from;
const allOf = ({ rows }: RawPlan): number => rows.reduce((sum, row) => sum + recordsOf(row), 0);

/** What cannot be read has no subject of its own to be kept in order with. */
function partitioner(site: Site, { source, partition }: RawRow, { isSame, toPartitions }: RawPlan) {
  return (record: LogRecord): number => {
    const { value, key } = record;
    const erased = !isSame && isErasure(record) ? readSubjectKey(utf8Text(key ?? new Uint8Array(0))) : null;
    if (erased !== null) return partitionOf(erased.tenantId, erased.subjectId, toPartitions);
    const raw = isSame || value === null ? null : site.codec.decode(source, value);
    if (raw === null || isRejection(raw)) return partition % toPartitions;
    return partitionOf(raw.tenantId, raw.subjectId, toPartitions);
  };
}

function prepared(log: Log, site: Site): Log {
  return {
    ...log,
    async read(at, offset, maxRecords) {
      const batch = await log.read(at, offset, maxRecords);
      await site.codec.prepare(batch.records);
      return batch;
    },
  };
}

export type RawSent = At & RawReplayed;

export async function* replayAll(
  site: Site,
  plan: RawPlan,
  options: RawOptions,
  { config, say, stop }: Pick<Context, 'config' | 'say' | 'stop'>,
): AsyncGenerator<RawSent> {
  const progress = createProgress({ noun: 'records', total: allOf(plan), say });
  const log = prepared(logWith(site.log('outcomes'), options.archive, config), site);
  let done = 0;
  let bytes = 0;
  for (const row of plan.rows) {
    if (stop.requested) break;
    const { topic, partition, range } = row;
    const replayed = await replayRaw({
      at: { topic, partition },
      log,
      range,
      topic: plan.toTopic,
      partitionOf: partitioner(site, row, plan),
      publisher: site.redriver,
      clock: systemClock,
      perSecond: options.rate ?? null,
      stop,
      progress: (records, more) => progress.at((done += records), (bytes += more)),
    });
    progress.clear();
    yield { topic, partition, ...replayed };
  }
  progress.end();
}

export function planText(plan: RawPlan, { rate }: RawOptions): string {
  const { toTopic, toPartitions, isSame, rows } = plan;
  const time = (at: number | null): string | null => (at === null ? null : isoTime(at));
  const table = tableLines(
    ['TOPIC', 'PART', 'FROM', 'TO', 'RECORDS', 'FIRST APPENDED', 'LAST APPENDED'],
    rows.map((row) => [
      row.topic,
      row.partition,
      row.range.from,
      row.range.to,
      recordsOf(row),
      time(row.firstAt),
      time(row.lastAt),
    ]),
  );
  const all = allOf(plan);
  const takes = rate === undefined ? '' : `, at least ${duration(all / rate)} at ${grouped(rate)} a second`;
  const where = isSame ? 'each to the partition of its number' : `by key to its ${toPartitions} partitions`;
  return `${[...table, `${grouped(all)} records to ${toTopic}, ${where}${takes}.`].join('\n')}\n`;
}

/** What nobody should find out afterwards. */
export const NEW_TIMES =
  'They get new append times there. Whoever folds them there may publish other revisions, or call events too late: ' +
  'timers and settling go by append time. The old ones stand in the header callfold-appended-at.';

export function sentText({ sent, found, ticks, loops, ...at }: RawSent): string {
  const parts = [
    `${grouped(sent)} published`,
    ...(found > 0 ? [`${grouped(found)} stand there already`] : []),
    ...(ticks > 0 ? [`${grouped(ticks)} ticks left out`] : []),
    ...(loops > 0 ? [`${grouped(loops)} left out that came by a replay themselves`] : []),
  ];
  return `${placeText(at)}: ${parts.join(', ')}\n`;
}
