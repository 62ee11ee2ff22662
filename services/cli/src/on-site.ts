import { Refused } from '@callfold/engine';
import { createJsonLineReader } from '@callfold/sources';
import type { Context, Exit } from './command.ts';
import { EXIT, WrongArgument } from './command.ts';
import { openKafkaSite } from './kafka-site.ts';
import { decodeUtf8 } from './lines.ts';
import { askDev } from './nearby.ts';
import type { Site } from './site.ts';

/**
 * Runs a command where the data is: here, on Kafka; else in the `callfold dev` that has the embedded store open, which
 * sends back what the command says, line by line (`site-commands.ts`).
 */

/** @param options what the command line said: JSON, since it may go to another process */
export type SiteCommand<Options> = (site: Site, options: Options, context: Context) => Promise<Exit>;

/** One line of an answer. `exit` is the last one. */
export type Said =
  | { readonly out: string }
  | { readonly say: string }
  | { readonly exit: Exit; readonly failed?: string };

/** A finding has two whole states in it. */
const LINE_BYTES_MAX = 64 * 1_048_576;
const EXITS: readonly number[] = Object.values(EXIT);

function isSaid(value: unknown): value is Said {
  if (typeof value !== 'object' || value === null) return false;
  if ('exit' in value) return EXITS.includes(value.exit as number);
  return ('out' in value && typeof value.out === 'string') || ('say' in value && typeof value.say === 'string');
}

async function* saidBy(answer: Response): AsyncGenerator<Said> {
  const reader = createJsonLineReader({ decodeUtf8, maxLineBytes: LINE_BYTES_MAX });
  const items = [];
  for await (const chunk of answer.body ?? []) {
    items.push(...reader.push(chunk as Uint8Array));
    for (const item of items.splice(0)) {
      if (!('value' in item) || !isSaid(item.value)) throw new Error('callfold dev answered what no command says.');
      yield item.value;
    }
  }
}

async function runNearby(name: string, options: unknown, context: Context): Promise<Exit> {
  const answer = await askDev(context.config, `/v1/commands/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ options, json: context.json }),
    // It takes as long as it takes; whoever has enough ends it.
    signal: new AbortController().signal,
  });
  if (answer.status === 404) {
    throw new Refused(`The callfold dev at ${answer.url} does not know \`${name}\`: start it anew, of this version.`);
  }
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
  for await (const said of saidBy(answer)) {
    if ('out' in said) context.out(said.out);
    else if ('say' in said) context.say(said.say);
    else if (said.failed === undefined) return said.exit;
    else if (said.exit === EXIT.usage) throw new WrongArgument(said.failed);
    else if (said.exit === EXIT.precondition) throw new Refused(said.failed);
    else throw new Error(said.failed);
  }
  throw new Error('callfold dev ended before the command did.');
}

/** Where the data is, for as long as a command asks there. */
export type Place = {
  run<Options>(name: string, options: Options, context: Context, command: SiteCommand<Options>): Promise<Exit>;
  close(): Promise<void>;
};

export async function openPlace(context: Context): Promise<Place> {
  if (!context.config.kafka) {
    return { run: (name, options, its) => runNearby(name, options, its), close: () => Promise.resolve() };
  }
  const site = await openKafkaSite(context.config, context.say);
  return { run: (_name, options, its, command) => command(site, options, its), close: () => site.close() };
}

export async function onSite<Options>(
  name: string,
  options: Options,
  context: Context,
  command: SiteCommand<Options>,
): Promise<Exit> {
  const place = await openPlace(context);
  try {
    return await place.run(name, options, context, command);
  } finally {
    await place.close();
  }
}
