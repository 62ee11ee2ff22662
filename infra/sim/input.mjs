// @ts-check
/** What the upstreams append in one history: calls, chats, agents, finished records, and dirt. */

import { ERASE_HEADER, erasureText, partitionOf, rawTopic, subjectKey } from '@callfold/core';
import { readEvent } from '@callfold/sources';

/** Of the virtual clock; epoch ms. */
export const START = Date.UTC(2026, 0, 5, 9);
const DAY = 86_400_000;
/** By this many lengths of the history all input has come. */
export const LATEST_INPUT = 1.5;
/** One subject in so many is erased, at some time from its beginning on. */
const ERASED_ONE_IN = 12;

/** What dirt there is; `again` is no dirt, but the same event once more. */
export const DIRT = /** @type {const} */ ([
  'not avro',
  'cut off',
  'no value',
  'unknown schema',
  'wrong partition',
  'from the future',
]);

/**
 * @typedef {{
 *   atMs: number,
 *   at: import('@callfold/engine').At,
 *   raw: import('@callfold/core').RawEvent | null,
 *   dirt: (typeof DIRT)[number] | null,
 *   erases?: boolean,
 * }} Append one record for a raw topic; its bytes are made when it is appended. One that
 *   erases is of the subject of `raw`
 */

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {{ afterMs: number, fields: Record<string, unknown> }} Line */

/** @type {Readonly<Record<string, readonly string[]>>} */
const COURSES = {
  answered: [
    'Registred in CallCenter24',
    'Participant join (Contact)',
    'Sending a request to display the call screen - [Anna] (Available)',
    'Show call screen - [Anna]',
    'Participant join ([Anna])',
    'Participant leave ([Anna])',
    'Participant leave (Contact)',
    'Call ended',
    'Record added',
  ],
  abandoned: ['Registred in CallCenter24', 'Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'],
  missed: [
    'Registred in CallCenter24',
    'Participant join (Contact)',
    'Sending a request to display the call screen - [Boris] (Busy)',
    'Show call screen - [Boris]',
    'no-answer',
    'Participant leave (Contact)',
    'Call ended',
  ],
  voicemail: ['Registred in CallCenter24', 'Participant join (Contact)', 'Redirect to voice mail', 'Record added'],
  silent: ['Registred in CallCenter24', 'Participant join (Contact)'],
  unknown: ['Registred in CallCenter24', 'A word that nobody taught us', 'Call ended'],
};
const LABELS = ['Agent ended call', 'Connection lost', 'Unknown error', 'A label that nobody taught us'];
const CHAT_WORDS = ['Auto', 'Manual', 'Waiting', 'Finished', 'Auto', 'Blocked', 'Stopped', 'Something else'];
const AGENT_WORDS = ['Ready', 'Busy', 'Wrap', 'Away', 'Unexpected', 'LoggedOut', 'Ready', 'Something else'];

/** @template Item @param {Random} random @param {readonly Item[]} items */
function oneOf(random, items) {
  return /** @type {Item} */ (items[random.whole(0, items.length - 1)]);
}

/** @type {Record<import('@callfold/core').Source, (random: Random, id: string, startMs: number) => Line[]>} */
const SUBJECTS = {
  callcenter24(random, callId) {
    const words = COURSES[oneOf(random, Object.keys(COURSES))] ?? [];
    let afterMs = 0;
    return words.map((status) => {
      afterMs += random.whole(0, 1_500);
      return { afterMs, fields: { callId, status } };
    });
  },
  atlas: (random, callId, startMs) =>
    Array.from({ length: random.whole(1, 3) }, (_, version) => ({
      afterMs: version * random.whole(0, 4_000),
      fields: {
        callId,
        status: oneOf(random, LABELS),
        recordVersion: version + 1,
        startedAt: START + startMs - 5_000,
        endedAt: random.chance(0.8) ? START + startMs : null,
      },
    })),
  chatterfy(random, chatId) {
    let afterMs = 0;
    return Array.from({ length: random.whole(1, 7) }, () => {
      afterMs += random.whole(0, 3_000);
      return { afterMs, fields: { chatId, status: oneOf(random, CHAT_WORDS) } };
    });
  },
  vonage(random, agentId) {
    let afterMs = 0;
    return Array.from({ length: random.whole(2, 8) }, () => {
      const before = afterMs;
      afterMs += random.whole(1, 2_500);
      const duration = random.chance(0.5) ? null : afterMs - before;
      return { afterMs: before, fields: { agentId, state: oneOf(random, AGENT_WORDS), duration } };
    });
  },
};

