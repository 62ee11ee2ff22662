// @ts-check
/** What must hold of whatever comes in: it is an event within every limit, or it is refused once, with a code. */

import { isDeepStrictEqual } from 'node:util';
import {
  CODES,
  DEFAULT_SETTINGS,
  LIMITS,
  MAX_TIME,
  MIN_TIME,
  TENANT,
  decodeState,
  emptyState,
  encodeState,
  isRejection,
  partitionOf,
  rawTopic,
  recordJson,
  subjectKey,
} from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { SCHEMAS } from '@callfold/schemas';
import { createNdjsonReader, readEvent, readFields } from '@callfold/sources';
import { readAvro } from './reference.mjs';

/** @typedef {import('@callfold/core').RawEvent} RawEvent */
/** @typedef {import('@callfold/core').Rejection} Rejection */
/** @typedef {import('@callfold/sources').NdjsonItem} NdjsonItem */
/** @typedef {import('./cases.mjs').Case} Case */
/** @typedef {{ event: number, rejected: Map<string, number>, lines: number }} Tally */

/** A reason is read by people, and quotes no more of the input than they can take in. */
const REASON_CHARACTERS = 600;
/** Subjects folded before the fold is ended and begun anew: the fuzzer's own memory is bounded as well. */
const FOLDED_EVENTS = 3_000;
const PARTITIONS = 7;
const NEWLINE = 10;
const HEAD_BYTES = 5;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param {boolean} holds @param {() => string} say */
function must(holds, say) {
  if (!holds) throw new Error(say());
}

