import type { DerivedRecord, Rules, Settings } from '@callfold/core';
import {
  contentHash,
  DEAD_LETTERS,
  DERIVED_OF,
  fingerprint,
  labelOf,
  subjectOfId,
  suffixOf,
  topicOf,
} from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { decodeMeta } from './checkpoint.ts';
import { horizonOf, isOfBefore, subjectOf } from './horizon.ts';
import { countsText } from './layout.ts';
import { decodeLetter } from './letters.ts';
import { placeWords } from './place.ts';
import type { At, Clock, Store } from './ports.ts';
import { Refused } from './ports.ts';
import type { DerivedReader, Stood, StoodValue } from './read-back.ts';
import { hasValue, originOffset, topicPages } from './read-back.ts';
import { recoveryOf } from './recovery.ts';
import { nameOf } from './standing.ts';
import type { Expected, Reading, Told } from './verify.ts';
import { foldPartition, judgeOf } from './verify.ts';
import { erasedName } from './verify-erasures.ts';

/**
 * A range of a raw partition derived again with today's code, and held against what was published: per id the last that
 * stands against the last that the log gives, which is what counts of records that replace one another. A subject is in
 * the range when a record of it, standing or derived, was caused there; then all of it is compared.
 */
export type Range = { readonly from: number; readonly to: number };

export type RangeCounts = {
  /** The last that stands says what the log says. */
  same: number;
  /** The log gives it, and nothing of its id stands. */
  missing: number;
  /** The last that stands says something else. */
  changed: number;
  /** It stands, and the log does not give it. */
  surplus: number;
  /** It differs, and its subject may have begun before the log's start. */
  beforeHorizon: number;
  /** Its subject goes on behind the position: its owner is about to publish of it. */
  moving: number;
  /** It was erased. */
  erased: number;
};

export type RecordDifference = {
  readonly what: 'missing' | 'changed' | 'surplus';
  readonly topic: string;
  readonly id: string;
  readonly stands: DerivedRecord | null;
  /** What the log says. */
  readonly says: DerivedRecord | null;
};

/** A record that is to go out: the next revision of its id. */
export type Due = { readonly topic: string; readonly origin: number; readonly record: DerivedRecord };

export type DueSubject = {
  readonly key: string;
  readonly due: readonly Due[];
  /**
   * Revision under which a record stands once these are out, by the record's name within the subject. None of those
   * that are not compared.
   */
  readonly revisions: ReadonlyMap<string, number>;
};

export type Compared = {
  /** What is committed at this position was compared. */
  readonly position: number;
  readonly clock: number;
  /** By derived topic: what stood before this offset was. */
  readonly read: Readonly<Record<string, number>>;
  readonly expected: Expected;
  readonly counts: ReadonlyMap<string, Readonly<RangeCounts>>;
  readonly differences: readonly RecordDifference[];
  readonly subjects: readonly DueSubject[];
  /** Dead letters of the range that stand and fold today, and that today's code would write. Told, never mended. */
  readonly letters: { readonly surplus: number; readonly missing: number };
};

export type Comparing = Omit<Reading, 'derived'> & {
  readonly store: Store;
  readonly reader: DerivedReader;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly stop: { readonly requested: boolean };
  /** How long nothing may move that is waited for. */
  readonly patienceMs: number;
  readonly range: Range;
  /** Which subjects are asked for; of a surplus record as it names its subject. */
  isWanted(record: DerivedRecord): boolean;
};

type Side = { readonly record: DerivedRecord; readonly origin: number; readonly isInRange: boolean };
type Standing = Side & { readonly topic: string; readonly label: string | null };
type Derived = Side & { readonly subject: string; readonly suffix: string; readonly plain: DerivedRecord };

const POLL_MS = 200;
const NO_OFFSET = -1;

/** The owner's checkpoint. @throws Refused when there is nothing to compare, or it could not be compared rightly */
export async function checkpointOf(store: Store, at: At, settings: Settings): Promise<Meta & { position: number }> {
  const stored = await store.peek(at);
  if (!stored?.meta || stored.next === null) {
    throw new Refused(
      `${placeWords(at)}: outcomes has no checkpoint: start \`callfold serve outcomes\`, or \`callfold recover\` if it had one.`,
    );
  }
  const meta = decodeMeta(stored.meta);
  if (recoveryOf(stored)) {
    throw new Refused(
      `${placeWords(at)}: a recovery is under way: look again when it has ended (\`callfold recover\`).`,
    );
  }
  if (meta.settings !== fingerprint(settings)) {
    throw new Refused(
      `${placeWords(at)}: outcomes runs with other settings (${meta.settings}) than this command (${fingerprint(settings)}): ` +
        'what differs would be the settings, not the code. Give this command the same CALLFOLD_ variables.',
    );
  }
  return { ...meta, position: stored.next };
}

