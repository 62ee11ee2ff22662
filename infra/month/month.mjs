// @ts-check
/**
 * A month of a bank's calls, made up in the shape of a real one: a day's and a week's rhythm, agents by the load, first
 * come first served, callers who give up, times to the second. Events are made from what happened to each caller, and
 * so are the figures, apart from one another.
 */

import { createRandom, cumulative } from '../random.mjs';
import { figuresOf } from './figures.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/**
 * @typedef {object} MonthOptions
 * @property {number | string} seed same seed, same month
 * @property {number} [calls] 1 to MAX_CALLS; 4,000 unless told
 * @property {number} [startAt] midnight of the first day, epoch ms; 1 February 2025 UTC unless told
 * @property {number} [repeated] share of events that come twice; 0.01 unless told
 * @property {number} [late] share of events that come seconds to minutes late; 0.01 unless told
 */

/**
 * A CallCenter24 line, as in NDJSON.
 * @typedef {object} Line
 * @property {'callcenter24'} source
 * @property {string} tenantId
 * @property {string} callId
 * @property {string} occurredAt
 * @property {string} status
 * @property {Record<string, string>} [attributes]
 */

/**
 * One caller, in seconds after the month's first midnight.
 * @typedef {object} Row
 * @property {string} callId
 * @property {Record<string, string>} attributes
 * @property {number} entry
 * @property {number} end
 * @property {{ from: number, to: number, agent: string } | null} service
 */

export const MAX_CALLS = 500_000;
const DAYS = 28;
const DAY_SECONDS = 86_400;

/** Calls of a weekday, Sunday first: Friday is short, and on Saturday few call. */
const WEEK = [95, 90, 92, 96, 100, 55, 18];
/** Calls by hour of the day, in per mille or about. */
const DAY = [4, 1, 1, 0, 0, 1, 3, 27, 67, 75, 84, 77, 65, 78, 72, 69, 71, 57, 51, 48, 41, 42, 36, 29];
/** With fewer calls an hour than this nobody is there. */
const STAFFED_FROM = 0.15;
const NAMES = (
  'ADA BORIS CHANA DINO ESTHER FARID GRETA HUGO INES JONAS KAYA LIOR ' +
  'MIRA NOAM OLGA PAVEL QUINN ROSA SAMIR TALIA UMA VICTOR WANDA YAEL'
).split(' ');
/** Service without a server's name: the agent joins under this one, and was not asked before. */
const UNNAMED = 'NO_SERVER';

const TYPES = ['PS', 'NE', 'NW', 'PE', 'TT', 'IN'];
const pickType = cumulative([68, 10, 10, 5, 5, 2]);

const SERVICE_MEDIAN_S = 105;
const SERVICE_SPREAD = 0.95;
const SERVICE_MEAN_S = SERVICE_MEDIAN_S * Math.exp(SERVICE_SPREAD ** 2 / 2);
const PATIENCE_MEAN_S = 240;
const LEAVES_IN_MENU = 0.05;
const WRONG_CONNECTION = 0.05;
const NOBODY_NAMED = 0.015;
/** Two clocks: the switch says that service began a second before the queue or the menu was left. */
const CLOCKS_DIFFER = 0.55;

/**
 * The events in the order in which they come in, and the figures to expect.
 * @param {MonthOptions} options
 * @throws on a number of calls out of range
 */
export function generateMonth({ seed, calls = 4_000, startAt = Date.UTC(2025, 1, 1), repeated = 0.01, late = 0.01 }) {
  if (!Number.isInteger(calls) || calls < 1 || calls > MAX_CALLS) {
    throw new Error(`A month has a whole number of calls from 1 to ${MAX_CALLS}; asked for ${calls}.`);
  }
  const rows = rowsOf(createRandom(seed), calls, new Date(startAt).getUTCDay());
  return {
    events: asDelivered(createRandom(`${seed}/dirt`), { repeated, late }, rows, startAt),
    expected: figuresOf(rows.map((row) => callOf(row, startAt))),
  };
}

/** @param {Random} random @param {number} calls @param {number} firstWeekday 0: Sunday */
function rowsOf(random, calls, firstWeekday) {
  const days = Array.from({ length: DAYS }, (_, day) => WEEK[(firstWeekday + day) % WEEK.length] ?? 0);
  const [pickDay, pickHour] = [cumulative(days), cumulative(DAY)];
  const entries = Array.from(
    { length: calls },
    () => (pickDay(random.next()) * 24 + pickHour(random.next())) * 3_600 + random.whole(0, 3_599),
  );
  entries.sort((a, b) => a - b);
  const floor = createFloor(calls, days, random.whole(0, NAMES.length - 1));
  return entries.map((entry, index) => rowOf(random, floor, entry, index));
}

/**
 * Who serves. @typedef {ReturnType<typeof createFloor>} Floor
 * @param {number} calls
 * @param {readonly number[]} days weights
 * @param {number} firstName
 */
