import { readFileSync } from 'node:fs';
import type { SubjectKind } from '@callfold/core';
import { rawTopic, SOURCES } from '@callfold/core';
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import type { BoardOptions } from './commands/board-options.ts';
import { withBoardOptions } from './commands/board-options.ts';
import { addCompletion } from './commands/completion.ts';
import type { DevOptions } from './commands/dev.ts';
import { addErase } from './commands/erase-options.ts';
import type { ArchiveOptions } from './archiving.ts';
import { addDlq } from './commands/dlq.ts';
import { addExamples, addHints } from './commands/examples.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { FoldOptions } from './commands/fold.ts';
import type { ImportOptions } from './commands/import.ts';
import type { ExportOptions, ExportTopic } from './commands/export-options.ts';
import { topicOf, withExportOptions } from './commands/export-options.ts';
import { addGenerations } from './commands/generations.ts';
import { addOffsets } from './commands/offsets.ts';
import { addReplay } from './commands/replay-options.ts';
import type { ReportCommandOptions } from './commands/report-options.ts';
import { withReportOptions } from './commands/report-options.ts';
import type { StatusOptions } from './commands/status.ts';
import {
  ARCHIVE_FORMS,
  seconds,
  wholeNumber,
  withArchive,
  withExecute,
  withSources,
  withTargets,
} from './commands/target-options.ts';
import type { GrowOptions } from './commands/topics.ts';
import type { RecoverOptions } from './recovery.ts';
import { endAnyway, onStop } from './stop.ts';
import type { VerifyOptions } from './verify-on.ts';
import type { RoleName } from './site.ts';

/** As shells have it of a program whose reader went away: 128 and the number of SIGPIPE. */
const READER_GONE = 141;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('callfold')
  .description('Folds contact-centre status events into calls, chats and agents, and derives what became of them.')
  .version(version)
  .option('--json', 'results as JSON; before or after the name of the command')
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError()
  .showHelpAfterError('(callfold --help shows all commands)')
  .exitOverride();

/** Until the configuration is read nobody here knows a secret. */
let withoutSecrets = (text: string): string => text;

async function openContext(): Promise<Context> {
  let stop: Context['stop'] | undefined;
  const config = await import('@callfold/adapters/config');
  ({ withoutSecrets } = config);
  return {
    config: config.readConfig(process.env),
    out: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(`${withoutSecrets(text)}\n`),
    json: program.opts<{ json?: boolean }>().json ?? false,
    // Only a command that looks at it is asked to end: any other one a Ctrl-C ends as it ends every program.
    get stop() {
      return (stop ??= onStop());
    },
  };
}

/** `callfold fold big | head -1`: whoever read us has enough. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // oxlint-disable-next-line unicorn/no-process-exit -- nothing that is still under way has anybody to tell
    if (error.code === 'EPIPE') process.exit(READER_GONE);
    throw error;
  });
  process.stderr.on('error', () => undefined);
}

function repeated(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function delimiter(text: string): string {
  if (text === 'tab' || text.length === 1) return text;
  throw new InvalidArgumentError('It must be one character, or tab.');
}

/** Each command is loaded when it is asked for: help needs not even the settings, a fold of a file no Kafka client. */
async function run(work: (context: Context) => Promise<Exit>): Promise<void> {
  process.exitCode = await work(await openContext());
}

program
  .command('dev')
  .description('everything in one process on the embedded store, with a demo feed')
  .option('--no-demo', 'without the demo feed')
  .option('--seed <number>', 'of the demo feed', wholeNumber, 1)
  .action((options: DevOptions) => run(async (c) => (await import('./commands/dev.ts')).dev(options, c)));

