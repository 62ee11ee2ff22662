import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { letterJson, letterText } from '../letter-text.ts';
import { findLetter } from '../letters.ts';

/** `callfold dlq show`: all of one dead letter. */
export async function dlqShow(place: string, context: Context): Promise<Exit> {
  const site = await openKafkaSite(context.config, context.say);
  try {
    const row = await findLetter(site, place);
    if (!row) throw new Refused(`No dead letter of ${place} stands. \`callfold dlq list --all\` shows what does.`);
    context.out(context.json ? `${letterJson(row)}\n` : letterText(row, site.codec));
    return EXIT.done;
  } finally {
    await site.close();
  }
}
