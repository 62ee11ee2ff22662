import { CODES, rawTopic, SOURCES } from '@callfold/core';
import type { Command } from 'commander';
import { Argument, Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import type { LetterOptions } from '../letters.ts';
import type { RedriveOptions } from '../redrive.ts';
import { wholeNumber } from './target-options.ts';

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

function withFilters(command: Command): Command {
  return command
    .addOption(new Option('--topic <name>', 'of this raw topic').choices(SOURCES.map(rawTopic)))
    .addOption(new Option('--source <name>', 'of this source').choices([...SOURCES]))
    .addOption(new Option('--code <code>', 'refused for this reason').choices(Object.keys(CODES)))
    .option('--partition <number>', 'of this partition', wholeNumber)
    .option('--since <time>', 'appended then or later; with a zone')
    .option('--until <time>', 'appended before; with a zone')
    .option('--tenant <id>', 'of this tenant, where it can be told')
    .option('--key <key>', 'of this record key or subject id');
}

/** `callfold dlq` and its commands. */
export function addDlq(program: Command, run: Run): void {
  const dlq = program.command('dlq').description('dead letters: what could not be folded');
  withFilters(dlq.command('list'))
    .description('those that nobody has dealt with')
    .option('--all', 'also those that were sent again or put aside')
    .action((options: LetterOptions) => run(async (c) => (await import('./dlq-list.ts')).dlqList(options, c)));
  dlq
    .command('show')
    .description('all of one: reason, decoded fields, bytes')
    .addArgument(new Argument('<place>', 'TOPIC/PARTITION/OFFSET of the raw record, or PARTITION/OFFSET of the letter'))
    .action((place: string) => run(async (c) => (await import('./dlq-show.ts')).dlqShow(place, c)));
  withFilters(dlq.command('redrive'))
    .description('send them to their raw topics again, each once; dry without --execute')
    .option('--force', 'also those that were tried three times')
    .option('--execute', 'do it')
    .action((options: RedriveOptions) => run(async (c) => (await import('./dlq-redrive.ts')).dlqRedrive(options, c)));
  withFilters(dlq.command('discard'))
    .description('mark them as put aside; dry without --execute')
    .option('--execute', 'do it')
    .action((options: RedriveOptions) => run(async (c) => (await import('./dlq-discard.ts')).dlqDiscard(options, c)));
}
