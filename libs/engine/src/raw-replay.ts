import { APPENDED_HEADER, REPLAY_HEADER, TICK_HEADER, utf8Bytes, utf8Text } from '@callfold/core';
import { createPace } from './pace.ts';
import { placeText } from './place.ts';
import type { At, Clock, Log, LogRecord, Outgoing, Publisher, Signal } from './ports.ts';
import { Refused } from './ports.ts';
import { recordPages } from './read-back.ts';
import type { Range } from './range.ts';

/**
 * A range of a raw partition published again in another topic, each record once, wherever an earlier run was cut short:
 * fence, so that nothing of an earlier run can land any more; read back what stands; send what is missing, in order.
 */

export type RawReplaying = {
  readonly at: At;
  readonly log: Log;
  readonly range: Range;
  readonly topic: string;
  /** The partition there. All records of one key have the same one. */
  partitionOf(record: LogRecord): number;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** Null: as fast as it goes. */
  readonly perSecond: number | null;
  readonly stop: { readonly requested: boolean };
  /** Told after each send, and of what was read and is not sent. */
  progress(records: number, bytes: number): void;
};

export type RawReplayed = {
  readonly sent: number;
  /** They stand there already, of an earlier run. */
  readonly found: number;
  /** Time that passed in this log, which is none in the other. */
  readonly ticks: number;
  /** They came here by a replay: sent on, they could come round for ever. */
  readonly loops: number;
};

const PAGE_RECORDS = 500;

export function replayOrigin({
  headers,
}: Pick<LogRecord, 'headers'>): { readonly place: string; readonly offset: number } | null {
  const header = headers.find(({ name }) => name === REPLAY_HEADER);
  if (!header) return null;
  const text = utf8Text(header.value);
  const end = text.lastIndexOf('/');
  return { place: text.slice(0, end), offset: Number(text.slice(end + 1)) };
}

function outgoing(at: At, topic: string, { key, value, headers, offset, appendedAt }: LogRecord): Outgoing {
  const own = [
    { name: REPLAY_HEADER, value: utf8Bytes(`${placeText(at)}/${offset}`) },
    { name: APPENDED_HEADER, value: utf8Bytes(String(appendedAt)) },
  ];
  return { topic, key, value, headers: [...headers, ...own] };
}

const isTick = ({ key, value, headers }: LogRecord): boolean =>
  key === null && value === null && headers.some(({ name }) => name === TICK_HEADER);

/** What of the range stands in one partition there, and the last that does of this one at all. */
type Standing = { readonly offsets: ReadonlySet<number>; readonly last: number };

async function standingIn({ at, range, topic, publisher }: RawReplaying, partition: number): Promise<Standing> {
  const offsets = new Set<number>();
  let last = -1;
  for await (const { records } of recordPages(publisher, { topic, partition })) {
    for (const record of records) {
      const origin = replayOrigin(record);
      if (origin?.place !== placeText(at)) continue;
      last = Math.max(last, origin.offset);
      if (origin.offset >= range.from && origin.offset < range.to) offsets.add(origin.offset);
    }
  }
  return { offsets, last };
}

export async function replayRaw(replaying: RawReplaying): Promise<RawReplayed> {
  const { at, log, range, topic, publisher, clock, perSecond, stop, progress } = replaying;
  const known = new Map<number, Standing>();
  const sum = { sent: 0, found: 0, ticks: 0, loops: 0 };
  const pace = createPace(clock, perSecond);
  const signal: Signal = {
    get aborted() {
      return stop.requested;
    },
  };
  const standing = async (partition: number): Promise<Standing> => {
    const seen = known.get(partition);
    if (seen) return seen;
    await publisher.fence({ topic, partition }, [topic]);
    const found = await standingIn(replaying, partition);
    known.set(partition, found);
    return found;
  };

  for (let next = range.from; next < range.to && !stop.requested; ) {
    const batch = await log.read(at, next, Math.min(PAGE_RECORDS, pace.most));
    if (batch.next <= next) break;
    const records = batch.records.filter(({ offset }) => offset < range.to);
    const due = new Map<number, LogRecord[]>();
    for (const record of records) {
      if (isTick(record)) sum.ticks += 1;
      else if (replayOrigin(record)) sum.loops += 1;
      else {
        const partition = replaying.partitionOf(record);
        const { offsets, last } = await standing(partition);
        if (offsets.has(record.offset)) sum.found += 1;
        else if (record.offset < last) throw behind(at, record, topic, partition, last);
        else due.set(partition, [...(due.get(partition) ?? []), record]);
      }
    }
    await pace.wait(
      [...due.values()].reduce((count, some) => count + some.length, 0),
      signal,
    );
    if (stop.requested) break;
    for (const [partition, some] of due) {
      await publisher.send(
        { topic, partition },
        some.map((record) => outgoing(at, topic, record)),
      );
      sum.sent += some.length;
    }
    next = batch.next;
    progress(
      records.length,
      records.reduce((bytes, { key, value }) => bytes + (key?.length ?? 0) + (value?.length ?? 0), 0),
    );
  }
  return sum;
}

function behind(at: At, { offset }: LogRecord, topic: string, partition: number, last: number): Refused {
  return new Refused(
    `${placeText(at)}: offset ${offset} would come behind offset ${last}, which stands in ${topic}/${partition} already: ` +
      'the order of its key would be another one. Take another topic, or a range from there on.',
  );
}
