import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { Place } from '../on-site.ts';
import { openPlace } from '../on-site.ts';
import type { ScreenLine } from '../screen.ts';
import { fitted } from '../screen.ts';
import { statusOn } from '../status-text.ts';
import type { TargetOptions } from '../targets.ts';

export type StatusOptions = TargetOptions & {
  /** Seconds between two looks; true: as many as usual. */
  readonly watch?: number | true;
};

const WATCH_SECONDS = 2;
const HOME = '\u001b[H';
const LINE_END = '\u001b[K\n';
const BELOW = '\u001b[J';

/** A timer keeps the process, which may have nothing else open between two looks. */
const pause = (ms: number, { signal }: AbortController): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);

/** The look written over the one before it. */
function redraw(lines: readonly ScreenLine[]): void {
  const { rows, columns } = process.stdout;
  const shown = fitted(lines, columns - 1).slice(0, rows - 1);
  process.stdout.write(`${HOME}${shown.map((line) => `${line}${LINE_END}`).join('')}${BELOW}`);
}

async function watch(place: Place, options: TargetOptions, everyMs: number, context: Context): Promise<Exit> {
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb' && !context.json;
  let exit: Exit = EXIT.done;
  if (isTerminal) process.stdout.write('\u001b[2J');
  // One for all pauses: what waits for the end itself would be kept until then, once for each look.
  const ending = new AbortController();
  void context.stop.wanted.then(() => ending.abort());
  while (!context.stop.requested) {
    const lines: ScreenLine[] = [];
    const keep = (isTable: boolean) => (text: string) =>
      void lines.push(
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => ({ line, isTable })),
      );
    const its = isTerminal ? { ...context, out: keep(true), say: keep(false) } : context;
    exit = await place.run('status', { ...options, show: isTerminal ? 'sums' : 'line' } as const, its, statusOn);
    const title = `${new Date().toISOString()}  every ${everyMs / 1_000} s; Ctrl-C ends`;
    if (isTerminal) redraw([{ line: title, isTable: true }, { line: '', isTable: true }, ...lines]);
    await pause(everyMs, ending);
  }
  return exit;
}

/** `callfold status`: where every partition of every role stands, what is wrong, and what helps. */
export async function status({ watch: seconds, ...options }: StatusOptions, context: Context): Promise<Exit> {
  const place = await openPlace(context);
  try {
    if (seconds === undefined) return await place.run('status', options, context, statusOn);
    const everyMs = (seconds === true ? WATCH_SECONDS : seconds) * 1_000;
    return await watch(place, options, everyMs, context);
  } finally {
    await place.close();
  }
}
