import type { DerivedRecord } from '@callfold/core';
import { COMPACTION_LAG_MS, DEAD_LETTERS } from '@callfold/core';
import type { At } from './ports.ts';
import type { Stood } from './read-back.ts';
import { isOwn } from './read-back.ts';
import type { Finding } from './seq.ts';
import { createSeqReader } from './seq.ts';
import { nameOf } from './standing.ts';

/**
 * The order of what stands: gaps, repeats, revisions. Compaction takes earlier revisions of what was published long
 * ago, and their `callfold-seq` with them: that is no loss as long as later revisions account for every missing one.
 */

export type StoodRecord = {
  readonly stood: Stood;
  /** Null: a dead letter, which is never revised, or a tombstone. */
  readonly record: DerivedRecord | null;
};

export type Order = {
  readonly findings: readonly Finding[];
  /** An earlier revision that is not there: compaction has taken it, the later one stands. */
  isTaken(record: DerivedRecord): boolean;
  /** Retention has taken the first of the dead letters. */
  readonly lettersCut: boolean;
};

type Taking = {
  /** Missing seqs, each between two that stand or before the first, that compaction may have taken. */
  missing: number;
  readonly gaps: Finding[];
};

export type OrderOptions = {
  /** The log clock of what is compared, epoch ms; absent: nothing is old enough to be compacted. */
  readonly logTime?: number;
  /** By topic: how many erasures have let compaction take for good, tombstones included. */
  readonly erasedSeqs?: Readonly<Record<string, number>>;
  /** Retention has taken the beginning of these. */
  readonly cut?: ReadonlySet<string>;
  /**
   * Whose records they are about, when those of all are given that share its derived partitions: of a subject that
   * moved, earlier revisions are of another one. What is missing of all is then held against what all have revised.
   */
  readonly own?: At;
};

type Erased = {
  /** Topic and key of what a tombstone stands of. */
  readonly names: ReadonlySet<string>;
  /** By topic: tombstones, and records in front of theirs. Compaction has not taken those yet. */
  readonly stand: ReadonlyMap<string, number>;
};

const keyedName = ({ topic, key }: Stood): string => `${topic} ${key}`;

function erasedOf(records: readonly StoodRecord[]): Erased {
  const names = new Set<string>();
  const stand = new Map<string, number>();
  for (const { stood } of records.toReversed()) {
    if (stood.topic === DEAD_LETTERS) continue;
    if (stood.value === null) names.add(keyedName(stood));
    if (names.has(keyedName(stood))) stand.set(stood.topic, (stand.get(stood.topic) ?? 0) + 1);
  }
  return { names, stand };
}

/** @param records in the order in which they stand, topic by topic */
export function orderOf(
  records: readonly StoodRecord[],
  { logTime = -Infinity, erasedSeqs = {}, cut, own }: OrderOptions = {},
): Order {
  const oldest = logTime - COMPACTION_LAG_MS;
  const seqs = createSeqReader();
  const findings: Finding[] = [];
  const takings = new Map<string, Taking>();
  const chains = new Map<string, number>();
  const revisions = new Map<string, { topic: string; isErased: boolean; last: number; stand: number }>();
  const erased = erasedOf(records);
  // Of what erasures let compaction take, as much as it has taken: a loss shows before it ran as well.
  const erasedTaken = (topic: string): number => Math.max(0, (erasedSeqs[topic] ?? 0) - (erased.stand.get(topic) ?? 0));
  for (const { stood, record } of records) {
    const { topic, seq } = stood;
    const found = seqs.take(stood, record && { id: nameOf(record), revision: record.revision });
    const chain = `${topic} ${stood.origin.slice(0, stood.origin.lastIndexOf('/'))}`;
    const isFirst = !chains.has(chain);
    const before = seq - (chains.get(chain) ?? 0);
    chains.set(chain, Math.max(chains.get(chain) ?? 0, seq + 1));
    const isTold = own === undefined || isOwn(stood, own);
    for (const one of found) {
      if (one.fault === 'gap' && isFirst && cut?.has(topic)) continue;
      // What an erasure took leaves a gap before whatever came next, however young that is.
      const isOld = record !== null && (record.ingestedAt ?? Infinity) < oldest;
      if (one.fault === 'gap' && (isOld || erasedTaken(topic) > 0))
        takings.set(topic, addGap(takings.get(topic), before, isTold ? [one] : []));
      else if (isTold) findings.push(one);
    }
    if (record === null) continue;
    const { last, stand } = revisions.get(nameOf(record)) ?? { last: 0, stand: 0 };
    const isErased = erased.names.has(keyedName(stood));
    revisions.set(nameOf(record), { topic, isErased, last: Math.max(last, record.revision), stand: stand + 1 });
  }
  const taken = new Set<string>();
  for (const [topic, { missing, gaps }] of takings) {
    const its = [...revisions.values()].filter((one) => one.topic === topic);
    const revised = (isOfErased: boolean): number =>
      its.reduce(
        (sum, { isErased, last, stand }) => sum + (isErased === isOfErased ? Math.max(0, last - stand) : 0),
        0,
      );
    // Earlier revisions of what was erased are counted with its erasure, where the checkpoint knows of that.
    if (missing <= revised(false) + Math.max(erasedTaken(topic), revised(true))) taken.add(topic);
    else findings.push(...gaps);
  }
  return {
    findings,
    lettersCut: cut?.has(DEAD_LETTERS) ?? false,
    isTaken(record) {
      const known = revisions.get(nameOf(record));
      return known !== undefined && taken.has(known.topic) && record.revision < known.last;
    },
  };
}

function addGap(taking: Taking | undefined, missing: number, gaps: readonly Finding[]): Taking {
  return { missing: (taking?.missing ?? 0) + missing, gaps: [...(taking?.gaps ?? []), ...gaps] };
}
