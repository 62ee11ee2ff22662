import { PassThrough } from 'node:stream';
import type { Config, FastifyInstance } from '@callfold/adapters';
import type { Service } from '@callfold/engine';
import type { Context } from './command.ts';
import { listLettersOn, showLetterOn } from './dlq-on.ts';
import { exitOf } from './exit-of.ts';
import { explainOn } from './explain-on.ts';
import { offsetsOn } from './offsets.ts';
import type { Said, SiteCommand } from './on-site.ts';
import { problemsOf } from './services.ts';
import type { ProgressOutput } from './progress.ts';
import type { Site } from './site.ts';
import { statusOn } from './status-text.ts';
import type { TargetOptions } from './targets.ts';
import { verifyOn } from './verify-on.ts';

/**
 * Commands that look at the embedded store, run by the `callfold dev` that has it open: what they say goes back as
 * NDJSON. None of them writes.
 */

type Parts = {
  readonly site: Site;
  readonly config: Config;
  /** At work in this process. */
  readonly services: readonly Service[];
};

type Commands = Readonly<Record<string, SiteCommand<never>>>;

/** Each reads its own options, which may say anything. */
function commandsOf({ services }: Parts): Commands {
  const problemOf = problemsOf(services);
  const status: SiteCommand<TargetOptions> = (site, options, context) => statusOn(site, options, context, problemOf);
  const dlq = { 'dlq-list': listLettersOn, 'dlq-show': showLetterOn };
  return { ...dlq, explain: explainOn, offsets: offsetsOn, status, verify: verifyOn };
}

/** The terminal here is not that of whoever asks: lines now and then go back to them. */
const ELSEWHERE: ProgressOutput = { isTTY: false, write: () => undefined };

/** Nobody waits for an answer that says nothing for some minutes. */
const STILL_HERE_MS = 10_000;

export function addCommandRoutes(app: FastifyInstance, parts: Parts): void {
  const { site, config } = parts;
  const commands = commandsOf(parts);
  app.post<{ Params: { name: string }; Body: { options?: unknown; json?: unknown } | null }>(
    '/v1/commands/:name',
    async (request, reply) => {
      const { name } = request.params;
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (command === undefined) return reply.code(404).send({ error: `There is no command ${name} here.` });
      if (typeof request.body?.options !== 'object' || request.body.options === null) {
        return reply.code(400).send({ error: 'Expected {"options": {...}}.' });
      }
      const lines = new PassThrough();
      const write = (said: Said): void => void (lines.writable && lines.write(`${JSON.stringify(said)}\n`));
      const stop = { requested: false, wanted: new Promise<void>((resolve) => lines.once('close', () => resolve())) };
      void stop.wanted.then(() => (stop.requested = true));
      const context: Context = {
        config,
        out: (out) => write({ out }),
        say: (say) => write({ say }),
        json: request.body.json === true,
        shows: ELSEWHERE,
        stop,
      };
      const stillHere = setInterval(() => lines.writable && lines.write('\n'), STILL_HERE_MS);
      const failed = (error: unknown): Said => {
        return { exit: exitOf(error), failed: error instanceof Error ? error.message : String(error) };
      };
      void command(site, request.body.options as never, context)
        .then((exit): Said => ({ exit }), failed)
        .then((said) => {
          clearInterval(stillHere);
          write(said);
          lines.end();
        });
      return reply.type('application/x-ndjson').send(lines);
    },
  );
}
