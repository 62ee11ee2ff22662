/**
 * The only file that knows the Avro library. What it adds: no value may make it read, write or wait for more than the
 * value's own bytes can hold, text is UTF-8 in both directions, and any Uint8Array is bytes.
 */

import avsc from 'avsc';
import type { TextBytes } from './texts.ts';
import { BadBytes, checkedText, REMEMBERED_BYTES, textAt } from './texts.ts';

/** Reads one value, with which the bytes must end. Throws an Error that says what is wrong with them. */
export type Decode = (bytes: Buffer, from: number) => Record<string, unknown>;

/** Writes one record after `head` bytes left free. Throws an Error that names the fields that do not fit. */
export type Encode = (record: object, head: number) => Buffer;

/** The library's cursor over a value; what it reads past the end is zeros, and `pos` goes on counting. */
type Tap = {
  readonly buf: TextBytes;
  pos: number;
  readLong(): number;
  writeLong(n: number): void;
  writeString(text: string): void;
  writeBytes(bytes: Buffer): void;
};

/** Of ES2024, which Node 20 has. */
type MaybeBroken = { isWellFormed(): boolean; toWellFormed(): string };

type Part = {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
  _write(tap: Tap, value: unknown): void;
};

function left(tap: Tap): number {
  return tap.buf.length - tap.pos;
}

/** Of 64 bits in groups of seven. */
const LONG_BYTES = 10;

/** The library goes on for as long as a byte says that another follows. */
function readLong(tap: Tap): number {
  const from = tap.pos;
  const n = tap.readLong();
  if (tap.pos - from <= LONG_BYTES) return n;
  throw new BadBytes(`a whole number of more than ${LONG_BYTES} bytes`);
}

/** Of the next block of a list or map. A count that the bytes left cannot hold is refused before it is acted on. */
function blockItems(tap: Tap): number {
  const n = readLong(tap);
  if (n < 0) readLong(tap);
  return possible(Math.abs(n), tap);
}

function possible(items: number, tap: Tap): number {
  if (items <= left(tap)) return items;
  throw new BadBytes(`a list or map of ${items} items with ${Math.max(0, left(tap))} bytes left`);
}

/** An item takes a byte at least, and none past the end: a value costs no more than its length, whatever its schema. */
function oneItem<T>(tap: Tap, take: (tap: Tap) => T): T {
  const from = tap.pos;
  const item = take(tap);
  if (tap.pos > from && left(tap) >= 0) return item;
  throw new BadBytes(left(tap) < 0 ? 'it ends inside a list or map' : 'list items that take no bytes');
}

function skipBlocks(tap: Tap, skipItem: (tap: Tap) => void): void {
  for (let n = readLong(tap); n !== 0; n = readLong(tap)) {
    if (n < 0) {
      // The block's size in bytes follows: a negative one would lead back, and round for ever.
      const size = possible(readLong(tap), tap);
      if (size < 0) throw new BadBytes(`a block of ${size} bytes`);
      tap.pos += size;
    } else {
      for (let i = possible(n, tap); i > 0; i -= 1) oneItem(tap, skipItem);
    }
  }
}

class BoundedArray extends avsc.types.ArrayType {
  /** Called on a resolver as well: only `itemsType` may be used of `this`. */
  _read(this: { readonly itemsType: Part }, tap: Tap): unknown[] {
    const items: unknown[] = [];
    const read = (at: Tap): unknown => this.itemsType._read(at);
    for (let n = blockItems(tap); n > 0; n = blockItems(tap)) {
      for (let i = 0; i < n; i += 1) items.push(oneItem(tap, read));
    }
    return items;
  }

  _skip(this: { readonly itemsType: Part }, tap: Tap): void {
    skipBlocks(tap, (at) => this.itemsType._skip(at));
  }
}

class BoundedMap extends avsc.types.MapType {
  _read(this: { readonly valuesType: Part }, tap: Tap): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let n = blockItems(tap); n > 0; n = blockItems(tap)) {
      for (let i = 0; i < n; i += 1) {
        const key = readText(tap);
        const value = this.valuesType._read(tap);
        if (key === '__proto__')
          Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
        else map[key] = value;
      }
    }
    return map;
  }

  _skip(this: { readonly valuesType: Part }, tap: Tap): void {
    skipBlocks(tap, (at) => {
      readText(at);
      this.valuesType._skip(at);
    });
  }
}

function take(tap: Tap, length: number, what: string): number {
  const from = tap.pos;
  if (!(length >= 0 && length <= left(tap))) {
    throw new BadBytes(`${what} of ${length} bytes with ${Math.max(0, left(tap))} left`);
  }
  tap.pos += length;
  return from;
}

