// @ts-check
/** The services of one fault, as processes of their own: `callfold serve`, or a worker that can be struck at a point. */

import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../parts/index.mjs';
import { ended, endWithMe } from '../parts/lifeline.mjs';
import { ROOT } from '../test/process.mjs';

const CALLFOLD = join(ROOT, 'services/cli/bin/callfold.js');
const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
const LOOK_MS = 100;
const ANSWER_MS = 2_000;
const READY_MS = 120_000;
/** An armed worker passes its point as long as there is work. */
const STRUCK_MS = 120_000;
/** A service that was asked to stop finishes its batch and leaves its group. */
const STOP_MS = 60_000;

/** @typedef {'projector' | 'outcomes'} RoleName */
/** @typedef {{ name: string, ok: boolean, detail: string }} Check */
/** @typedef {{ role?: RoleName, worker?: boolean, env?: Record<string, string> }} How */

/**
 * One instance.
 * @typedef {object} Instance
 * @property {RoleName} role of a console nobody asks
 * @property {string} name
 * @property {number} pid
 * @property {string} url
 * @property {boolean} alive
 * @property {string} log
 * @property {() => Promise<{ ok: boolean, checks: Check[] } | null>} readiness null: it does not answer
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {() => Promise<void>} kill SIGKILL, and gone
 * @property {() => Promise<void>} stop SIGTERM, and an end with exit code 0, or a throw
 * @property {(arm: { point: string, signal: NodeJS.Signals, passes: number }) => Promise<void>} strikeAt
 *   of a worker: resolves when it is dead, or stopped
 * @property {(clockMs: number) => void} moveClock of a worker
 * @property {string[]} late of a worker that was stopped: how its next steps ended after it went on
 * @property {Promise<{ code: number | null, signal: string | null }>} ended
 */