/**
 * @param {Random} random
 * @param {{ sources: readonly import('@callfold/core').Source[], partitions: number, lengthMs: number }} shape
 * @returns {Append[]} by time
 */
export function planInput(random, { sources, partitions, lengthMs }) {
  const { whole, chance } = random;
  /** @type {Append[]} */
  const appends = [];
  for (const source of sources) {
    const subjects = whole(2, 4 + 2 * partitions);
    for (let n = 0; n < subjects; n += 1) {
      const startMs = whole(0, Math.floor(lengthMs * 0.8));
      /** @type {Append | null} */
      let last = null;
      for (const { afterMs, fields } of SUBJECTS[source](random, `${source[0]}${n}`, startMs)) {
        const happened = startMs + afterMs;
        const raw = readEvent({ source, ...fields, occurredAt: START + happened });
        if ('rejected' in raw) throw new Error(raw.reason);
        const at = { topic: rawTopic(source), partition: partitionOf(raw.tenantId, raw.subjectId, partitions) };
        // Most come at once and in order, some later than others, a few when all is over.
        const late = chance(0.9) ? 0 : chance(0.8) ? whole(0, 3_000) : whole(5_000, 2 * lengthMs);
        const latestMs = lengthMs * LATEST_INPUT;
        const atMs = Math.min(happened + late, latestMs);
        last = { atMs, at, raw, dirt: null };
        appends.push(last);
        if (chance(0.08)) appends.push({ atMs: Math.min(atMs + whole(0, 8_000), latestMs), at, raw, dirt: null });
        if (chance(0.08)) appends.push(dirty(random, { atMs, at, raw, dirt: oneOf(random, DIRT) }, partitions));
      }
      // Drawn from nothing, so that a seed's other records are what they always were.
      if (last === null || startMs % ERASED_ONE_IN !== 0) continue;
      appends.push({
        ...last,
        atMs: startMs + Math.floor((startMs * 7) % (lengthMs * LATEST_INPUT - startMs)),
        erases: true,
      });
    }
  }
  return appends.sort((a, b) => a.atMs - b.atMs);
}

/** @param {Random} random @param {Append} append @param {number} partitions @returns {Append} */
function dirty({ whole }, append, partitions) {
  const { at, raw, dirt } = append;
  if (dirt === 'wrong partition') {
    return { ...append, at: { topic: at.topic, partition: (at.partition + whole(0, partitions - 1)) % partitions } };
  }
  if (dirt === 'from the future' && raw) return { ...append, raw: { ...raw, occurredAt: raw.occurredAt + 2 * DAY } };
  return append;
}

/**
 * The record's key and bytes.
 * @param {Append} append
 * @param {import('@callfold/engine').Codec} codec
 * @returns {import('@callfold/adapters').MemoryRecord}
 */
export function recordOf({ raw, dirt, erases }, codec) {
  const key = raw === null ? null : Buffer.from(subjectKey(raw.tenantId, raw.subjectId));
  if (erases) return { key, value: null, headers: [{ name: ERASE_HEADER, value: Buffer.from(erasureText([])) }] };
  const value = raw === null ? new Uint8Array() : codec.encodeRaw(raw);
  if (dirt === 'not avro') return { key, value: Buffer.from('{"status":"not avro"}'), headers: [] };
  if (dirt === 'cut off') return { key, value: value.slice(0, Math.floor(value.length / 2)), headers: [] };
  if (dirt === 'no value') return { key, value: null, headers: [] };
  if (dirt === 'unknown schema') return { key, value: UNKNOWN_SCHEMA, headers: [] };
  return { key, value, headers: [] };
}

/** In the wire format, of a schema that no registry has. */
export const UNKNOWN_SCHEMA = Buffer.from([0, 0, 0, 0x30, 0x39, 1, 2, 3]);
