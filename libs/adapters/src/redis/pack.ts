/**
 * A writer of MessagePack, as much of it as a script's `cmsgpack.unpack` needs: arrays and strings, of text or bytes.
 */

const ARRAY_32 = 0xdd;
const STRING_32 = 0xdb;
const HEADER_BYTES = 5;
/** The most UTF-8 bytes one UTF-16 code unit takes. */
const BYTES_A_UNIT = 3;

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
    buffer.writeUInt32BE(size, at + 1);
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
      const size = text ? buffer.write(value, start) : value.length;
      header(length, STRING_32, size);
      length = start + size;
    },
    bytes: () => buffer.subarray(0, length),
  };
}
