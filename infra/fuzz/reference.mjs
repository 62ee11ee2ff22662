// @ts-check
/**
 * Avro as its specification has it, for this project's own raw schemas: slow, strict and plain, so that the fuzzer
 * knows what the product must make of bytes that are nearly right.
 */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Of 64 bits in groups of seven. */
const LONG_BYTES = 10;

class NotAvro extends Error {}

/** @param {Uint8Array} bytes */
function createCursor(bytes) {
  let at = 0;
  /** @param {bigint} length */
  function take(length) {
    if (length < 0n || length > BigInt(bytes.length - at)) throw new NotAvro('past the end');
    const part = bytes.subarray(at, at + Number(length));
    at += part.length;
    return part;
  }
  function long() {
    let zigzag = 0n;
    for (let i = 0; i < LONG_BYTES; i += 1) {
      const [byte = 0] = take(1n);
      zigzag |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
    }
    throw new NotAvro('a number without an end');
  }
  function text() {
    try {
      return UTF8.decode(take(long()));
    } catch {
      throw new NotAvro('no text');
    }
  }
  return { take, long, text, isAtEnd: () => at === bytes.length };
}

/** @param {any} schema @param {ReturnType<typeof createCursor>} cursor @returns {unknown} */
function readValue(schema, cursor) {
  const type = Array.isArray(schema) || typeof schema === 'string' ? schema : schema.type;
  if (Array.isArray(type)) {
    const branch = cursor.long();
    if (branch === 0n) return null;
    if (branch === 1n) return readValue(type[1], cursor);
    throw new NotAvro('no such branch');
  }
  switch (type) {
    case 'record':
      return Object.fromEntries(schema.fields.map((/** @type {any} */ one) => [one.name, readValue(one.type, cursor)]));
    case 'string':
      return cursor.text();
    case 'bytes':
      return cursor.take(cursor.long());
    case 'map': {
      /** @type {[string, unknown][]} */
      const entries = [];
      for (let count = cursor.long(); count !== 0n; count = cursor.long()) {
        if (count < 0n) cursor.long();
        for (let left = count < 0n ? -count : count; left > 0n; left -= 1n) {
          entries.push([cursor.text(), readValue(schema.values, cursor)]);
        }
      }
      return Object.fromEntries(entries);
    }
    default: {
      const n = Number(cursor.long());
      if (!Number.isSafeInteger(n)) throw new NotAvro('more than 53 bits');
      return n;
    }
  }
}

/**
 * @param {object} schema
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown> | null} null: they are not a value of it
 */
export function readAvro(schema, bytes) {
  const cursor = createCursor(bytes);
  try {
    const value = readValue(schema, cursor);
    return cursor.isAtEnd() ? /** @type {Record<string, unknown>} */ (value) : null;
  } catch (error) {
    if (error instanceof NotAvro) return null;
    throw error;
  }
}
