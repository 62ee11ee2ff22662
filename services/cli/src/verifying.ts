import { getHeapStatistics } from 'node:v8';
import type { Settings, Source } from '@callfold/core';
import { hash64, readSubjectKey, subjectKey } from '@callfold/core';
import type { At, Begun, Log, Moment, Peek, Reading, Report, Stored } from '@callfold/engine';
import { logAsPlaced, logOfSome, metaOf } from '@callfold/engine';
import type { RoleName, Site } from './site.ts';

/** What a comparison of one partition is about, and which of its subjects. */

export type Row = Report & {
  readonly what: 'aggregates' | 'derived records';
  readonly at: At;
  /** The positions that it was committed at when it was looked at, and afterwards: the same where all is at rest. */
  readonly positions: readonly [number, number];
  /** Committed and not sent yet: no findings. */
  readonly waiting: number;
};

/** What was seen of the states while the roles were at work, by role. */
export type Peeks = { readonly [role in RoleName]?: readonly Peek[] };

/** One subject in so many, by a hash of its key and the seed, the first or the nth of them; null: all of them. */
export type Sample = { readonly oneIn: number; readonly seed: number; readonly nth?: number } | null;

export type Verifying = {
  readonly site: Site;
  readonly at: At;
  readonly source: Source;
  readonly settings: Settings;
  readonly sample: Sample;
  /** Raw records whose derived records are compared at once; absent: as many as this process has memory for. */
  readonly partRecords?: number;
  /** Told how many records of the log were read. */
  progress?(records: number): void;
};

/** Of base 32: as many as a whole number holds. */
const HASH_DIGITS = 8;
/**
 * What a raw record may take while its derived records are compared: what stands of them and what should, decoded. A
 * partition of 4.5 million once ended a process that had 4 GiB: 900 and more.
 */
const BYTES_A_RECORD = 1_500;

export type IsMeant = (key: string) => boolean;

/** Of a key as derived records have it, since of a disguised one no other is known. */
export function isMeantBy(sample: Sample): IsMeant {
  if (sample === null) return () => true;
  const { oneIn, seed, nth = 0 } = sample;
  return (key) => Number.parseInt(hash64(`${seed} ${key}`).slice(0, HASH_DIGITS), 32) % oneIn === nth;
}

/** The same subjects, of a key as the raw log and the states have it. */
export function isPlainMeantBy({ sample, source, settings: { disguise } }: Verifying): IsMeant {
  const isMeant = isMeantBy(sample);
  if (disguise === undefined) return isMeant;
  return (key) => {
    const subject = readSubjectKey(key);
    return (
      subject === null ||
      isMeant(subjectKey(subject.tenantId, disguise.subjectId(source, subject.tenantId, subject.subjectId)))
    );
  };
}

/** The first of all parts has what is of no subject: most dead letters, and what is wrong with the order. */
export const isFirstPart = (sample: Sample): boolean => (sample?.nth ?? 0) === 0;

/** @returns in how many parts the derived records of so many raw ones are compared */
export function partsOf(records: number, sample: Sample, most?: number): number {
  const atOnce = most ?? Math.floor(getHeapStatistics().heap_size_limit / BYTES_A_RECORD);
  return Math.max(1, Math.ceil(records / (sample?.oneIn ?? 1) / atOnce));
}

/** One of so many parts of what is meant; all of them together are all of that, each once. */
export function partOf(sample: Sample, parts: number, part: number): Sample {
  if (parts === 1) return sample;
  const { oneIn, seed } = sample ?? { oneIn: 1, seed: 0 };
  return { oneIn: oneIn * parts, seed, nth: oneIn * part };
}

export const sum = (a: Report, b: Report): Report => ({
  same: a.same + b.same,
  beforeHorizon: a.beforeHorizon + b.beforeHorizon,
  findings: [...a.findings, ...b.findings],
});

export function begunOf(stored: Stored | null): Begun | undefined {
  return metaOf(stored)?.begun;
}

export function momentOf(stored: Stored | null): Moment | null {
  if (stored === null || stored.next === null) return null;
  return { next: stored.next, clock: metaOf(stored)?.clock ?? 0 };
}

function toldOf(log: Log, progress: Verifying['progress']): Log {
  if (!progress) return log;
  return {
    ...log,
    async read(at, offset, maxRecords) {
      const batch = await log.read(at, offset, maxRecords);
      progress(batch.records.length);
      return batch;
    },
  };
}

/** The log as the state has it that it is held against: partitions may have been added that are not in use yet. */
export function readingOf(verifying: Verifying, role: RoleName, stored: Stored | null): Reading {
  const { site, at, source, sample } = verifying;
  const log = logAsPlaced(toldOf(site.log(role), verifying.progress), metaOf(stored));
  const reading = { at, source, log, codec: site.codec };
  return sample === null
    ? reading
    : { ...reading, log: logOfSome(reading, isPlainMeantBy(verifying), isFirstPart(sample)) };
}
