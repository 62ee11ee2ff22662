/** No value of any schema may cost more than its own length: counted in bytes looked at, not in seconds. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecode, createEncode, shapeOf, whyUnread } from '../src/avro/avsc.ts';
import { checkSchemaSize } from '../src/avro/schema-size.ts';

/** Many cases in one test; other suites may share the machine. */
const SLOW = { timeout: 30_000 };

type Field = { readonly name: string; readonly type: unknown; readonly default?: unknown };

const record = (...fields: Field[]) => ({ type: 'record', name: 'R', fields });
const list = (items: unknown) => ({ type: 'array', items });
const map = (values: unknown) => ({ type: 'map', values });

/** An Avro long. */
function long(n: number): number[] {
  const bytes: number[] = [];
  let rest = n >= 0 ? BigInt(n) * 2n : BigInt(-n) * 2n - 1n;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Bytes that count how often they are looked at one by one; texts are cut out of them at once, after a check. */
function counted(bytes: readonly number[] | Uint8Array) {
  const counts = { reads: 0 };
  const buffer = Buffer.from(bytes);
  const proxy = new Proxy(buffer, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) counts.reads += 1;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
  return { counts, proxy };
}

/** What reading costs, and how it ends. */
function read(schema: object, bytes: readonly number[], reader: object = schema) {
  const { counts, proxy } = counted(bytes);
  const decode = createDecode(schema, shapeOf(reader));
  try {
    return { ...counts, value: decode(proxy, 0), reads: counts.reads, why: null };
  } catch (error) {
    return { value: null, reads: counts.reads, why: whyUnread(error) };
  }
}

const MILLIONS = 20_000_000;

describe('a count that the bytes cannot hold is refused before the first item', () => {
  const cases: [string, unknown, number[]][] = [
    ['list of longs', list('long'), long(MILLIONS)],
    ['list of nulls', list('null'), long(MILLIONS)],
    ['list of texts', list('string'), long(MILLIONS)],
    ['list of empty records', list({ type: 'record', name: 'E', fields: [] }), long(MILLIONS)],
    ['map', map('long'), long(MILLIONS)],
    ['block with its size', list('long'), [...long(-MILLIONS), ...long(8)]],
    ['list in a list', list(list('null')), [...long(1), ...long(MILLIONS)]],
    ['count of 64 bits', list('long'), [...Array.from({ length: 9 }, () => 255), 1]],
  ];

  test.each(cases)('%s, read', (_name, type, bytes) => {
    const found = read(record({ name: 'a', type }), bytes);
    expect(found.why).toMatch(/^a list or map of/);
    expect(found.reads).toBeLessThanOrEqual(bytes.length + 12);
  });

  test.each(cases)('%s, in a field that is passed over', (_name, type, bytes) => {
    const writer = record({ name: 'extra', type }, { name: 'n', type: 'int' });
    const found = read(writer, [...bytes, 0, 0], record({ name: 'n', type: 'int' }));
    expect(found.value).toBeNull();
    expect(found.reads).toBeLessThanOrEqual(bytes.length + 14);
  });
});

test.each([
  ['a number', 'long', [0]],
  ['a length', 'string', [0]],
  ['a length of bytes', 'bytes', [0]],
  ['a count', list('long'), [0]],
  ['a block with its size', list('long'), [1, 0]],
  ['a branch', ['null', 'long'], [0]],
])('%s that goes on past 64 bits is refused, whatever it would come to', (_name, type, start) => {
  for (const end of [0, 1, 127]) {
    const bytes = [...start.slice(0, -1), ...Array.from({ length: 11 }, () => 0x80), end];
    expect(read(record({ name: 'a', type }), bytes).why).toBe('a whole number of more than 10 bytes');
  }
  // More bytes than needed are legal up to there.
  const padded = [...start.slice(0, -1), ...Array.from({ length: 9 }, () => 0x80), 0];
  expect(read(record({ name: 'a', type }), [...padded, 0]).why).not.toBe('a whole number of more than 10 bytes');
});

test('a list whose items reach past the end is left with the first that does', () => {
  const wide = record(...Array.from({ length: 50 }, (_, i) => ({ name: `f${i}`, type: 'long' })));
  const found = read(record({ name: 'a', type: list({ ...wide, name: 'W' }) }), [
    ...long(900),
    ...Array.from({ length: 980 }, () => 0),
  ]);
  expect(found.why).toBe('it ends inside a list or map');
  expect(found.reads).toBeLessThanOrEqual(1_100);
});

test('items that take no byte are refused, however few', () => {
  expect(read(record({ name: 'a', type: list('null') }), [...long(1), 0, 0, 0]).why).toBe(
    'list items that take no bytes',
  );
});

test('a block that is passed over cannot lead back', () => {
  const writer = record({ name: 'extra', type: list('long') }, { name: 'n', type: 'int' });
  const found = read(writer, [...long(-1), ...long(-2), 0, 0], record({ name: 'n', type: 'int' }));
  expect(found.why).toBe('a block of -2 bytes');
});

test('legal blocks of every kind are read and passed over', () => {
  const writer = record({ name: 'a', type: list('long') }, { name: 'm', type: map('int') }, { name: 'n', type: 'int' });
  const blocks = [...long(2), ...long(7), ...long(-8), ...long(-1), ...long(1), ...long(9), 0];
  const entries = [...long(-1), ...long(3), ...long(1), 120, ...long(5), ...long(1), ...long(1), 121, ...long(6), 0];
  const bytes = [...blocks, ...entries, ...long(3)];
  expect(read(writer, bytes).value).toEqual({ a: [7, -8, 9], m: { x: 5, y: 6 }, n: 3 });
  expect(read(writer, bytes, record({ name: 'n', type: 'int' })).value).toEqual({ n: 3 });
});

test('a text or bytes longer than what is left are refused before they are made', () => {
  for (const type of ['string', 'bytes']) {
    const found = read(record({ name: 'a', type }), [...long(MILLIONS), 65]);
    expect(found.why).toMatch(new RegExp(`of ${MILLIONS} bytes with 1 left`));
    expect(read(record({ name: 'a', type }), long(-5)).why).toMatch(/of -5 bytes/);
  }
});

test('recursion in schema and value ends as a refusal', () => {
  const node = { type: 'record', name: 'N', fields: [{ name: 'next', type: ['N', 'null'] }] };
  expect(
    read(
      node,
      Array.from({ length: 200_000 }, () => 0),
    ).why,
  ).toBe('it nests too deep');
  expect(read({ type: 'record', name: 'N', fields: [{ name: 'self', type: 'N' }] }, []).why).toBe('it nests too deep');
  expect(read(node, [0, 0, 2]).value).toEqual({ next: { next: { next: null } } });
});

test('text that is not UTF-8 is refused; U+FFFD itself is text', () => {
  const schema = record({ name: 'a', type: 'string' });
  for (const bad of [[255], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xc0, 0x80]]) {
    expect(read(schema, [...long(bad.length), ...bad]).why).toBe('a text that is not UTF-8');
  }
  expect(read(schema, [...long(3), 0xef, 0xbf, 0xbd]).value).toEqual({ a: '\ufffd' });
});