/** An owner that has ended trims its outbox no more: what stands tells what it has sent. */
async function allStands(
  { at, reader }: Pick<Comparing, 'at' | 'reader'>,
  { seqs, published }: Meta,
): Promise<boolean> {
  for (const [topic, next] of Object.entries(seqs)) {
    let sent = 0;
    for await (const { records } of topicPages(reader, at, topic, published[topic])) {
      for (const { seq } of records) sent = Math.max(sent, seq + 1);
    }
    if (sent < next && (sent > 0 || published[topic] === undefined)) return false;
  }
  return true;
}

/** Waits until all that is committed now stands in its topics. */
export async function allSent(comparing: Omit<Comparing, 'range' | 'isWanted'>): Promise<Meta & { position: number }> {
  const { store, at, rules, clock, stop, patienceMs } = comparing;
  const first = await checkpointOf(store, at, rules.settings);
  let seen = first;
  for (let waitedMs = 0; seen.outboxFirst < first.outboxNext && !stop.requested; waitedMs += POLL_MS) {
    if (await allStands(comparing, first)) return first;
    if (waitedMs >= patienceMs) {
      throw new Refused(
        `${placeWords(at)}: ${first.outboxNext - seen.outboxFirst} derived records are committed and not sent: ` +
          'no owner is at work. Start `callfold serve outcomes`, then run this again.',
      );
    }
    await clock.sleep(POLL_MS);
    const now = await checkpointOf(store, at, rules.settings);
    if (now.outboxFirst > seen.outboxFirst) waitedMs = 0;
    seen = now;
  }
  return first;
}

const isIn = ({ from, to }: Range, origin: number): boolean => origin >= from && origin < to;

type Stands = {
  readonly lasts: Map<string, Standing>;
  readonly erased: Set<string>;
  readonly letters: Set<number>;
  readonly read: Record<string, number>;
  /** Of before the log's start. */
  readonly before: Told[];
};

/** The last of each id that stands, and where it all ends. */
async function readStands(comparing: Comparing): Promise<Stands> {
  const { at, source, codec, reader, rules, log, range, begun } = comparing;
  const horizon = await horizonOf(log, at, rules.settings, 0, begun);
  const stands: Stands = { lasts: new Map(), erased: new Set(), letters: new Set(), read: {}, before: [] };
  const addLetter = (stood: StoodValue): void => {
    const origin = originOffset(stood);
    const letter = decodeLetter(stood.value, codec);
    const isBefore = horizon !== null && isOfBefore(horizon, origin, letter.originAppendedAt);
    if (!isBefore && isIn(range, origin)) stands.letters.add(origin);
  };
  const addOne = (stood: Stood): void => {
    if (stood.topic === DEAD_LETTERS) {
      if (hasValue(stood)) addLetter(stood);
      return;
    }
    if (!hasValue(stood)) {
      stands.lasts.delete(erasedName(stood.topic, stood.key));
      return;
    }
    const record = codec.decodeDerived(stood.topic, stood.value) as unknown as DerivedRecord;
    const isBefore = horizon !== null && isOfBefore(horizon, originOffset(stood), record.ingestedAt);
    if (isBefore) stands.before.push({ stood, record });
    // Of a topic made anew the offsets come again: what the one before gave is of no offset of this one.
    const origin = isBefore && originOffset(stood) >= horizon.start ? NO_OFFSET : originOffset(stood);
    const name = nameOf(record);
    const isInRange = isIn(range, origin) || (stands.lasts.get(name)?.isInRange ?? false);
    stands.lasts.set(name, { record, origin, isInRange, topic: stood.topic, label: labelOf(record) });
  };
  for (const topic of DERIVED_OF[source]) {
    for await (const { records, erased, end } of topicPages(reader, at, topic, undefined)) {
      await codec.prepare(records);
      for (const stood of records) addOne(stood);
      for (const key of erased) stands.erased.add(`${topic} ${key}`);
      stands.read[topic] = end;
    }
  }
  return stands;
}

export async function compareRange(asked: Comparing): Promise<Compared> {
  const { at, log, range, rules } = asked;
  const { position, clock, begun, partitions, growing } = await allSent(asked);
  const there = await log.partitions(at.topic);
  if (growing !== undefined || partitions !== there) {
    throw new Refused(
      `${placeWords(at)}: ${countsText({ was: partitions, now: there })}: its subjects are to be moved first ` +
        '(`callfold recover`).',
    );
  }
  const comparing = { ...asked, begun };
  const stands = await readStands(comparing);
  const gives = new Map<string, Derived>();
  const erased = new Set<string>();
  const expected = await foldPartition(
    {
      ...comparing,
      derived(plain, record, origin) {
        const name = nameOf(record);
        const subject = subjectOf(plain);
        const isInRange = isIn(range, origin) || (gives.get(name)?.isInRange ?? false);
        gives.set(name, { record, origin, isInRange, subject: subject.key, suffix: suffixOf(subject, plain), plain });
      },
      erased: (subject) => void erased.add(subject),
    },
    rules,
    position,
    [],
    clock,
  );
  // What comes of an erased subject is refused, so that all that was given is of before.
  for (const [name, { record }] of gives) if (erased.has(subjectOfId(record.outcomeId))) gives.delete(name);
  const { read } = stands;
  return { position, clock, read, expected, ...judged({ comparing, stands, gives, expected, position }) };
}

