import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { letterJson, letterLine } from '../letter-text.ts';
import type { LetterOptions } from '../letters.ts';
import { lettersOf } from '../letters.ts';

/** `callfold dlq list`: the dead letters that nobody has dealt with, or all of them. */
export async function dlqList(options: LetterOptions, context: Context): Promise<Exit> {
  const site = await openKafkaSite(context.config, context.say);
  let count = 0;
  try {
    for await (const row of lettersOf(site, options)) {
      if (context.stop.requested) break;
      count += 1;
      context.out(context.json ? `${letterJson(row)}\n` : letterLine(row));
    }
  } finally {
    await site.close();
  }
  context.say(`${count} dead letters.`);
  return EXIT.done;
}
