import { createInterface } from 'node:readline/promises';
import { quoted } from './again.ts';
import { WrongArgument } from './command.ts';

/**
 * What does not come back, or what everybody sees at once, asks for the name of what it is done to once more: a script
 * says it with `--confirm NAME`, somebody at a terminal is asked for it.
 */

export type ConfirmOptions = { readonly execute?: boolean; readonly confirm?: string };

/** Somebody who can be asked; null: nobody is there. */
type Asking = ((question: string) => Promise<string>) | null;

async function askTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

function terminalOf(): Asking {
  return process.stdin.isTTY && process.stderr.isTTY ? askTerminal : null;
}

/**
 * Nothing is to be asked of a run that changes nothing.
 * @param consequence a sentence: what it means to do it
 * @throws WrongArgument when the name was not said
 */
export async function checkConfirmed(
  { execute, confirm }: ConfirmOptions,
  name: string,
  consequence: string,
  asking: Asking = terminalOf(),
): Promise<void> {
  if (!execute || confirm === name) return;
  const mend = `Say the name once more: --confirm ${quoted(name)}`;
  if (confirm !== undefined) throw new WrongArgument(`--confirm ${quoted(confirm)} is another one. ${mend}`);
  if (asking === null) throw new WrongArgument(`${consequence} ${mend}`);
  const said = await asking(`${consequence}\nType ${name} to do it: `);
  if (said.trim() !== name) throw new WrongArgument('Nothing was changed: that was not its name.');
}

/** The words that do what was only looked at. */
export const executeWords = (name: string): string => `--execute --confirm ${quoted(name)}`;
