import type { Code, DerivedRecord } from '@callfold/core';
import { contentHash, DEAD_LETTERS, hash64, labelOf } from '@callfold/core';
import type { Horizon } from './horizon.ts';
import { fateOf, firstMetOf, isLetterOfBefore, isOfBefore, isPlacedBefore, mayHaveBegunBefore } from './horizon.ts';
import { decodeLetter } from './letters.ts';
import type { Words } from './packed.ts';
import { createColumn, createPackedIndex, wordsOf } from './packed.ts';
import type { Codec } from './ports.ts';
import { Refused } from './ports.ts';
import type { Stood, StoodValue } from './read-back.ts';
import { hasValue, originOffset } from './read-back.ts';

/** What a record that is derived again is to be given. */
export type Placed =
  /** It stands, as it is. */
  | { readonly what: 'stands'; readonly revision: number }
  /** It stood, and compaction took it for a later revision, which is still to be met. Nothing is sent. */
  | { readonly what: 'superseded'; readonly revision: number }
  /** Something else stands: it goes out as the revision after all that stand. */
  | { readonly what: 'next'; readonly revision: number; readonly correctionOf: string | null }
  /** Its subject may have begun before the log's start: what stands stays. */
  | { readonly what: 'before'; readonly revision: number };

/** Of one topic. */
export type Tally = {
  same: number;
  superseded: number;
  changed: number;
  beforeHorizon: number;
};

/**
 * Published records that the committed state knows nothing of, because the store lost it. What is derived again is held
 * against them: the same is not sent twice, a difference goes out as the next revision. Kept are hashes and revisions.
 */
export type Standing = {
  add(record: Stood): void;
  /** Of another partition, in which its subject began: it is of before the horizon. */
  addSibling(record: Stood): void;
  /** Records and dead letters. */
  readonly size: number;
  readonly bytes: number;
  /**
   * @param subjectMet when the log's fold first met the subject; undefined: it is not known to the state
   * @param isToGo the log erases its subject further on
   */
  place(topic: string, record: DerivedRecord, subjectMet: number | undefined, isToGo?: boolean): Placed | null;
  /** The log erases these subjects further on. */
  willErase(subjects: Iterable<string>): void;
  /** It erases this one: nothing of it is sent again, whatever stands. */
  isErased(subject: string): boolean;
  /** The tombstone that this erasure gave stands. */
  takeTombstone(topic: string, outcomeId: string, origin: number): boolean;
  /**
   * A dead letter for this raw record stands, or none is to be sent.
   * @param appendedAt when the log took it: in place of what its end lost, another record may have its offset
   */
  takeLetter(offset: number, code: Code, appendedAt: number): boolean;
  tally(topic: string): Readonly<Tally>;
  /** What stands and was met by nothing so far: by topic, those that the log should give, and those of before it. */
  left(topic: string): { readonly surplus: number; readonly beforeHorizon: number };
};

/** Ids are one topic's: a chat's first episode and its first hand-off have the same. */
export function nameOf(record: DerivedRecord): string {
  return `${record.kind} ${record.outcomeId}`;
}

/** Rows of the table are chained per id, in the order in which they stand. 0 ends a chain. */
const NO_ROW = 0;

/** Bits of a row's mark. */
const MET = 1;
/** Its subject was met, at the latest, when the log may not have had its beginning. */
const OF_BEFORE = 2;
const FLAG_BITS = 2;
const TOPIC_BITS = 4;
const TOPIC_MASK = (1 << TOPIC_BITS) - 1;

/** Few values, many times: a number for each. */
function createNames<Name>() {
  const names: Name[] = [];
  const numbers = new Map<Name, number>();
  return {
    names,
    numberOf(name: Name): number {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, names.length);
      return names.push(name) - 1;
    },
  };
}

const tombstoneName = (topic: string, outcomeId: string, origin: number): string => `${topic} ${outcomeId} ${origin}`;

const NO_FATE: Words = { high: 0, low: 0 };

function createFates() {
  const high = createColumn();
  const low = createColumn();
  return {
    set(row: number, { high: itsHigh, low: itsLow }: Words): void {
      high.set(row, itsHigh);
      low.set(row, itsLow);
    },
    get: (row: number): Words => ({ high: high.get(row), low: low.get(row) }),
    get bytes() {
      return high.bytes + low.bytes;
    },
  };
}

