// @ts-check
/** What the page is tried against: a `callfold dev` that can be killed and started again, and a front that can lie. */

import { execFile, spawn } from 'node:child_process';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

const run = promisify(execFile);
const UP_MS = 60_000;
const LOOK_MS = 50;
const COMMAND = join(ROOT, 'services/cli/bin/callfold.js');
/** As proxies answer while what is behind them is away. */
const ERROR_PAGE = '<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>';

/** @param {string} what @param {number} limitMs @param {() => Promise<boolean>} holds */
export async function until(what, limitMs, holds) {
  const begun = performance.now();
  while (!(await holds())) {
    if (performance.now() - begun > limitMs) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
    await pause(LOOK_MS);
  }
  return performance.now() - begun;
}

/** A zone in which it is about noon, so that no run meets a midnight. */
export function noonZone(now = new Date()) {
  const ahead = 12 - now.getUTCHours();
  return ahead === 0 ? 'UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** @param {string} dir */
export async function openDev(dir) {
  const [port = 0] = await freePorts(1);
  const env = {
    ...process.env,
    CALLFOLD_HTTP_PORT: String(port),
    CALLFOLD_DATA_DIR: dir,
    CALLFOLD_CONSOLE_ZONE: noonZone(),
    SETTLE_MS: '200',
    NO_COLOR: '1',
  };
  const url = `http://127.0.0.1:${port}`;
  /** @type {import('node:child_process').ChildProcess | null} */
  let child = null;
  const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true;
  const kill = async () => {
    const running = child;
    if (running === null) return;
    child = null;
    const over = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await over;
  };
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    url,
    port,
    kill,
    async start() {
      const started = spawn(process.execPath, [COMMAND, 'dev', '--no-demo'], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      let said = '';
      started.stderr.setEncoding('utf8').on('data', (text) => (said = `${said}${text}`.slice(-4_000)));
      await until('callfold dev is ready', UP_MS, async () => {
        if (started.exitCode !== null) throw new Error(`callfold dev ended by itself: ${said}`);
        return isReady();
      }).catch(async (error) => {
        // Else it would keep us from ending too.
        await kill();
        throw error;
      });
    },
    /** @param {readonly object[]} events */
    async send(events) {
      const body = events.map((event) => JSON.stringify(event)).join('\n');
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
      const { accepted } = /** @type {{ accepted: number }} */ (await answer.json());
      if (accepted !== events.length) throw new Error(`${accepted} of ${events.length} events were accepted`);
    },
    /** A command on it. @param {readonly string[]} args */
    async callfold(args) {
      const { stdout } = await run(process.execPath, [COMMAND, ...args], { env });
      return stdout;
    },
    /** What `callfold explain --json` says. @param {string} kind @param {string} id @returns {Promise<any[]>} */
    async explain(kind, id) {
      return JSON.parse(await this.callfold(['explain', kind, id, '--json'])).explanations;
    },
    /** `callfold report` over the console's day. @param {{ from: string, to: string }} day */
    async report({ from, to }) {
      return JSON.parse(await this.callfold(['report', '--json', '--zone', noonZone(), '--from', from, '--to', to]));
    },
  };
}

/**
 * Stands between the browser and the console.
 * @param {number} target port
 */
export async function openFront(target) {
  let isLying = false;
  const front = createServer((asked, answer) => {
    if (isLying) {
      answer.writeHead(502, { 'content-type': 'text/html' }).end(ERROR_PAGE);
      return;
    }
    const { method, headers, url: path } = asked;
    const on = request({ host: '127.0.0.1', port: target, path, method, headers }, (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers);
      told.pipe(answer);
      told.once('error', () => answer.destroy());
    });
    on.once('error', () => answer.destroy());
    answer.once('close', () => on.destroy());
    asked.pipe(on);
  });
  await new Promise((resolve) => front.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (front.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** An error page to everything, what is open is cut; or all as it should be. @param {boolean} value */
    lie(value) {
      isLying = value;
      if (value) front.closeAllConnections();
    },
    close() {
      front.closeAllConnections();
      front.close();
    },
  };
}
