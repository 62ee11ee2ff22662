import type { DerivedRecord, Rules, Source, State, Tombstone } from '@callfold/core';
import {
  contentHash,
  currentText,
  DEAD_LETTERS,
  decodeState,
  encodeState,
  sourceOf,
  subjectAsPublished,
  subjectKey,
  subjectOfId,
} from '@callfold/core';
import type { Begun } from './checkpoint.ts';
import { erasuresIn } from './erasures.ts';
import type { Horizon } from './horizon.ts';
import {
  fateOf,
  firstMetOf,
  horizonOf,
  isOfBefore,
  isPlacedBefore,
  isStateOfBefore,
  mayHaveBegunBefore,
  subjectOf,
} from './horizon.ts';
import type { Input } from './inputs.ts';
import { inputOf, subjectOfInput } from './inputs.ts';
import { createOfflineFold } from './offline.ts';
import type { At, Codec, Log, LogRecord, Store } from './ports.ts';
import { compareErasures } from './verify-erasures.ts';
import { compareLetters, lettersFrom, refusedName } from './verify-letters.ts';
import type { Stood } from './read-back.ts';
import { originOffset } from './read-back.ts';
import type { Order, StoodRecord } from './order.ts';
import { orderOf } from './order.ts';
import type { Finding } from './seq.ts';
import { nameOf } from './standing.ts';

/**
 * The one comparison: a fresh fold of the raw log against what the store keeps and what the derived topics hold. For
 * `verify`, the fault suite and `diff`.
 */

export type Report = {
  /** Things compared and found as they should be. */
  readonly same: number;
  /** Differences of subjects that may have begun before the log's start: no findings. */
  readonly beforeHorizon: number;
  readonly findings: readonly Finding[];
};

/** Some states as a reader saw them, in one moment, beside the position of that moment. */
export type Peek = { readonly next: number; readonly states: ReadonlyMap<string, string> };

const PAGE_RECORDS = 5_000;

/** A tombstone, and the offset of the erasure that gave it. */
export type ToldTombstone = Tombstone & { readonly origin: number };

/** What the raw log says should stand, up to a position. */
export type Expected = {
  readonly states: ReadonlyMap<string, string>;
  readonly records: readonly DerivedRecord[];
  /** Of erasures, in order. */
  readonly tombstones: readonly ToldTombstone[];
  /** As `subjectOfId` has them of their records; also those that are erased behind the position. */
  readonly erasedSubjects: ReadonlySet<string>;
  /** Of each of those that the log erases, when it met the subject first, as far as it has its beginning. */
  readonly erasedMet: ReadonlyMap<string, number>;
  /** As the state has it that it is held against. */
  readonly begun: Begun | undefined;
  /** The same of those whose erasure is gone from the log, as far as that is known: nothing of them is compared. */
  readonly erasedBefore: ReadonlySet<string>;
  /** Offsets of the raw records that cannot be folded. */
  readonly letters: readonly number[];
  /** What was seen meanwhile, held against the fold at the position of each. */
  readonly peeked: Report;
  /** Null: the log has its beginning. */
  readonly horizon: Horizon | null;
  /** Append time at which each subject was first met, by its key; empty without a horizon. */
  readonly met: ReadonlyMap<string, number>;
};

export type Reading = {
  readonly at: At;
  readonly source: Source;
  readonly log: Log;
  readonly codec: Codec;
  /** Where the fold begins; absent: at the log's start. `begun`: as the state has it that it is held against. */
  readonly from?: number;
  readonly begun?: Begun | undefined;
  /** As `refusedAsErased` finds them. What the fold does not refuse of them was erased before the log's start. */
  readonly refused?: ReadonlySet<string>;
  /**
   * Told of each record that the fold gives, before and after the disguise that the rules may ask for, and the offset
   * of the raw record that caused it.
   */
  derived?(plain: DerivedRecord, record: DerivedRecord, origin: number): void;
  /** Told of each subject that is erased, as `subjectOfId` has it of its records. */
  erased?(subject: string): void;
  /** Told after each page of the log. */
  progress?(records: number, bytes: number): void;
};

