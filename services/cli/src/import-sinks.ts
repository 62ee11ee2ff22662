import { rawFields, retryAfterOf, systemClock } from '@callfold/adapters';
import { createEventProducer } from '@callfold/client';
import type { RawEvent } from '@callfold/core';
import { rawTopic } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { toJson } from '@callfold/schemas';
import type { Context } from './command.ts';
import { openKafkaSite } from './kafka-site.ts';
import { askDev } from './nearby.ts';

/** Where imported events go. */
export type Sink = {
  /** For messages, and to know the same place again. */
  readonly name: string;
  send(event: RawEvent): Promise<void>;
  /** Resolves when the log has all that was sent. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

const REQUEST_EVENTS = 2_000;
/** Well below what `callfold dev` takes at once: one more event may be as large as a line may be. */
const REQUEST_CHARACTERS = 4 * 1_048_576;

const NO_KEY = 401;
const FOREIGN = 403;
/** It takes no more of this tenant just now, or waits for its store: none of the events was taken. */
const LATER: ReadonlySet<number> = new Set([429, 503]);
/** In one go; an import that gets nowhere for so long says why. */
const LATER_MOST_MS = 120_000;

/** As often as it is told to come again later, for as long as that may be. */
async function answerNow(ask: () => Promise<Response>, stop: Context['stop']): Promise<Response> {
  const signal = {
    get aborted() {
      return stop.requested;
    },
  };
  for (const until = Date.now() + LATER_MOST_MS; ; ) {
    const answer = await ask();
    const waitMs = LATER.has(answer.status) ? retryAfterOf(answer.headers.get('retry-after'), Date.now()) : null;
    if (waitMs === null || Date.now() + waitMs >= until || stop.requested) return answer;
    await answer.body?.cancel();
    await systemClock.sleep(waitMs, signal);
  }
}

function keyText(status: number, importKey: string | null, said: string): string {
  if (importKey === null)
    return (
      'This `callfold dev` takes events only from who has a key: name one in CALLFOLD_IMPORT_KEY or …_KEY_FILE, of the ' +
      'tenant whose events they are, or that of `*` for those of every tenant. docs/publishing.md, "Keys", tells of them.'
    );
  if (status === NO_KEY) return 'This `callfold dev` does not know the key in CALLFOLD_IMPORT_KEY.';
  return `The key in CALLFOLD_IMPORT_KEY is not of the events' tenant: ${said.slice(0, 500)}`;
}

/** To a `callfold dev` nearby, in requests of some thousand events. */
export function devSink(context: Pick<Context, 'config' | 'stop'>): Sink {
  let lines: string[] = [];
  let characters = 0;
  const { importKey } = context.config;
  const headers = {
    'content-type': 'application/x-ndjson',
    ...(importKey !== null && { authorization: `Bearer ${importKey}` }),
  };
  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    const body = `${lines.join('\n')}\n`;
    const count = lines.length;
    lines = [];
    characters = 0;
    const ask = (): Promise<Response> => askDev(context.config, '/v1/events', { method: 'POST', headers, body });
    const answer = await answerNow(ask, context.stop);
    const text = await answer.text();
    if (answer.status === NO_KEY || answer.status === FOREIGN)
      throw new Refused(keyText(answer.status, importKey, text));
    const accepted = answer.ok ? (JSON.parse(text) as { accepted: number }).accepted : 0;
    if (accepted !== count)
      throw new Error(`${count} events were sent, ${accepted} accepted: ${answer.status} ${text.slice(0, 500)}`);
  }
  return {
    name: `http://${context.config.httpHost}:${context.config.httpPort}`,
    flush,
    close: () => Promise.resolve(),
    async send(event) {
      const line = JSON.stringify({ source: event.source, ...toJson(rawTopic(event.source), rawFields(event)) });
      lines.push(line);
      characters += line.length;
      if (lines.length >= REQUEST_EVENTS || characters >= REQUEST_CHARACTERS) await flush();
    },
  };
}

async function kafkaSink(context: Context): Promise<Sink> {
  const site = await openKafkaSite(context.config, context.say);
  const producer = createEventProducer({ writer: site.writer, codec: site.codec });
  return {
    name: site.name,
    send: (event) => producer.send(event),
    flush: () => producer.flush(),
    close: () => site.close(),
  };
}

/** Of a dry run. */
const NOWHERE: Sink = {
  name: 'nowhere',
  send: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** @throws when Kafka, registry or Redis is away */
export async function openSink(context: Context, isDry: boolean): Promise<Sink> {
  if (isDry) return NOWHERE;
  return context.config.kafka ? kafkaSink(context) : devSink(context);
}