/** @param {Uint8Array} bytes @returns {string | null} */
function decodeUtf8(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** @param {Rejection} rejection */
function checkRejection({ rejected, reason }) {
  must(Object.hasOwn(CODES, rejected), () => `refused with a code that is none: ${rejected}`);
  must(reason.startsWith(CODES[rejected]), () => `the reason does not begin with the code's words: ${reason}`);
  must(reason.length <= REASON_CHARACTERS, () => `a reason of ${reason.length} characters: ${reason.slice(0, 80)}…`);
}

/** @param {RawEvent} event */
function checkLimits(event) {
  const { tenantId, subjectId, eventId, occurredAt, status, attributes, startedAt, endedAt, description } = event;
  const within = (/** @type {string | null} */ text, /** @type {number} */ most) =>
    text === null || (typeof text === 'string' && text.length <= most && !/\p{Surrogate}/u.test(text));
  must(TENANT.test(tenantId), () => `taken with the tenant ${JSON.stringify(tenantId)}`);
  must(subjectId.trim() !== '' && within(subjectId, LIMITS.subjectId), () => 'taken with its id past the limit');
  must(eventId !== '' && within(eventId, LIMITS.eventId), () => 'taken with its event id past the limit');
  must(within(status, LIMITS.status), () => 'taken with its status past the limit');
  must(within(description, LIMITS.description), () => 'taken with its description past the limit');
  for (const at of [occurredAt, startedAt, endedAt]) {
    const good = at === null || (Number.isInteger(at) && at >= MIN_TIME && at < MAX_TIME && !Object.is(at, -0));
    must(good, () => `taken with the time ${at}`);
  }
  for (const n of [event.duration, event.recordVersion]) {
    must(n === null || (Number.isSafeInteger(n) && !Object.is(n, -0)), () => `taken with the number ${n}`);
  }
  const pairs = Object.entries(attributes ?? {});
  must(pairs.length <= LIMITS.rawAttributes, () => `taken with ${pairs.length} attributes`);
  for (const [name, value] of pairs) {
    must(within(name, LIMITS.rawAttributeName), () => 'taken with the name of an attribute past the limit');
    must(value !== null && within(value, LIMITS.rawAttributeValue), () => 'taken with an attribute past the limit');
  }
}

/** @param {import('@callfold/core').DerivedRecord} record @param {import('@callfold/adapters').AvroCodec} codec */
function checkRecord(record, codec) {
  const topic = /** @type {Record<string, string>} */ ({
    'call-outcome': 'callfold.call-outcomes',
    'agent-offer': 'callfold.agent-offers',
    'chat-outcome': 'callfold.chat-outcomes',
    'chat-handoff': 'callfold.chat-handoffs',
    'agent-interval': 'callfold.agent-intervals',
  })[record.kind];
  // A file has no append time; on a log there is one.
  const logged = { ...record, ingestedAt: record.ingestedAt ?? record.occurredAt };
  const again = codec.decodeDerived(String(topic), codec.encode(String(topic), logged));
  const [was, is] = [logged, again].map((each) => JSON.stringify(recordJson(/** @type {any} */ (each))));
  must(is === was, () => `a record is another once it was encoded: ${was}, ${is}`);
}

/** @param {import('@callfold/adapters').AvroCodec} codec @param {ReadonlyMap<string, number>} ids by topic */
export function createChecks(codec, ids) {
  let offline = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  let folded = 0;
  /** @type {Tally} */
  const tally = { event: 0, rejected: new Map(), lines: 0 };

  function endFold() {
    for (const record of offline.end()) checkRecord(record, codec);
    for (const state of offline.states()) {
      const text = encodeState(state);
      const key = subjectKey(state.tenantId, state.subjectId);
      // Made of what was read, and not of the text that it was read from.
      const again = encodeState({ ...decodeState(text, state.source, key), factsText: null });
      must(again === text, () => `the state of ${key} is another once it was kept: ${text}`);
      const { tenantId, subjectId } = emptyState(state.source, key);
      must(tenantId === state.tenantId && subjectId === state.subjectId, () => `the key ${key} names another subject`);
    }
    offline = createOfflineFold(fileRules(DEFAULT_SETTINGS));
    folded = 0;
  }

  /** @param {RawEvent} event */
  function checkEvent(event) {
    checkLimits(event);
    const again = codec.decode(event.source, codec.encodeRaw(event));
    must(isDeepStrictEqual(again, event), () => 'the event is another once it was encoded and decoded');
    const partition = partitionOf(event.tenantId, event.subjectId, PARTITIONS);
    must(partition >= 0 && partition < PARTITIONS, () => `it belongs to partition ${partition}`);
    for (const record of offline.push(event).records) checkRecord(record, codec);
    folded += 1;
    if (folded >= FOLDED_EVENTS) endFold();
  }

  /** @param {RawEvent | Rejection} found */
  function account(found) {
    if (isRejection(found)) {
      checkRejection(found);
      tally.rejected.set(found.rejected, (tally.rejected.get(found.rejected) ?? 0) + 1);
      return;
    }
    tally.event += 1;
    checkEvent(found);
  }

  /** @param {Extract<Case, { kind: 'avro' }>} one */
  function checkAvro({ source, value, must: wanted }) {
    const found = codec.decode(source, value);
    account(found);
    if (wanted) must(isDeepStrictEqual(found, wanted), () => 'a valid record was read as something else');
    const topic = /** @type {keyof typeof SCHEMAS} */ (rawTopic(source));
    if (value.length < HEAD_BYTES || value[0] !== 0 || value.length > LIMITS.recordBytes) return;
    if (value.readInt32BE(1) !== ids.get(topic)) return;
    const fields = readAvro(SCHEMAS[topic], value.subarray(HEAD_BYTES));
    const should = fields ? readFields(source, fields) : 'not-avro';
    const does = should === 'not-avro' && isRejection(found) ? found.rejected : found;
    must(isDeepStrictEqual(does, should), () => `read as ${JSON.stringify(found)}, it is ${JSON.stringify(should)}`);
  }

  /** @param {Extract<Case, { kind: 'field' }>} one */
  function checkFields({ json, expect }) {
    const read = readEvent(json);
    account(read);
    const became = isRejection(read) ? read.rejected : 'event';
    must(became === expect, () => `it became ${isRejection(read) ? read.reason : 'an event'}; expected: ${expect}`);
  }

  /** @param {Extract<Case, { kind: 'json' }>} one */
  function checkDocument({ bytes, chunks }) {
    const reader = createNdjsonReader({ decodeUtf8 });
    const items = [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()];
    const wanted = linesOf(bytes);
    const seen = items.map(({ line }) => line).join(' ');
    must(seen === wanted.map(({ line }) => line).join(' '), () => `lines accounted for: ${seen}`);
    for (const [index, item] of items.entries()) {
      const found = 'event' in item ? item.event : item.rejection;
      account(found);
      const said = wanted[index]?.said ?? null;
      must(said === null || isDeepStrictEqual(said, found), () => `line ${item.line} is read otherwise than alone`);
    }
    tally.lines += items.length;
    return items.length;
  }

  return {
    tally,
    endFold,
    /** @param {Case} one @returns {number} records it held; throws what does not hold. */
    check(one) {
      if (one.kind === 'json') return checkDocument(one);
      if (one.kind === 'avro') checkAvro(one);
      else checkFields(one);
      return 1;
    },
  };
}

/**
 * The lines that must be accounted for, found in another way than the reader's; `said` is null where the text is not
 * JSON, or not read at all.
 * @param {Buffer} bytes
 * @returns {{ line: number, said: RawEvent | Rejection | null }[]}
 */
function linesOf(bytes) {
  const found = [];
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline < 0 ? bytes.length : newline;
    const own = bytes.subarray(from, end);
    from = end + 1;
    if (own.length > LIMITS.recordBytes) {
      found.push({ line, said: null });
      continue;
    }
    const decoded = decodeUtf8(own);
    const text = line === 1 ? decoded?.replace(/^\ufeff/, '') : decoded;
    if (text !== undefined && text !== null && /^[ \t\r]*$/.test(text)) continue;
    found.push({ line, said: saidOf(text ?? null) });
  }
  return found;
}

/** @param {string | null} text */
function saidOf(text) {
  if (text === null) return null;
  try {
    return readEvent(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