function readText(tap: Tap): string {
  const length = readLong(tap);
  const from = take(tap, length, 'a text');
  if (length > 0 && length <= REMEMBERED_BYTES) return textAt(tap.buf, from, tap.pos);
  return checkedText(tap.buf, from, tap.pos);
}

/** Of one byte of length. */
const SHORT = 64;

/** Most texts are short and plain, and are written in one go. False: it is not, and nothing is written. */
function wroteShort(tap: Tap, text: string): boolean {
  const { length } = text;
  const { buf, pos } = tap;
  if (length >= SHORT || pos + 1 + length > buf.length) return false;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return false;
    buf[pos + 1 + at] = code;
  }
  buf[pos] = length << 1;
  tap.pos = pos + 1 + length;
  return true;
}

class Utf8 extends avsc.types.StringType {
  _read(tap: Tap): string {
    return readText(tap);
  }

  _write(tap: Tap, value: unknown): void {
    if (typeof value !== 'string') throw new TypeError('not a text');
    if (wroteShort(tap, value)) return;
    // Half a surrogate pair has no UTF-8; the library would write bytes that nobody can read.
    const text = value as unknown as MaybeBroken;
    tap.writeString(text.isWellFormed() ? value : text.toWellFormed());
  }
}

/** Up to here the library's arithmetic is exact; past 2 ** 52 it loses the last bit of a negative number, its sign. */
const EXACT = 2 ** 51;
class Long extends avsc.types.LongType {
  _read(tap: Tap): number {
    const from = tap.pos;
    const n = readLong(tap);
    if (n > -EXACT && n < EXACT) return n;
    let zigzag = 0n;
    for (let i = 0; i < LONG_BYTES && from + i < tap.buf.length; i += 1) {
      const byte = tap.buf[from + i] ?? 0;
      zigzag |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) break;
    }
    const exact = Number((zigzag >> 1n) ^ -(zigzag & 1n));
    if (Number.isSafeInteger(exact)) return exact;
    throw new BadBytes('a whole number of more than 53 bits');
  }

  _write(tap: Tap, value: unknown): void {
    if (!Number.isSafeInteger(value)) throw new TypeError('not a whole number');
    const n = value as number;
    if (n > -EXACT && n < EXACT) {
      tap.writeLong(n);
      return;
    }
    let zigzag = n < 0 ? BigInt(-n) * 2n - 1n : BigInt(n) * 2n;
    for (; zigzag > 0x7fn; zigzag >>= 7n) {
      tap.buf[tap.pos] = Number(zigzag & 0x7fn) | 0x80;
      tap.pos += 1;
    }
    tap.buf[tap.pos] = Number(zigzag);
    tap.pos += 1;
  }
}

class Bytes extends avsc.types.BytesType {
  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: unknown) => void): boolean {
    const is = value instanceof Uint8Array;
    if (!is && hook) hook(value, this);
    return is;
  }

  /** A copy: a value must not keep the whole fetch that it came in. */
  _read(tap: Tap): Uint8Array {
    const length = readLong(tap);
    const from = take(tap, length, 'bytes');
    return new Uint8Array(tap.buf.subarray(from, tap.pos));
  }

  _write(tap: Tap, value: unknown): void {
    if (!(value instanceof Uint8Array)) throw new TypeError('not bytes');
    tap.writeBytes(asBuffer(value));
  }
}

/** Null or one other type: no guess at which one is meant, so that any Uint8Array is bytes. */
class Nullable extends avsc.types.UnwrappedUnionType {
  _getIndex(value: unknown): number {
    return value === null ? 0 : 1;
  }

  _read(this: { readonly types: readonly Part[] }, tap: Tap): unknown {
    const branch = readLong(tap);
    if (branch === 0) return null;
    if (branch === 1) return (this.types[1] as Part)._read(tap);
    throw new BadBytes(`branch ${branch} of a union of two`);
  }

  _write(this: { readonly types: readonly Part[] }, tap: Tap, value: unknown): void {
    if (value === null) {
      tap.writeLong(0);
    } else {
      tap.writeLong(1);
      (this.types[1] as Part)._write(tap, value);
    }
  }
}

const TEXT = new Utf8();
const BYTES = new Bytes();
const LONG = new Long();

function isNullable(schema: unknown): schema is readonly ['null', unknown] {
  return Array.isArray(schema) && schema.length === 2 && schema[0] === 'null';
}

type Role = 'reader' | 'writer';

