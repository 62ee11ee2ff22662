import { SPEED_USUAL, SPEEDS } from '@callfold/console/speeds';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { withArchive } from './target-options.ts';

/** What `callfold board` can be asked. Apart from what it does, so that other commands start without that. */

export type BoardOptions = {
  /** As `2026-01-05`. */
  readonly day?: string;
  readonly speed: string;
  readonly archive?: string;
};

function dayOption(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // A month has no 31st that is the 1st of the next.
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('A day is written as 2026-01-05.');
}

export function withBoardOptions(command: Command): Command {
  return withArchive(command)
    .addOption(
      new Option(
        '--day <date>',
        'as 2026-01-05, in the zone of CALLFOLD_CONSOLE_ZONE (default: the last one that the files have; of the log, yesterday)',
      ).argParser(dayOption),
    )
    .addOption(
      new Option('--speed <times>', 'how fast it plays, until the page is told otherwise')
        .choices(SPEEDS.map(String))
        .default(String(SPEED_USUAL)),
    );
}
