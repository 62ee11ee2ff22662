/**
 * The one way to write. Jobs that wait at the same time share a transaction, and so one flush to the disk: each is all
 * or nothing by itself, in the order they came, and none is answered before the disk has it.
 */

import { Refused } from '@callfold/engine';
import type { Env } from './lmdb.ts';

export type Write = <T>(job: () => T, options?: WriteOptions) => Promise<T>;

export type WriteOptions = {
  /** It makes room, so it runs when there is none. */
  readonly frees?: boolean;
  /** About what it will write, where that may be much. */
  readonly bytes?: number;
};

export type WriteQueue = {
  /**
   * A job reads and writes tables, and nothing else: when its transaction fails, its jobs are run again, each alone.
   * What it throws before its first write is its own answer; later, or when the disk fails, nothing of it stands.
   */
  readonly write: Write;
  /** Resolves when all that waited is done; later writes are refused. */
  close(): Promise<void>;
};

export type WriteQueueSetup = {
  readonly env: Env;
  readonly liveBytesMax: number;
  readonly jobsPerTransaction: number;
  readonly bytesPerTransaction: number;
  readonly waitingJobs: number;
  /** Runs first in every transaction; what it throws is every job's answer. */
  readonly guard: () => void;
  /** Runs last in every transaction. */
  readonly ride: () => void;
  readonly committed: () => void;
  /** A transaction failed: what is remembered of it is wrong. */
  readonly failed: () => void;
};

type Job = {
  readonly work: () => unknown;
  readonly frees: boolean;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export function createWriteQueue(setup: WriteQueueSetup): WriteQueue {
  const { env, waitingJobs } = setup;
  let waiting: Job[] = [];
  let scheduled = false;
  let closed = false;
  let idle: (() => void)[] = [];

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // After what runs now has had its say: whoever else has something to write rides along.
    setImmediate(drain);
  }

  function drain(): void {
    scheduled = false;
    const group = waiting.slice(0, groupSize(setup, waiting));
    waiting = waiting.slice(group.length);
    const roomy = withRoom(setup, group);
    if (roomy.length > 0) runTogether(setup, roomy);
    if (waiting.length > 0) schedule();
    else for (const done of idle.splice(0)) done();
  }

  return {
    async write<T>(work: () => T, { frees = false, bytes = 0 }: WriteOptions = {}): Promise<T> {
      if (closed) throw new Error(`the embedded store in ${env.dir} is closed`);
      if (waiting.length >= waitingJobs) {
        throw new Error(
          `${waitingJobs} writes wait for the embedded store in ${env.dir}; try again when some are done`,
        );
      }
      schedule();
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, frees, bytes, resolve: resolve as (value: unknown) => void, reject });
      });
    },
    close() {
      closed = true;
      if (!scheduled) return Promise.resolve();
      return new Promise((resolve) => {
        idle = [...idle, resolve];
      });
    },
  };
}

/** How many of the jobs that wait share the next transaction: at least one. */
function groupSize({ jobsPerTransaction, bytesPerTransaction }: WriteQueueSetup, waiting: readonly Job[]): number {
  let bytes = 0;
  const tooMany = waiting.findIndex((job, i) => {
    bytes += job.bytes;
    return i > 0 && (i >= jobsPerTransaction || bytes > bytesPerTransaction);
  });
  return tooMany === -1 ? waiting.length : tooMany;
}

/** Refuses what would make a full store fuller. */
function withRoom({ env, liveBytesMax }: WriteQueueSetup, group: readonly Job[]): readonly Job[] {
  if (env.fileBytes() < liveBytesMax || env.liveBytes() < liveBytesMax) return group;
  const mib = Math.ceil(liveBytesMax / 1_048_576);
  const full = new Error(
    `the embedded store in ${env.dir} holds its limit of ${mib} MiB; trim old raw records or raise the limit`,
  );
  for (const job of group) if (!job.frees) job.reject(full);
  return group.filter(({ frees }) => frees);
}

function runTogether(setup: WriteQueueSetup, group: readonly Job[]): void {
  const { env } = setup;
  try {
    const outcomes = env.transact(() => {
      setup.guard();
      const all = group.map((job) => outcomeOf(env, job));
      setup.ride();
      return all;
    });
    setup.committed();
    for (const [i, outcome] of outcomes.entries()) settle(group[i], outcome);
  } catch (error) {
    setup.failed();
    // One bad job must not take its neighbours with it.
    if (group.length > 1) for (const job of group) runTogether(setup, [job]);
    else settle(group[0], { error: unwritten(env, error) });
  }
}

function unwritten(env: Env, cause: unknown): unknown {
  if (cause instanceof Refused) return cause;
  const what = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `the embedded store in ${env.dir} could not write, and nothing of it stands: ${what}. ` +
      'It can be tried again; if it stays so, look at the space and the health of that disk',
    { cause },
  );
}

function outcomeOf(env: Env, job: Job): Outcome {
  const before = env.writes();
  try {
    return { value: job.work() };
  } catch (error) {
    // Half a job must not be committed with the others.
    if (env.writes() !== before) throw error;
    return { error };
  }
}

function settle(job: Job | undefined, outcome: Outcome): void {
  if ('error' in outcome) job?.reject(outcome.error);
  else job?.resolve(outcome.value);
}
