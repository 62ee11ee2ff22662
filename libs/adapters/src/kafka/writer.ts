import { setTimeout as sleep } from 'node:timers/promises';
import type { At, Outgoing, RawWriter } from '@callfold/engine';
import type { KafkaConnection, Link, ProducerId } from './client.ts';
import { KafkaError } from './errors.ts';
import { openLink } from './link.ts';
import type { Sendable } from './messages.ts';
import { ACK_MS, coveredBy, createRoom, failureToSend, fitting, nextSequence } from './produce.ts';
import { encodeBatch } from './record-encode.ts';
import { withRetries } from './retry.ts';

export type KafkaWriterOptions = {
  readonly connection: KafkaConnection;
  readonly compression?: 'none' | 'gzip';
  /** Over `WRITER_LIMITS`. */
  readonly limits?: Partial<WriterLimits>;
};

export type WriterLimits = {
  /** Records that may wait for one partition; more are refused, so that the caller slows down. */
  readonly waitingRecords: number;
  /** Of one batch. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
};

export const WRITER_LIMITS: WriterLimits = {
  waitingRecords: 200_000,
  attempts: 6,
  firstPauseMs: 50,
  longestPauseMs: 1_000,
};

export type KafkaWriter = RawWriter & { close(): Promise<void> };

type Raw = Omit<Outgoing, 'topic'>;

/** One append that waits. */
type Job = { readonly records: readonly Raw[]; done: number; resolve(): void; reject(error: unknown): void };

/** One partition: one request at a time, with sequences of its own, so that a repeat is known for one. */
type Lane = {
  readonly at: At;
  jobs: Job[];
  waiting: number;
  isRunning: boolean;
  /** Null: take one. A producer whose last request is in doubt is thrown away. */
  producer: ProducerId | null;
  sequence: number;
};

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

export function createKafkaWriter(options: KafkaWriterOptions): KafkaWriter {
  const link = openLink(options.connection);
  return { ...writerOn(link, options), close: () => link.close() };
}

export function writerOn(link: Link, options: Omit<KafkaWriterOptions, 'connection'>): RawWriter {
  const limits = { ...WRITER_LIMITS, ...options.limits };
  const isPacked = options.compression === 'gzip';
  const lanes = new Map<string, Lane>();

  function laneOf(at: At): Lane {
    const found = lanes.get(nameOf(at));
    if (found !== undefined) return found;
    const lane: Lane = { at, jobs: [], waiting: 0, isRunning: false, producer: null, sequence: 0 };
    lanes.set(nameOf(at), lane);
    return lane;
  }

  async function run(lane: Lane): Promise<void> {
    if (lane.isRunning) return;
    lane.isRunning = true;
    while (lane.jobs.length > 0) await sendNext(link, lane, limits, isPacked);
    lane.isRunning = false;
  }

  return {
    partitions: (topic) => withRetries(link, () => link.partitions(topic)),
    append: async (at, records) => {
      if (records.length === 0) return;
      const lane = laneOf(at);
      if (lane.waiting > 0 && lane.waiting + records.length > limits.waitingRecords) {
        throw new Error(
          `${nameOf(at)}: ${lane.waiting} records wait to be written, at most ${limits.waitingRecords} may: ` +
            'wait for appends to resolve before the next',
        );
      }
      lane.waiting += records.length;
      const appended = new Promise<void>((resolve, reject) => {
        lane.jobs.push({ records, done: 0, resolve, reject });
      });
      void run(lane);
      await appended;
    },
  };
}

/** The next batch of a lane, made of as many waiting appends as fit. Settles those that it ends; never rejects. */
async function sendNext(link: Link, lane: Lane, limits: WriterLimits, isPacked: boolean): Promise<void> {
  const parts = nextParts(lane.jobs);
  const records = parts.flatMap(({ job, count }) => job.records.slice(job.done, job.done + count));
  try {
    lane.producer ??= await withRetries(link, () => link.takeProducerId(null));
    const batch = encodeBatch(records, { ...lane.producer, sequence: lane.sequence }, Date.now(), isPacked);
    await sendUntilTaken(link, { ...lane.at, batch }, limits);
    lane.sequence = nextSequence(lane.sequence, records.length);
    lane.waiting -= records.length;
    for (const { job, count } of parts) {
      job.done += count;
      if (job.done === job.records.length) job.resolve();
    }
    lane.jobs = lane.jobs.slice(parts.filter(({ job }) => job.done === job.records.length).length);
  } catch (error) {
    giveUp(lane, parts, error);
  }
}

type Part = { readonly job: Job; readonly count: number };

function nextParts(jobs: readonly Job[]): Part[] {
  const parts: Part[] = [];
  const room = createRoom();
  for (const job of jobs) {
    const count = fitting(job.records, job.done, room);
    if (count > 0) parts.push({ job, count });
    if (job.done + count < job.records.length) break;
  }
  return parts;
}

/** Repeats the very same bytes until the partition's leader says that it has them: it takes each sequence once. */
async function sendUntilTaken(link: Link, sendable: Sendable, limits: WriterLimits): Promise<void> {
  for (let attempt = 1, pauseMs = limits.firstPauseMs; ; attempt += 1) {
    try {
      const node = await link.leader(sendable);
      const [answer] = coveredBy([sendable], await link.produce(node, [sendable], ACK_MS), node);
      if (answer === undefined || answer.code === 0) return;
      const failure = failureToSend(answer, node);
      if (failure.code === 'DUPLICATE_SEQUENCE_NUMBER') return;
      throw failure;
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable || attempt === limits.attempts) throw error;
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, limits.longestPauseMs);
      // When this fails too, the next attempt says why.
      await link.refresh().catch(() => {});
    }
  }
}

/**
 * What Kafka refused for its size was not written, and concerns its own append only; after anything else nothing is
 * sure.
 */
function giveUp(lane: Lane, parts: readonly Part[], error: unknown): void {
  const isSize = error instanceof KafkaError && SIZE_CODES.has(error.code);
  const failed = isSize ? parts.map(({ job }) => job) : lane.jobs;
  if (!isSize) lane.producer = null;
  if (!isSize) lane.sequence = 0;
  lane.jobs = lane.jobs.filter((job) => !failed.includes(job));
  lane.waiting = lane.jobs.reduce((sum, { records, done }) => sum + records.length - done, 0);
  for (const job of failed) job.reject(error);
}

const SIZE_CODES: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
