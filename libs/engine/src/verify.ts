import type { DerivedRecord, Rules, Source, State } from '@callfold/core';
import { DEAD_LETTERS, contentHash, currentText, encodeState, sourceOf, subjectKey } from '@callfold/core';
import { inputOf } from './inputs.ts';
import { createOfflineFold } from './offline.ts';
import type { At, Codec, Log, Store } from './ports.ts';
import type { Stood } from './standing.ts';
import { nameOf } from './standing.ts';

/**
 * The one comparison: a fresh fold of the raw log against what the store keeps and what the derived topics hold. For
 * `verify`, the fault suite and `diff`.
 */

export type Fault = 'lost' | 'surplus' | 'different' | 'duplicated' | 'gap' | 'disordered';

export type Finding = { readonly fault: Fault; readonly where: string; readonly detail: string };

export type Report = {
  /** Things compared and found as they should be. */
  readonly same: number;
  readonly findings: readonly Finding[];
};

/** Some states as a reader saw them, in one moment, beside the position of that moment. */
export type Peek = { readonly next: number; readonly states: ReadonlyMap<string, string> };

const PAGE_RECORDS = 5_000;

/** What the raw log says should stand, up to a position. */
export type Expected = {
  readonly states: ReadonlyMap<string, string>;
  readonly records: readonly DerivedRecord[];
  /** Offsets of the raw records that cannot be folded. */
  readonly letters: readonly number[];
  /** What was seen meanwhile, held against the fold at the position of each. */
  readonly peeked: Report;
};

export type Reading = { readonly at: At; readonly source: Source; readonly log: Log; readonly codec: Codec };

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
  return { same, findings };
}

/**
 * Folds one raw partition afresh.
 * @param upTo exclusive: the position of what it is held against
 * @param peeks what was seen on the way there; those beyond `upTo` are not looked at
 * @param clock the log clock of what it is held against: where many timers are due at once, some are committed as fired
 * before the record at which they do
 */
export async function foldPartition(
  { at, source, log, codec }: Reading,
  rules: Rules,
  upTo: number,
  peeks: readonly Peek[] = [],
  clock: number | null = null,
): Promise<Expected> {
  const offline = createOfflineFold(rules, true);
  const records: DerivedRecord[] = [];
  const letters: number[] = [];
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
  const { start } = await log.bounds(at);
  for (let offset = start; offset < upTo; ) {
    const batch = await log.read(at, offset, PAGE_RECORDS);
    if (batch.next <= offset) break;
    await codec.prepare(batch.records);
    for (const record of batch.records) {
      if (record.offset >= upTo) break;
      lookUpTo(record.offset);
      const input = inputOf(record, place, codec);
      if (input.what !== 'event') records.push(...offline.advance(record.appendedAt));
      if (input.what === 'rejected') letters.push(record.offset);
      if (input.what !== 'event') continue;
      const pushed = offline.fold(input.key, input.event, record.appendedAt);
      records.push(...pushed.records);
      if (pushed.rejection) letters.push(record.offset);
    }
    offset = batch.next;
  }
  lookUpTo(upTo);
  if (clock !== null) records.push(...offline.advance(clock));
  const states = new Map<string, string>();
  for (const state of offline.states()) states.set(subjectKey(state.tenantId, state.subjectId), encodeState(state));
  return { states, records, letters, peeked };
}

/** Byte for byte, as this version writes them: the same events give the same text. */
export async function compareStates(at: At, store: Store, expected: Expected): Promise<Report> {
  const findings: Finding[] = [];
  const left = new Map(expected.states);
  let same = 0;
  const source = sourceOf(at.topic);
  for await (const slice of store.scan(at, 'states')) {
    for (const [key, kept] of slice) {
      const text = source ? currentText(kept, source, key) : kept;
      const should = left.get(key);
      left.delete(key);
      if (should === text) same += 1;
      else if (should === undefined) findings.push({ fault: 'surplus', where: key, detail: text });
      else findings.push({ fault: 'different', where: key, detail: `kept ${text}, the log says ${should}` });
    }
  }
  for (const [key, text] of left) findings.push({ fault: 'lost', where: key, detail: text });
  return { same, findings };
}

/** One derived record of one origin partition, with the id and revision that it decodes to; null: it has none. */
export type Revised = { readonly id: string; readonly revision: number } | null;

/**
 * Reads along one origin partition's records: gapless from 0 per topic, each once, and no lower revision behind a
 * higher one.
 */
export function createOrderCheck(): (record: Stood, revised: Revised) => Finding[] {
  const nextSeq = new Map<string, number>();
  const highest = new Map<string, number>();
  return (record, revised) => {
    const findings: Finding[] = [];
    const next = nextSeq.get(record.topic) ?? 0;
    const where = `${record.topic} seq ${record.seq}`;
    if (record.seq < next) findings.push({ fault: 'duplicated', where, detail: `came again, for ${record.key}` });
    if (record.seq > next) findings.push({ fault: 'gap', where, detail: `${record.seq - next} before it are missing` });
    nextSeq.set(record.topic, Math.max(next, record.seq + 1));
    if (!revised) return findings;
    const before = highest.get(revised.id) ?? 0;
    if (revised.revision <= before) {
      findings.push({
        fault: 'disordered',
        where: revised.id,
        detail: `revision ${revised.revision} stands behind ${before}`,
      });
    }
    highest.set(revised.id, Math.max(before, revised.revision));
    return findings;
  };
}

function originOffset(record: Stood): number {
  return Number(record.origin.slice(record.origin.lastIndexOf('/') + 1));
}

/**
 * Every record that a fold gives must stand once, as it is, and no other. Recoveries may have skipped revisions:
 * content counts.
 */
export function compareRecords(stood: readonly Stood[], expected: Expected, codec: Codec): Report {
  const decoded = new Map<Stood, DerivedRecord>();
  for (const record of stood) {
    if (record.topic === DEAD_LETTERS) continue;
    decoded.set(record, codec.decodeDerived(record.topic, record.value) as unknown as DerivedRecord);
  }
  const check = createOrderCheck();
  const findings = stood.flatMap((record) => {
    const one = decoded.get(record);
    return check(record, one ? { id: nameOf(one), revision: one.revision } : null);
  });
  const revisionOf = (record: DerivedRecord): string => `${nameOf(record)} revision ${record.revision}`;
  const should = new Map(expected.records.map((record) => [revisionOf(record), record]));
  let same = 0;
  for (const record of decoded.values()) {
    const name = revisionOf(record);
    const one = should.get(name);
    should.delete(name);
    if (!one) findings.push({ fault: 'surplus', where: name, detail: 'no fold of the log gives it' });
    else if (contentHash(one) === contentHash(record) && one.correctionOf === record.correctionOf) same += 1;
    else
      findings.push({
        fault: 'different',
        where: name,
        detail: `stands ${JSON.stringify(record)}, the log says ${JSON.stringify(one)}`,
      });
  }
  for (const name of should.keys()) findings.push({ fault: 'lost', where: name, detail: 'a fold of the log gives it' });
  const letters = new Set(expected.letters);
  for (const record of stood) {
    if (record.topic !== DEAD_LETTERS) continue;
    if (letters.delete(originOffset(record))) same += 1;
    else
      findings.push({
        fault: 'surplus',
        where: `dead letter of ${record.origin}`,
        detail: 'the record folds, or it is there twice',
      });
  }
  for (const offset of letters)
    findings.push({ fault: 'lost', where: `dead letter of offset ${offset}`, detail: 'it cannot be folded' });
  return { same, findings };
}
