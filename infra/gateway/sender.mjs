// @ts-check
/**
 * The load. autocannon and wrk count answers; here each answer must be held against the log, event by event, so the
 * sender is our own: it keeps which batch was answered how, and how long each took from the moment it was due.
 */

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 5;
/** Longer than the gateway ever may take: what is not answered by then was left hanging. */
const HANGING_MS = 15_000;
const CALLS = 20_000;

/**
 * @typedef {{ status: number, ms: number, accepted: number, dueMs: number }} Answer `status` 0: none came; `dueMs`: when
 *   it was to be sent, from the run's begin
 * @typedef {{ name: string, events: number, answers: Map<number, Answer>, seconds: number }} Run answers by batch
 */

/** @param {string} name @param {number} batch @param {number} n @param {string} occurredAt */
function lineOf(name, batch, n, occurredAt) {
  const call = (batch * 7_919 + n) % CALLS;
  return `{"source":"callcenter24","callId":"${name}-${call}","eventId":"${name}/${batch}/${n}","occurredAt":"${occurredAt}","status":"Participant join (Contact)"}\n`;
}

/**
 * @param {Agent} agent @param {string} url @param {string} type @param {string} body
 * @returns {Promise<Omit<Answer, 'dueMs'>>}
 */
function post(agent, url, type, body) {
  const begun = performance.now();
  return new Promise((resolve) => {
    const end = (/** @type {number} */ status, accepted = 0) =>
      resolve({ status, ms: performance.now() - begun, accepted });
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request(`${url}/v1/events`, { agent, method: 'POST', headers, timeout: HANGING_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => end(answer.statusCode ?? 0, JSON.parse(text).accepted ?? 0));
      answer.on('error', () => end(0));
    });
    sent.on('timeout', () => sent.destroy(new Error('it hangs')));
    sent.on('error', () => end(0));
    sent.end(body);
  });
}

/**
 * Batches when they are due, whatever became of those before.
 * @param {{ url: string, name: string, eventsPerSecond: number, batch: number, seconds: number }} options
 * @returns {Promise<Run>}
 */
export async function sendBatches({ url, name, eventsPerSecond, batch, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  /** @type {Map<number, Answer>} */
  const answers = new Map();
  /** @type {Promise<unknown>[]} */
  const waiting = [];
  const total = Math.round((eventsPerSecond * seconds) / batch);
  const begun = performance.now();
  for (let n = 0; n < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * eventsPerSecond) / batch / 1_000) + 1);
    for (; n < due; n += 1) {
      const number = n;
      const dueMs = (number * batch * 1_000) / eventsPerSecond;
      const late = performance.now() - begun - dueMs;
      const at = new Date().toISOString();
      const body = Array.from({ length: batch }, (_, i) => lineOf(name, number, i, at)).join('');
      const answered = post(agent, url, 'application/x-ndjson', body);
      waiting.push(
        answered.then((answer) => answers.set(number, { ...answer, dueMs, ms: answer.ms + Math.max(0, late) })),
      );
    }
    await pause(STEP_MS);
  }
  const took = (performance.now() - begun) / 1_000;
  await Promise.all(waiting);
  agent.destroy();
  return { name, events: batch, answers, seconds: took };
}

/**
 * One event a request, each connection as fast as it is answered.
 * @param {{ url: string, name: string, connections: number, seconds: number }} options
 * @returns {Promise<Run>}
 */
export async function sendSingles({ url, name, connections, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  /** @type {Map<number, Answer>} */
  const answers = new Map();
  let next = 0;
  const begun = performance.now();
  const until = begun + seconds * 1_000;
  async function one() {
    while (performance.now() < until) {
      const number = next;
      next += 1;
      const dueMs = performance.now() - begun;
      const answer = await post(agent, url, 'application/json', lineOf(name, number, 0, new Date().toISOString()));
      answers.set(number, { ...answer, dueMs });
    }
  }
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  return { name, events: 1, answers, seconds: (performance.now() - begun) / 1_000 };
}

/** @param {Iterable<number>} values @param {number} share */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