function createRows() {
  const [high, low, revision, mark, next] = [
    createColumn(),
    createColumn(),
    createColumn(),
    createColumn(),
    createColumn(),
  ];
  let rows = NO_ROW;
  return {
    add(hash: Words, itsRevision: number, itsMark: number): number {
      rows += 1;
      high.set(rows, hash.high);
      low.set(rows, hash.low);
      revision.set(rows, itsRevision);
      mark.set(rows, itsMark);
      return rows;
    },
    link: (row: number, to: number) => next.set(row, to),
    nextOf: (row: number) => next.get(row),
    revisionOf: (row: number) => revision.get(row),
    markOf: (row: number) => mark.get(row),
    meet: (row: number) => mark.set(row, mark.get(row) | MET),
    isMet: (row: number) => (mark.get(row) & MET) !== 0,
    says: (row: number, hash: Words) => high.get(row) === hash.high && low.get(row) === hash.low,
    get count() {
      return rows;
    },
    get bytes() {
      return [high, low, revision, mark, next].reduce((sum, column) => sum + column.bytes, 0);
    },
  };
}

/**
 * @param horizon null: the fold has everything from the subjects' beginnings on
 * @param most records that may stand: more are refused
 */
export function createStanding(codec: Codec, horizon: Horizon | null, most: number): Standing {
  const rows = createRows();
  const heads = createPackedIndex();
  const fatesOfBefore = createPackedIndex();
  const fates = createFates();
  const topics = createNames<string>();
  const labels = createNames<string | null>();
  const letters = new Map<number, { readonly code: Code; readonly appendedAt: number }>();
  const tombstones = new Set<string>();
  const erased = new Set<string>();
  const lettersMet = { surplusOfBefore: 0 };
  const tallies = new Map<string, Tally>();

  function tallyOf(topic: string): Tally {
    const known = tallies.get(topic) ?? { same: 0, superseded: 0, changed: 0, beforeHorizon: 0 };
    tallies.set(topic, known);
    return known;
  }

  function addLetter(stood: StoodValue): void {
    const offset = originOffset(stood);
    const letter = decodeLetter(stood.value, codec);
    if (horizon && isOfBefore(horizon, offset, letter.originAppendedAt)) {
      lettersMet.surplusOfBefore += 1;
      return;
    }
    letters.set(offset, { code: letter.code as Code, appendedAt: letter.originAppendedAt });
  }

  function addRecord(stood: StoodValue, isSibling = false): void {
    const record = codec.decodeDerived(stood.topic, stood.value) as unknown as DerivedRecord;
    let isBefore = false;
    let fate = NO_FATE;
    if (horizon) {
      fate = wordsOf(hash64(fateOf(record)));
      if (isSibling || isOfBefore(horizon, originOffset(stood), record.ingestedAt)) fatesOfBefore.set(fate, 1);
      // What of a grown topic's partition is not met was placed there by the number of before.
      isBefore = horizon.isGrown === true || mayHaveBegunBefore(horizon, firstMetOf(record, undefined));
    }
    const topic = topics.numberOf(stood.topic);
    const label = labels.numberOf(labelOf(record));
    const mark = (label << (TOPIC_BITS + FLAG_BITS)) | (topic << FLAG_BITS) | (isBefore ? OF_BEFORE : 0);
    const row = rows.add(wordsOf(contentHash(record)), record.revision, mark);
    if (horizon) fates.set(row, fate);
    const id = wordsOf(hash64(nameOf(record)));
    const head = heads.get(id);
    if (head < 0) {
      heads.set(id, row);
      return;
    }
    let last = head;
    while (rows.nextOf(last) !== NO_ROW) last = rows.nextOf(last);
    rows.link(last, row);
  }

  function isFateOfBefore(record: DerivedRecord): boolean {
    return fatesOfBefore.size > 0 && fatesOfBefore.get(wordsOf(hash64(fateOf(record)))) >= 0;
  }

  /** Everything of the chain up to and with this row is met. */
  function meetUpTo(head: number, upTo: number): void {
    for (let row = head; row !== NO_ROW; row = rows.nextOf(row)) {
      rows.meet(row);
      if (row === upTo) return;
    }
  }

  function decide(head: number, record: DerivedRecord, subjectMet: number | undefined): Placed {
    const hash = wordsOf(contentHash(record));
    let last = head;
    let isThere = false;
    for (let row = head; row !== NO_ROW; row = rows.nextOf(row)) {
      last = row;
      const revision = rows.revisionOf(row);
      if (revision === record.revision) isThere = true;
      if (rows.isMet(row) || revision < record.revision || !rows.says(row, hash)) continue;
      meetUpTo(head, row);
      return { what: 'stands', revision };
    }
    const highest = rows.revisionOf(last);
    if (!isThere && record.revision < highest) return { what: 'superseded', revision: record.revision };
    meetUpTo(head, last);
    if (horizon && mayHaveBegunBefore(horizon, firstMetOf(record, subjectMet))) {
      fatesOfBefore.set(wordsOf(hash64(fateOf(record))), 1);
      return { what: 'before', revision: highest };
    }
    if (record.revision > highest) {
      return { what: 'next', revision: record.revision, correctionOf: record.correctionOf };
    }
    const was = labels.names[rows.markOf(last) >>> (TOPIC_BITS + FLAG_BITS)] ?? null;
    return { what: 'next', revision: highest + 1, correctionOf: was === labelOf(record) ? null : was };
  }

  function placeOne(record: DerivedRecord, subjectMet: number | undefined): Placed | null {
    const head = heads.get(wordsOf(hash64(nameOf(record))));
    if (!isFateOfBefore(record)) return head < 0 ? null : decide(head, record, subjectMet);
    let highest = record.revision;
    for (let row = Math.max(head, NO_ROW); row !== NO_ROW; row = rows.nextOf(row)) {
      highest = Math.max(highest, rows.revisionOf(row));
      rows.meet(row);
    }
    return { what: 'before', revision: highest };
  }

  /** What stands of it is met, and what compaction took for its tombstone does not come back. */
  function placeToGo(record: DerivedRecord): Placed {
    const head = heads.get(wordsOf(hash64(nameOf(record))));
    const placed = head < 0 ? null : decide(head, record, undefined);
    return placed?.what === 'stands' ? placed : { what: 'superseded', revision: record.revision };
  }

  const COUNTED = { stands: 'same', superseded: 'superseded', next: 'changed', before: 'beforeHorizon' } as const;

  function mustHaveRoom({ origin }: Stood): void {
    if (rows.count + letters.size + tombstones.size < most) return;
    throw new Refused(
      `More than ${most} records of ${origin.slice(0, origin.lastIndexOf('/'))} stand in the derived topics: ` +
        'too many to be compared in memory. Recover with a higher `standingRecords`, on a machine with the memory for it.',
    );
  }

  return {
    add(stood) {
      mustHaveRoom(stood);
      if (!hasValue(stood)) tombstones.add(tombstoneName(stood.topic, stood.key, originOffset(stood)));
      else if (stood.topic === DEAD_LETTERS) addLetter(stood);
      else addRecord(stood);
    },
    addSibling(stood) {
      mustHaveRoom(stood);
      if (hasValue(stood) && stood.topic !== DEAD_LETTERS) addRecord(stood, true);
    },
    get size() {
      return rows.count + letters.size + tombstones.size + lettersMet.surplusOfBefore;
    },
    get bytes() {
      return rows.bytes + heads.bytes + fatesOfBefore.bytes + fates.bytes;
    },
    place(topic, record, subjectMet, isToGo = false) {
      const placed = isToGo ? placeToGo(record) : placeOne(record, subjectMet);
      if (placed) tallyOf(topic)[COUNTED[placed.what]] += 1;
      return placed;
    },
    willErase(subjects) {
      for (const subject of subjects) erased.add(subject);
    },
    isErased: (subject) => erased.has(subject),
    takeTombstone: (topic, outcomeId, origin) => tombstones.delete(tombstoneName(topic, outcomeId, origin)),
    takeLetter(offset, code, appendedAt) {
      const known = letters.get(offset)?.appendedAt;
      // One whose bytes were gone does not say when they came.
      const isThere = known === 0 || known === appendedAt;
      if (isThere) letters.delete(offset);
      if (isThere) tallyOf(DEAD_LETTERS).same += 1;
      return isThere || isPlacedBefore(horizon, code, offset);
    },
    tally: tallyOf,
    left(topic) {
      if (topic === DEAD_LETTERS) {
        const isBefore = ([offset, { code }]: [number, { readonly code: Code }]): boolean =>
          isLetterOfBefore(horizon, code, offset);
        const ofBefore = [...letters].filter(isBefore).length;
        return { surplus: letters.size - ofBefore, beforeHorizon: ofBefore + lettersMet.surplusOfBefore };
      }
      const number = topics.numberOf(topic);
      const left = { surplus: 0, beforeHorizon: 0 };
      for (let row = NO_ROW + 1; row <= rows.count; row += 1) {
        const mark = rows.markOf(row);
        if (((mark >>> FLAG_BITS) & TOPIC_MASK) !== number || (mark & MET) !== 0) continue;
        const isBefore = (mark & OF_BEFORE) !== 0 || (horizon !== null && fatesOfBefore.get(fates.get(row)) >= 0);
        if (isBefore) left.beforeHorizon += 1;
        else left.surplus += 1;
      }
      return left;
    },
  };
}
