import { resolve } from 'node:path';
import { rawTopic, SOURCES } from '@callfold/core';
import { ROLES } from '@callfold/engine';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

/** Where an archive lies. */
export const ARCHIVE_FORMS = 'a folder, or s3://BUCKET/PREFIX';

/** Options that several commands have, said once. */

export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** Longer than a day no wait or pause of a command is. */
const SECONDS_MAX = 86_400;

export function seconds(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && value <= SECONDS_MAX) return value;
  throw new InvalidArgumentError(`It must be 1 to ${SECONDS_MAX}.`);
}

/** Which partitions of the raw log. */
export function withSources(command: Command): Command {
  return command
    .addOption(new Option('--source <name>', 'only of this source').choices([...SOURCES]))
    .option('--partition <number>', 'only this partition', wholeNumber);
}

/** It may be opened by a `callfold dev` that was started in another folder. */
const archivePlace = (text: string): string => (text.startsWith('s3://') ? text : resolve(text));

/** What `callfold archive` wrote, beside the topic. */
export function withArchive(command: Command): Command {
  return command.option('--archive <place>', `read from here what retention took: ${ARCHIVE_FORMS}`, archivePlace);
}

/** What is dry unless told to, and asks for a name. */
export function withExecute(command: Command, whose: string): Command {
  return command.option('--execute', 'do it').option('--confirm <name>', `${whose}, once more`);
}

/** Which partitions, and of which role where the command is about one. */
export function withTargets(command: Command, withRole = true): Command {
  if (withRole) command.addOption(new Option('--role <name>', 'only this role').choices([...ROLES]));
  return command
    .addOption(new Option('--topic <name>', 'only this raw topic').choices(SOURCES.map(rawTopic)))
    .option('--partition <number>', 'only this partition', wholeNumber);
}