/** A position that is ahead of its states, or behind them, shows here: their texts differ. */
function checkPeek({ next, states }: Peek, now: Iterable<State>): Report {
  const left = new Map(states);
  const findings: Finding[] = [];
  let same = 0;
  for (const state of now) {
    const key = subjectKey(state.tenantId, state.subjectId);
    const seen = left.get(key);
    if (seen === undefined) continue;
    left.delete(key);
    const should = encodeState(state);
    const where = `${key} at position ${next}`;
    if (seen === should) same += 1;
    else findings.push({ fault: 'different', where, detail: `was ${seen}, the log says ${should}` });
  }
  for (const [key, text] of left)
    findings.push({ fault: 'surplus', where: `${key} at position ${next}`, detail: text });
  return { same, beforeHorizon: 0, findings };
}

function bytesOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
}

/**
 * Folds one raw partition afresh.
 * @param upTo exclusive: the position of what it is held against
 * @param peeks what was seen on the way there; those beyond `upTo` are not looked at
 * @param clock the log clock of what it is held against: where many timers are due at once, some are committed as fired
 * before the record at which they do
 */
export async function foldPartition(
  { at, source, log, codec, from = 0, begun, refused, derived, erased, progress }: Reading,
  rules: Rules,
  upTo: number,
  peeks: readonly Peek[] = [],
  clock: number | null = null,
): Promise<Expected> {
  let origin = upTo;
  const offline = createOfflineFold(rules, true, (plain, record) => derived?.(plain, record, origin));
  const records: DerivedRecord[] = [];
  const letters: number[] = [];
  const tombstones: ToldTombstone[] = [];
  const [erasedSubjects, erasedBefore] = [new Set<string>(), new Set<string>()];
  const [met, erasedMet] = [new Map<string, number>(), new Map<string, number>()];
  const erase = ({ key, named, record: { appendedAt } }: Extract<Input, { what: 'erase' }>): void => {
    const gone = offline.erase(source, key, named, appendedAt);
    records.push(...gone.records);
    tombstones.push(...gone.tombstones.map((one) => ({ ...one, origin })));
    const subject = subjectAsPublished(source, key, rules.settings);
    erasedSubjects.add(subject);
    if (!erasedMet.has(subject)) erasedMet.set(subject, met.get(key) ?? appendedAt);
    erased?.(subject);
  };
  const open = peeks.filter(({ next }) => next <= upTo).toSorted((a, b) => a.next - b.next);
  const peeked: { same: number; findings: Finding[] } = { same: 0, findings: [] };
  const lookUpTo = (offset: number): void => {
    for (let peek = open[0]; peek && peek.next <= offset; peek = open[0]) {
      open.shift();
      const { same, findings } = checkPeek(peek, offline.states());
      peeked.same += same;
      peeked.findings.push(...findings);
    }
  };
  const place = { source, partition: at.partition, partitions: await log.partitions(at.topic) };
  const bounds = await log.bounds(at);
  const start = Math.max(bounds.start, from, begun?.from ?? 0);
  const horizon = await horizonOf(log, at, rules.settings, from, begun);
  for (let offset = start; offset < upTo; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    if (batch.next <= offset) break;
    await codec.prepare(batch.records);
    for (const record of batch.records) {
      if (record.offset >= upTo) break;
      lookUpTo(record.offset);
      origin = record.offset;
      const input = inputOf(record, place, codec);
      if (input.what === 'tick' || input.what === 'rejected') records.push(...offline.advance(record.appendedAt));
      if (input.what === 'rejected' && !isPlacedBefore(horizon, input.rejection.rejected, origin)) letters.push(origin);
      const key = subjectOfInput(input);
      if (horizon && key !== null && !met.has(key)) met.set(key, record.appendedAt);
      if (input.what === 'erase') erase(input);
      if (input.what !== 'event') continue;
      const pushed = offline.fold(input.key, input.event, record.appendedAt);
      records.push(...pushed.records);
      if (pushed.rejection) letters.push(record.offset);
      else if (horizon && refused?.has(refusedName(record.offset, record.appendedAt))) {
        erasedBefore.add(subjectAsPublished(source, input.key, rules.settings));
      }
    }
    offset = batch.next;
    origin = upTo;
    progress?.(batch.records.length, bytesOf(batch.records));
  }
  lookUpTo(upTo);
  // An owner that folds again what a store lost sends nothing of those.
  for (const key of await erasuresIn(log, at, upTo, bounds.end, place.partitions)) {
    erasedSubjects.add(subjectAsPublished(source, key, rules.settings));
  }
  if (clock !== null) records.push(...offline.advance(clock));
  const states = new Map<string, string>();
  for (const state of offline.states()) states.set(subjectKey(state.tenantId, state.subjectId), encodeState(state));
  return {
    states,
    records,
    tombstones,
    erasedSubjects,
    erasedMet,
    begun,
    erasedBefore,
    letters,
    peeked: { ...peeked, beforeHorizon: 0 },
    horizon,
    met,
  };
}

