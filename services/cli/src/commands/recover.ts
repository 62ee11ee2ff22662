import { DEFAULT_LIMITS, Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import type { RecoverOptions } from '../recovery.ts';
import { recoverAll, recoverCommand, recoveryText } from '../recovery.ts';

/** `callfold recover`: a service's state is lost: fold again, publish only what is missing. Dry unless told to. */
export async function recover(options: RecoverOptions, context: Context): Promise<Exit> {
  const { config, json, say } = context;
  if (!config.kafka) {
    throw new Refused(
      'This needs Kafka and Redis, whose state can be lost apart from the log: set CALLFOLD_KAFKA_BROKERS. ' +
        'The embedded store keeps log and state in one file, written together.',
    );
  }
  const site = await openKafkaSite(config, say);
  let lost = 0;
  try {
    for await (const row of recoverAll(site, config.settings, options, context)) {
      if (row.found === 'lost') lost += 1;
      context.out(json ? `${JSON.stringify(row)}\n` : recoveryText(row));
    }
  } finally {
    await site.close();
  }
  if (context.stop.requested) {
    say(`Ended before all partitions were looked at. To go on: ${recoverCommand(options)}`);
    return EXIT.failed;
  }
  const seconds = DEFAULT_LIMITS.confirmMs / 1_000;
  if (lost === 0) say('Nothing is to be recovered.');
  else if (options.execute)
    say(`${lost} partitions are ready: running owners take them within ${seconds} s, others when they start.`);
  else say(`Nothing was changed. To do it:\n${recoverCommand(options)}`);
  return EXIT.done;
}
