import type { Command } from 'commander';
import { Argument, InvalidArgumentError } from 'commander';
import type { Context, Exit } from '../command.ts';
import type { ConfirmOptions } from '../confirming.ts';
import type { DiffOptions } from '../differences.ts';
import type { RebuildOptions } from '../rebuilding.ts';
import { POINT_FORMS } from '../points.ts';
import { withArchive, withExecute } from './target-options.ts';

/** `callfold rebuild`, `diff`, `switch` and `drop`: generations of the aggregates, docs/generations.md. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

/** A part of no key: it may be what people like to read. */
const NAME = /^[A-Za-z0-9._-]{1,32}$/;

function nameOf(text: string): string {
  if (NAME.test(text)) return text;
  throw new InvalidArgumentError(`A generation's name matches ${NAME.source}.`);
}

function atLeastOne(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

const named = (name: string, what: string): Argument => new Argument(`<${name}>`, what).argParser(nameOf);

export function addGenerations(program: Command, run: Run): void {
  withArchive(program.command('rebuild'))
    .description(
      'folds another generation of the aggregates beside the live one; the same command goes on where it was',
    )
    .addArgument(named('name', 'of the new generation'))
    .option('--from <point>', `where its fold begins: ${POINT_FORMS}; usually the log's start`)
    .option('--from-file <file>', 'a plan of `callfold offsets --json`, refused when it is stale, or its lines')
    .option('--rate <records>', 'a second at most, of all partitions together', atLeastOne)
    .action((name: string, options: RebuildOptions) =>
      run(async (c) => (await import('../rebuilding.ts')).rebuild(name, options, c)),
    );
  program
    .command('diff')
    .description('every aggregate that two generations show differently, by field; exit 3 when there is one')
    .addArgument(named('a', 'a generation'))
    .addArgument(named('b', 'another one'))
    .option('--sample <number>', 'so many of each kind are shown', atLeastOne, 3)
    .action((a: string, b: string, options: DiffOptions) =>
      run(async (c) => (await import('../differences.ts')).diff([a, b], options, c)),
    );
  withExecute(program.command('switch'), "the generation's name")
    .description('all readers change over to another generation at one offset a partition; dry without --execute')
    .addArgument(named('name', 'of the generation that is to be live'))
    .action((name: string, options: ConfirmOptions) =>
      run(async (c) => (await import('../generations.ts')).switchTo(name, options, c)),
    );
  withExecute(program.command('drop'), "the generation's name")
    .description('takes a generation away, in slices; never the live one; dry without --execute')
    .addArgument(named('name', 'of the generation that goes'))
    .action((name: string, options: ConfirmOptions) =>
      run(async (c) => (await import('../generations.ts')).drop(name, options, c)),
    );
}
