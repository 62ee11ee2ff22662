import type { Rules, State } from '@callfold/core';
import { encodeState, subjectKey, TICK_HEADER } from '@callfold/core';
import type { Place } from './inputs.ts';
import { inputOf, subjectOfInput } from './inputs.ts';
import { logPages } from './log-pages.ts';
import { createOfflineFold } from './offline.ts';
import type { Log, LogRecord } from './ports.ts';
import type { Reading } from './verify.ts';

/**
 * Comparing while services are at work: what was read of a store lies somewhere between two commits, and a difference
 * is one only when the log gives it at no position in between.
 */

/** A position, and the log clock that is committed with it: timers may have fired up to it, and no further. */
export type Moment = { readonly next: number; readonly clock: number };

/**
 * Every text that a subject's state had from one moment to a later one, both included; null: it had none. By key, of
 * the named subjects only.
 */
export async function textsBetween(
  { at, source, log, codec, from: begin = 0, begun }: Reading,
  rules: Rules,
  keys: ReadonlySet<string>,
  from: Moment,
  to: Moment,
): Promise<ReadonlyMap<string, ReadonlySet<string | null>>> {
  const offline = createOfflineFold(rules, true);
  const place = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
  const seen = new Map<string, Set<string | null>>([...keys].map((key) => [key, new Set()]));
  const last = new Map<string, State | null>();
  const look = (): void => {
    const now = new Map<string, State>();
    for (const state of offline.states()) now.set(subjectKey(state.tenantId, state.subjectId), state);
    for (const [key, texts] of seen) {
      const state = now.get(key) ?? null;
      if (last.get(key) === state) continue;
      last.set(key, state);
      texts.add(state === null ? null : encodeState(state));
    }
  };
  const start = Math.max((await log.bounds(at)).start, begin, begun?.from ?? 0);
  let isLooking = false;
  for await (const { records } of logPages(log, at, start, to.next)) {
    await codec.prepare(records);
    for (const record of records) {
      // Before the first of those in between, not after it: what was committed then is the first that may be seen.
      if (!isLooking && record.offset >= from.next) {
        isLooking = true;
        look();
      }
      offline.advance(record.appendedAt);
      // Timers that fire here may have been committed without the record.
      if (isLooking) look();
      const input = inputOf(record, place, codec);
      const key = subjectOfInput(input);
      if (key === null || !keys.has(key)) continue;
      if (input.what === 'event') offline.fold(key, input.event, record.appendedAt);
      if (input.what === 'erase') offline.erase(source, key, input.named, record.appendedAt);
      if (isLooking) look();
    }
  }
  look();
  offline.advance(Math.max(from.clock, to.clock));
  look();
  return seen;
}

/**
 * The same log as it is to some of its subjects: what is folded into the others is time that passes, and nothing more.
 * @param isMeant by `subjectKey`
 * @param hasNobodys what cannot be folded is nobody's: whether it stays
 */
export function logOfSome(reading: Reading, isMeant: (key: string) => boolean, hasNobodys = true): Log {
  const { source, codec, log } = reading;
  const passing = (record: LogRecord, place: Place): LogRecord => {
    const key = subjectOfInput(inputOf(record, place, codec));
    if (key === null ? hasNobodys : isMeant(key)) return record;
    return { ...record, key: null, value: null, headers: [{ name: TICK_HEADER, value: new Uint8Array(0) }] };
  };
  return {
    ...log,
    async read(at, offset, maxRecords) {
      const batch = await log.read(at, offset, maxRecords);
      await codec.prepare(batch.records);
      const place = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
      return { ...batch, records: batch.records.map((record) => passing(record, place)) };
    },
  };
}
