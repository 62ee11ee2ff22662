// @ts-check
/**
 * Many viewers of one console, as a child: each reads all of its stream. Nothing is parsed that need not be, so that
 * the viewers of one process are no slower than browsers on machines of their own.
 */

import { Agent, request } from 'node:http';
import { answerParent } from '../faults/child.mjs';
import { PROBE } from './centre.mjs';

const PROBE_AT = Buffer.from(`"agentId":"${PROBE}"`);
const ID_AT = Buffer.from('\nid: ');
/** An agent is shorter than this in JSON, and an id. */
const AGENT_BYTES = 600;
const ID_BYTES = 60;

/**
 * @typedef {object} Viewer
 * @property {number[]} ages of what it was told, ms
 * @property {number} bytes
 * @property {number} resets
 * @property {boolean} isOpen
 * @property {string} lastId
 */

/** @type {Viewer[]} */
const viewers = [];
let isCounted = false;

/** @param {Viewer} viewer @param {Buffer} bytes */
function read(viewer, bytes) {
  const now = Date.now();
  viewer.bytes += bytes.length;
  if (bytes.includes('event: reset\n')) viewer.resets += 1;
  const id = bytes.lastIndexOf(ID_AT);
  if (id >= 0) {
    const text = bytes.toString('latin1', id + ID_AT.length, id + ID_BYTES);
    // Of a `reset` it is empty; one that is cut in two by the network is the next one's.
    viewer.lastId = /^(\S+)\n/.exec(text)?.[1] ?? viewer.lastId;
  }
  const at = bytes.indexOf(PROBE_AT);
  if (at < 0 || !isCounted) return;
  const agent = bytes.toString('utf8', at, at + AGENT_BYTES);
  const since = /^[^{}]*"since":"([^"]+)"/.exec(agent)?.[1];
  if (since !== undefined) viewer.ages.push(now - Date.parse(since));
}

/** @param {Agent} agent @param {string} url @returns {Promise<Viewer>} once the first of it has come */
function open(agent, url) {
  /** @type {Viewer} */
  const viewer = { ages: [], bytes: 0, resets: 0, isOpen: true, lastId: '' };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/changes`, { agent }, (answer) => {
      answer.on('data', (bytes) => {
        read(viewer, bytes);
        resolve(viewer);
      });
      answer.on('close', () => (viewer.isOpen = false));
      answer.on('error', () => undefined);
    });
    asked.on('error', reject);
    asked.end();
  });
}

answerParent({
  /** @param {{ url: string, count: number }} options */
  async open({ url, count }) {
    const agent = new Agent({ maxSockets: Infinity });
    for (let n = 0; n < count; n += 1) viewers.push(await open(agent, url));
  },
  /** From here on it counts. */
  count() {
    for (const viewer of viewers) Object.assign(viewer, { ages: [], bytes: 0 });
    isCounted = true;
  },
  /** Nothing of what comes from here on. */
  told() {
    isCounted = false;
    return viewers.map(({ ages, bytes }) => ({ ages, bytes }));
  },
  /** How they stand. */
  stand: () => viewers.map(({ resets, isOpen, lastId }) => ({ resets, isOpen, lastId })),
});
