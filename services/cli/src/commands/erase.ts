import { openKafkaAdmin } from '@callfold/adapters';
import type { Source, SubjectKind } from '@callfold/core';
import { DEAD_LETTERS, rawTopic, SOURCES, TENANT } from '@callfold/core';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT, WrongArgument } from '../command.ts';
import { againCommand } from '../again.ts';
import type { ConfirmOptions } from '../confirming.ts';
import { checkConfirmed, executeWords } from '../confirming.ts';
import type { EraseQuery } from '../erase-search.ts';
import { findToErase } from '../erase-search.ts';
import type { Keeping } from '../erasing.ts';
import { foundJson, foundText, isGone, untilGone, writeErasures } from '../erasing.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { counted } from '../text-lines.ts';
import { connectionOf, quietLogger } from '../wiring/kafka.ts';

export type EraseOptions = ConfirmOptions & {
  readonly call?: string;
  readonly chat?: string;
  readonly agent?: string;
  readonly number?: string;
  readonly name?: string;
  readonly tenant: string;
  readonly source?: Source;
  /** Seconds. */
  readonly wait?: number;
};

const WAIT_SECONDS = 60;
const KINDS: readonly SubjectKind[] = ['call', 'chat', 'agent'];

/** Who is meant, and the word that confirms it. */
function queryOf(options: EraseOptions): { readonly query: EraseQuery; readonly word: string } {
  const { number, name, tenant: tenantId, source = null } = options;
  const ways: { readonly by: EraseQuery['by']; readonly word: string }[] = KINDS.flatMap((kind) => {
    const id = options[kind];
    return id === undefined ? [] : [{ by: { kind, id }, word: id }];
  });
  if (number !== undefined) ways.push({ by: { number }, word: number });
  if (name !== undefined) ways.push({ by: { name }, word: name });
  const [way, ...more] = ways;
  if (way === undefined || more.length > 0) {
    throw new WrongArgument('Say who is meant by one of --call, --chat, --agent, --number and --name.');
  }
  if (way.word.trim() === '') throw new WrongArgument('It must not be empty.');
  if (!TENANT.test(tenantId)) throw new WrongArgument(`--tenant: ${tenantId} does not match ${TENANT.source}.`);
  return { query: { tenantId, source, by: way.by }, word: way.word };
}

async function keepingOf({ config, say }: Context): Promise<Keeping> {
  const admin = await openKafkaAdmin(connectionOf(config, quietLogger(say)));
  try {
    const facts = await admin.describe([...SOURCES.map(rawTopic), DEAD_LETTERS]);
    return new Map(
      [...facts].map(([topic, { config: set }]) => {
        const ms = Number(set['retention.ms'] ?? -1);
        return [topic, ms >= 0 ? ms : null] as const;
      }),
    );
  } finally {
    await admin.close();
  }
}

/** `callfold erase`: one person's data goes from aggregates and derived topics. Dry unless told to. */
export async function eraseCommand(options: EraseOptions, context: Context): Promise<Exit> {
  const { config, json, out, say, stop } = context;
  const { query, word } = queryOf(options);
  if (!config.kafka)
    throw new Refused('This needs Kafka and Redis, where the services run: set CALLFOLD_KAFKA_BROKERS.');
  await checkConfirmed(options, word, 'What is erased does not come back.');
  const keeping = await keepingOf(context);
  const site = await openKafkaSite(config, say);
  try {
    const found = await findToErase({ site, stop, say }, query, config.settings);
    if (stop.requested) {
      say('Ended as asked, before anything was written.');
      return EXIT.failed;
    }
    const due = found.filter((one) => !isGone(one));
    if (options.execute && due.length > 0) {
      const written = await writeErasures(site, due);
      say(`In the log: ${counted(written, 'erasure')}. Waiting until both roles have folded that ...`);
      await untilGone(site, due, config.settings, context, (options.wait ?? WAIT_SECONDS) * 1_000);
    }
    for (const one of found) {
      out(json ? `${JSON.stringify(foundJson(one, keeping))}\n` : foundText(one, keeping, DEAD_LETTERS));
    }
    tellEnd(options, { found: found.length, due: due.length, word }, context);
    return stop.requested ? EXIT.failed : EXIT.done;
  } finally {
    await site.close();
  }
}

type Counts = { readonly found: number; readonly due: number; readonly word: string };

function tellEnd(options: EraseOptions, { found, due, word }: Counts, { say, stop }: Context): void {
  if (stop.requested) return say('Ended as asked: what is in the log will be folded. Run this again to see.');
  if (found === 0) return say('Nothing of it is in the logs, the derived topics or the stores.');
  if (due === 0) return say('Nothing is left to erase.');
  if (options.execute) {
    return say(
      `Erased: ${counted(due, 'subject')}, of which nothing stands. Archives, exports and what consumers have made of it are ` +
        'theirs to clear (docs/erasure.md).',
    );
  }
  return say(
    `Nothing was changed. To erase ${counted(due, 'subject')}:\n${againCommand('erase', options)} ${executeWords(word)}`,
  );
}
