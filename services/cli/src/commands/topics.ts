import type { TopicFinding } from '@callfold/adapters';
import { applyTopics, checkTopics, openKafkaAdmin, registerAll } from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { connectionOf, quietLogger, registryOf } from '../wiring/kafka.ts';

function tell(findings: readonly TopicFinding[], context: Context): void {
  if (context.json) {
    context.out(`${JSON.stringify({ findings })}\n`);
    return;
  }
  for (const { topic, problem, fix } of findings) context.out(`${topic}: ${problem}\n    ${fix}\n`);
}

/** `callfold topics check`: do topics and schemas stand as callfold needs them? */
export async function topicsCheck(context: Context): Promise<Exit> {
  const { config } = context;
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(context.say)));
  try {
    const findings = await checkTopics(admin, config);
    tell(findings, context);
    const registry = registryOf(config);
    let missing = 0;
    for (const { name } of TOPICS) {
      if ((await registry.registered(name)) !== null) continue;
      missing += 1;
      if (!context.json) context.out(`${name}: its schema is not registered\n    callfold topics apply --execute\n`);
    }
    if (findings.length + missing === 0)
      context.say(`${TOPICS.length} topics and their schemas are as they should be.`);
    return findings.length + missing === 0 ? EXIT.done : EXIT.differences;
  } finally {
    await admin.close();
  }
}

/** `callfold topics apply`: makes them so; dry unless told to. */
export async function topicsApply(options: { readonly execute?: boolean }, context: Context): Promise<Exit> {
  const { config } = context;
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(context.say)));
  try {
    if (!options.execute) {
      tell(await checkTopics(admin, config), context);
      context.say('Nothing was changed. To do it:');
      context.say('callfold topics apply --execute');
      return EXIT.done;
    }
    const { done, left } = await applyTopics(admin, config);
    const ids = await registerAll(registryOf(config));
    context.say(`${done.length} changes made, ${ids.size} schemas registered.`);
    tell(left, context);
    return left.length === 0 ? EXIT.done : EXIT.precondition;
  } finally {
    await admin.close();
  }
}
