import type { DerivedTopic, Dimension, Latest, Report, ReportOptions, Source, Zone } from '@callfold/core';
import {
  DEAD_LETTERS,
  DERIVED_OF,
  derivedRecordOf,
  DIMENSIONS,
  isRejection,
  isReported,
  openLatest,
  openReport,
  reportText,
  SOURCES,
  TENANT,
} from '@callfold/core';
import { parseTime } from '@callfold/sources';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { readDerivedTopics } from '../derived.ts';
import { openRejects, readJsonLines } from '../lines.ts';
import { zoneOf } from '../zone.ts';

export type ReportCommandOptions = {
  readonly from?: number;
  readonly to?: number;
  readonly tenant?: readonly string[];
  readonly source?: readonly Source[];
  readonly by?: readonly Dimension[];
  readonly zone?: Zone;
  readonly threshold?: readonly number[];
  readonly rejects?: string;
  readonly strict?: boolean;
};

const DEFAULT_THRESHOLDS_SECONDS = [20, 30, 60];
const THRESHOLD_MAX_SECONDS = 86_400;

function timeOption(text: string): number {
  const at = parseTime(text);
  if (at !== null) return at;
  throw new InvalidArgumentError(
    'A time is ISO 8601 with a zone: 2025-02-01T00:00:00Z, or with +01:00 in the place of Z.',
  );
}

function zoneOption(name: string): Zone {
  const zone = zoneOf(name);
  if (zone) return zone;
  throw new InvalidArgumentError('No time zone has that name: give one of the IANA list, as Europe/Berlin or UTC.');
}

/** Repeatable, and a list between commas; each once, in the order given. */
function listOf<Value>(read: (text: string) => Value) {
  return (text: string, before: readonly Value[] | undefined): readonly Value[] => {
    const more = text.split(',').map((one) => read(one.trim()));
    return [...new Set([...(before ?? []), ...more])];
  };
}

function oneOf<Value extends string>(values: readonly Value[]) {
  return (text: string): Value => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Allowed are ${values.join(', ')}.`);
  };
}

function tenantOption(text: string): string {
  if (TENANT.test(text)) return text;
  throw new InvalidArgumentError(`A tenant matches ${TENANT.source}.`);
}

function thresholdOption(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= THRESHOLD_MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`A threshold is a number of seconds from 0 to ${THRESHOLD_MAX_SECONDS}.`);
}

export function withReportOptions(command: Command): Command {
  const option = (flags: string, what: string): Option => new Option(flags, what);
  return command
    .addOption(option('--from <time>', 'from here on, inclusive; ISO 8601 with a zone').argParser(timeOption))
    .addOption(option('--to <time>', 'up to here, exclusive; ISO 8601 with a zone').argParser(timeOption))
    .addOption(option('--tenant <ids>', 'only of these; repeatable, or a,b').argParser(listOf(tenantOption)))
    .addOption(option('--source <names>', `only of these: ${SOURCES.join(', ')}`).argParser(listOf(oneOf(SOURCES))))
    .addOption(
      option('--by <dimensions>', `again for every ${DIMENSIONS.join(', ')}; repeatable, or a,b`).argParser(
        listOf(oneOf(DIMENSIONS)),
      ),
    )
    .addOption(option('--zone <name>', 'whose days and hours (default: UTC)').argParser(zoneOption))
    .addOption(
      option('--threshold <seconds>', 'of the service levels; repeatable, or a,b (default: 20,30,60)').argParser(
        listOf(thresholdOption),
      ),
    )
    .option('--rejects <file>', 'keep refused lines, as NDJSON {line, code, reason}')
    .option('--strict', 'exit 1 when a line was refused');
}

/** Open stays count up to the range's end, and never into the future; without an end of the range nobody could say the figure again. */
function openUntilOf(to: number | undefined): number | null {
  return to === undefined ? null : Math.min(to, Date.now());
}

function reportOptionsOf(options: ReportCommandOptions): ReportOptions {
  return {
    zone: options.zone ?? zoneOption('UTC'),
    from: options.from ?? null,
    to: options.to ?? null,
    openUntil: openUntilOf(options.to),
    tenants: options.tenant ?? [],
    sources: options.source ?? [],
    thresholdsSeconds: options.threshold ?? DEFAULT_THRESHOLDS_SECONDS,
    by: options.by ?? [],
  };
}

function topicsOf(sources: readonly Source[]): readonly DerivedTopic[] {
  const asked = sources.length === 0 ? SOURCES : sources;
  return [...new Set(asked.flatMap((source) => DERIVED_OF[source]))].filter((topic) => topic !== DEAD_LETTERS);
}

function sayContradicted({ contradicted }: Latest, context: Context): void {
  if (contradicted === 0) return;
  context.say(
    `${contradicted} records stand there twice with one revision and different content: these files are of different ` +
      'folds. Fold the events of both together for figures that can be trusted.',
  );
}

type Asked = { readonly options: ReportOptions; readonly report: Report; readonly context: Context };

/** Of files, whose rows come in any order. */
async function addFiles(
  files: readonly string[],
  command: ReportCommandOptions,
  { options, report, context }: Asked,
): Promise<Exit> {
  const rejects = openRejects(command.rejects, context.say);
  const latest = openLatest((record) => isReported(record, options));
  let rows = 0;
  for await (const lines of readJsonLines(files, context.stop)) {
    for (const item of lines) {
      const record = 'rejection' in item ? item.rejection : derivedRecordOf(item.value);
      if (isRejection(record)) rejects.add(item.line, record);
      else latest.take(record);
      rows += 1;
    }
    if (context.stop.requested) break;
  }
  for (const record of latest.records()) report.add(record);
  await rejects.close();
  context.say(`${rows} lines read, ${rejects.count} refused, ${latest.replaced} left out for a later revision`);
  sayContradicted(latest, context);
  const isNothing = rows > 0 && rejects.count === rows;
  return isNothing || (command.strict && rejects.count > 0) ? EXIT.failed : EXIT.done;
}

/** Of derived topics: one partition after the other, for no record has rows in two. */
async function addTopics({ options, report, context }: Asked): Promise<Exit> {
  let rows = 0;
  for await (const { topic, pages } of readDerivedTopics(topicsOf(options.sources), context)) {
    const latest = openLatest((record) => isReported(record, options));
    for await (const page of pages) {
      rows += page.length;
      for (const { outcomeId, record } of page) {
        if (record) latest.take(record);
        else latest.erase(topic, outcomeId);
      }
    }
    for (const record of latest.records()) report.add(record);
    sayContradicted(latest, context);
  }
  context.say(`${rows} records read`);
  return EXIT.done;
}

/** `callfold report`: named figures over derived records, of files, or of the derived topics. */
export async function reportCommand(
  files: readonly string[],
  command: ReportCommandOptions,
  context: Context,
): Promise<Exit> {
  const { from, to } = command;
  if (from !== undefined && to !== undefined && from >= to) {
    context.say('error: --from must be before --to, which is exclusive.');
    return EXIT.usage;
  }
  const options = reportOptionsOf(command);
  const report = openReport(options);
  const asked: Asked = { options, report, context };
  const exit = files.length > 0 ? await addFiles(files, command, asked) : await addTopics(asked);
  if (context.stop.requested) {
    context.say('Stopped before everything was read: there are no figures of a part.');
    return EXIT.failed;
  }
  const figures = report.figures();
  context.out(context.json ? `${JSON.stringify(figures)}\n` : reportText(figures));
  return exit;
}
