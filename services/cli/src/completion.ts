import type { Argument, Command, Option } from 'commander';

/** What may stand at the cursor, by the commands as they are defined: nothing is listed twice. */

export type Asked = 'generations';

export type Completion = {
  readonly choices: readonly string[];
  /** What is known only where the data is. */
  readonly asked: Asked | null;
};

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const NOTHING: Completion = { choices: [], asked: null };

const optionNamed = (command: Command, word: string): Option | undefined =>
  ofAll(command).find(({ long, short }) => word === long || word === short);

/** Its own and those of the commands above it, which are taken anywhere. */
function ofAll(command: Command): Option[] {
  const own = [...command.options];
  return command.parent ? [...own, ...ofAll(command.parent)] : own;
}

const takesValue = (option: Option | undefined): boolean =>
  option !== undefined && (option.required || option.optional);

function valuesOf({ argChoices }: { readonly argChoices?: readonly string[] | undefined }): Completion {
  return { choices: argChoices ?? [], asked: null };
}

/** Generations are the only ones whose names are given by people. */
function ofArgument(command: Command, argument: Argument | undefined): Completion {
  if (argument === undefined) return NOTHING;
  const isGeneration = ['rebuild', 'diff', 'switch', 'drop'].includes(command.name());
  return isGeneration ? { choices: [], asked: 'generations' } : valuesOf(argument);
}

const isShown = (command: Command): boolean => !(command as Command & { _hidden?: boolean })._hidden;

/** @param words of the line behind `callfold`, the last one as far as it is typed */
export function complete(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  let command = program;
  let placed = 0;
  let open: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (open !== undefined) open = undefined;
    else if (word.startsWith('-')) {
      const option = optionNamed(command, word);
      open = takesValue(option) ? option : undefined;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next) [command, placed] = [next, 0];
      else placed += 1;
    }
  }
  const found = candidates(command, open, placed, typed);
  return { ...found, choices: found.choices.filter((one) => one.startsWith(typed)) };
}

function candidates(command: Command, open: Option | undefined, placed: number, typed: string): Completion {
  if (open !== undefined) return valuesOf(open);
  if (typed.startsWith('-')) {
    const names = ofAll(command).flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
    return { choices: [...names, '--help'], asked: null };
  }
  const commands = command.commands.filter(isShown).map((one) => one.name());
  return commands.length > 0
    ? { choices: commands, asked: null }
    : ofArgument(command, command.registeredArguments[placed]);
}

/** To be evaluated by the shell: each asks `callfold completion words` at the cursor. Where nothing fits, files do. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_callfold() {
  local IFS=$'\\n'
  COMPREPLY=($(callfold completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _callfold callfold
`,
  zsh: `#compdef callfold
_callfold() {
  local -a found
  found=("\${(@f)$(callfold completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "\${found[1]}" ]] && compadd -a found || _files
}
compdef _callfold callfold
`,
  // Without -f it offers files beside whatever is found.
  fish: `function _callfold
  set -l found (callfold completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    string join \\n $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c callfold -f -k -a '(_callfold)'
`,
};
