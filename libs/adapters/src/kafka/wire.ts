/**
 * Reading and writing the few Kafka messages that are made here: big-endian numbers, strings and arrays with a length
 * before them.
 */

export type Reader = {
  int8(): number;
  int16(): number;
  int32(): number;
  /** As a number: offsets and times stay far below 2^53. */
  int64(): number;
  /** Of producer ids, which are only ever compared. */
  bigint(): bigint;
  text(): string;
  /** Length (int32) and bytes; empty when the length is -1. Not a copy. */
  bytes(): Buffer;
  array<T>(one: () => T): T[];
};

export function createReader(buffer: Buffer): Reader {
  let at = 0;
  const skip = (size: number): number => {
    at += size;
    return at - size;
  };
  const reader: Reader = {
    int8: () => buffer.readInt8(skip(1)),
    int16: () => buffer.readInt16BE(skip(2)),
    int32: () => buffer.readInt32BE(skip(4)),
    int64: () => int64At(buffer, skip(8)),
    bigint: () => buffer.readBigInt64BE(skip(8)),
    text: () => {
      const size = reader.int16();
      return size <= 0 ? '' : buffer.toString('utf8', skip(size), at);
    },
    bytes: () => {
      const size = reader.int32();
      return size <= 0 ? buffer.subarray(at, at) : buffer.subarray(skip(size), at);
    },
    array: (one) => {
      const size = reader.int32();
      const items = [];
      for (let index = 0; index < size; index += 1) items.push(one());
      return items;
    },
  };
  return reader;
}

export function int64At(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 4_294_967_296 + buffer.readUInt32BE(at + 4);
}