program
  .command('serve')
  .description(
    'one role on Kafka, registry and Redis; the gateway takes events over HTTP, the console shows what is happening',
  )
  .addArgument(new Argument('<role>', 'which').choices(['projector', 'outcomes', 'gateway', 'console']))
  .action((role: RoleName | 'gateway' | 'console') =>
    run(async (c) => {
      if (role === 'gateway') return (await import('./commands/serve-gateway.ts')).serveGateway(c);
      if (role === 'console') return (await import('./commands/serve-console.ts')).serveConsole(c);
      return (await import('./commands/serve.ts')).serve(role, c);
    }),
  );

program
  .command('poll')
  .description('fetch from an API that does not push, and publish what it says, to Kafka')
  .addArgument(new Argument('<api>', 'whose').choices(['vonage']))
  .action(() => run(async (c) => (await import('./commands/poll.ts')).pollCommand(c)));

program
  .command('fold')
  .description('NDJSON raw events in, NDJSON derived records out; no broker, no store')
  .argument('[file...]', 'files; none or -: standard input')
  .option('--aggregates', 'the final aggregates instead of the derived records')
  .option('--rejects <file>', 'keep refused lines, as NDJSON {line, code, reason}')
  .option('--strict', 'exit 1 when a line was refused')
  .action((files: string[], options: FoldOptions) =>
    run(async (c) => (await import('./commands/fold.ts')).fold(files, options, c)),
  );

program
  .command('import')
  .description('publish raw events of NDJSON or CSV to the raw topics')
  .argument('[file...]', 'files, also gzipped; none or -: standard input')
  .option('--csv', 'CSV with a header row; files called *.csv and *.tsv are anyway')
  .option('--column <field=header>', 'CSV: the column that a field is taken from; may be repeated', repeated, [])
  .option('--set <field=text>', 'CSV: what every row has, as source=vonage; may be repeated', repeated, [])
  .option('--delimiter <sign>', 'CSV: between two cells, one character or tab; default a comma', delimiter, '')
  .option('--dry-run', 'only read and check, connect to nothing')
  .option('--resume', 'go on where an earlier run of the same import was interrupted')
  .option('--rejects <file>', 'keep refused lines, as NDJSON {line, code, reason}; of several files {file, …}')
  .option('--strict', 'exit 1 when a line was refused')
  .action((files: string[], options: ImportOptions) =>
    run(async (c) => (await import('./commands/import.ts')).importEvents(files, options, c)),
  );

withArchive(program.command('explain'))
  .description('the timeline of one subject, what each event changed, and the rule behind each record')
  .addArgument(new Argument('<kind>', 'what it is').choices(['call', 'chat', 'agent']))
  .argument('<id>', 'its id, as the upstream gave it')
  .option('--tenant <id>', 'whose', 'default')
  .option('--at <moment>', 'as it was known then: a time with a zone, or the offset of a record')
  .action((kind: SubjectKind, id: string, options: ExplainOptions) =>
    run(async (c) => (await import('./commands/explain.ts')).explainCommand(kind, id, options, c)),
  );

withReportOptions(program.command('report'))
  .description('named figures over derived records: of files (-: standard input), else of the derived topics')
  .argument('[file...]', 'NDJSON of `callfold fold` or of exports')
  .action((files: string[], options: ReportCommandOptions) =>
    run(async (c) => (await import('./commands/report.ts')).reportCommand(files, options, c)),
  );

withBoardOptions(program.command('board'))
  .description(
    'the wallboard over a past day, at up to 600 times its speed: of files (-: standard input), else of the raw log',
  )
  .argument('[file...]', 'NDJSON raw events, as `callfold fold` takes them, also gzipped')
  .action((files: string[], options: BoardOptions) =>
    run(async (c) => (await import('./commands/board.ts')).board(files, options, c)),
  );

withExportOptions(program.command('export'))
  .description('the records of one derived topic as NDJSON, CSV or Parquet')
  .action((topic: ExportTopic, options: ExportOptions) =>
    run(async (c) => (await import('./commands/export.ts')).exportCommand(topicOf(topic), options, c)),
  );