/** What is kept of one subject and what should be, as this version writes it; null: nothing. */
export type Pair = { readonly key: string; readonly kept: string | null; readonly should: string | null };

/** Every subject that is kept or should be, once. */
export async function* statePairs(
  at: At,
  store: Store,
  states: ReadonlyMap<string, string>,
): AsyncGenerator<Pair, void, undefined> {
  const source = sourceOf(at.topic);
  const left = new Map(states);
  for await (const slice of store.scan(at, 'states')) {
    for (const [key, text] of slice) {
      const should = left.get(key) ?? null;
      left.delete(key);
      yield { key, kept: source ? currentText(text, source, key) : text, should };
    }
  }
  for (const [key, should] of left) yield { key, kept: null, should };
}

/** Byte for byte, as this version writes them: the same events give the same text. */
export async function compareStates(at: At, store: Store, expected: Expected): Promise<Report> {
  const { horizon, met } = expected;
  const findings: Finding[] = [];
  let same = 0;
  const source = sourceOf(at.topic);
  let beforeHorizon = 0;
  const isBefore = (key: string, kept: string, should: string | null): boolean => {
    if (!horizon || !source) return false;
    const folded = should === null ? null : decodeState(should, source, key);
    return isStateOfBefore(horizon, decodeState(kept, source, key), folded, met.get(key));
  };
  for await (const { key, kept, should } of statePairs(at, store, expected.states)) {
    if (kept === null) findings.push({ fault: 'lost', where: key, detail: should ?? '' });
    else if (should === kept) same += 1;
    else if (isBefore(key, kept, should)) beforeHorizon += 1;
    else if (should === null) findings.push({ fault: 'surplus', where: key, detail: kept });
    else findings.push({ fault: 'different', where: key, detail: `kept ${kept}, the log says ${should}` });
  }
  return { same, beforeHorizon, findings };
}

export type Told = { readonly stood: Stood; readonly record: DerivedRecord };

/** Whether a difference may be of what the log does not have any more: the rule of `horizon.ts`, over all at once. */
export function judgeOf(
  { horizon, met, erasedBefore }: Expected,
  told: readonly Told[],
): (record: DerivedRecord, differs: boolean) => boolean {
  if (!horizon) return () => false;
  const fates = new Set<string>();
  for (const { stood, record } of told) {
    if (isOfBefore(horizon, originOffset(stood), record.ingestedAt)) fates.add(fateOf(record));
  }
  return (record, differs) => {
    if (erasedBefore.has(subjectOfId(record.outcomeId)) || fates.has(fateOf(record))) return true;
    // What was placed by the number of before stands under another partition, or was met in none of this one's.
    if (!differs && !horizon.isGrown) return false;
    const subjectMet = met.get(subjectOf(record).key);
    const isElsewhere = horizon.isGrown === true && subjectMet === undefined;
    if (!isElsewhere && !mayHaveBegunBefore(horizon, firstMetOf(record, subjectMet))) return false;
    fates.add(fateOf(record));
    return true;
  };
}

/** Schemas must have been prepared. */
export function decodeStood(stood: readonly Stood[], codec: Codec): StoodRecord[] {
  return stood.map((one) => ({
    stood: one,
    record:
      one.topic === DEAD_LETTERS || one.value === null
        ? null
        : (codec.decodeDerived(one.topic, one.value) as unknown as DerivedRecord),
  }));
}

/** Every record that a fold gives must stand once, as it is, in order, and no other. */
export function compareRecords(stood: readonly Stood[], expected: Expected, codec: Codec): Report {
  const records = decodeStood(stood, codec);
  const order = orderOf(records);
  const report = compareContents(records, expected, codec, order);
  return { ...report, findings: [...order.findings, ...report.findings] };
}

