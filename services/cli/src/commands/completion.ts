import type { Command } from 'commander';
import { Argument } from 'commander';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { Shell } from '../completion.ts';
import { complete, SCRIPTS, SHELLS } from '../completion.ts';

/** `callfold completion`: the shell's script, and what it asks. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

export function addCompletion(program: Command, run: Run): void {
  const completion = program
    .command('completion')
    .description('a script by which your shell completes commands, options, topics and generations')
    .addHelpText(
      'after',
      `
Examples:
  source <(callfold completion bash)                                      # in ~/.bashrc
  source <(callfold completion zsh)                                       # in ~/.zshrc, behind compinit
  callfold completion fish > ~/.config/fish/completions/callfold.fish`,
    );
  for (const shell of SHELLS) {
    completion
      .command(shell)
      .description(`for ${shell}`)
      .action(() =>
        run((context) => {
          context.out(SCRIPTS[shell satisfies Shell]);
          return Promise.resolve(EXIT.done);
        }),
      );
  }
  completion
    .command('words', { hidden: true })
    .addArgument(new Argument('[word...]'))
    .action((words: string[]) =>
      run(async (context) => {
        const { choices, asked } = complete(program, words.length === 0 ? [''] : words);
        const names = asked === null ? [] : await (await import('../generation-names.ts')).generationNames(context);
        const fitting = names.filter((name) => name.startsWith(words.at(-1) ?? ''));
        for (const one of [...choices, ...fitting]) context.out(`${one}\n`);
        // oxlint-disable-next-line unicorn/no-process-exit -- a broker that does not answer must not hold the cursor
        process.exit(EXIT.done);
      }),
    );
}