test('a key that would be a prototype is an entry like any other', () => {
  const schema = record({ name: 'a', type: map('string') });
  const value = { a: JSON.parse('{"__proto__":"x","b":"y"}') as object };
  const bytes = createEncode(shapeOf(schema))(value, 0);
  const found = createDecode(schema, shapeOf(schema))(bytes, 0)['a'] as object;
  expect(Object.entries(found)).toEqual([
    ['__proto__', 'x'],
    ['b', 'y'],
  ]);
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
});

describe('schemas that ask for more than any value could pay', () => {
  const twice = (depth: number, leaf: unknown): unknown =>
    depth === 0 ? leaf : record2(depth, twice(depth - 1, leaf));
  const record2 = (depth: number, inner: unknown) => ({
    type: 'record',
    name: `R${depth}`,
    namespace: 'a.b',
    fields: [
      { name: 'l', type: inner },
      { name: 'r', type: (inner as { name?: string }).name ?? inner },
    ],
  });

  test('records doubled forty times over are refused, ten times are read', () => {
    expect(() => checkSchemaSize(twice(40, 'boolean'))).toThrow('more than 10000 fields');
    expect(() => checkSchemaSize(twice(10, 'null'))).toThrow('more than 256 fields that take no byte');
    expect(() => checkSchemaSize(twice(8, 'null'))).not.toThrow();
    const ten = twice(10, 'boolean') as object;
    checkSchemaSize(ten);
    expect(read(ten, []).reads).toBeLessThanOrEqual(1_024);
  });

  test('in lists, maps and unions as well', () => {
    for (const wrap of [list, map, (type: unknown) => ['null', type]]) {
      const schema = record({ name: 'a', type: wrap(twice(40, 'boolean')) });
      expect(() => checkSchemaSize(schema)).toThrow('more than 10000 fields');
    }
    expect(() => checkSchemaSize(record({ name: 'a', type: { type: 'fixed', name: 'F', size: 0 } }))).not.toThrow();
  });
});

test('any bytes read by any schema: looked at a few times each, no more items than bytes', SLOW, () => {
  let names = 0;
  const leaf = fc.constantFrom('null', 'boolean', 'int', 'long');
  const { type: anyType } = fc.letrec<{ type: unknown }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      tie('type').map(list),
      tie('type').map((type): unknown => (Array.isArray(type) || type === 'null' ? type : ['null', type])),
      fc.array(tie('type'), { maxLength: 3 }).map((types) => ({
        type: 'record',
        name: `N${(names += 1)}`,
        fields: types.map((type, i) => ({ name: `f${i}`, type })),
      })),
    ),
  }));
  fc.assert(
    fc.property(anyType, fc.uint8Array({ maxLength: 64 }), fc.boolean(), (type, bytes, passedOver) => {
      const writer = record({ name: 'a', type }, { name: 'n', type: 'int' });
      const reader = passedOver ? record({ name: 'n', type: 'int' }) : writer;
      const found = read(writer, [...bytes], reader);
      // Past the end a record of this depth has at most 3 ** 4 fields to go.
      expect(found.reads).toBeLessThanOrEqual(bytes.length + 100);
      expect(JSON.stringify(found.value).length).toBeLessThan(1_000 + 40 * bytes.length * 81);
    }),
    { numRuns: 500 },
  );
});
