/**
 * The embedded store: the raw log, derived topics, state and positions of every group in one file, for one process on
 * one machine. First runs, tests, dry runs, small sites; past that there are Kafka and Redis.
 */

import { rawTopic, SOURCES, TOPICS } from '@callfold/core';
import type { At, Clock, Consumer, Log, Publisher, RawWriter, Store } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Catalog } from './catalog.ts';
import { openCatalog } from './catalog.ts';
import { createConsumer } from './consumer.ts';
import type { DirectoryLock } from './directory-lock.ts';
import { lockDirectory } from './directory-lock.ts';
import { EMBEDDED_LIMITS } from './limits.ts';
import type { Env } from './lmdb.ts';
import { openEnv } from './lmdb.ts';
import type { PartitionLogs } from './partition-logs.ts';
import { createPartitionLogs } from './partition-logs.ts';
import type { DerivedSlice } from './publisher.ts';
import { createPublisher, readDerived } from './publisher.ts';
import { createLog, createRawWriter } from './raw-log.ts';
import type { StoreTables } from './store.ts';
import { createStore, openStoreTables } from './store.ts';
import type { Retention, Trimmed } from './trim.ts';
import { startRetention, trimTopic } from './trim.ts';
import type { Witnesses } from './witnesses.ts';
import { createWitnesses } from './witnesses.ts';
import type { WriteQueue } from './write-queue.ts';
import { createWriteQueue } from './write-queue.ts';

export type EmbeddedOptions = {
  /** Where `data.mdb` and the lock stand; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  /** Of every topic, for good. Absent: what the directory has, or 1 when it is new. */
  readonly partitions?: number;
  /** Made when they are not there. Absent: all of callfold's. */
  readonly topics?: readonly string[];
  /** Bytes of live data at which appends and commits stop; the file may be somewhat larger. */
  readonly bytesMax?: number;
  /** Records of one batch to a handler; by default `EMBEDDED_LIMITS.batchRecords`. */
  readonly batchRecords?: number;
  /** Absent: nothing is ever trimmed by itself. */
  readonly retention?: Retention;
};

export type EmbeddedMember = {
  readonly consumer: Consumer;
  readonly log: Log;
  readonly store: Store;
  readonly publisher: Publisher;
};

export type Embedded = {
  readonly dir: string;
  readonly partitions: number;
  /**
   * A member of a group. Its consumer reads `topics`, by default the raw ones that are there.
   * @throws Refused when a topic is not there.
   */
  member(group: string, topics?: readonly string[]): EmbeddedMember;
  readonly writer: RawWriter;
  /** Derived records from an offset on, up to `most`; from the log's start when older ones were trimmed. */
  readDerived(topic: string, partition: number, from: number, most: number): Promise<DerivedSlice>;
  topics(): readonly string[];
  /** Topics that are there stay as they are. */
  createTopics(names: readonly string[]): Promise<void>;
  /** Calls back after each commit that appended to the partition, until the answer is called. */
  watch(at: At, told: () => void): () => void;
  /** Removes records appended before `before` (epoch ms) that every group has read. */
  trim(topic: string, before: number): Promise<Trimmed>;
  /** Bytes of the file, and of what in it is in use. */
  size(): { readonly fileBytes: number; readonly liveBytes: number };
  /** Stops the members, writes what waits, lets go of the directory. */
  close(): Promise<void>;
};

const OWNER = Buffer.from('owner');
const RAW_TOPICS = new Set(SOURCES.map(rawTopic));

