import type { Meta } from './checkpoint.ts';
import { hashOfRecord } from './checkpoint.ts';
import { placeWords } from './place.ts';
import type { At, Log } from './ports.ts';

/** Whether the log is still the one that a state was made of: for its owner, for `status`, and for `recover`. */
export type LogFault = {
  /** `passed`: records before the position are gone. `ended`: the log ends before it. `other`: other records stand. */
  readonly what: 'passed' | 'ended' | 'other';
  /** What happened, without what to do. */
  readonly says: string;
};

/** Null: the position is in the log, and the last record folded stands before it, as it was. */
export async function faultOfLog(
  log: Log,
  at: At,
  next: number,
  meta: Pick<Meta, 'last'>,
  bounds: { readonly start: number; readonly end: number },
): Promise<LogFault | null> {
  const { start, end } = bounds;
  if (next < start) {
    const says =
      `${start - next} records between the position ${next} and the log's start ${start} are gone ` +
      '(retention passed it, or the topic was made anew)';
    return { what: 'passed', says };
  }
  if (next > end) {
    // Another owner may have folded on since the log was asked.
    const now = await log.bounds(at);
    if (now.end >= next) return faultOfLog(log, at, next, meta, now);
    const says = `the log ends at ${end}, before the position ${next}: it was truncated or the topic was made anew`;
    return { what: 'ended', says };
  }
  if (meta.last === null || meta.last.offset < start) return null;
  const record = await log.readOne(at, meta.last.offset);
  if (record && hashOfRecord(record) === meta.last.hash) return null;
  // Retention may have come between the two questions: then it is what is to be judged.
  const now = record ? null : await log.bounds(at);
  if (now && now.start > start) return faultOfLog(log, at, next, meta, now);
  const says =
    `the record at offset ${meta.last.offset} is not the one that was folded: the topic was made anew or its end was ` +
    'rewritten';
  return { what: 'other', says };
}

/** As an owner says it. */
export function logFaultText(at: At, { says }: LogFault): string {
  return (
    `${placeWords(at)}: ${says}. Check the topic; if this is the log from now on, \`callfold recover\` tells how the ` +
    'state that there is goes on with it.'
  );
}
