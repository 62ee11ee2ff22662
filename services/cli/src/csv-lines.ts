import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIMITS, reject } from '@callfold/core';
import type { ColumnMapping, RowReader } from '@callfold/sources';
import { createRowReader } from '@callfold/sources';
import type { CsvError } from 'csv-parse';
import { parse } from 'csv-parse';
import type { Context } from './command.ts';
import { WrongArgument } from './command.ts';
import type { Line } from './lines.ts';

/** CSV as RFC 4180 has it, the first row being its header: rows as raw events. */

export type CsvOptions = ColumnMapping & {
  /** One character. */
  readonly delimiter: string;
};

const SLICE_ROWS = 500;
/** After one of these nobody knows where the next row begins. */
const LOST: ReadonlySet<string> = new Set(['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);

type Row = { readonly record: readonly string[]; readonly raw: string; readonly info: { readonly lines: number } };

/**
 * @param skipLines lines at the start that an earlier run had: their rows are passed over
 * @throws WrongArgument when the mapping does not fit the header; an error when a quote is never closed
 */
export async function* csvLines(
  bytes: AsyncIterable<Uint8Array>,
  options: CsvOptions,
  skipLines: number,
  stop?: Context['stop'],
): AsyncGenerator<readonly Line[]> {
  let refused: Line[] = [];
  let lost: CsvError | null = null;
  const onSkip = (error: CsvError | undefined): undefined => {
    if (error === undefined) return;
    const line = Number(error['lines'] ?? 0);
    if (LOST.has(error.code)) lost ??= error;
    if (line > skipLines) refused.push({ line, rejection: reject('not-csv', error.message.replaceAll(/\s+/g, ' ')) });
  };
  const rows = parse({
    bom: true,
    delimiter: options.delimiter,
    record_delimiter: ['\r\n', '\n'],
    skip_empty_lines: true,
    // Rows are held against the header by whoever reads them: each gets a code of its own.
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: LIMITS.recordBytes,
    on_skip: onSkip,
    info: true,
    raw: true,
  });
  // What goes wrong on the way is thrown where the rows are read.
  pipeline(Readable.from(bytes, { objectMode: false }), rows).catch(() => undefined);
  let read: RowReader | null = null;
  let slice: Line[] = [];
  for await (const { record, raw, info } of rows as AsyncIterable<Row>) {
    // Of an input that was left in its midst, the last row is half a row.
    if (stop?.requested) return;
    if (read === null) {
      read = rowReader(record, options);
      continue;
    }
    // `info` counts the lines up to the row's end.
    const line = info.lines - (raw.trim().split('\n').length - 1);
    if (line <= skipLines) continue;
    const event = read(record);
    slice.push('rejected' in event ? { line, rejection: event } : { line, event });
    if (slice.length < SLICE_ROWS) continue;
    yield [...refused, ...slice];
    refused = [];
    slice = [];
  }
  yield [...refused, ...slice];
  if (lost !== null) throw new Error(lostText(lost));
}

function rowReader(header: readonly string[], options: CsvOptions): RowReader {
  const reader = createRowReader(header, options);
  if (typeof reader !== 'string') return reader;
  const hint = header.length === 1 ? ' Is it separated by another sign? See --delimiter.' : '';
  throw new WrongArgument(`The columns do not fit: ${reader}.${hint}`);
}

function lostText(error: CsvError): string {
  return `a quote is opened in a row that reaches line ${String(error['lines'])}, and not closed: nothing after it was read. Mend the file, and run the command again`;
}
