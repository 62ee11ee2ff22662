import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import type { ReplayOptions } from '../replay-outcomes.ts';
import { differencesOf, replayOutcomes, replayText } from '../replay-outcomes.ts';
import { againCommand } from '../again.ts';
import { checkConfirmed, executeWords } from '../confirming.ts';

/** What is published anew. */
const CONFIRMED = 'outcomes';

/** `callfold replay outcomes`: a range derived again and compared with what was published. Dry unless told to. */
export async function replayOutcomesCommand(options: ReplayOptions, context: Context): Promise<Exit> {
  const { config, json, out, say, stop } = context;
  if (!config.kafka) {
    throw new Refused('This needs Kafka and Redis, where the service that publishes runs: set CALLFOLD_KAFKA_BROKERS.');
  }
  await checkConfirmed(options, CONFIRMED, 'What the owners publish goes to every consumer, and is not taken back.');
  const site = await openKafkaSite(config, say);
  const sum = { due: 0, surplus: 0, published: 0, moved: 0 };
  try {
    for await (const row of replayOutcomes(site, config.settings, options, context)) {
      const { due, surplus } = differencesOf(row);
      sum.due += due;
      sum.surplus += surplus;
      sum.published += row.replayed?.published ?? 0;
      sum.moved += row.replayed?.moved ?? 0;
      out(json ? `${JSON.stringify(row)}\n` : replayText(row));
    }
  } finally {
    await site.close();
  }
  const again = againCommand('replay outcomes', options);
  if (stop.requested) {
    say(
      `Ended as asked. What was asked of owners is theirs to publish. To go on:\n${again} ${executeWords(CONFIRMED)}`,
    );
    return EXIT.failed;
  }
  if (options.execute) {
    say(`${sum.published} of ${sum.due} differences are published.`);
    if (sum.moved > 0) say(`Of ${sum.moved} subjects something came meanwhile. To look again:\n${again}`);
    return sum.published === sum.due ? EXIT.done : EXIT.differences;
  }
  if (sum.due === 0) {
    say(sum.surplus === 0 ? 'Nothing differs.' : `${sum.surplus} surplus records are left as they are.`);
    return sum.surplus === 0 ? EXIT.done : EXIT.differences;
  }
  say(`Nothing was changed. To publish ${sum.due} as their next revisions:\n${again} ${executeWords(CONFIRMED)}`);
  return EXIT.differences;
}
