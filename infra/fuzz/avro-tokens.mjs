// @ts-check
/**
 * Avro values as lists of tokens, so that they can be spoilt where it matters: a count, a length, a union's branch. A
 * writer of its own, because the product's refuses to write what is wrong.
 */

import { pick } from './corpus.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {{ role: 'long' | 'count' | 'length' | 'branch' | 'raw', n: bigint, raw: Buffer | null }} Token */

/** @param {Token['role']} role @param {number | bigint} n @returns {Token} */
const number = (role, n) => ({ role, n: BigInt(n), raw: null });
/** @param {Uint8Array} bytes @returns {Token} */
const raw = (bytes) => ({ role: 'raw', n: 0n, raw: Buffer.from(bytes) });

/** Arithmetic shift of a 64-bit number, as Avro's zigzag. @param {bigint} n */
export function varint(n) {
  let rest = BigInt.asUintN(64, n >= 0n ? n << 1n : (-n << 1n) - 1n);
  const bytes = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** @param {Uint8Array} bytes @returns {Token[]} */
const sized = (bytes) => [number('length', bytes.length), raw(bytes)];

/**
 * Items in one block or several, some with their size in bytes in front: all are legal.
 * @param {Random | null} random null: one plain block
 * @param {readonly Token[][]} items
 * @returns {Token[]}
 */
function blocks(random, items) {
  const tokens = [];
  for (let from = 0; from < items.length; ) {
    const some = random ? random.whole(1, items.length - from) : items.length;
    const block = items.slice(from, from + some).flat();
    if (random?.chance(0.3)) {
      tokens.push(number('count', -some), number('length', bytesOf(block).length), ...block);
    } else {
      tokens.push(number('count', some), ...block);
    }
    from += some;
  }
  return [...tokens, number('count', 0)];
}

/**
 * A value of this project's own schemas, as the codec would write it.
 * @param {any} schema
 * @param {any} value
 * @param {Random | null} random for the blocks of maps; null: one plain block
 * @returns {Token[]}
 */
export function tokensOf(schema, value, random) {
  const type = Array.isArray(schema) || typeof schema === 'string' ? schema : schema.type;
  if (Array.isArray(type)) {
    if (value === null) return [number('branch', 0)];
    return [number('branch', 1), ...tokensOf(type[1], value, random)];
  }
  switch (type) {
    case 'record':
      return schema.fields.flatMap((/** @type {any} */ field) => tokensOf(field.type, value[field.name], random));
    case 'string':
      return sized(Buffer.from(value));
    case 'bytes':
      return sized(value);
    case 'map': {
      const items = Object.entries(value).map(([name, one]) => [
        ...sized(Buffer.from(name)),
        ...tokensOf(schema.values, one, random),
      ]);
      return blocks(random, items);
    }
    default:
      return [number('long', value)];
  }
}

/** Names that a schema defines, for where it refers to them. @param {any} schema @param {Map<string, any>} names */
function define(schema, names) {
  if (typeof schema?.name === 'string' && schema.type !== undefined) names.set(schema.name, schema);
}

/**
 * Any value of any schema.
 * @param {any} schema
 * @param {Random} random
 * @param {number} depth how much deeper it may nest
 * @param {Map<string, any>} [names]
 * @returns {Token[]}
 */
export function anyTokens(schema, random, depth, names = new Map()) {
  define(schema, names);
  if (typeof schema === 'string' && names.has(schema)) return anyTokens(names.get(schema), random, depth - 1, names);
  if (Array.isArray(schema)) {
    const branch = depth <= 0 ? 0 : random.whole(0, schema.length - 1);
    return [number('branch', branch), ...anyTokens(schema[branch], random, depth - 1, names)];
  }
  const type = typeof schema === 'string' ? schema : schema.type;
  const many = (/** @type {any} */ part) =>
    Array.from({ length: depth <= 0 ? 0 : random.whole(0, 4) }, () => anyTokens(part, random, depth - 1, names));
  switch (type) {
    case 'null':
      return [];
    case 'record':
      return schema.fields.flatMap((/** @type {any} */ field) => anyTokens(field.type, random, depth, names));
    case 'string':
      return sized(Buffer.from(pick(random, ['default', 'x', '2026-01-05T09:00:00Z', 'Call ended', ''])));
    case 'bytes':
      return sized(Buffer.alloc(random.whole(0, 9), 7));
    case 'array':
      return blocks(random, many(schema.items));
    case 'map':
      return blocks(
        random,
        many(schema.values).map((item) => [...sized(Buffer.from('k')), ...item]),
      );
    case 'fixed':
      return [raw(Buffer.alloc(schema.size, 1))];
    case 'enum':
      return [number('branch', random.whole(0, schema.symbols.length - 1))];
    case 'boolean':
      return [raw(Buffer.from([random.whole(0, 1)]))];
    case 'float':
      return [raw(Buffer.alloc(4, random.whole(0, 255)))];
    case 'double':
      return [raw(Buffer.alloc(8, random.whole(0, 255)))];
    default:
      return typeof type === 'object'
        ? anyTokens(type, random, depth, names)
        : [number('long', pick(random, [0, 1, -1, 1_767_603_600_000]))];
  }
}

/** @param {readonly Token[]} tokens */
export function bytesOf(tokens) {
  return Buffer.concat(tokens.map((token) => token.raw ?? varint(token.n)));
}

const NUMBERS = [
  0n,
  1n,
  -1n,
  2n,
  20_000_000n,
  -20_000_000n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 52n,
  2n ** 53n - 1n,
  -(2n ** 53n),
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

/** Not UTF-8: half surrogates, an overlong zero, a lone continuation, a byte that never is, past the last character. */
const NOT_UTF8 = ['eda080', 'edbfbf', 'c080', '80', 'ff', 'f4908080', 'e282', 'f8888080'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const TEXTS = ['', ' ', '\u0000', '\ufffd', '\ufeff', '__proto__', 'constructor', 'a/b%2F', '\u202e', '🙂', 'ǆ'].map(
  (text) => Buffer.from(text),
);
/** Of one text in most cases, and of a few. */
const LONG_TEXT = 300;
const HUGE_TEXT = 1_100_000;

/** @type {readonly ((random: Random, tokens: Token[], at: number) => Token[])[]} */
const MUTATIONS = [
  function otherNumber(random, tokens, at) {
    return tokens.with(at, number('long', pick(random, NUMBERS)));
  },
  function numberNearby(random, tokens, at) {
    const { n } = /** @type {Token} */ (tokens[at]);
    return tokens.with(at, number('long', n + BigInt(random.whole(-3, 3))));
  },
  function endless(random, tokens, at) {
    return tokens.with(at, raw(Buffer.alloc(random.whole(1, 40), 0x80 | random.whole(0, 127))));
  },
  /** More bytes than the number needs: legal in some readers, and what some writers do. */
  function padded(_random, tokens, at) {
    const { n, raw: given } = /** @type {Token} */ (tokens[at]);
    const bytes = given ?? varint(n);
    if (bytes.length === 0 || bytes.length > 9) return tokens;
    const last = Buffer.from([(bytes.at(-1) ?? 0) | 0x80, 0x80, 0x00]);
    return tokens.with(at, raw(Buffer.concat([bytes.subarray(0, -1), last])));
  },
  function otherText(random, tokens, at) {
    const length = random.chance(0.002) ? HUGE_TEXT : random.whole(0, LONG_TEXT);
    const bytes = pick(random, [...NOT_UTF8, ...TEXTS, Buffer.alloc(length, 'x')]);
    const isLength = tokens[at]?.role === 'length';
    return tokens.toSpliced(at, isLength ? 2 : 1, ...(random.chance(0.8) ? sized(bytes) : [raw(bytes)]));
  },
  function drop(_random, tokens, at) {
    return tokens.toSpliced(at, 1);
  },
  function twice(_random, tokens, at) {
    return tokens.toSpliced(at, 0, /** @type {Token} */ (tokens[at]));
  },
  function swap(random, tokens, at) {
    const other = random.whole(0, tokens.length - 1);
    const [a, b] = [tokens[at], tokens[other]];
    return a && b ? tokens.with(at, b).with(other, a) : tokens;
  },
];

/** @param {Random} random @param {readonly Token[]} tokens */
export function mutateTokens(random, tokens) {
  let changed = [...tokens];
  for (let left = random.whole(1, 3); left > 0 && changed.length > 0; left -= 1) {
    changed = pick(random, MUTATIONS)(random, changed, random.whole(0, changed.length - 1));
  }
  return changed;
}
