import { SOURCES } from '@callfold/core';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Context, Exit } from '../command.ts';
import type { EraseOptions } from './erase.ts';
import { wholeNumber, withExecute } from './target-options.ts';

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

/** `callfold erase`. */
export function addErase(program: Command, run: Run): void {
  withExecute(program.command('erase'), 'whom')
    .description("one person's data goes from aggregates and derived topics; dry without --execute")
    .option('--call <id>', 'this call')
    .option('--chat <id>', 'this chat')
    .option('--agent <id>', "this agent's own states; calls keep who was in them")
    .option('--number <number>', 'every call, chat and agent with this number')
    .option('--name <name>', 'every call, chat and agent with this name')
    .option('--tenant <id>', 'whose', 'default')
    .addOption(new Option('--source <name>', 'only of this source').choices([...SOURCES]))
    .option('--wait <seconds>', 'for the services to fold it; default 60', wholeNumber)
    .action((options: EraseOptions) => run(async (c) => (await import('./erase.ts')).eraseCommand(options, c)));
}
