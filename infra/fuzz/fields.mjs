// @ts-check
/** Valid events with one field moved to a limit or past it: here it is known what must become of each. */

import { LIMITS, MAX_TIME, MIN_TIME } from '@callfold/core';
import { pick, validJson } from './corpus.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('@callfold/core').Code} Code */
/** @typedef {{ what: string, fields: Record<string, unknown>, expect: Code | 'event' }} Change */

const TOO_MANY = 100_000;

/** @param {Record<string, unknown>} json */
function idNameOf(json) {
  return ['callId', 'chatId', 'agentId'].find((name) => name in json) ?? 'callId';
}

/** @param {Record<string, unknown>} json */
function timeNameOf(json) {
  return json['source'] === 'vonage' ? 'start' : 'occurredAt';
}

/** @param {Record<string, unknown>} json */
function statusNameOf(json) {
  return json['source'] === 'vonage' ? 'state' : 'status';
}

/** @param {number} length */
const text = (length) => 'é'.repeat(length);
/** @param {number} count */
const names = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));

/** @type {readonly ((random: Random, json: Record<string, unknown>) => Change)[]} */
const CHANGES = [
  (random, json) => atLimit(random, idNameOf(json), LIMITS.subjectId, text, 'bad-id'),
  (random) => atLimit(random, 'eventId', LIMITS.eventId, text, 'bad-id'),
  (random, json) => atLimit(random, statusNameOf(json), LIMITS.status, text, 'bad-field'),
  (random) => atLimit(random, 'attributes', LIMITS.rawAttributes, names, 'bad-field'),
  (random) => atLimit(random, 'attributes', LIMITS.rawAttributeName, (n) => ({ [text(n)]: 'v' }), 'bad-field'),
  (random) => atLimit(random, 'attributes', LIMITS.rawAttributeValue, (n) => ({ k: text(n) }), 'bad-field'),
  (random) => atLimit(random, 'tenantId', 64, (n) => 'T'.repeat(n), 'bad-tenant'),
  (random, json) => {
    const name = timeNameOf(json);
    const [at, expect] = pick(
      random,
      /** @type {const} */ ([
        [MIN_TIME, 'event'],
        [MIN_TIME - 1, 'time-out-of-range'],
        [MAX_TIME - 1, 'event'],
        [MAX_TIME, 'time-out-of-range'],
        [8.64e15, 'time-out-of-range'],
        [-8.64e15, 'time-out-of-range'],
        [Number.MAX_SAFE_INTEGER, 'time-out-of-range'],
        [0, 'time-out-of-range'],
      ]),
    );
    // A stay would reach past the calendar where only its start is meant.
    return { what: `${name} is ${at}`, fields: { [name]: at, duration: null }, expect };
  },
  (random, json) => {
    const at = pick(random, [
      '2024-02-30T10:00:00Z',
      '2024-1-1T00:00:00Z',
      '2024-02-29 10:00:00Z',
      'now',
      '1709200800000',
    ]);
    return { what: `the time is ${at}`, fields: { [timeNameOf(json)]: at }, expect: 'bad-time' };
  },
  (_random, json) => ({ what: 'no time', fields: { [timeNameOf(json)]: null }, expect: 'missing-time' }),
  (random, json) => {
    const id = pick(random, ['', ' ', '\t', null]);
    return { what: 'no id', fields: { [idNameOf(json)]: id }, expect: 'missing-id' };
  },
  (random, json) => {
    const id = pick(random, ['a\ud800', '\udc00', true, {}, ['x'], 0.5, 2 ** 60]);
    return { what: `the id is ${JSON.stringify(id)}`, fields: { [idNameOf(json)]: id }, expect: 'bad-id' };
  },
  (random) => {
    const tenantId = pick(random, ['a/b', 'a b', '', 'é', 7, '../x', 'x\n']);
    return { what: `the tenant is ${JSON.stringify(tenantId)}`, fields: { tenantId }, expect: 'bad-tenant' };
  },
  (random, json) => {
    const id = pick(random, ['a/b', '%2F', '../..', '🙂', 'ı', 42, -7, '__proto__', 'constructor', ' x ']);
    return { what: `the id is ${id}`, fields: { [idNameOf(json)]: id }, expect: 'event' };
  },
  (random, json) => {
    const depth = random.whole(1, LIMITS.status / 4);
    const status = `Participant join (${'['.repeat(depth)}A${']'.repeat(depth)})`;
    return { what: `${depth} brackets`, fields: { [statusNameOf(json)]: status }, expect: 'event' };
  },
  (random) => ({
    what: `${TOO_MANY} attributes`,
    fields: random.chance(0.01) ? { attributes: names(TOO_MANY) } : { attributes: names(LIMITS.rawAttributes + 1) },
    expect: 'bad-field',
  }),
  (random) => {
    const attributes = pick(random, [[], ['a'], 'text', 7, { a: 1 }, { a: {} }, JSON.parse('{"__proto__":"x"}')]);
    return { what: `attributes are ${JSON.stringify(attributes)}`, fields: { attributes }, expect: 'bad-field' };
  },
];

/**
 * @param {Random} random
 * @param {string} name
 * @param {number} limit
 * @param {(size: number) => unknown} make
 * @param {Code} code
 * @returns {Change}
 */
function atLimit(random, name, limit, make, code) {
  const over = random.chance(0.5);
  const size = over ? limit + (random.chance(0.5) ? 1 : random.whole(1, 5_000)) : limit - random.whole(0, 1);
  return {
    what: `${name} of ${size}, ${limit} is the limit`,
    fields: { [name]: make(size) },
    expect: over ? code : 'event',
  };
}

/** @param {Random} random @returns {{ json: Record<string, unknown>, what: string, expect: Code | 'event' }} */
export function changedFields(random) {
  const valid = validJson(random);
  const { what, fields, expect } = pick(random, CHANGES)(random, valid);
  return { json: { ...valid, ...fields }, what: `${valid['source']}: ${what}`, expect };
}
