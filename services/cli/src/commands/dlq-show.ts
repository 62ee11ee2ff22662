import type { Context, Exit } from '../command.ts';
import { showLetterOn } from '../dlq-on.ts';
import { onSite } from '../on-site.ts';

/** `callfold dlq show`: all of one dead letter. */
export function dlqShow(place: string, context: Context): Promise<Exit> {
  return onSite('dlq-show', { place }, context, showLetterOn);
}
