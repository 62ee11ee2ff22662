// @ts-check
/** Ten thousand connections that say nothing: some are held for a while, others closed at once; nobody else suffers. */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const IDLE = 10_000;
const IDLE_OPEN_MS = 30_000;
/** The kernel lets some in late: for half a minute it repeats an answer that was not taken; then they are silent. */
const IDLE_GONE_MS = 120_000;
/** Of the 5,000 that the process holds; the kernel's buffers are not in it. */
const IDLE_MIB_MAX = 150;

/** @param {number} pid */
export const residentMib = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

const ESTABLISHED = '01';
/** @param {string} address of the kernel's table */
const portOf = (address) => Number.parseInt(address.slice(address.indexOf(':') + 1), 16);

/**
 * Of these connections those that the listening side holds, as the kernel's table has them: what the senders think they
 * have is not asked, since of so many at once the kernel forgets some that it has answered.
 * @param {number} port @param {ReadonlySet<number>} senders their ports
 */
function heldOf(port, senders) {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, from = '', to = '', state]) => state === ESTABLISHED && portOf(from) === port && senders.has(portOf(to)),
    ).length;
}

/** @param {Agent} agent @param {string} url @returns {Promise<number>} */
const statusOf = (agent, url) =>
  new Promise((resolve) => {
    request(`${url}/livez`, { agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', () => resolve(0))
      .end();
  });

/**
 * @param {import('./stage.mjs').Service} service
 * @param {(what: string, holds: boolean) => void} check
 */
export async function idleConnections({ url, pid }, check) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await statusOf(agent, url);
  const before = residentMib(pid);
  const port = Number(new URL(url).port);
  /** @type {Set<number>} */
  const senders = new Set();
  let heard = 0;
  const sockets = Array.from({ length: IDLE }, () => {
    const socket = connect(port, '127.0.0.1', () => senders.add(socket.localPort ?? 0));
    socket.on('data', (text) => (heard += String(text).includes('408') ? 1 : 0));
    socket.on('error', () => undefined);
    return socket;
  });
  for (const until = Date.now() + IDLE_OPEN_MS; senders.size < IDLE / 2 && Date.now() < until; ) await pause(50);
  const grown = residentMib(pid) - before;
  check('10,000 idle connections: who is connected already is served', (await statusOf(agent, url)) === 200);
  for (const until = Date.now() + IDLE_GONE_MS; heldOf(port, senders) > 0 && Date.now() < until; ) await pause(100);
  const held = heldOf(port, senders);
  check(`10,000 idle connections: ${held} are held in the end, ${heard} were told 408`, held === 0 && heard > 0);
  for (const socket of sockets) socket.destroy();
  agent.destroy();
  check(
    `10,000 idle connections: memory grew by ${grown.toFixed(0)} MiB, ${IDLE_MIB_MAX} may be`,
    grown < IDLE_MIB_MAX,
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const early = (/** @type {string} */ what) =>
    Number(new RegExp(`refused_early_total\\{[^}]*what="${what}"[^}]*\\} (\\d+)`).exec(metrics)?.[1] ?? 0);
  check(
    `10,000 idle connections: ${early('connection')} past the limit and ${early('headers-too-slow')} silent ones are counted`,
    early('connection') > 0 && early('headers-too-slow') > 0,
  );
}
