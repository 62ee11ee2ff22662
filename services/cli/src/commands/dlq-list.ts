import type { Context, Exit } from '../command.ts';
import { listLettersOn } from '../dlq-on.ts';
import type { LetterOptions } from '../letters.ts';
import { onSite } from '../on-site.ts';

/** `callfold dlq list`: the dead letters that nobody has dealt with, or all of them. */
export function dlqList(options: LetterOptions, context: Context): Promise<Exit> {
  return onSite('dlq-list', options, context, listLettersOn);
}
