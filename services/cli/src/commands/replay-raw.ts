import { Refused } from '@callfold/engine';
import { againCommand } from '../again.ts';
import { checkConfirmed, executeWords } from '../confirming.ts';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import type { RawOptions } from '../replay-raw.ts';
import { NEW_TIMES, planRaw, planText, replayAll, sentText } from '../replay-raw.ts';

/** `callfold replay raw`: a range of raw events published again in another topic. Dry unless told to. */
export async function replayRawCommand(options: RawOptions, context: Context): Promise<Exit> {
  const { config, json, out, say, stop } = context;
  if (!config.kafka) throw new Refused('This needs Kafka: set CALLFOLD_KAFKA_BROKERS.');
  await checkConfirmed(options, options.toTopic, `What is published to ${options.toTopic} is not taken back.`);
  const site = await openKafkaSite(config, say);
  const again = againCommand('replay raw', options);
  try {
    const plan = await planRaw(site, options, context);
    if (!options.execute) {
      out(json ? `${JSON.stringify(plan)}\n` : planText(plan, options));
      say(`${NEW_TIMES}\nNothing was published. To do it:\n${again} ${executeWords(options.toTopic)}`);
      return EXIT.done;
    }
    for await (const row of replayAll(site, plan, options, context))
      out(json ? `${JSON.stringify(row)}\n` : sentText(row));
  } finally {
    await site.close();
  }
  if (stop.requested) {
    say(`Ended as asked. Each record is there once or not yet. To go on:\n${again} ${executeWords(options.toTopic)}`);
    return EXIT.failed;
  }
  say(NEW_TIMES);
  return EXIT.done;
}
