import type { RawEvent } from '@callfold/core';

export type InputOptions = {
  /** 1 unless told. Same options, same input. */
  readonly seed?: number | string;
  /** How many events; with `drain` those that end the last calls come on top. */
  readonly events: number;
  /** Calls that stand open at a time. */
  readonly live: number;
  /** 1,000 unless told. */
  readonly tenants?: number;
  /** 4 unless told. */
  readonly partitions?: number;
  /** Of the first event, epoch ms; 3 February 2025, 09:00 UTC unless told. */
  readonly startAt?: number;
  /**
   * Added to every gap between two lines of one call; 2,000 at most. 1 unless told, and 2,000 from 100,000 live calls on, so that
   * there a batch of tens of thousands of records holds hardly a call twice and nothing can be coalesced.
   */
  readonly minGapMs?: number;
  /** After `events` events begin no new call, and go on until every call has ended. */
  readonly drain?: boolean;
};

export type Outcome = 'answered' | 'abandoned' | 'voicemail' | 'missed' | 'left-before-queue';

export type Input = {
  readonly next: () => RawEvent | null;
  /** Of the event answered last. */
  readonly partition: number;
  /** Calls begun so far. */
  readonly calls: number;
  /** Calls whose last line is out, by outcome; with `drain`, in the end, all of them. */
  readonly ended: Readonly<Record<Outcome, number>>;
};

export function createInput(options: InputOptions): Input;

export function chunksByPartition(
  input: Input,
  size: number,
): Generator<{ readonly partition: number; readonly events: RawEvent[] }, void, void>;