/** @throws Refused when another process has the directory, a newer version wrote it, or it has other partitions. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const lock = lockDirectory(options.dir);
  let env: Env | null = null;
  try {
    env = openFile(options.dir);
    return build(options, lock, env);
  } catch (error) {
    await env?.close();
    lock.release();
    throw error;
  }
}

function openFile(dir: string): Env {
  try {
    return openEnv(dir);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Refused(
      `the embedded store in ${dir} cannot be opened: ${what}; mend that, or name another data directory`,
      { cause },
    );
  }
}

function build(options: EmbeddedOptions, lock: DirectoryLock, env: Env): Embedded {
  const { dir, clock, topics = TOPICS.map(({ name }) => name), bytesMax = EMBEDDED_LIMITS.liveBytes } = options;
  const meta = env.text('meta');
  const slots = env.text('slots');
  const tables = openStoreTables(env);
  const logs = createPartitionLogs(env.bytes('log'), clock, EMBEDDED_LIMITS);
  const catalog = env.transact(() => {
    const opened = openCatalog(dir, meta, slots, options.partitions ?? null);
    opened.addTopics(topics);
    meta.put(OWNER, lock.token);
    return opened;
  });
  const witnesses = createWitnesses(tables.marks, catalog);
  const queue = createWriteQueue({
    env,
    liveBytesMax: bytesMax,
    ...EMBEDDED_LIMITS,
    guard() {
      if (meta.get(OWNER) === lock.token) return;
      throw new Refused(`another process has opened ${dir} since; this one must not write there any more, stop it`);
    },
    ride: () => witnesses.ride(),
    committed() {
      witnesses.committed();
      logs.committed();
    },
    failed() {
      logs.forget();
      catalog.forget();
      tables.lasts.clear();
    },
  });
  return assemble({ options, lock, env, tables, logs, catalog, witnesses, queue });
}

type Parts = {
  readonly options: EmbeddedOptions;
  readonly lock: DirectoryLock;
  readonly env: Env;
  readonly tables: StoreTables;
  readonly logs: PartitionLogs;
  readonly catalog: Catalog;
  readonly witnesses: Witnesses;
  readonly queue: WriteQueue;
};

function assemble({ options, lock, env, tables, logs, catalog, witnesses, queue }: Parts): Embedded {
  const { write } = queue;
  const running = new Set<string>();
  const consumers: Consumer[] = [];
  const trim = (topic: string, before: number): Promise<Trimmed> =>
    trimTopic({ logs, catalog, tables, write }, topic, before);
  const { retention, clock, batchRecords = EMBEDDED_LIMITS.batchRecords } = options;
  const rawTopics = (): readonly string[] => catalog.topics().filter((topic) => RAW_TOPICS.has(topic));
  const stopRetention = retention && startRetention(retention, rawTopics, () => clock.now(), trim);
  let closing: Promise<void> | null = null;

  async function shut(): Promise<void> {
    stopRetention?.();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    // Also when nothing waits: the last witnesses ride with it. They are a hint, so that a failure here loses nothing.
    await write(() => {}).catch(() => {});
    await queue.close();
    await env.close();
    lock.release();
  }

  return {
    dir: options.dir,
    partitions: catalog.partitions,
    member(group, topics = rawTopics()) {
      const parts = partitionsOf(catalog, topics);
      const consumer = createConsumer({ group, parts, logs, running, batchRecords });
      consumers.push(consumer);
      return {
        consumer,
        log: createLog(logs, catalog, witnesses, write, group),
        store: createStore(tables, catalog, write, group),
        publisher: createPublisher(logs, tables.marks, catalog, write, group),
      };
    },
    writer: createRawWriter(logs, catalog, write),
    readDerived: async (topic, partition, from, most) => readDerived(logs, catalog, { topic, partition }, from, most),
    topics: () => catalog.topics(),
    createTopics: (names) => write(() => catalog.addTopics(names)),
    watch: (at, told) => logs.watch(catalog.lane(at), told),
    trim,
    size: () => ({ fileBytes: env.fileBytes(), liveBytes: env.liveBytes() }),
    close() {
      closing ??= shut();
      return closing;
    },
  };
}

function partitionsOf(catalog: Catalog, topics: readonly string[]): { readonly at: At; readonly lane: number }[] {
  return topics.flatMap((topic) =>
    Array.from({ length: catalog.partitions }, (_, partition) => {
      const at = { topic, partition };
      return { at, lane: catalog.lane(at) };
    }),
  );
}