withTargets(program.command('status'))
  .description(
    'every partition of every role: owner, position, lag, timers, outbox, dead letters; what is wrong, and what helps',
  )
  .option(
    '-w, --watch [seconds]',
    'look again every 2 seconds, or as many: on a terminal over the last look, else a line each',
    seconds,
  )
  .action((options: StatusOptions) => run(async (c) => (await import('./commands/status.ts')).status(options, c)));

withArchive(withTargets(program.command('verify'), false))
  .description(
    'fold the raw log afresh and compare with the aggregates and the derived topics, at rest or live; exit 3 on any difference',
  )
  .option('--sample <number>', 'only one subject in so many', wholeNumber)
  .option('--seed <number>', 'the sample of an earlier run', wholeNumber)
  .option('--explain <number>', 'of the first differences, in full', wholeNumber, 1)
  .action((options: VerifyOptions) => run(async (c) => (await import('./commands/verify.ts')).verify(options, c)));

withExecute(withTargets(program.command('recover')), 'a topic that is another log now, or has more partitions')
  .description(
    'after a lost Redis: what a fold from the start would publish, and the fold itself; after a topic was cut or made anew: how the state goes on with it; dry without --execute',
  )
  .action((options: RecoverOptions) => run(async (c) => (await import('./commands/recover.ts')).recover(options, c)));

addGenerations(program, run);
addOffsets(program, run);

addDlq(program, run);
addCompletion(program, run);
addReplay(program, run);
addErase(program, run);

withSources(program.command('archive'))
  .description('copy the raw log to files, on from where it ended; other commands read them with --archive')
  .requiredOption('--to <place>', `where the archive lies: ${ARCHIVE_FORMS}`)
  .option('--check', 'read the archive and hold it against its checksums; no broker is asked')
  .action((options: ArchiveOptions) => run(async (c) => (await import('./commands/archive.ts')).archive(options, c)));

const topics = program.command('topics').description('topics and schemas in Kafka and the registry');
topics
  .command('check')
  .description('say what is not as it should be; exit 3 if anything')
  .action(() => run(async (c) => (await import('./commands/topics.ts')).topicsCheck(c)));
topics
  .command('apply')
  .description('create and alter; dry without --execute')
  .option('--execute', 'do it')
  .action((options: { execute?: boolean }) =>
    run(async (c) => (await import('./commands/topics.ts')).topicsApply(options, c)),
  );
withExecute(topics.command('grow'), 'the topic, since no partition is ever taken away')
  .description('add partitions to a raw topic, docs/runbooks/more-partitions.md; dry without --execute')
  .addArgument(new Argument('<topic>', 'a raw topic').choices(SOURCES.map(rawTopic)))
  .requiredOption('--partitions <number>', 'how many it is to have: a multiple of what it has', wholeNumber)
  .action((topic: string, options: GrowOptions) =>
    run(async (c) => (await import('./commands/topics.ts')).topicsGrow(topic, options, c)),
  );
topics
  .command('acls')
  .description('least-privilege access lists for each kind of user, as lines of kafka-acls.sh; changes nothing')
  .action(() => run(async (c) => (await import('./commands/topics.ts')).topicsAcls(c)));

addExamples(program);
addHints(program, 'callfold');
endWithReader();
process.on('uncaughtException', (error) => {
  process.stderr.write(`callfold: ${withoutSecrets(error.stack ?? error.message)}\n`);
  process.exit(EXIT.failed);
});
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.stderr.write(`callfold: ${withoutSecrets(error instanceof Error ? error.message : String(error))}\n`);
    if (process.env['CALLFOLD_LOG_LEVEL'] === 'debug' && error instanceof Error)
      process.stderr.write(`${withoutSecrets(String(error.stack))}\n`);
    process.exitCode = (await import('./exit-of.ts')).exitOf(error);
    endAnyway((held) => process.stderr.write(`callfold: ended, though it was held by ${held.join(', ')}\n`));
  }
}
