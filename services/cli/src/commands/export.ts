import { extname } from 'node:path';
import type { DerivedRecord, DerivedTopic } from '@callfold/core';
import { openLatest } from '@callfold/core';
import type { Topic } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import type { Context, Exit } from '../command.ts';
import { EXIT, WrongArgument } from '../command.ts';
import type { DerivedPartition, DerivedReader } from '../derived.ts';
import { openDerivedReader, partitionsOf } from '../derived.ts';
import { writeCsv, writeNdjson } from '../export/lines.ts';
import type { Output } from '../export/output.ts';
import { fileOutput, streamOutput } from '../export/output.ts';
import type { Progress } from '../progress.ts';
import { createProgress } from '../progress.ts';
import type { ExportFormat, ExportOptions } from './export-options.ts';
import { EXPORT_FORMATS } from './export-options.ts';

function isFormat(text: string): text is ExportFormat {
  return EXPORT_FORMATS.some((format) => format === text);
}

/** As asked for, else as the file's name says, else NDJSON. */
function formatOf({ format, output = '-' }: ExportOptions): ExportFormat {
  const named = extname(output).slice(1);
  return format ?? (isFormat(named) ? named : 'ndjson');
}

async function outputOf({ output = '-' }: ExportOptions, format: ExportFormat): Promise<Output> {
  if (output !== '-') return fileOutput(output);
  if (format === 'parquet' && process.stdout.isTTY)
    throw new WrongArgument('Parquet is no text for a terminal: name a file, as --output calls.parquet.');
  return streamOutput(process.stdout);
}

type Count = { rows: number; erased: number; contradicted: number };

type Reading = {
  readonly topic: DerivedTopic;
  readonly partitions: readonly DerivedPartition[];
  readonly progress: Progress;
  readonly count: Count;
  readonly context: Context;
};

/** The pages of one partition; `read` counts on over all of them. */
async function* pagesOf(partition: DerivedPartition, read: { offsets: number }, { progress, context }: Reading) {
  const before = read.offsets;
  for await (const { rows, next } of partition.pages()) {
    if (context.stop.requested) return;
    yield rows;
    read.offsets = before + next - partition.span.from;
    progress.at(read.offsets);
  }
}

/** Of every record the highest revision in the range; one partition is in memory at a time, for no record has two. */
async function* latestRows(reading: Reading): AsyncGenerator<DerivedRecord> {
  const { topic, partitions, count } = reading;
  const read = { offsets: 0 };
  for (const partition of partitions) {
    const latest = openLatest(() => true);
    for await (const rows of pagesOf(partition, read, reading)) {
      for (const { outcomeId, record } of rows) {
        if (record) latest.take(record);
        else {
          latest.erase(topic, outcomeId);
          count.erased += 1;
        }
      }
    }
    count.contradicted += latest.contradicted;
    yield* latest.records();
  }
}

/**
 * Every revision as it stands, less those of records that are erased further on: a first reading finds the erasures,
 * so that what was erased is in no file however large the topic is.
 */
async function* allRows(reading: Reading): AsyncGenerator<DerivedRecord> {
  const { partitions, count } = reading;
  const read = { offsets: 0 };
  for (const partition of partitions) {
    const erasedAt = new Map<string, number>();
    for await (const rows of pagesOf(partition, read, reading)) {
      for (const { outcomeId, offset, record } of rows) if (!record) erasedAt.set(outcomeId, offset);
    }
    count.erased += erasedAt.size;
    for await (const rows of pagesOf(partition, read, reading)) {
      for (const { outcomeId, offset, record } of rows)
        if (record && offset > (erasedAt.get(outcomeId) ?? -1)) yield record;
    }
  }
}

async function* counted(records: AsyncIterable<DerivedRecord>, count: Count): AsyncGenerator<DerivedRecord> {
  for await (const record of records) {
    count.rows += 1;
    yield record;
  }
}

async function write(topic: Topic, format: ExportFormat, records: AsyncIterable<object>, output: Output) {
  const schema = SCHEMAS[topic];
  if (format === 'ndjson') return writeNdjson(topic, records, output);
  if (format === 'csv') return writeCsv(topic, schema, records, output);
  // Loaded when it is asked for: the others need none of it.
  const { writeParquet } = await import('../export/parquet.ts');
  return writeParquet(schema, records, output);
}

async function exportTopic(topic: DerivedTopic, options: ExportOptions, reader: DerivedReader, context: Context) {
  const format = formatOf(options);
  const partitions = await partitionsOf(reader, topic, options);
  const offsets = partitions.reduce((sum, { span }) => sum + span.to - span.from, 0);
  const total = options.all ? 2 * offsets : offsets;
  // A line that is written over has no place among records on the same terminal.
  const isAmongThem = process.stdout.isTTY && (options.output ?? '-') === '-';
  const shown = isAmongThem ? { output: { write: () => undefined } } : {};
  const progress = createProgress({ noun: 'offsets read', total, say: context.say, ...shown });
  const count: Count = { rows: 0, erased: 0, contradicted: 0 };
  const reading: Reading = { topic, partitions, progress, count, context };
  const output = await outputOf(options, format);
  try {
    await write(topic, format, counted(options.all ? allRows(reading) : latestRows(reading), count), output);
    if (!context.stop.requested) await output.done();
    else await output.discard();
  } catch (error) {
    await output.discard();
    throw error;
  } finally {
    progress.end();
  }
  return { format, ...count };
}

/** `callfold export`: the records of one derived topic as a file that others read. */
export async function exportCommand(topic: DerivedTopic, options: ExportOptions, context: Context): Promise<Exit> {
  const { output = '-' } = options;
  const reader = await openDerivedReader(context);
  try {
    const { format, rows, erased, contradicted } = await exportTopic(topic, options, reader, context);
    if (context.stop.requested) {
      context.say('Stopped before everything was read: what was written is not all, and no file is left.');
      return EXIT.failed;
    }
    const what = options.all ? 'revisions' : 'records';
    context.say(`${rows} ${what} of ${topic} as ${format} ${output === '-' ? 'printed' : `in ${output}`}`);
    if (erased > 0) context.say(`${erased} erasures stand in the range: nothing of what they erased is in it`);
    if (contradicted > 0)
      context.say(
        `${contradicted} records stand there twice with one revision and different content: see callfold verify`,
      );
    if (context.json && output !== '-') context.out(`${JSON.stringify({ topic, format, output, rows, erased })}\n`);
    return EXIT.done;
  } finally {
    await reader.close();
  }
}
