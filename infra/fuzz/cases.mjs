// @ts-check
/** The case of an index: the same seed and index give the same bytes on every machine, whatever else is run. */

import { rawTopic, SOURCES, isRejection } from '@callfold/core';
import { rawFields } from '@callfold/adapters';
import { SCHEMAS } from '@callfold/schemas';
import { readEvent } from '@callfold/sources';
import { createRandom } from '../random.mjs';
import { anyTokens, bytesOf, mutateTokens, tokensOf } from './avro-tokens.mjs';
import { mutateBytes } from './bytes.mjs';
import { pick, validJson } from './corpus.mjs';
import { changedFields } from './fields.mjs';
import { FOREIGN } from './foreign.mjs';
import { chunksOf, mutatedDocument } from './json-text.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('@callfold/core').Source} Source */
/** @typedef {import('@callfold/core').RawEvent} RawEvent */
/** @typedef {ReadonlyMap<string, number>} Ids schema ids by topic */
/** @typedef {{ kind: 'avro', what: string, source: Source, value: Buffer, must: RawEvent | null }} AvroCase */
/** @typedef {{ kind: 'json', what: string, bytes: Buffer, chunks: Buffer[] }} JsonCase */
/** @typedef {{ kind: 'field', what: string, json: Record<string, unknown>, expect: string }} FieldCase */
/** @typedef {AvroCase | JsonCase | FieldCase} Case */

const HEAD_BYTES = 5;
const DEEP_BYTES = [1_000, 100_000, 900_000];
const TOO_LARGE = 1_048_577;
const DEPTH = 6;
const STRANGE_IDS = [0, 1, -1, 999, 2 ** 31 - 1, -(2 ** 31), 987_654];

/** @param {number} id @param {Uint8Array} body */
export function framed(id, body) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

/** @param {Random} random @returns {RawEvent} */
function validEvent(random) {
  const event = readEvent(validJson(random));
  if (isRejection(event)) throw new Error(`the corpus made no event: ${event.reason}`);
  return event;
}

/** @param {RawEvent} event @param {Random | null} random */
function tokensOfEvent(event, random) {
  const topic = /** @type {keyof typeof SCHEMAS} */ (rawTopic(event.source));
  return tokensOf(SCHEMAS[topic], rawFields(event), random);
}

/** @param {Random} random @param {Ids} ids @returns {AvroCase} */
export function avroCase(random, ids) {
  const event = validEvent(random);
  const { source } = event;
  const id = ids.get(rawTopic(source)) ?? 0;
  const make = (
    /** @type {string} */ what,
    /** @type {Buffer} */ value,
    /** @type {RawEvent | null} */ must = null,
  ) => ({
    kind: /** @type {const} */ ('avro'),
    what,
    source,
    value,
    must,
  });
  const tokens = tokensOfEvent(event, random);
  const share = random.next();
  if (share < 0.05) return make('as it should be', framed(id, bytesOf(tokens)), event);
  if (share < 0.45) return make('tokens', framed(id, bytesOf(mutateTokens(random, tokens))));
  if (share < 0.65) {
    const other = framed(
      ids.get(rawTopic(pick(random, SOURCES))) ?? 0,
      bytesOf(tokensOfEvent(validEvent(random), null)),
    );
    const value = framed(id, bytesOf(tokens));
    return make(
      'bytes',
      random.chance(0.5)
        ? mutateBytes(random, value, other)
        : framed(id, mutateBytes(random, value.subarray(HEAD_BYTES), other)),
    );
  }
  if (share < 0.72) return make('under another schema', framed(pick(random, [...ids.values()]), bytesOf(tokens)));
  if (share < 0.75) return make('under a strange id', framed(pick(random, STRANGE_IDS), bytesOf(tokens)));
  if (share < 0.7503) return make('too large', Buffer.alloc(TOO_LARGE + random.whole(0, 9), 2));
  if (share < 0.752) {
    const { id: foreign } = pick(
      random,
      FOREIGN.filter((one) => one.source === source),
    );
    return make('deep', framed(foreign, Buffer.alloc(pick(random, DEEP_BYTES), pick(random, [0x02, 0x04, 0x01]))));
  }
  const foreign = pick(
    random,
    FOREIGN.filter((one) => one.source === source),
  );
  const written = isSchema(foreign.schema) ? anyTokens(foreign.schema, random, DEPTH) : tokens;
  const spoilt = random.chance(0.4) ? written : mutateTokens(random, written);
  const body = bytesOf(spoilt);
  return make(
    `foreign, ${foreign.what}`,
    framed(foreign.id, random.chance(0.2) ? mutateBytes(random, body, body) : body),
  );
}

/** @param {any} schema */
function isSchema(schema) {
  // Doubled forty times it would be written for ever.
  return !('unusable' in schema) && schema.type !== 'recrod' && !JSON.stringify(schema).includes('"D0"');
}

/** @param {string | number} seed @param {number} index @param {Ids} ids @returns {Case} */
export function caseOf(seed, index, ids) {
  const random = createRandom(`${seed}/${index}`);
  const share = random.next();
  if (share < 0.72) return avroCase(random, ids);
  if (share < 0.84) {
    const { json, what, expect } = changedFields(random);
    return { kind: 'field', what, json, expect };
  }
  const bytes = mutatedDocument(random);
  return { kind: 'json', what: 'a document', bytes, chunks: chunksOf(random, bytes) };
}
