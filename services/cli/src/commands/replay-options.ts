import { TENANT } from '@callfold/core';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import { POINT_FORMS, pointOption } from '../points.ts';
import type { ReplayOptions } from '../replay-outcomes.ts';
import { wholeNumber, withArchive, withSources } from './target-options.ts';

/** What `callfold replay` can be asked. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

const WAIT_MAX_SECONDS = 86_400;

function seconds(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && value <= WAIT_MAX_SECONDS) return value;
  throw new InvalidArgumentError(`It must be 1 to ${WAIT_MAX_SECONDS}.`);
}

function tenantOption(text: string): string {
  if (TENANT.test(text)) return text;
  throw new InvalidArgumentError(`A tenant matches ${TENANT.source}.`);
}

function withRange(command: Command): Command {
  return withSources(
    command
      .addOption(
        new Option('--from <point>', `from here on: ${POINT_FORMS}`).argParser(pointOption).makeOptionMandatory(),
      )
      .addOption(
        new Option('--to <point>', 'up to here, exclusive; likewise').argParser(pointOption).makeOptionMandatory(),
      ),
  );
}

/** `callfold replay` and its commands. */
export function addReplay(program: Command, run: Run): void {
  const replay = program.command('replay').description('a range of the raw log once more');
  withArchive(withRange(replay.command('outcomes')))
    .description('derive it again, compare with what was published; with --execute the owners publish the differences')
    .option('--tenant <id>', 'only of this tenant', tenantOption)
    .option('--call <id>', 'only of this call')
    .option('--wait <seconds>', 'how long to wait for an owner that does not move (default: 60)', seconds)
    .option('--execute', 'do it')
    .action((options: ReplayOptions) =>
      run(async (c) => (await import('./replay-outcomes.ts')).replayOutcomesCommand(options, c)),
    );
}
