// @ts-check
/** One question to a Redis of ours and its answer, without a client: for starting and steering servers. */

import { connect } from 'node:net';
import { HOST } from './ports.mjs';

const WAIT_MS = 10_000;

/** An answer that is an error. */
export class RedisSaid extends Error {
  /** @override */
  name = 'RedisSaid';
}

/**
 * @param {Buffer} bytes
 * @param {number} from
 * @returns {{ value: unknown, next: number } | null} null: not all of it has come
 */
function parse(bytes, from) {
  const end = bytes.indexOf('\r\n', from);
  if (end < 0) return null;
  const line = bytes.toString('utf8', from + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[from] ?? 0)) {
    case '+':
      return { value: line, next };
    case '-':
      return { value: new RedisSaid(line), next };
    case ':':
      return { value: Number(line), next };
    case '$': {
      const size = Number(line);
      if (size < 0) return { value: null, next };
      if (bytes.length < next + size + 2) return null;
      return { value: bytes.toString('utf8', next, next + size), next: next + size + 2 };
    }
    case '*':
      return parseList(bytes, next, Number(line));
    default:
      throw new Error(`no answer of Redis: ${bytes.toString('utf8', from, Math.min(end, from + 100))}`);
  }
}

/**
 * @param {Buffer} bytes
 * @param {number} from
 * @param {number} count
 */
function parseList(bytes, from, count) {
  const list = [];
  let next = from;
  while (list.length < count) {
    const one = parse(bytes, next);
    if (!one) return null;
    list.push(one.value);
    next = one.next;
  }
  return { value: list, next };
}

/** @type {typeof import('./index.mjs').askRedis} */
export function askRedis(port, words, waitMs = WAIT_MS) {
  return new Promise((done, fail) => {
    const socket = connect({ host: HOST, port });
    let bytes = Buffer.alloc(0);
    const failed = (/** @type {Error} */ error) => {
      socket.destroy();
      fail(error);
    };
    const silent = () => failed(new Error(`Redis at ${HOST}:${port} did not answer ${words[0]} within ${waitMs} ms`));
    const timer = setTimeout(silent, waitMs);
    socket.on('error', failed);
    socket.on('close', () => {
      clearTimeout(timer);
      fail(new Error(`Redis at ${HOST}:${port} closed the connection and did not answer ${words[0]}`));
    });
    socket.on('data', (/** @type {Buffer} */ some) => {
      bytes = Buffer.concat([bytes, some]);
      try {
        const answer = parse(bytes, 0);
        if (!answer) return;
        if (answer.value instanceof Error) fail(answer.value);
        else done(answer.value);
      } catch (error) {
        failed(/** @type {Error} */ (error));
      }
      socket.destroy();
    });
    const parts = words.map(String).map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join('')}`);
  });
}

/**
 * Until `look` is true; what it throws counts as no.
 * @param {string} what for the message
 * @param {number} withinMs
 * @param {() => Promise<boolean>} look
 * @param {number} everyMs
 */
export async function until(what, withinMs, look, everyMs) {
  const end = Date.now() + withinMs;
  /** @type {unknown} */
  let last;
  for (;;) {
    try {
      if (await look()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} within ${withinMs / 1_000} s`, { cause: last });
    await new Promise((done) => {
      setTimeout(done, everyMs);
    });
  }
}
