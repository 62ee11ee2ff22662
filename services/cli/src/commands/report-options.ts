import type { Dimension, Source } from '@callfold/core';
import { DIMENSIONS, SOURCES, TENANT, THRESHOLDS_SECONDS } from '@callfold/core';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { optionOf, readTime } from '../points.ts';

/** What `callfold report` can be asked. Apart from what it does, so that other commands start without that. */

export type ReportCommandOptions = {
  readonly from?: number;
  readonly to?: number;
  readonly tenant?: readonly string[];
  readonly source?: readonly Source[];
  readonly by?: readonly Dimension[];
  /** Not looked up yet: the calendar is slow to load. */
  readonly zone: string;
  readonly threshold?: readonly number[];
  readonly rejects?: string;
  readonly strict?: boolean;
};

const THRESHOLD_MAX_SECONDS = 86_400;

const timeOption = optionOf(readTime);

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
    .option('--zone <name>', 'whose days and hours, of the IANA list', 'UTC')
    .addOption(
      option(
        '--threshold <seconds>',
        `of the service levels; repeatable, or a,b (default: ${THRESHOLDS_SECONDS.join(',')})`,
      ).argParser(listOf(thresholdOption)),
    )
    .option('--rejects <file>', 'keep refused lines, as NDJSON {line, code, reason}')
    .option('--strict', 'exit 1 when a line was refused');
}
