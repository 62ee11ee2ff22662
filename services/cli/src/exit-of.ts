import { Refused } from '@callfold/engine';
import type { Exit } from './command.ts';
import { EXIT, WrongArgument } from './command.ts';

/** The exit code of what a command threw. */
export function exitOf(error: unknown): Exit {
  if (error instanceof Refused) return EXIT.precondition;
  return error instanceof WrongArgument ? EXIT.usage : EXIT.failed;
}