/** @param {{ dir: string, env: Record<string, string>, say: (line: string) => void }} options */
export function createCrew({ dir, env, say }) {
  /** @type {Instance[]} */
  const all = [];

  /**
   * @param {RoleName | 'console'} role
   * @param {How} [how]
   * @returns {Promise<Instance>}
   */
  async function start(role, { worker = false, env: own = {} } = {}) {
    const [port = 0] = await freePorts(1);
    const name = `${role} ${all.filter((one) => one.role === role).length + 1}`;
    const log = join(dir, `${name.replace(' ', '-')}.log`);
    const out = openSync(log, 'a');
    const child = spawn(process.execPath, worker ? [WORKER, role] : [CALLFOLD, 'serve', role], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', ...env, ...own, CALLFOLD_HTTP_PORT: String(port) },
      stdio: ['ignore', out, out, ...(worker ? /** @type {const} */ (['ipc']) : [])],
    });
    const { pid = 0 } = child;
    endWithMe(pid);
    /** @type {string[]} */
    const late = [];
    /** @type {(point: string) => void} */
    let struck = () => undefined;
    child.on('message', (/** @type {any} */ told) => {
      if (told.struck !== undefined) struck(told.struck);
      if (told.late !== undefined) late.push(told.late);
    });
    /** @type {Instance['ended']} */
    const over = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        ended(pid);
        resolve({ code, signal });
      });
    });
    /** @type {Instance} */
    const instance = {
      role: /** @type {RoleName} */ (role),
      name,
      pid,
      url: `http://127.0.0.1:${port}`,
      log,
      late,
      ended: over,
      get alive() {
        return child.exitCode === null && child.signalCode === null;
      },
      async readiness() {
        try {
          const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
          const { checks } = /** @type {any} */ (await answer.json());
          return { ok: answer.ok, checks };
        } catch {
          return null;
        }
      },
      signal: (signal) => void child.kill(signal),
      async kill() {
        child.kill('SIGKILL');
        await over;
      },
      async stop() {
        child.kill('SIGTERM');
        const end = await Promise.race([over, pause(STOP_MS, null, { ref: false })]);
        if (end?.code === 0) return;
        child.kill('SIGKILL');
        const how = end === null ? `did not stop within ${STOP_MS / 1_000} s` : `ended with ${end.signal ?? end.code}`;
        throw new Error(`${name} ${how} after SIGTERM; its log is ${log}`);
      },
      async strikeAt(arm) {
        /** @type {Promise<unknown>} */
        const told = new Promise((resolve) => {
          struck = resolve;
        });
        child.send({ arm });
        const inTime = pause(STRUCK_MS, 'late', { ref: false });
        if ((await Promise.race([arm.signal === 'SIGKILL' ? over : told, over, inTime])) === 'late')
          throw new Error(`${name} did not come by "${arm.point}" within ${STRUCK_MS / 1_000} s; its log is ${log}`);
        const end = await Promise.race([over, pause(0, null)]);
        if (end !== null && end.signal !== arm.signal)
          throw new Error(`${name} ended with ${end.signal ?? end.code} before it was struck; its log is ${log}`);
      },
      moveClock: (clockMs) => void child.send({ clockMs }),
    };
    all.push(instance);
    return instance;
  }

  const living = () => all.filter((one) => one.alive);

  /**
   * A command to its end.
   * @param {readonly string[]} args
   * @param {Record<string, string>} [own]
   * @returns {Promise<{ code: number | null, out: string, err: string, ms: number }> & { readonly pid: number }}
   */
  function ask(args, own = {}) {
    const from = performance.now();
    const child = spawn(process.execPath, [CALLFOLD, ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', ...env, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid = 0 } = child;
    endWithMe(pid);
    /** @type {string[]} */
    const out = [];
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    /** @type {Promise<{ code: number | null, out: string, err: string, ms: number }>} */
    const over = new Promise((resolve) => {
      child.once('close', (code) => {
        ended(pid);
        resolve({ code, out: out.join(''), err, ms: performance.now() - from });
      });
    });
    return Object.assign(over, { pid });
  }

  return {
    start,
    get living() {
      return living();
    },
    /** @param {RoleName} role */
    of: (role) => living().filter((one) => one.role === role),
    /** The one that `usual` started second. @param {RoleName} role */
    second(role) {
      const found = all.filter((one) => one.role === role)[1];
      if (!found) throw new Error(`there is no second ${role}`);
      return found;
    },
    /** Two instances of each role, and all of them ready. @param {How} [second] how the second of a role is started */
    async usual(second = {}) {
      for (const role of /** @type {const} */ (['projector', 'outcomes'])) {
        await start(role);
        await start(role, second.role === undefined || second.role === role ? second : {});
      }
      await this.ready();
    },
    /** Waits until all that live say that they are ready. */
    async ready() {
      for (const until = Date.now() + READY_MS; ; await pause(LOOK_MS)) {
        const answers = await Promise.all(living().map(async (one) => ({ one, is: await one.readiness() })));
        const late = answers.filter(({ is }) => is?.ok !== true);
        if (late.length === 0) return;
        if (Date.now() < until) continue;
        const said = late.map(({ one, is }) => `${one.name}: ${JSON.stringify(is?.checks.filter(({ ok }) => !ok))}`);
        throw new Error(`not ready within ${READY_MS / 1_000} s: ${said.join('; ')}`);
      }
    },
    /** What the instances say is wrong. @param {RoleName} role */
    async complaints(role) {
      const answers = await Promise.all(
        living()
          .filter((one) => one.role === role)
          .map((one) => one.readiness()),
      );
      return answers.flatMap((is) => is?.checks.filter(({ ok }) => !ok).map(({ detail }) => detail) ?? []);
    },
    /** Lines of all logs that have the text. @param {string} text */
    logged: (text) =>
      all.flatMap(({ log }) =>
        readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => line.includes(text)),
      ),
    ask,
    /** A command that must end well. @param {readonly string[]} args */
    async callfold(args) {
      const { code, out, err } = await ask(args);
      if (code !== 0) throw new Error(`callfold ${args.join(' ')} ended with ${code}: ${out}${err}`);
    },
    /** All that live, in turn, in order. */
    async stop() {
      const ends = await Promise.allSettled(living().map((one) => one.stop()));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw failed.reason;
    },
    async kill() {
      for (const one of living()) say(`${one.name}: killed at the end`);
      await Promise.all(living().map((one) => one.kill()));
    },
  };
}
