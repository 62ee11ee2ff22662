import type { Config } from '@callfold/adapters';
import type { ProgressOutput } from './progress.ts';

/** What every command gets, and what it answers with: the process's exit code. */
export const EXIT = { done: 0, failed: 1, usage: 2, differences: 3, precondition: 4 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

export type Context = {
  /** Read when first asked for: `fold` needs none of it but the settings. */
  readonly config: Config;
  /** Results. */
  out(text: string): void;
  /** Progress and messages. */
  say(text: string): void;
  readonly json: boolean;
  /** Where it is shown how far a long command is; absent: on standard error. */
  readonly shows?: ProgressOutput;
  /** Set by the first Ctrl-C or SIGTERM. */
  readonly stop: { readonly requested: boolean; readonly wanted: Promise<void> };
};

/** What was asked for cannot be done as it was asked: exit code `usage`. */
export class WrongArgument extends Error {
  override readonly name = 'WrongArgument';
}