type Judging = {
  readonly comparing: Comparing;
  readonly stands: Stands;
  readonly gives: ReadonlyMap<string, Derived>;
  readonly expected: Expected;
  readonly position: number;
};

/** In range are subjects, not single records: a subject's state and all that stands of it must agree. */
function subjectsInRange({ stands, gives }: Judging): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const [name, { subject, isInRange }] of gives) {
    if (isInRange || stands.lasts.get(name)?.isInRange) keys.add(subject);
  }
  return keys;
}

function createCounts() {
  const counts = new Map<string, RangeCounts>();
  return {
    counts,
    count(topic: string, what: keyof RangeCounts): void {
      const none = { same: 0, missing: 0, changed: 0, surplus: 0, beforeHorizon: 0, moving: 0, erased: 0 };
      const of = counts.get(topic) ?? none;
      of[what] += 1;
      counts.set(topic, of);
    },
  };
}

function judged(judging: Judging): Pick<Compared, 'counts' | 'differences' | 'subjects' | 'letters'> {
  const { comparing, stands, gives, expected, position } = judging;
  const { counts, count } = createCounts();
  const differences: RecordDifference[] = [];
  const isBefore = judgeOf(expected, stands.before);
  const inRange = subjectsInRange(judging);
  const bySubject = new Map<string, (readonly [string, Derived])[]>();
  for (const [name, one] of gives) {
    if (!inRange.has(one.subject) || !comparing.isWanted(one.plain)) continue;
    const known = bySubject.get(one.subject);
    if (known) known.push([name, one]);
    else bySubject.set(one.subject, [[name, one]]);
  }
  const subjects: DueSubject[] = [];
  for (const [key, records] of bySubject) {
    const verdicts = records.map(([name, one]) => ({ one, ...verdictOf(stands, name, one, position) }));
    for (const { what, one } of verdicts) isBefore(one.record, what !== 'same');
    // Of a subject in motion, or erased, nothing is sent at all.
    const whole = verdicts.find(({ what }) => what === 'erased' || what === 'moving')?.what;
    const due: Due[] = [];
    const revisions = new Map<string, number>();
    for (const { one, what, standing } of verdicts) {
      const isOld = what !== 'same' && isBefore(one.record, true);
      const told = whole ?? (isOld ? 'beforeHorizon' : what);
      count(topicOf(one.record), told);
      if (told === 'same') revisions.set(one.suffix, standing?.record.revision ?? 0);
      if (told !== 'missing' && told !== 'changed') continue;
      const next = dueOf(one, standing);
      revisions.set(one.suffix, next.record.revision);
      due.push(next);
      const { topic, record } = next;
      differences.push({ what: told, topic, id: record.outcomeId, stands: standing?.record ?? null, says: record });
    }
    if (due.length > 0) subjects.push({ key, due, revisions });
  }
  for (const [name, { record, topic, origin, isInRange }] of stands.lasts) {
    if (gives.has(name) || !(isInRange || inRange.has(subjectOf(record).key)) || !comparing.isWanted(record)) continue;
    const what = origin >= position ? 'moving' : isBefore(record, true) ? 'beforeHorizon' : 'surplus';
    count(topic, what);
    if (what === 'surplus') differences.push({ what, topic, id: record.outcomeId, stands: record, says: null });
  }
  return { counts, differences, subjects, letters: lettersOf(stands, expected, comparing.range) };
}

/** The revision after the last that stands. */
function dueOf({ record, origin }: Derived, standing: Standing | null): Due {
  const was = standing?.label ?? null;
  const correctionOf = was === labelOf(record) ? null : was;
  const revision = (standing?.record.revision ?? 0) + 1;
  return { topic: topicOf(record), origin, record: { ...record, revision, correctionOf } };
}

function verdictOf(
  { lasts, erased }: Stands,
  name: string,
  { record }: Derived,
  position: number,
): { readonly what: keyof RangeCounts; readonly standing: Standing | null } {
  const standing = lasts.get(name) ?? null;
  if (erased.has(`${topicOf(record)} ${record.outcomeId}`)) return { what: 'erased', standing };
  if (standing === null) return { what: 'missing', standing };
  if (standing.origin >= position) return { what: 'moving', standing };
  return { what: contentHash(standing.record) === contentHash(record) ? 'same' : 'changed', standing };
}

function lettersOf({ letters }: Stands, expected: Expected, range: Range): Compared['letters'] {
  const today = new Set(expected.letters.filter((offset) => isIn(range, offset)));
  const start = expected.horizon?.start ?? 0;
  return {
    surplus: [...letters].filter((offset) => offset >= start && !today.has(offset)).length,
    missing: [...today].filter((offset) => !letters.has(offset)).length,
  };
}
