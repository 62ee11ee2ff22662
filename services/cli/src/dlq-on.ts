import { letterJson } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import { letterLine, letterText } from './letter-text.ts';
import type { LetterOptions } from './letters.ts';
import { findLetter, lettersOf } from './letters.ts';
import type { Site } from './site.ts';
import { counted } from './text-lines.ts';

/** What `callfold dlq list` and `show` do where the data is: they read only. */

export async function listLettersOn(site: Site, options: LetterOptions, context: Context): Promise<Exit> {
  let count = 0;
  for await (const row of lettersOf(site, options)) {
    if (context.stop.requested) break;
    count += 1;
    context.out(context.json ? `${JSON.stringify(letterJson(row))}\n` : letterLine(row));
  }
  context.say(`${counted(count, 'dead letter')}.`);
  return EXIT.done;
}

export async function showLetterOn(site: Site, { place }: { readonly place: string }, context: Context): Promise<Exit> {
  const row = await findLetter(site, place);
  if (!row) throw new Refused(`No dead letter of ${place} stands. \`callfold dlq list --all\` shows what does.`);
  context.out(context.json ? `${JSON.stringify(letterJson(row))}\n` : letterText(row, site.codec));
  return EXIT.done;
}
