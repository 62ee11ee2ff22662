import type { Status } from '@callfold/engine';
import type { Fault } from './faults.ts';

/** What operators are answered, as JSON. */

/** As `callfold status --json`, and what was wrong before. */
export type StatusAnswer = Status & {
  /** The last ones first. */
  readonly faults: readonly Fault[];
  /** From when on faults are known, epoch ms. */
  readonly faultsFrom: number;
  /** Why it could not be read again; null: it is of `at`. */
  readonly trouble: string | null;
};

/** As much of `callfold dlq list --json` as the page shows; bytes are base64. */
export type LetterAnswer = {
  readonly partition: number;
  readonly offset: number;
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: number;
  readonly originAppendedAt: string | null;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  /** Cut; `valueBytes` is of all of it. */
  readonly value: string | null;
  readonly valueBytes: number | null;
};

export type LettersAnswer = {
  readonly letters: readonly LetterAnswer[];
  readonly next: string | null;
  /** False: there may be more than the console holds. */
  readonly isComplete: boolean;
  /** Of all that are held, by code. */
  readonly counts: Readonly<Record<string, number>>;
  readonly trouble: string | null;
};
