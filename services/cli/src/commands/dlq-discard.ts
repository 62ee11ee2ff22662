import { letterJson } from '@callfold/adapters';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { letterLine } from '../letter-text.ts';
import { lettersOf } from '../letters.ts';
import type { RedriveOptions } from '../redrive.ts';
import { discardAll, dlqCommand } from '../redrive.ts';

/** `callfold dlq discard`: marks dead letters as put aside; dry unless told to. */
export async function dlqDiscard(options: RedriveOptions, context: Context): Promise<Exit> {
  const { json, out, say } = context;
  const site = await openKafkaSite(context.config, say);
  try {
    if (options.execute) {
      const { count, ended } = await discardAll(site, options, context);
      if (json) out(`${JSON.stringify({ executed: true, discarded: count })}\n`);
      if (ended) {
        say(`Ended as asked: ${count} put aside. To go on:\n${dlqCommand('discard', options)}`);
        return EXIT.failed;
      }
      if (count === 0) say('Nothing is to be put aside.');
      else say(`${count} put aside: \`callfold dlq list --all\` still shows them.`);
      return EXIT.done;
    }
    let count = 0;
    for await (const row of lettersOf(site, options)) {
      count += 1;
      out(json ? `${JSON.stringify(letterJson(row))}\n` : letterLine(row));
    }
    if (count === 0) say('Nothing is to be put aside.');
    else say(`Nothing was changed: ${count} would be put aside. To do it:\n${dlqCommand('discard', options)}`);
    return EXIT.done;
  } finally {
    await site.close();
  }
}
