import { readFileSync } from 'node:fs';
import { WrongArgument } from './command.ts';

/** The text of `--from-file`. @throws WrongArgument when it cannot be read */
export function planFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new WrongArgument(`--from-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}
