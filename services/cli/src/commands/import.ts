import type { RawEvent } from '@callfold/core';
import { rawTopic } from '@callfold/core';
import { rawFields } from '@callfold/adapters';
import { createEventProducer } from '@callfold/client';
import { toJson } from '@callfold/schemas';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openRejects, readLines } from '../lines.ts';
import { askDev } from '../nearby.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { createProgress } from '../progress.ts';

export type ImportOptions = { readonly rejects?: string; readonly strict?: boolean };

type Sink = { send(event: RawEvent): Promise<void>; flush(): Promise<void>; close(): Promise<void> };

const REQUEST_EVENTS = 2_000;
/** Well below what `callfold dev` takes at once: one more event may be as large as a line may be. */
const REQUEST_CHARACTERS = 4 * 1_048_576;

/** To a `callfold dev` nearby, in requests of some thousand events. */
function devSink(context: Context): Sink {
  let lines: string[] = [];
  let characters = 0;
  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    const body = `${lines.join('\n')}\n`;
    const count = lines.length;
    lines = [];
    characters = 0;
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await askDev(context.config, '/v1/events', { method: 'POST', headers, body });
    const text = await answer.text();
    const accepted = answer.ok ? (JSON.parse(text) as { accepted: number }).accepted : 0;
    if (accepted !== count)
      throw new Error(`${count} events were sent, ${accepted} accepted: ${answer.status} ${text.slice(0, 500)}`);
  }
  return {
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
  return { send: (event) => producer.send(event), flush: () => producer.flush(), close: () => site.close() };
}

/** `callfold import`: publishes raw events to the raw topics. Repeats are harmless: run it again after a failure. */
export async function importEvents(files: readonly string[], options: ImportOptions, context: Context): Promise<Exit> {
  const sink = context.config.kafka ? await kafkaSink(context) : devSink(context);
  const progress = createProgress({ noun: 'events', say: context.say });
  const rejects = openRejects(options.rejects, progress.say);
  let events = 0;
  try {
    for await (const lines of readLines(files, context.stop)) {
      for (const item of lines) {
        if ('rejection' in item) {
          rejects.add(item.line, item.rejection);
          continue;
        }
        await sink.send(item.event);
        events += 1;
      }
      progress.at(events);
      if (context.stop.requested) break;
    }
    await sink.flush();
  } finally {
    await rejects.close();
    await sink.close();
  }
  context.say(`${events} events published, ${rejects.count} lines refused, ${progress.end()}`);
  if (context.json) context.out(`${JSON.stringify({ published: events, refused: rejects.count })}\n`);
  if (context.stop.requested) context.say('Stopped before the end: run the same command again, repeats are harmless.');
  return context.stop.requested || (options.strict && rejects.count > 0) ? EXIT.failed : EXIT.done;
}
