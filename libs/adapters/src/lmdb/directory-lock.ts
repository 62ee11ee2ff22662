/**
 * One process a data directory. The lock is a file that says who holds it; it is renewed while held, so that one left
 * behind on another machine (a container that was killed and came back under another name) is known by its age.
 * It is for the message and the order of things: what keeps data safe is the owner's token, which the embedded
 * store looks at in every transaction.
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Refused } from '@callfold/engine';
import { isThere } from '../processes.ts';
import { EMBEDDED_LIMITS } from './limits.ts';

export type DirectoryLock = { readonly token: string; release(): void };

type Holder = {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts; null where it does not say. Tells it from a later one of its pid. */
  readonly began: string | null;
  readonly since: string;
  readonly token: string;
};

const LOCK_FILE = 'callfold.lock';
/** Somebody else may take over the same stale lock in between. */
const ATTEMPTS = 5;

const heldHere = new Set<string>();

/** @throws Refused when another process has the directory, with its pid and what to do. */
export function lockDirectory(path: string): DirectoryLock {
  mkdirSync(path, { recursive: true });
  const dir = realpathSync(path);
  if (heldHere.has(dir))
    throw new Refused(`${dir} is open in this process already; close it before it is opened again`);
  const file = join(dir, LOCK_FILE);
  const token = randomUUID();
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    began: beganOf(process.pid),
    since: new Date().toISOString(),
    token,
  };
  acquire(file, dir, own);
  heldHere.add(dir);
  const renewal = setInterval(() => renew(file, token), EMBEDDED_LIMITS.lockRenewMs);
  renewal.unref();
  return {
    token,
    release() {
      clearInterval(renewal);
      heldHere.delete(dir);
      if (readHolder(file)?.token === token) unlinkSync(file);
    },
  };
}

function acquire(file: string, dir: string, own: Holder): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      writeFileSync(file, `${JSON.stringify(own)}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const holder = readHolder(file);
    const refusal = refusalOf(holder, file, dir, own);
    if (refusal !== null) throw refusal;
    removeIfStill(file, holder);
  }
  throw new Refused(
    `the lock of ${dir} keeps changing hands; look for other processes that start in it, and stop them`,
  );
}

/** Why the lock counts, or null when it was left behind. */
function refusalOf(holder: Holder | null, file: string, dir: string, own: Holder): Refused | null {
  if (holder === null || holder.host !== own.host) {
    const ageMs = ageOf(file);
    if (ageMs > EMBEDDED_LIMITS.lockStaleMs) return null;
    // No holder: the file is being written now, or was cut short by a crash.
    const who =
      holder === null
        ? 'a process that is just starting'
        : `process ${holder.pid} on ${holder.host} since ${holder.since}`;
    return new Refused(
      `${dir} is in use by ${who}, last heard of ${Math.round(ageMs)} ms ago; stop that process, ` +
        `or wait ${EMBEDDED_LIMITS.lockStaleMs / 1_000} seconds after its end`,
    );
  }
  if (!isAlive(holder)) return null;
  return new Refused(
    `${dir} is in use by process ${holder.pid} since ${holder.since}; ` +
      'stop that process, or name another data directory ' +
      '(an embedded store is for one process; several need Kafka and Redis)',
  );
}

function isAlive({ pid, began }: Holder): boolean {
  if (!isThere(pid)) return false;
  const now = beganOf(pid);
  if (now === ENDED) return false;
  // Our own pid without a time to compare is a lock of an earlier process: this one holds none in this directory.
  if (began === null || now === null) return pid !== process.pid;
  return now === began;
}

/** A process that has ended and whose parent has not yet asked how. */
const ENDED = 'ended';

/** Ticks since boot at which a process began: fields 3 and 22 of its stat, after the name, which may hold anything. */
function beganOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? ENDED : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    // Gone, half written, or cut short by a crash: its age says which.
    return null;
  }
}

function removeIfStill(file: string, holder: Holder | null): void {
  if (readHolder(file)?.token !== holder?.token) return;
  try {
    unlinkSync(file);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

function renew(file: string, token: string): void {
  if (readHolder(file)?.token !== token) return;
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // The next write finds out whether the directory is still ours; an age alone stops nobody.
  }
}

function ageOf(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
