import { rawTopic, SOURCES } from '@callfold/core';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { ROLES } from '../targets.ts';

/** Options that several commands have, said once. */

export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** Which partitions, and of which role where the command is about one. */
export function withTargets(command: Command, withRole = true): Command {
  if (withRole) command.addOption(new Option('--role <name>', 'only this role').choices([...ROLES]));
  return command
    .addOption(new Option('--topic <name>', 'only this raw topic').choices(SOURCES.map(rawTopic)))
    .option('--partition <number>', 'only this partition', wholeNumber);
}