/** Every option that changes what is read: a writer's unions are never unwrapped, and so never ambiguous. */
function typeOf(schema: object, role: Role): avsc.Type {
  const typeHook = (part: unknown, options: unknown): avsc.Type | undefined => {
    if (role === 'reader' && isNullable(part)) return new Nullable(part as never, options);
    const kind = typeof part === 'object' && part !== null && 'type' in part ? part.type : part;
    if (kind === 'string') return TEXT;
    if (kind === 'bytes') return BYTES;
    if (kind === 'long') return LONG;
    if (kind === 'array') return new BoundedArray(part as never, options);
    return kind === 'map' ? new BoundedMap(part as never, options) : undefined;
  };
  return avsc.Type.forSchema(schema as avsc.Schema, {
    registry: {},
    // Times stay numbers.
    logicalTypes: {},
    omitRecordMethods: true,
    wrapUnions: role === 'reader' ? 'never' : 'always',
    typeHook,
  });
}

/** What one of this project's own schemas is read and written by. */
export type Shape = { readonly type: avsc.Type };

export function shapeOf(schema: object): Shape {
  return { type: typeOf(schema, 'reader') };
}

/** The schema less what changes no byte: equal for schemas that write the same. */
export function canonicalText(schema: object): string {
  return JSON.stringify(typeOf(schema, 'writer').schema());
}

/** How bytes of the writer's schema are read as a shape: worked out once, here. Throws when they cannot be. */
export function createDecode(writer: object, shape: Shape): Decode {
  const { type } = shape;
  const written = typeOf(writer, 'writer');
  if (simpleName(written) !== simpleName(type))
    throw new Error(`it is of ${written.name ?? written.typeName}, not ${type.name}`);
  // Fields are found by name, in whatever order they stand; as Avro says, a record's namespace does not count.
  const resolver = type.equals(written) ? undefined : type.createResolver(written, { ignoreNamespaces: true });
  return (bytes, from) => {
    const read = type.decode(bytes, from, resolver);
    if (read.offset === bytes.length) return read.value as Record<string, unknown>;
    throw new BadBytes(read.offset < 0 ? 'it ends too early' : `${bytes.length - read.offset} bytes too many`);
  };
}

function simpleName({ name }: avsc.Type): string | undefined {
  return name?.slice(name.lastIndexOf('.') + 1);
}

/** Of an error that a `Decode` threw, for a person. */
export function whyUnread(error: unknown): string {
  if (error instanceof RangeError) return 'it nests too deep';
  // The library's own errors speak of the bytes; a TypeError speaks of its code.
  return error instanceof Error && !(error instanceof TypeError) ? error.message : 'the bytes do not fit it';
}

/** Large enough for every record but a dead letter. */
const SCRATCH_BYTES = 65_536;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

export function createEncode(shape: Shape): Encode {
  const { type } = shape;
  return (record, head) => {
    try {
      const end = type.encode(record, scratch, head);
      if (end > 0) {
        const bytes = Buffer.allocUnsafe(end);
        scratch.copy(bytes, head, head, end);
        return bytes;
      }
      // A negative end is how many bytes were missing.
      const bytes = Buffer.allocUnsafe(SCRATCH_BYTES - end);
      type.encode(record, bytes, head);
      return bytes;
    } catch (error) {
      throw new Error(`not a ${type.name ?? 'record'}: ${misfits(type, record)}`, { cause: error });
    }
  };
}

function misfits(type: avsc.Type, record: object): string {
  const found: string[] = [];
  type.isValid(record, { errorHook: (path, value) => found.push(`${path.join('.')} is ${typeof value}`) });
  return found.join(', ');
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An Avro object container file, deflated: what the tools of every language read. */
export function encodeContainer(schema: object, rows: readonly object[]): Promise<Buffer> {
  return streamed(new avsc.streams.BlockEncoder(schema as avsc.Schema, { codec: 'deflate' }), rows);
}

/** Throws when the bytes are none, or end early. */
export async function decodeContainer(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return rowsOf(new avsc.streams.BlockDecoder(), bytes);
}

function streamed(encoder: avsc.streams.BlockEncoder, rows: readonly object[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
    encoder.once('error', reject);
    encoder.once('end', () => resolve(Buffer.concat(chunks)));
    for (const row of rows) encoder.write(row);
    encoder.end();
  });
}

function rowsOf(decoder: avsc.streams.BlockDecoder, bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    decoder.on('data', (row: Record<string, unknown>) => rows.push(row));
    decoder.once('error', reject);
    decoder.once('end', () => resolve(rows));
    decoder.end(bytes);
  });
}
