// @ts-check
/** JSON as it comes from whoever does not write it with a library: texts, lines and whole documents. */

import { mutateBytes } from './bytes.mjs';
import { pick, validJson } from './corpus.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/** The last costs as much as a hundred records of the usual kind. */
const DEEP = [...Array.from({ length: 19 }, (_, i) => 5 + i * 100), 100_000];
const LONG = [255, 256, 257, 1_025, 4_097, 16_385];
/** Past the longest line that is read. */
const OVERLONG = 1_100_000;

/** Texts of JSON, or nearly, that stand where a value should. @type {readonly ((random: Random) => string)[]} */
const VALUES = [
  () => '1e400',
  () => '-1e400',
  () => '-0',
  () => '1e-400',
  () => '0.1',
  () => '9007199254740993',
  () => '123456789012345678901234567890',
  (random) => String(random.whole(-2_000_000_000, 2_000_000_000)) + '0'.repeat(random.whole(0, 12)),
  () => 'NaN',
  () => 'Infinity',
  () => '0x10',
  () => '01',
  () => 'true',
  () => 'null',
  () => 'undefined',
  () => '[]',
  () => '{}',
  () => '""',
  () => '" "',
  () => '"\\ud800"',
  () => '"a\\udc00b"',
  () => '"\\u0000"',
  () => '"\\ufeff"',
  () => "'single'",
  () => '"2024-02-30T00:00:00Z"',
  () => '"2024-02-29T10:00:00"',
  () => '"9999-12-31T23:59:59.999999999+23:59"',
  () => '{"__proto__":{"polluted":"yes"}}',
  () => '{"constructor":{"prototype":{"polluted":"yes"}}}',
  () => '{"__proto__":"x","a":"\\ud800"}',
  () => '{"a":null,"b":1}',
  (random) => `"${'x'.repeat(pick(random, LONG))}"`,
  (random) => `"${'🙂'.repeat(pick(random, LONG) >> 1)}"`,
  (random) => nested(pick(random, DEEP), '[', ']'),
  (random) => nested(pick(random, DEEP), '{"a":', '}'),
  (random) => '['.repeat(pick(random, DEEP)),
  (random) => `{${Array.from({ length: pick(random, [256, 257, 2_000]) }, (_, i) => `"k${i}":"v"`).join(',')}}`,
];

/** @param {number} depth @param {string} open @param {string} close */
function nested(depth, open, close) {
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

const NAMES = ['__proto__', 'constructor', 'toString', 'source', 'callId', 'chatId', 'agentId', 'occurredAt', 'start'];
const MORE_NAMES = ['status', 'state', 'duration', 'attributes', 'tenantId', 'eventId', 'recordVersion', 'STATUS', ''];
const SPACES = ['', ' ', '\t', '\r', ' \t ', '\u00a0', '\u2028', '\ufeff'];

/** @param {Random} random @returns {string} one line's text */
export function mutatedText(random) {
  /** @type {[string, string][]} names and values as JSON writes them */
  const members = Object.entries(validJson(random)).map(([name, value]) => [
    JSON.stringify(name),
    JSON.stringify(value),
  ]);
  for (let left = random.whole(1, 3); left > 0; left -= 1) {
    const at = random.whole(0, members.length - 1);
    const [name, value] = /** @type {[string, string]} */ (members[at]);
    const other = JSON.stringify(pick(random, [...NAMES, ...MORE_NAMES]));
    switch (random.whole(0, 5)) {
      case 0:
      case 1:
        members[at] = [name, pick(random, VALUES)(random)];
        break;
      case 2:
        members[at] = [other, value];
        break;
      case 3:
        members.push([name, pick(random, VALUES)(random)]);
        break;
      case 4:
        members.push([other, pick(random, VALUES)(random)]);
        break;
      default:
        if (members.length > 1) members.splice(at, 1);
    }
  }
  const space = () => (random.chance(0.05) ? pick(random, SPACES) : '');
  const inside = members.map(([name, value]) => `${space()}${name}${space()}:${space()}${value}`).join(',');
  return `${space()}{${inside}${random.chance(0.02) ? ',' : ''}}${space()}`;
}

/** @param {Random} random @returns {Buffer} one line, which may hold line ends where bytes were changed */
function line(random) {
  const [share, valid] = [random.next(), Buffer.from(JSON.stringify(validJson(random)))];
  if (share < 0.1) return valid;
  if (share < 0.15) return Buffer.from(pick(random, ['', ' ', '\r', '\t', '[]', 'null', '"x"', '\ufeff', '{', '{}']));
  if (share < 0.151) return Buffer.alloc(OVERLONG + random.whole(0, 9), pick(random, ['x', ' ', '[']));
  if (share < 0.75) return Buffer.from(mutatedText(random));
  return mutateBytes(random, random.chance(0.5) ? valid : Buffer.from(mutatedText(random)), valid);
}

const LINES_MOST = 12;

/** @param {Random} random @returns {Buffer} some lines, their ends of either kind, the last perhaps without */
export function mutatedDocument(random) {
  const mark = random.chance(0.05) ? [Buffer.from('\ufeff')] : [];
  const end = random.chance(0.2) ? '\r\n' : '\n';
  const lines = Array.from({ length: random.whole(1, LINES_MOST) }, () => [line(random), Buffer.from(end)]).flat();
  return Buffer.concat([...mark, ...(random.chance(0.3) ? lines.slice(0, -1) : lines)]);
}

/** @param {Random} random @param {Buffer} bytes @returns {Buffer[]} the same in pieces of any size */
export function chunksOf(random, bytes) {
  const chunks = [];
  const most = pick(random, [7, 64, 4_096, 65_536]);
  for (let from = 0; from < bytes.length; ) {
    const size = bytes.length > 100_000 ? 65_536 : random.whole(0, most);
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return chunks;
}
