import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import type { RedriveOptions } from '../redrive.ts';
import { dlqCommand, planRedrive, redriveAll } from '../redrive.ts';

/** `callfold dlq redrive`: sends dead letters to their raw topics again, each once; dry unless told to. */
export async function dlqRedrive(options: RedriveOptions, context: Context): Promise<Exit> {
  const { json, out, say, stop } = context;
  const site = await openKafkaSite(context.config, say);
  try {
    const plan = await planRedrive(site, options);
    const { codes, targets, refused } = plan;
    const told = { codes: Object.fromEntries(codes), refused: Object.fromEntries(refused), letters: plan.count };
    const done = options.execute && targets.size > 0 ? await redriveAll(site, options, plan, context) : null;
    if (json) out(`${JSON.stringify({ executed: options.execute ?? false, ...told, ...done })}\n`);
    else {
      for (const [code, number] of codes) out(`${number} of code ${code}\n`);
      for (const [target, { count }] of targets) out(`${count} to ${target}\n`);
      for (const [why, number] of refused) out(`${number} not: ${why}\n`);
    }
    if (done) say(`${done.sent} sent again, ${done.found} of an earlier run found and marked.`);
    if (stop.requested) {
      say(`Ended as asked. To go on:\n${dlqCommand('redrive', options)}`);
      return EXIT.failed;
    }
    if (targets.size === 0) say('Nothing is to be sent again.');
    else if (!options.execute) say(`Nothing was changed. To do it:\n${dlqCommand('redrive', options)}`);
    return options.execute && refused.size > 0 ? EXIT.precondition : EXIT.done;
  } finally {
    await site.close();
  }
}
