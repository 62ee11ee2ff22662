/**
 * A writer of MessagePack, as much of it as a script's `cmsgpack.unpack` needs: arrays and strings, of text or bytes.
 */

const ARRAY_32 = 0xdd;
const STRING_32 = 0xdb;
const HEADER_BYTES = 5;
/** The most UTF-8 bytes one UTF-16 code unit takes. */
const BYTES_A_UNIT = 3;
const SHORT = 64;

export type Packer = {
  /** Begins an array of so many items, strings or arrays. */
  array(items: number): void;
  string(value: string | Uint8Array): void;
  /** All that was written. The packer is done with. */
  bytes(): Buffer;
};

/**
 * One buffer instead of thousands of arguments: the client has a fraction of the work (measured: 1.7 ms instead of 4.9
 * ms for a commit of 1,000 states and 200 entries) and the server no more than before.
 * @param bytes how much it will probably be
 */
export function createPacker(bytes: number): Packer {
  let buffer = Buffer.allocUnsafe(bytes);
  let length = 0;
  const room = (needed: number): void => {
    if (length + needed <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, length + needed));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  };
  const header = (at: number, kind: number, size: number): void => {
    buffer[at] = kind;
    buffer[at + 1] = size >>> 24;
    buffer[at + 2] = size >>> 16;
    buffer[at + 3] = size >>> 8;
    buffer[at + 4] = size;
  };
  /** Calling the platform costs more than writing a short text. @returns its bytes; -1: it is not plain. */
  const plain = (text: string, start: number): number => {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= 0x80) return -1;
      buffer[start + at] = code;
    }
    return text.length;
  };
  const write = (text: string, start: number): number => {
    const written = text.length <= SHORT ? plain(text, start) : -1;
    return written < 0 ? buffer.write(text, start) : written;
  };
  return {
    array(items) {
      room(HEADER_BYTES);
      header(length, ARRAY_32, items);
      length += HEADER_BYTES;
    },
    string(value) {
      const text = typeof value === 'string';
      room(HEADER_BYTES + value.length * (text ? BYTES_A_UNIT : 1));
      const start = length + HEADER_BYTES;
      if (!text) buffer.set(value, start);
      const size = text ? write(value, start) : value.length;
      header(length, STRING_32, size);
      length = start + size;
    },
    bytes: () => buffer.subarray(0, length),
  };
}
