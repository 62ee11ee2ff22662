import type { DerivedTopic, Latest, Report, ReportOptions, Source } from '@callfold/core';
import {
  DEAD_LETTERS,
  DERIVED_OF,
  derivedRecordOf,
  isRejection,
  isReported,
  openLatest,
  openReport,
  reportText,
  SOURCES,
  THRESHOLDS_SECONDS,
} from '@callfold/core';
import type { Context, Exit } from '../command.ts';
import { EXIT, WrongArgument } from '../command.ts';
import { readDerivedTopics } from '../derived.ts';
import { openRejects, readJsonLines } from '../lines.ts';
import { zoneOf } from '../zone.ts';
import type { ReportCommandOptions } from './report-options.ts';

/** Up to here stays without an end count: never into the future; and without a range's end another figure every day. */
function openUntilOf(to: number | undefined): number | null {
  return to === undefined ? null : Math.min(to, Date.now());
}

/** @throws WrongArgument on a zone that is none, and on a range that ends before it begins */
function reportOptionsOf(options: ReportCommandOptions): ReportOptions {
  const { from = null, to = null } = options;
  if (from !== null && to !== null && from >= to)
    throw new WrongArgument('--from must be before --to, which is exclusive.');
  const zone = zoneOf(options.zone);
  if (!zone) {
    const mend = 'give one of the IANA list, as Europe/Berlin or UTC.';
    throw new WrongArgument(`--zone ${options.zone}: no time zone has that name; ${mend}`);
  }
  return {
    zone,
    from,
    to,
    openUntil: openUntilOf(options.to),
    tenants: options.tenant ?? [],
    sources: options.source ?? [],
    thresholdsSeconds: options.threshold ?? THRESHOLDS_SECONDS,
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
