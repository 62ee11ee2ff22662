// @ts-check
/** TCP ports of this machine's loopback address. */

import { createServer } from 'node:net';

export const HOST = '127.0.0.1';

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isFree(port) {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') done(false);
      else fail(new Error(`port ${port} of ${HOST} cannot be tried: ${error.message}`));
    });
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => done(true)));
  });
}

/** Below the range that systems hand out to outgoing connections, so that a killed part finds its port again. */
const RANGE = { from: 12_000, below: 24_000 };

/** Ports handed out by this process, so that two parts started together never get the same one. */
const given = new Set();

/**
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  /** @type {number[]} */
  const ports = [];
  for (let attempt = 0; ports.length < count; attempt += 1) {
    if (attempt > count + 1_000) throw new Error(`no ${count} free ports found on ${HOST} in ${JSON.stringify(RANGE)}`);
    const port = RANGE.from + Math.floor(Math.random() * (RANGE.below - RANGE.from));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}
