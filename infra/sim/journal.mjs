// @ts-check
/** What happened in one history: its lines, their hash, how often each kind of thing was met, and what was wrong. */

import { createHash } from 'node:crypto';

/** More says nothing new, and the first tells most. */
const FAILURES_MAX = 20;

/** @typedef {ReturnType<typeof createJournal>} Journal */

/**
 * @param {() => number} now
 * @param {{ traced: boolean }} options with `traced`, every line is kept and hashed; without, only counted
 */
export function createJournal(now, { traced }) {
  const hash = createHash('sha256');
  /** @type {string[]} */
  const lines = [];
  /** @type {Map<string, number>} */
  const met = new Map();
  /** @type {string[]} */
  const failures = [];

  /** @param {() => string} line made only when it is kept */
  function note(line) {
    if (!traced) return;
    const text = `${String(now()).padStart(7)} ${line()}`;
    lines.push(text);
    hash.update(text).update('\n');
  }

  return {
    note,
    /** @param {string} kind */
    count(kind) {
      met.set(kind, (met.get(kind) ?? 0) + 1);
    },
    /** @param {string} failure */
    fail(failure) {
      if (failures.length < FAILURES_MAX) failures.push(failure);
      note(() => `FAILED: ${failure}`);
    },
    lines,
    met,
    failures,
    digest: () => hash.copy().digest('hex'),
  };
}
