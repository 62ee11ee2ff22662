import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Refused } from '@callfold/engine';
import { bytesOf, inputsOf, STANDARD_INPUT } from './bytes.ts';
import type { Context } from './command.ts';
import { WrongArgument } from './command.ts';
import type { CsvOptions } from './csv-lines.ts';
import { csvLines } from './csv-lines.ts';
import type { Position, PositionFile } from './import-position.ts';
import { openPosition } from './import-position.ts';
import type { Sink } from './import-sinks.ts';
import type { Line, Rejects } from './lines.ts';
import { ndjsonLines } from './lines.ts';
import type { Progress } from './progress.ts';
import { createProgress, grouped } from './progress.ts';

/** One import: files in, events to a sink, and how far it came on disk. */

export type Import = {
  readonly files: readonly string[];
  readonly sink: Sink;
  readonly isDry: boolean;
  /** Goes on where an earlier run was when it ended. */
  readonly isResumed: boolean;
  /** Of a file: null, it is NDJSON. */
  csvOf(file: string): CsvOptions | null;
  openRejects(say: (text: string) => void): Rejects;
};

export type Imported = {
  readonly published: number;
  readonly refused: number;
  /** By source, of this run. */
  readonly bySource: ReadonlyMap<string, number>;
  readonly byCode: ReturnType<Rejects['counts']>;
  readonly rate: string;
};

/** Failed or stopped before the end; what the log has is known. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
  /** False: it can be run again, not gone on with. */
  readonly canResume: boolean;
  constructor(message: string, canResume: boolean, options?: ErrorOptions) {
    super(message, options);
    this.canResume = canResume;
  }
}

/** What may stand twice in the log after a kill is what was sent since. */
const SAVE_EVERY_MS = 1_000;
const NOTHING_DONE: Position = { lines: [], published: 0, refused: 0 };

type Run = {
  readonly job: Import;
  readonly stop: Context['stop'];
  readonly progress: Progress;
  readonly rejects: Rejects;
  readonly position: PositionFile | null;
  /** Lines of each file that were sent; those that the log has once the sink is flushed. */
  readonly lines: number[];
  readonly begun: Position;
  readonly bySource: Map<string, number>;
  sent: number;
  /** Of those, what the log has. */
  acknowledged: number;
  /** What the log is known to have, of all runs. */
  stand: Position;
  /** The sink failed: of what it was given since `stand` nobody knows what the log has, whatever it says later. */
  isInDoubt: boolean;
  bytes: number;
  savedAt: number;
};

/**
 * @throws Unfinished when it was stopped, or failed on the way
 * @throws WrongArgument, Refused when it could not begin
 */
export async function runImport(job: Import, { config, say, stop }: Context): Promise<Imported> {
  const inputs = inputsOf(job.files);
  const position = job.isDry ? null : openPosition(join(config.dataDir, 'imports'), job.sink.name, inputs);
  if (job.isResumed && position === null)
    throw new WrongArgument(
      '--resume goes on with files. Standard input is given again as a whole: repeats are harmless.',
    );
  const begun = begin(position, job.isResumed, say);
  const totalBytes = sizeOf(inputs);
  const progress = createProgress({ noun: 'events', totalBytes, done: begun.published, say });
  const rejects = job.openRejects((text) => progress.say(text));
  const run: Run = {
    job,
    stop,
    progress,
    rejects,
    position,
    begun,
    lines: inputs.map((_, at) => begun.lines[at] ?? 0),
    bySource: new Map(),
    sent: 0,
    acknowledged: 0,
    stand: begun,
    isInDoubt: false,
    bytes: 0,
    savedAt: performance.now(),
  };
  try {
    await sendAll(run, inputs);
  } finally {
    await rejects.close();
  }
  const rate = progress.end();
  if (stop.requested) throw new Unfinished(stoppedText(run), position !== null);
  position?.remove();
  const { published, refused } = standOf(run);
  return { published, refused, bySource: run.bySource, byCode: rejects.counts(), rate };
}

function begin(position: PositionFile | null, isResumed: boolean, say: (text: string) => void): Position {
  const found = isResumed ? position?.read() : null;
  if (found) {
    say(`An earlier run published ${grouped(found.published)} events: going on behind them.`);
    return found;
  }
  if (isResumed) say('No earlier run of this import was interrupted here: it begins with the first line.');
  return NOTHING_DONE;
}

async function sendAll(run: Run, inputs: readonly string[]): Promise<void> {
  try {
    for (const [index, file] of inputs.entries()) {
      if (run.stop.requested) break;
      for await (const lines of linesOf(run, index, file)) {
        await send(run, index, lines, inputs.length > 1 ? file : undefined);
        if (run.stop.requested) break;
      }
    }
    await save(run);
  } catch (error) {
    run.progress.end();
    // It could not even begin: as if it had not been run.
    if ((error instanceof WrongArgument || error instanceof Refused) && run.acknowledged === 0) throw error;
    const message = error instanceof Error ? error.message : String(error);
    // What was read before the input failed is good.
    if (!run.isInDoubt) await save(run).catch(() => undefined);
    throw new Unfinished(`${message}.\n${stoppedText(run)}`, run.position !== null, { cause: error });
  }
}

function linesOf(run: Run, index: number, file: string): AsyncGenerator<readonly Line[]> {
  const { job, stop } = run;
  const skipLines = run.lines[index] ?? 0;
  const bytes = bytesOf(file, stop, (count) => {
    run.bytes += count;
  });
  const csv = job.csvOf(file);
  return csv === null ? ndjsonLines(bytes, skipLines, stop) : csvLines(bytes, csv, skipLines, stop);
}

async function send(run: Run, index: number, lines: readonly Line[], file: string | undefined): Promise<void> {
  for (const item of lines) {
    if ('rejection' in item) run.rejects.add(item.line, item.rejection, file);
    else {
      await given(run, run.job.sink.send(item.event));
      run.sent += 1;
      run.bySource.set(item.event.source, (run.bySource.get(item.event.source) ?? 0) + 1);
    }
    run.lines[index] = Math.max(run.lines[index] ?? 0, item.line);
  }
  run.progress.at(run.begun.published + run.sent, run.bytes);
  if (performance.now() - run.savedAt >= SAVE_EVERY_MS) await save(run);
}

/** What was sent is in the log, and that it is, is on disk. */
async function save(run: Run): Promise<void> {
  await given(run, run.job.sink.flush());
  run.acknowledged = run.sent;
  run.stand = standOf(run);
  run.savedAt = performance.now();
  try {
    run.position?.write(run.stand);
  } catch (error) {
    run.progress.say(`The position cannot be kept, so that --resume would begin earlier: ${String(error)}`);
  }
}

async function given(run: Run, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    run.isInDoubt = true;
    throw error;
  }
}

function standOf({ begun, lines, sent, rejects }: Run): Position {
  return { lines: [...lines], published: begun.published + sent, refused: begun.refused + rejects.count };
}

function stoppedText(run: Run): string {
  const { published, refused } = run.stand;
  return `Stopped before the end, after ${grouped(published)} events and ${grouped(refused)} refused lines.`;
}

/** Null where that of one is not known. */
function sizeOf(inputs: readonly string[]): number | null {
  let sum = 0;
  for (const file of inputs) {
    const found = file === STANDARD_INPUT ? undefined : statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return null;
    sum += found.size;
  }
  return sum;
}
