/**
 * The only file that names lmdb. An environment is one memory-mapped file with named tables of ordered byte keys.
 *
 * Transactions are synchronous and durable when they return: one flush blocks the event loop for well under a
 * millisecond on a solid-state disk, is faster than the client's own write thread (measured), and leaves no moment
 * in which a reader of this process could see half of one.
 */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RangeOptions } from 'lmdb';
import { open } from 'lmdb';
import { EMBEDDED_LIMITS } from './limits.ts';

export type Table<V> = {
  get(key: Uint8Array): V | undefined;
  /** Only inside `transact`. The value is copied before this returns. */
  put(key: Uint8Array, value: V): void;
  /** Only inside `transact`. A key that is not there is no error. */
  remove(key: Uint8Array): void;
  /** Visits `from` <= key < `to` in ascending order until the visitor answers false. It must not write. */
  walk(from: Uint8Array, to: Uint8Array, visit: (key: Uint8Array, value: V) => boolean): void;
  /** Up to `limit` keys, `from` <= key < `to`, ascending. */
  keys(from: Uint8Array, to: Uint8Array, limit: number): Uint8Array[];
  /** The greatest key, `from` <= key <= `last`. */
  floor(from: Uint8Array, last: Uint8Array): Uint8Array | undefined;
};

export type Env = {
  readonly dir: string;
  bytes(name: string): Table<Uint8Array>;
  text(name: string): Table<string>;
  /** All that `work` writes, or nothing when it throws; on the disk when this returns. */
  transact<T>(work: () => T): T;
  /** Counts writes, so that a caller can tell whether a piece of work had begun to write when it threw. */
  writes(): number;
  fileBytes(): number;
  /** Bytes in pages that hold something. Pages that a trim freed are used again. */
  liveBytes(): number;
  close(): Promise<void>;
};

const TABLES_MAX = 16;
/** Address space, not memory or disk: more than the limit of live data, so that the map is never made anew. */
const MAP_BYTES = 2 * EMBEDDED_LIMITS.liveBytes;

const DATA_FILE = 'data.mdb';
const MAGIC = 0xbe_ef_c0_de;
const MAGIC_AT = 24;
const DATA_VERSION = 2;

/** @throws Error when the file is none of lmdb's, of another version of its format, or may not be read and written. */
export function openEnv(dir: string): Env {
  checkFile(join(dir, DATA_FILE));
  const root = open({
    path: dir,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: TABLES_MAX,
    maxReaders: 126,
    mapSize: MAP_BYTES,
    // Every commit of ours is flushed before it is answered, so there is nothing to overlap.
    overlappingSync: false,
    noSync: false,
    noMetaSync: false,
    useWritemap: false,
    noMemInit: false,
    readOnly: false,
    cache: false,
    compression: false,
  });
  const state = { writes: 0, writing: false };
  const opened: Database<unknown, Uint8Array>[] = [];

  function table<V>(name: string, encoding: 'binary' | 'string'): Table<V> {
    const db = root.openDB<V, Uint8Array>({ name, encoding, keyEncoding: 'binary', cache: false });
    opened.push(db);
    return tableOf(db, () => {
      if (!state.writing) throw new Error(`table ${name} is written outside a transaction`);
      state.writes += 1;
    });
  }

  return {
    dir,
    bytes: (name) => table<Uint8Array>(name, 'binary'),
    text: (name) => table<string>(name, 'string'),
    transact<T>(work: () => T): T {
      if (state.writing) throw new Error('a transaction of the embedded store inside another');
      state.writing = true;
      try {
        return root.transactionSync(work);
      } finally {
        state.writing = false;
      }
    },
    writes: () => state.writes,
    fileBytes: () => statSync(join(dir, DATA_FILE)).size,
    liveBytes: () => opened.reduce((sum, db) => sum + bytesOf(db.getStats()), 0),
    close: async () => root.close(),
  };
}

/** The client takes the process down with it when it opens what it cannot read, so that it must not be let near. */
function checkFile(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const file = openSync(path, 'r+');
  try {
    const head = Buffer.alloc(MAGIC_AT + 8);
    readSync(file, head, 0, head.length, 0);
    if (head.readUInt32LE(MAGIC_AT) !== MAGIC) throw new Error(`${path} is no file of lmdb`);
    const version = head.readUInt32LE(MAGIC_AT + 4);
    if (version !== DATA_VERSION)
      throw new Error(`${path} has format ${version} of lmdb, and only ${DATA_VERSION} can be read`);
  } finally {
    closeSync(file);
  }
}

function tableOf<V>(db: Database<V, Uint8Array>, beforeWrite: () => void): Table<V> {
  return {
    get: (key) => db.get(key),
    put(key, value) {
      beforeWrite();
      db.putSync(key, value);
    },
    remove(key) {
      beforeWrite();
      db.removeSync(key);
    },
    walk(from, to, visit) {
      for (const { key, value } of db.getRange({ start: from, end: to })) if (!visit(key, value)) return;
    },
    keys(from, to, limit) {
      return [...db.getKeys({ start: from, end: to, limit } satisfies RangeOptions)];
    },
    floor(from, last) {
      // Read backwards `start` is the upper bound and inclusive; what is below `from` is another's.
      for (const key of db.getKeys({ start: last, reverse: true, limit: 1 })) {
        return Buffer.compare(key, from) < 0 ? undefined : key;
      }
      return undefined;
    },
  };
}

function bytesOf(stats: object): number {
  const {
    pageSize = 0,
    treeBranchPageCount = 0,
    treeLeafPageCount = 0,
    overflowPages = 0,
  } = stats as Partial<Record<'pageSize' | 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages', number>>;
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
}
