import type { Commit, TableName } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { createPacker } from './pack.ts';

/** The most that one commit may bring; the engine's batches stay far below. */
export const COMMIT_LIMITS = {
  /** Timers, fields and entries together: they hold the server for about a microsecond each. */
  parts: 1_000_000,
  /** Redis takes no argument above 512 MB. */
  bytes: 268_435_456,
} as const;

/** Numbers of the outbox entries that a commit brings, and what it takes away. */
export type OutboxRange = { readonly from: number; readonly upTo: number; readonly trim: number };

function checkNumber(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Refused(`a commit has ${what} ${value}: it must be a whole number from 0 on`);
}

export function outboxRange(commit: Commit): OutboxRange {
  checkNumber('the position', commit.next);
  checkNumber('the outbox number', commit.outboxFrom);
  checkNumber('the outbox trim', commit.outboxTrim);
  return { from: commit.outboxFrom, upTo: commit.outboxFrom + commit.outbox.length, trim: commit.outboxTrim };
}

type Split<T> = { readonly set: (readonly [string, T])[]; readonly gone: string[] };

function split<T>(changes: ReadonlyMap<string, T | null> | undefined): Split<T> {
  const set: [string, T][] = [];
  const gone: string[] = [];
  for (const [name, value] of changes ?? []) {
    if (value === null) gone.push(name);
    else set.push([name, value]);
  }
  return { set, gone };
}

const TABLES: readonly TableName[] = ['states', 'agents', 'requests'];
const PART_BYTES = 10;

/** The commit's changes as the script takes them (argument 11). */
export function packChanges(commit: Commit): Buffer {
  const timers = split(commit.timers);
  for (const [key, due] of timers.set)
    if (!Number.isSafeInteger(due)) throw new Refused(`a commit has a timer of ${key} due at ${due}`);
  const tables = TABLES.map((name) => split(commit.tables.get(name)));
  // Entries that this very commit trims need not be written.
  const skipped = Math.min(Math.max(commit.outboxTrim - commit.outboxFrom, 0), commit.outbox.length);
  const entries = commit.outbox.slice(skipped);

  let parts = timers.set.length + timers.gone.length + entries.length;
  let bytes = 0;
  for (const [key] of timers.set) bytes += key.length + 2 * PART_BYTES;
  for (const entry of entries) bytes += entry.length + PART_BYTES;
  for (const { set, gone } of tables) {
    parts += set.length + gone.length;
    for (const [field, value] of set) bytes += field.length + value.length + PART_BYTES;
  }
  if (parts > COMMIT_LIMITS.parts || bytes > COMMIT_LIMITS.bytes) {
    throw new Refused(
      `a commit has ${parts} parts and ${bytes} characters; at most ${COMMIT_LIMITS.parts} and ${COMMIT_LIMITS.bytes} ` +
        'are taken. Fold fewer records in one batch',
    );
  }

  // An eighth more than the text is long: most of it is ASCII.
  const packer = createPacker(bytes + (bytes >> 3) + parts * PART_BYTES + 1_024);
  const texts = (list: readonly string[]): void => {
    packer.array(list.length);
    for (const text of list) packer.string(text);
  };
  packer.array(3 + 2 * TABLES.length);
  packer.array(2 * timers.set.length);
  for (const [key, due] of timers.set) {
    packer.string(String(due));
    packer.string(key);
  }
  texts(timers.gone);
  packer.array(2 * entries.length);
  for (const [i, entry] of entries.entries()) {
    packer.string(String(commit.outboxFrom + skipped + i));
    packer.string(entry);
  }
  for (const { set, gone } of tables) {
    packer.array(2 * set.length);
    for (const [field, value] of set) {
      packer.string(field);
      packer.string(value);
    }
    texts(gone);
  }
  return packer.bytes();
}
