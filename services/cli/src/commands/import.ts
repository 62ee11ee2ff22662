import type { Context, Exit } from '../command.ts';
import { EXIT, WrongArgument } from '../command.ts';
import type { CsvOptions } from '../csv-lines.ts';
import { openSink } from '../import-sinks.ts';
import type { Imported } from '../importing.ts';
import { runImport, Unfinished } from '../importing.ts';
import { openRejects } from '../lines.ts';
import { grouped } from '../progress.ts';

export type ImportOptions = {
  readonly csv?: boolean;
  /** `field=header` */
  readonly column: readonly string[];
  /** `field=text` */
  readonly set: readonly string[];
  readonly delimiter: string;
  readonly dryRun?: boolean;
  readonly resume?: boolean;
  readonly rejects?: string;
  readonly strict?: boolean;
};

const CSV_NAME = /\.(csv|tsv)(\.gz)?$/i;
const TSV_NAME = /\.tsv(\.gz)?$/i;

/** `callfold import`: publishes raw events to the raw topics. Repeats are harmless: run it again after a failure. */
export async function importEvents(files: readonly string[], options: ImportOptions, context: Context): Promise<Exit> {
  const csvOf = csvOptions(options);
  const isDry = options.dryRun ?? false;
  const isResumed = options.resume ?? false;
  if (isDry && isResumed) throw new WrongArgument('--dry-run reads everything, so that --resume says nothing to it.');
  const sink = await openSink(context, isDry);
  try {
    const rejectsOf = (say: (text: string) => void) => openRejects(options.rejects, say, isResumed);
    const done = await runImport({ files, sink, isDry, isResumed, csvOf, openRejects: rejectsOf }, context);
    tell(done, isDry, context);
    return options.strict && done.refused > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (!(error instanceof Unfinished)) throw error;
    context.say(error.message);
    context.say(error.canResume ? `To go on: ${resuming()}` : 'Run the same command again: repeats are harmless.');
    return EXIT.failed;
  } finally {
    await sink.close();
  }
}

function tell({ published, refused, bySource, byCode, rate }: Imported, isDry: boolean, context: Context): void {
  const codes = byCode.map(([code, count]) => `${code} ${grouped(count)}`).join(', ');
  const why = codes === '' ? '' : ` (${codes})`;
  if (isDry) {
    const sources = [...bySource].map(([source, count]) => `${grouped(count)} of ${source}`).join(', ');
    context.say(`${published} events would be published${sources === '' ? '' : `: ${sources}`}`);
    context.say(`${refused} lines refused${why}`);
    context.say(`To publish them: ${shellLine(process.argv.slice(2).filter((one) => one !== '--dry-run'))}`);
  } else context.say(`${published} events published, ${refused} lines refused${why}, ${rate}`);
  if (context.json)
    context.out(`${JSON.stringify(isDry ? { wouldPublish: published, refused } : { published, refused })}\n`);
}

/** Which files are CSV: all with --csv, else those whose name says so. */
function csvOptions(options: ImportOptions): (file: string) => CsvOptions | null {
  const columns = pairs('--column', options.column);
  const constants = pairs('--set', options.set);
  const { delimiter } = options;
  return (file) => {
    if (!options.csv && !CSV_NAME.test(file)) return null;
    const isTab = delimiter === 'tab' || (delimiter === '' && TSV_NAME.test(file));
    return { columns, constants, delimiter: isTab ? '\t' : delimiter || ',' };
  };
}

function pairs(option: string, given: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const one of given) {
    const at = one.indexOf('=');
    const field = one.slice(0, Math.max(at, 0)).trim();
    if (field === '') throw new WrongArgument(`${option} ${one} is not of the form field=text`);
    if (found.has(field)) throw new WrongArgument(`${option} names ${field} twice`);
    found.set(field, one.slice(at + 1));
  }
  return found;
}

function resuming(): string {
  const args = process.argv.slice(2);
  return shellLine(args.includes('--resume') ? args : [...args, '--resume']);
}

function shellLine(args: readonly string[]): string {
  return [
    'callfold',
    ...args.map((one) => (/^[\w@%+=:,./-]+$/.test(one) ? one : `'${one.replaceAll("'", `'\\''`)}'`)),
  ].join(' ');
}
