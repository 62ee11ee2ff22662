import type { Admin, Config, TopicFinding } from '@callfold/adapters';
import {
  ACLS,
  aclCommands,
  applyTopics,
  checkTopics,
  growthStepOf,
  openKafkaAdmin,
  registerAll,
} from '@callfold/adapters';
import { TOPICS } from '@callfold/core';
import { metaOf, Refused, ROLES } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { ConfirmOptions } from '../confirming.ts';
import { checkConfirmed, executeWords } from '../confirming.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { counted } from '../text-lines.ts';
import { connectionOf, quietLogger, registryOf } from '../wiring/kafka.ts';

const APPLY = 'callfold topics apply --execute';

function tell(findings: readonly TopicFinding[], context: Context): void {
  for (const { topic, problem, fix } of findings) context.out(`${topic}: ${problem}\n    ${fix}\n`);
}

async function findingsOf(admin: Admin, config: Config): Promise<TopicFinding[]> {
  const findings = [...(await checkTopics(admin, config))];
  const registry = registryOf(config);
  for (const { name } of TOPICS) {
    if ((await registry.registered(name)) !== null) continue;
    findings.push({ topic: name, problem: 'its schema is not registered', fix: APPLY, change: null });
  }
  return findings;
}

/** `callfold topics check`: do topics and schemas stand as callfold needs them? */
export async function topicsCheck(context: Context): Promise<Exit> {
  const { config } = context;
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(context.say)));
  try {
    const findings = await findingsOf(admin, config);
    if (context.json) context.out(`${JSON.stringify({ findings })}\n`);
    else tell(findings, context);
    if (findings.length > 0) return EXIT.differences;
    context.say(`${TOPICS.length} topics and their schemas are as they should be.`);
    return EXIT.done;
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
      const findings = await findingsOf(admin, config);
      if (context.json) context.out(`${JSON.stringify({ executed: false, findings })}\n`);
      else tell(findings, context);
      if (findings.length === 0) context.say('Nothing is to be done.');
      else context.say(`Nothing was changed. To do it:\n${APPLY}`);
      return EXIT.done;
    }
    const { done, left } = await applyTopics(admin, config);
    const ids = await registerAll(registryOf(config));
    if (context.json)
      context.out(`${JSON.stringify({ executed: true, done, left, schemas: Object.fromEntries(ids) })}\n`);
    else tell(left, context);
    context.say(`${done.length} changes made, ${ids.size} schemas registered.`);
    return left.length === 0 ? EXIT.done : EXIT.precondition;
  } finally {
    await admin.close();
  }
}

const BEFORE_GROWING = [
  'Before it is done (docs/runbooks/more-partitions.md, Known limits):',
  '- All instances are of this version. There is no going back to the version before afterwards.',
  '- Consumers that count callfold-seq by topic, partition and raw topic leave records out: let them count by the topic and',
  '  partition of callfold-origin first.',
  '- Redis is healthy and quiet, and a copy of it is taken: its failover while subjects are moved can lose some.',
  '- Subjects are moved within hours: what waits in the added partitions for longer than a day can come too late.',
  '- callfold archive refuses from then on.',
  '- callfold verify takes differences of this topic as before the horizon for seven days.',
  '- Gateways and callfold poll are to be restarted.',
].join('\n');

/**
 * By how many partitions the states of a topic were made, as far as there are any: only a multiple can be moved to.
 * @param there how many the topic has
 * @throws Refused where the topic holds records and no role has a state: whoever folds them has to know their number
 */
async function madeWith({ config, say }: Context, topic: string, there: number): Promise<number | null> {
  const site = await openKafkaSite(config, say);
  try {
    const stored = await Promise.all(ROLES.map((role) => site.store(role).peek({ topic, partition: 0 })));
    const counts = stored.flatMap((seen) => metaOf(seen)?.partitions ?? []);
    const idle = ROLES.filter((_, index) => metaOf(stored[index] ?? null) === null);
    if (idle.length === 0) return Math.max(...counts);
    const log = site.log('projector');
    let held = 0;
    for (let partition = 0; partition < there; partition += 1) {
      const { start, end } = await log.bounds({ topic, partition });
      held += end - start;
    }
    const most = counts.length === 0 ? null : Math.max(...counts);
    if (held === 0) return most;
    const why =
      `${topic} holds ${counted(held, 'record')}, none of which ${idle.join(' or ')} has folded: whoever begins after it has grown ` +
      'refuses those that belong to a partition that was added (wrong-partition)';
    // One role alone may be all that is wanted.
    if (most === null) {
      throw new Refused(
        `${why}. Let them begin first (callfold serve; where Redis was lost: callfold recover), then the same again. Nothing ` +
          'was changed.',
      );
    }
    say(`${why}. Let it begin first if it is wanted.`);
    return most;
  } finally {
    await site.close();
  }
}

export type GrowOptions = ConfirmOptions & { readonly partitions: number };

/** `callfold topics grow`: adds partitions to a raw topic; dry unless told to. */
export async function topicsGrow(topic: string, options: GrowOptions, context: Context): Promise<Exit> {
  const { config } = context;
  const { partitions: now } = options;
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(context.say)));
  try {
    const there = (await admin.describe([topic])).get(topic)?.partitions ?? 0;
    if (there === now) {
      context.say(`${topic} has ${now} partitions. Nothing is to be done.`);
      return EXIT.done;
    }
    const found = await growthStepOf(admin, topic, await madeWith(context, topic, there));
    if (found === null) throw new Refused(`${topic} does not exist: callfold topics apply --execute makes it.`);
    const { was, step } = found;
    if (now < was || now % step !== 0) {
      const next = (Math.floor(was / step) + 1) * step;
      throw new Refused(
        `${topic} has ${was} partitions, and ${now} is no greater multiple of ${step}: take ${next}, ${next + step} and so on, ` +
          'so that a subject stays where it is or goes to a partition that is new.',
      );
    }
    await checkConfirmed(options, topic, `${topic} gets ${now - was} partitions more, and none is ever taken away.`);
    const { execute: executed = false } = options;
    if (executed) await admin.grow(topic, now);
    if (context.json) context.out(`${JSON.stringify({ topic, was, now, executed })}\n`);
    else context.out(`${topic}: ${was} partitions, ${now - was} ${executed ? 'were' : 'would be'} added\n`);
    context.say(
      executed
        ? 'What comes there waits. When all upstreams have learnt of it (Java producers in 5 minutes, callfold\u2019s own when they ' +
            `start anew):\ncallfold recover --topic ${topic}`
        : `${BEFORE_GROWING}\nNothing was changed. To do it:\ncallfold topics grow ${topic} --partitions ${now} ${executeWords(topic)}`,
    );
    return EXIT.done;
  } finally {
    await admin.close();
  }
}

/** `callfold topics acls`: what each kind of user may do in Kafka, as lines of Kafka's own tool. Asks nobody. */
export async function topicsAcls(context: Context): Promise<Exit> {
  if (context.json) context.out(`${JSON.stringify({ acls: ACLS })}\n`);
  else context.out(`${aclCommands().join('\n')}\n`);
  context.say(
    'Put your brokers in BROKERS, and your own names of users for callfold-*; docs/security.md says what is for what.',
  );
  return EXIT.done;
}
