import type { Horizon } from './horizon.ts';
import type { LogRecord } from './ports.ts';
import { Refused } from './ports.ts';
import { hashBytes, hashFields } from '@callfold/core';

/** The engine's part of a checkpoint. */
export type Meta = {
  readonly settings: string;
  /** Its subjects are placed by this number: the topic's, less what was added since and not taken into use. */
  readonly partitions: number;
  /** Subjects are on their way, and there are to be so many. `partitions` has the number of before: no owner goes on. */
  readonly growing?: number;
  /** The log clock: the greatest append time seen. */
  readonly clock: number;
  /** The last record folded, to tell whether the log is still the same one. */
  readonly last: { readonly offset: number; readonly hash: string } | null;
  /** The last event folded and whose it was, to tell whether it is still read as what it is. Older ones have none. */
  readonly event?: { readonly offset: number; readonly subject: string } | null;
  /** The next `callfold-seq`, by derived topic. */
  readonly seqs: Readonly<Record<string, number>>;
  /** By derived topic: how many of these erasures have let compaction take for good. Absent: there was none. */
  readonly erasedSeqs?: Readonly<Record<string, number>>;
  /** By derived topic: the partitions by which its records lie. Older ones have none. */
  readonly derived?: Readonly<Record<string, number>>;
  /** By derived topic: every record of ours before this offset is known to have been sent. */
  readonly published: Readonly<Record<string, number>>;
  /** Outbox entries kept are numbered from `outboxFirst` up to before `outboxNext`. */
  readonly outboxFirst: number;
  readonly outboxNext: number;
  /** What was published by commits that the store lost, while they are folded again; null: there is nothing such. */
  readonly standing: StandingFrom | null;
  /** Laid down by `callfold recover` under this token, for an owner to take; null: an owner's own. */
  readonly offered: string | null;
  /** Where it went on with another log than it was made of; absent: it did not. */
  readonly begun?: Begun;
};

export type Begun = {
  /** The state's log begins here. */
  readonly from: number;
  /** Outbox entries below this number came of records that this log does not have. */
  readonly outbox: number;
  /** By derived topic: what was published below this seq did so too. Absent: that is not known. */
  readonly seqs?: Readonly<Record<string, number>>;
  /**
   * Folded from the start of a log that was placed by fewer partitions once: events of its subjects lie in another one,
   * and events of others in this one.
   */
  readonly isGrown?: boolean;
  /** From this offset on they are where they belong by the number that there is. Absent: that is not known. */
  readonly placed?: number;
  /** By which numbers its records were placed before there were as many partitions as now, the first one first. */
  readonly placedBy?: readonly PlacedBy[];
};

/** The records before this offset were placed by so many partitions, behind what was placed by the number before. */
export type PlacedBy = { readonly partitions: number; readonly until: number };

export type StandingFrom = {
  /** By derived topic: it stands from this offset on. */
  readonly from: Readonly<Record<string, number>>;
  /** By derived topic: the state that was folded from knew what stands below this seq. */
  readonly seqs: Readonly<Record<string, number>>;
  /** The position from which on nothing of it can be met any more. */
  readonly until: number;
  readonly horizon: Horizon | null;
};

const VERSION = 1;
/** Enough of a large value to tell two records apart. */
const HASHED_BYTES = 4_096;

export function encodeMeta(meta: Meta): string {
  return JSON.stringify({ version: VERSION, ...meta });
}

/** Null: nothing was ever committed there. */
export function metaOf(stored: { readonly meta: string | null } | null): Meta | null {
  const text = stored?.meta ?? null;
  return text === null ? null : decodeMeta(text);
}

export function decodeMeta(text: string): Meta {
  const { version, ...meta } = JSON.parse(text) as Meta & { version: number };
  if (version !== VERSION) {
    throw new Refused(`The checkpoint has format ${version}, this version reads ${VERSION}: run the newer version.`);
  }
  // Checkpoints of before these fields do without them.
  return { ...meta, standing: meta.standing ?? null, offered: meta.offered ?? null };
}

export function emptyMeta(settings: string, partitions: number): Meta {
  const nothing = { clock: 0, last: null, event: null, seqs: {}, published: {}, outboxFirst: 0, outboxNext: 0 };
  return { settings, partitions, ...nothing, standing: null, offered: null };
}

export function hashOfRecord(record: LogRecord): string {
  const { value } = record;
  const body = value === null ? null : hashBytes(value.length > HASHED_BYTES ? value.subarray(0, HASHED_BYTES) : value);
  return hashFields([record.offset, record.appendedAt, value?.length ?? -1, body]);
}