/** Less their order. Recoveries may have skipped revisions: content counts. */
export function compareContents(
  records: readonly StoodRecord[],
  expected: Expected,
  codec: Codec,
  { isTaken, lettersCut }: Pick<Order, 'isTaken' | 'lettersCut'>,
): Report {
  const findings: Finding[] = [];
  const told = records.flatMap(({ stood, record }) => (record === null ? [] : [{ stood, record }]));
  // Of an id that a replay corrected the earlier revisions are what is wrong: the last is what counts.
  const corrected = new Set(told.flatMap(({ stood: one, record }) => (isCorrected(one) ? [nameOf(record)] : [])));
  const isBefore = judgeOf(expected, told);
  const erasures = compareErasures(records, expected);
  const revisionOf = (record: DerivedRecord): string => `${nameOf(record)} revision ${record.revision}`;
  const should = new Map(
    expected.records.flatMap((record) => (corrected.has(nameOf(record)) ? [] : [[revisionOf(record), record]])),
  );
  let same = 0;
  let beforeHorizon = 0;
  for (const { record } of told) {
    if (corrected.has(nameOf(record))) continue;
    const name = revisionOf(record);
    const one = should.get(name);
    should.delete(name);
    if (one && contentHash(one) === contentHash(record) && one.correctionOf === record.correctionOf) same += 1;
    else if (isBefore(record, true)) beforeHorizon += 1;
    else if (!one) findings.push({ fault: 'surplus', where: name, detail: 'no fold of the log gives it' });
    else
      findings.push({
        fault: 'different',
        where: name,
        detail: `stands ${JSON.stringify(record)}, the log says ${JSON.stringify(one)}`,
      });
  }
  for (const [name, record] of should) {
    // Compaction took it for its tombstone, or it was not sent again.
    if (expected.erasedSubjects.has(subjectOfId(record.outcomeId)) || isTaken(record)) continue;
    if (isBefore(record, false)) beforeHorizon += 1;
    else findings.push({ fault: 'lost', where: name, detail: 'a fold of the log gives it' });
  }
  const lasts = compareLasts(told, expected.records, corrected, isBefore);
  const stands = records.map(({ stood }) => stood);
  const from = lettersCut ? lettersFrom(stands, expected, codec) : 0;
  const due = expected.letters.filter((offset) => offset >= from);
  const letters = compareLetters(stands, { ...expected, letters: due }, codec);
  return {
    same: same + erasures.same + lasts.same + letters.same,
    beforeHorizon: beforeHorizon + erasures.beforeHorizon + lasts.beforeHorizon + letters.beforeHorizon,
    findings: [...findings, ...erasures.findings, ...lasts.findings, ...letters.findings],
  };
}

const isCorrected = ({ correctedAt }: Stood): boolean => correctedAt !== undefined;

/** Of each id that is named, the last that stands must say what the last that the fold gives says. */
function compareLasts(
  told: readonly Told[],
  records: readonly DerivedRecord[],
  ids: ReadonlySet<string>,
  isBefore: (record: DerivedRecord, differs: boolean) => boolean,
): Report {
  if (ids.size === 0) return { same: 0, beforeHorizon: 0, findings: [] };
  const should = lastOf(records, ids);
  const findings: Finding[] = [];
  let same = 0;
  let beforeHorizon = 0;
  for (const [id, stands] of lastOf(
    told.map(({ record }) => record),
    ids,
  )) {
    const one = should.get(id);
    if (one && contentHash(one) === contentHash(stands)) same += 1;
    else if (isBefore(stands, true)) beforeHorizon += 1;
    else {
      const says = one ? JSON.stringify(one) : 'nothing';
      const detail = `corrected, stands ${JSON.stringify(stands)}, the log says ${says}`;
      findings.push({ fault: one ? 'different' : 'surplus', where: id, detail });
    }
  }
  return { same, beforeHorizon, findings };
}

function lastOf(records: readonly DerivedRecord[], ids: ReadonlySet<string>): Map<string, DerivedRecord> {
  const last = new Map<string, DerivedRecord>();
  for (const record of records) if (ids.has(nameOf(record))) last.set(nameOf(record), record);
  return last;
}
