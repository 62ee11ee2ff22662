import { SOURCES, TENANT } from '@callfold/core';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import { optionOf, POINT_FORMS, readPoint } from '../points.ts';
import type { ReplayOptions } from '../replay-outcomes.ts';

/** What `callfold replay` can be asked. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

const WAIT_MAX_SECONDS = 86_400;

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function seconds(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && value <= WAIT_MAX_SECONDS) return value;
  throw new InvalidArgumentError(`It must be 1 to ${WAIT_MAX_SECONDS}.`);
}

function tenantOption(text: string): string {
  if (TENANT.test(text)) return text;
  throw new InvalidArgumentError(`A tenant matches ${TENANT.source}.`);
}

const pointOption = optionOf((text: string) => readPoint(text, Date.now()));

function withRange(command: Command): Command {
  return command
    .addOption(
      new Option('--from <point>', `from here on: ${POINT_FORMS}`).argParser(pointOption).makeOptionMandatory(),
    )
    .addOption(
      new Option('--to <point>', 'up to here, exclusive; likewise').argParser(pointOption).makeOptionMandatory(),
    )
    .addOption(new Option('--source <name>', 'only of this source').choices([...SOURCES]))
    .option('--partition <number>', 'only of this partition', wholeNumber);
}

/** `callfold replay` and its commands. */
export function addReplay(program: Command, run: Run): void {
  const replay = program.command('replay').description('a range of the raw log once more');
  withRange(replay.command('outcomes'))
    .description('derive it again, compare with what was published; with --execute the owners publish the differences')
    .option('--tenant <id>', 'only of this tenant', tenantOption)
    .option('--call <id>', 'only of this call')
    .option('--archive <folder>', 'read from here what retention took: a folder of callfold archive')
    .option('--wait <seconds>', 'how long to wait for an owner that does not move (default: 60)', seconds)
    .option('--execute', 'do it')
    .action((options: ReplayOptions) =>
      run(async (c) => (await import('./replay-outcomes.ts')).replayOutcomesCommand(options, c)),
    );
}

/** A point as it was resolved: a duration counts back from when it was first read. */
function pointText(point: ReplayOptions['from']): string {
  if (point.what === 'offset') return String(point.offset);
  return point.what === 'time' ? new Date(point.time).toISOString() : point.what;
}

const quoted = (text: string): string => (/^[\w./:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The command as it was asked for, without `--execute`. */
export function againCommand(name: 'archive' | 'replay outcomes', options: object): string {
  const words = Object.entries(options).flatMap(([option, value]: [string, unknown]) => {
    if (option === 'execute' || value === undefined || value === false) return [];
    const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    const text = typeof value === 'object' ? pointText(value as ReplayOptions['from']) : `${value as string | number}`;
    return [`${flag} ${quoted(text)}`];
  });
  return ['callfold', name, ...words].join(' ');
}