function createFloor(calls, days, firstName) {
  /** @type {Map<string, number>} the second from which an agent is free */
  const free = new Map();
  const [ofDays, ofHours] = [days, DAY].map((weights) => weights.reduce((total, weight) => total + weight, 0));
  /** Enough for the load, with little to spare: queues build up, as they did in the month this imitates. */
  const onDuty = (/** @type {number} */ second) => {
    const day = Math.floor(second / DAY_SECONDS);
    const share = (days[day] ?? 0) * (DAY[Math.floor(second / 3_600) % 24] ?? 0);
    const perHour = (calls * share) / Number(ofDays) / Number(ofHours);
    if (perHour < STAFFED_FROM) return [];
    const load = (perHour * SERVICE_MEAN_S) / 3_600;
    const count = Math.max(1, Math.round(load * 0.92 + 0.35 * Math.sqrt(load)));
    return Array.from({ length: count }, (_, place) => nameOf(firstName + day * 5, place));
  };
  return {
    /** The agent on duty who is free first, or null when nobody is there. @param {number} second */
    next: (second) => {
      /** @type {{ agent: string, freeAt: number } | null} */
      let best = null;
      for (const agent of onDuty(second)) {
        const freeAt = free.get(agent) ?? 0;
        if (best === null || freeAt < best.freeAt) best = { agent, freeAt };
      }
      return best;
    },
    /** @param {string} agent @param {number} until */
    occupy: (agent, until) => void free.set(agent, until),
  };
}

/**
 * A large month needs more agents than there are names: they are numbered then.
 * @param {number} first
 * @param {number} place
 */
function nameOf(first, place) {
  const round = Math.floor(place / NAMES.length);
  const name = NAMES[(first + place) % NAMES.length] ?? UNNAMED;
  return round === 0 ? name : `${name} ${round + 1}`;
}

/** @param {Random} random @param {Floor} floor @param {number} entry @param {number} index @returns {Row} */
function rowOf(random, floor, entry, index) {
  const line = String(random.whole(1, 16)).padStart(2, '0');
  const callId = `AA01${line}-${30_000 + index}`;
  const type = TYPES[pickType(random.next())] ?? '';
  const customerId = random.chance(0.4) ? '0' : String(random.whole(1_000_000, 99_999_999));
  const base = { callId, attributes: { type, priority: String(random.whole(0, 2)), customerId }, entry };
  const menuLeft = entry + Math.max(1, Math.round(random.logNormal(8, 0.5)));
  if (random.chance(LEAVES_IN_MENU)) return { ...base, end: menuLeft, service: null };
  const waitsUntil = menuLeft + Math.round(random.exponential(PATIENCE_MEAN_S));
  const server = floor.next(menuLeft);
  const reached = server === null ? Infinity : Math.max(menuLeft, server.freeAt);
  if (server === null || reached > waitsUntil) return { ...base, end: waitsUntil, service: null };
  const from = Math.max(entry, reached - (random.chance(CLOCKS_DIFFER) ? 1 : 0));
  const to = from + (random.chance(WRONG_CONNECTION) ? random.whole(0, 3) : talkSeconds(random));
  floor.occupy(server.agent, to + 1);
  const agent = random.chance(NOBODY_NAMED) ? UNNAMED : server.agent;
  // The queue is left when service is reached, though the agent's clock may say that it was over by then.
  return { ...base, end: Math.max(to, reached), service: { from, to, agent } };
}

/** @param {Random} random */
function talkSeconds(random) {
  return Math.round(random.logNormal(SERVICE_MEDIAN_S, SERVICE_SPREAD));
}

/** @param {Row} row @param {number} startAt @returns {import('./figures.mjs').MonthCall} */
function callOf({ entry, end, service }, startAt) {
  const ms = (/** @type {number} */ second) => startAt + second * 1_000;
  const answered =
    service === null
      ? null
      : { agent: service.agent, offered: service.agent !== UNNAMED, at: ms(service.from), agentLeftAt: ms(service.to) };
  return { queuedAt: ms(entry), leftAt: ms(end), answered };
}

/** What the call log says of one caller, by second. @param {Row} row @returns {[second: number, status: string][]} */
function linesOf({ entry, end, service }) {
  /** @type {[number, string][]} */
  const served = [];
  if (service !== null) {
    const { from, to, agent } = service;
    const asked = `Sending a request to display the call screen - ${agent} (Available)`;
    if (agent !== UNNAMED) served.push([Math.max(entry, from - 1), asked]);
    served.push([from, `Participant join (${agent})`], [to, `Participant leave (${agent})`]);
  }
  return [
    [entry, 'Registred in CallCenter24'],
    [entry, 'Participant join (Contact)'],
    ...served,
    [end, 'Participant leave (Contact)'],
    [end, 'Call ended'],
  ];
}

/**
 * All lines in the order in which they come in: by their time, but for the late ones and the repeats.
 * @param {Random} random
 * @param {{ repeated: number, late: number }} shares
 * @param {readonly Row[]} rows
 * @param {number} startAt
 */
function asDelivered(random, shares, rows, startAt) {
  /** @type {{ cameAt: number, event: Line }[]} */
  const deliveries = [];
  for (const row of rows) {
    for (const [index, [second, status]] of linesOf(row).entries()) {
      /** @type {Line} */
      const event = {
        source: 'callcenter24',
        tenantId: 'bank',
        callId: row.callId,
        occurredAt: new Date(startAt + second * 1_000).toISOString(),
        status,
        ...(index === 0 ? { attributes: row.attributes } : {}),
      };
      const cameAt = second + (random.chance(shares.late) ? random.whole(2, 600) : 0);
      deliveries.push({ cameAt, event });
      if (random.chance(shares.repeated)) deliveries.push({ cameAt: cameAt + random.whole(0, 120), event });
    }
  }
  // Stable: what came in one second stays in the order of the calls and their lines.
  return deliveries.sort((a, b) => a.cameAt - b.cameAt).map(({ event }) => event);
}
