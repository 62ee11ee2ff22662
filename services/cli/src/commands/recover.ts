import { DEFAULT_LIMITS, Refused } from '@callfold/engine';
import { againCommand } from '../again.ts';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { executeWords } from '../confirming.ts';
import { openKafkaSite } from '../kafka-site.ts';
import type { RecoverOptions } from '../recovery.ts';
import { confirmCommands, recoverAll, recoveryText } from '../recovery.ts';

/**
 * `callfold recover`: a service's state is lost: fold again, publish only what is missing. Or its log is another one,
 * or has more partitions: go on with that. Dry unless told to.
 */
export async function recover(options: RecoverOptions, context: Context): Promise<Exit> {
  const { config, json, say } = context;
  if (!config.kafka) {
    throw new Refused(
      'This needs Kafka and Redis, whose state can be lost apart from the log: set CALLFOLD_KAFKA_BROKERS. ' +
        'The embedded store keeps log and state in one file, written together.',
    );
  }
  const site = await openKafkaSite(config, say);
  const counts = { lost: 0, cut: 0, grown: 0, executed: 0 };
  const unnamed = new Set<string>();
  try {
    for await (const row of recoverAll(site, config.settings, options, context)) {
      if (row.found === 'lost') counts.lost += 1;
      if (row.found === 'cut') counts.cut += 1;
      if (row.found === 'grown') counts.grown += 1;
      if (row.executed) counts.executed += 1;
      if ((row.found === 'cut' || row.found === 'grown') && !row.executed) unnamed.add(row.topic);
      context.out(json ? `${JSON.stringify(row)}\n` : recoveryText(row));
    }
  } finally {
    await site.close();
  }
  if (context.stop.requested) {
    const asked = againCommand('recover', options);
    const confirmed = options.confirm === undefined ? '--execute' : executeWords(options.confirm);
    say(`Ended before all partitions were looked at. To go on:\n${asked}${options.execute ? ` ${confirmed}` : ''}`);
    return EXIT.failed;
  }
  const seconds = DEFAULT_LIMITS.confirmMs / 1_000;
  if (counts.executed > 0) {
    say(
      `${counts.executed} partitions are ready: running owners take them within ${seconds} s, others when they start.`,
    );
  }
  if (counts.lost + counts.cut + counts.grown === 0) say('Nothing is to be recovered.');
  if (options.execute && unnamed.size === 0) return EXIT.done;
  const whole = counts.lost > 0 && !options.execute ? [`${againCommand('recover', options)} --execute`] : [];
  const due = [...whole, ...confirmCommands(options, unnamed)];
  if (due.length > 0) {
    const what = options.execute
      ? 'To go on with another log, or with more partitions, does not come back: its topic is to be named once more.'
      : 'Nothing was changed. To do it:';
    say([what, ...due].join('\n'));
  }
  return options.execute ? EXIT.precondition : EXIT.done;
}
