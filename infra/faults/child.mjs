// @ts-check
/** Children of the suite that are asked things by message: the load and the observer. Both ends of it. */

import { fork } from 'node:child_process';
import { openSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, endWithMe } from '../parts/lifeline.mjs';

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {(what: string, given?: unknown) => Promise<any>} ask rejects with what the child threw, or when it ended
 * @property {() => Promise<void>} end
 */

/**
 * @param {URL} file
 * @param {string} log its standard output and error go there
 * @returns {Child}
 */
export function openChild(file, log) {
  const out = openSync(log, 'a');
  const name = basename(fileURLToPath(file));
  const child = fork(fileURLToPath(file), [], {
    // Maps and bytes as they are.
    serialization: 'advanced',
    stdio: ['ignore', out, out, 'ipc'],
  });
  const { pid = 0 } = child;
  endWithMe(pid);
  /** @type {Map<number, { resolve: (answer: unknown) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let asked = 0;
  /** @type {Error | null} */
  let gone = null;
  child.on('message', (/** @type {any} */ { id, answer, failure }) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) one?.resolve(answer);
    else one?.reject(new Error(`${name}: ${failure}`));
  });
  /** @type {Promise<void>} */
  const over = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      ended(pid);
      gone = new Error(`${name} ended with ${signal ?? `exit code ${code}`}; it said why in ${log}`);
      for (const { reject } of waiting.values()) reject(gone);
      resolve();
    });
  });
  return {
    pid,
    ask(what, given) {
      if (gone) return Promise.reject(gone);
      asked += 1;
      const id = asked;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, what, given });
      });
    },
    async end() {
      child.kill('SIGKILL');
      await over;
    },
  };
}

/**
 * The child's side: answers what the parent asks, several at a time.
 * @param {Readonly<Record<string, (given: any) => unknown>>} handlers
 */
export function answerParent(handlers) {
  /** @param {{ id: number, what: string, given: unknown }} asked */
  async function answer({ id, what, given }) {
    try {
      const handler = handlers[what];
      if (!handler) throw new Error(`nothing is called ${what}`);
      process.send?.({ id, answer: await handler(given) });
    } catch (error) {
      process.send?.({ id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  process.on('message', (/** @type {any} */ asked) => void answer(asked));
}
