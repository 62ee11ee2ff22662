import type { At, Log, LogRecord } from './ports.ts';

export type LogPage = { readonly records: readonly LogRecord[]; readonly next: number };

/** Records of one read, unless said otherwise. */
const PAGE_RECORDS = 5_000;

/**
 * One partition's records from an offset up to another, exclusive, page by page. It ends where the log does, or where
 * no record comes any more.
 */
export async function* logPages(
  log: Log,
  at: At,
  from: number,
  to: number,
  mostRecords: number = PAGE_RECORDS,
): AsyncGenerator<LogPage> {
  for (let offset = from; offset < to; ) {
    const { records, next } = await log.read(at, offset, mostRecords);
    yield { records: records.filter((record) => record.offset < to), next };
    if (next <= offset) return;
    offset = next;
  }
}
