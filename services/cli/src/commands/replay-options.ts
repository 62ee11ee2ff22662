import { TENANT } from '@callfold/core';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import { POINT_FORMS, pointOption } from '../points.ts';
import type { RawOptions } from '../replay-raw.ts';
import type { ReplayOptions } from '../replay-outcomes.ts';
import { seconds, wholeNumber, withArchive, withExecute, withSources } from './target-options.ts';

/** What `callfold replay` can be asked. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

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

/** What Kafka takes as a topic's name. */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

function topicOption(text: string): string {
  if (TOPIC_NAME.test(text)) return text;
  throw new InvalidArgumentError(`A topic's name matches ${TOPIC_NAME.source}.`);
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** `callfold replay` and its commands. */
export function addReplay(program: Command, run: Run): void {
  const replay = program.command('replay').description('a range of the raw log once more');
  withExecute(withArchive(withRange(replay.command('outcomes'))), '`outcomes`')
    .description('derive it again, compare with what was published; with --execute the owners publish the differences')
    .option('--tenant <id>', 'only of this tenant', tenantOption)
    .option('--call <id>', 'only of this call')
    .option('--wait <seconds>', 'how long to wait for an owner that does not move (default: 60)', seconds)
    .action((options: ReplayOptions) =>
      run(async (c) => (await import('./replay-outcomes.ts')).replayOutcomesCommand(options, c)),
    );
  withExecute(withArchive(withRange(replay.command('raw'))), 'the topic')
    .description('publish raw events again in another topic, key and order kept; dry without --execute')
    .requiredOption('--to-topic <name>', 'where; make it first, with as many partitions as the raw topic', topicOption)
    .option('--rate <records>', 'a second at most, of all partitions together', atLeastOne)
    .action((options: RawOptions) => run(async (c) => (await import('./replay-raw.ts')).replayRawCommand(options, c)));
}
