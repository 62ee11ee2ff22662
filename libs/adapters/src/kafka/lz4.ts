/**
 * LZ4 frames, as Kafka clients write them: blocks one after the other, each of which may refer back to those before
 * it.
 */

const MAGIC = 0x184d2204;
const HAS_CONTENT_SIZE = 0x08;
const HAS_BLOCK_SUM = 0x10;
const HAS_DICTIONARY = 0x01;
const STORED = 0x80000000;

type Out = { bytes: Buffer; length: number; readonly limit: number };

export function decompressLz4(bytes: Buffer, limit: number): Buffer {
  if (bytes.readUInt32LE(0) !== MAGIC) throw new RangeError('lz4: not a frame');
  const flags = bytes.readUInt8(4);
  // Magic, flags, block descriptor; sizes if there; then the header's checksum.
  let at = 6 + (flags & HAS_CONTENT_SIZE ? 8 : 0) + (flags & HAS_DICTIONARY ? 4 : 0) + 1;
  const out: Out = { bytes: Buffer.alloc(Math.min(limit, bytes.length * 4)), length: 0, limit };
  for (;;) {
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    if (at + size > bytes.length) throw new RangeError('lz4: a block is cut off');
    const block = bytes.subarray(at, at + size);
    if ((word & STORED) !== 0) append(out, block, 0, size);
    else readBlock(block, out);
    at += size + (flags & HAS_BLOCK_SUM ? 4 : 0);
  }
  return out.bytes.subarray(0, out.length);
}

function readBlock(block: Buffer, out: Out): void {
  let at = 0;
  // 15 means: go on adding bytes until one is below 255.
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble < 15) return total;
    for (;;) {
      const byte = block.readUInt8(at++);
      total += byte;
      if (byte < 255) return total;
    }
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = length(token >>> 4);
    if (at + literals > block.length) throw new RangeError('lz4: literals are cut off');
    append(out, block, at, at + literals);
    at += literals;
    if (at >= block.length) return; // a block's last sequence has literals only
    const back = block.readUInt16LE(at);
    at += 2;
    repeat(out, back, length(token & 15) + 4);
  }
}

function reserve(out: Out, size: number): void {
  const needed = out.length + size;
  if (needed > out.limit) throw new RangeError(`lz4: more than ${out.limit} bytes`);
  if (needed <= out.bytes.length) return;
  const grown = Buffer.alloc(Math.min(out.limit, Math.max(needed, out.bytes.length * 2)));
  out.bytes.copy(grown, 0, 0, out.length);
  out.bytes = grown;
}

function append(out: Out, from: Buffer, start: number, end: number): void {
  reserve(out, end - start);
  out.length += from.copy(out.bytes, out.length, start, end);
}

function repeat(out: Out, back: number, size: number): void {
  if (back === 0 || back > out.length) throw new RangeError('lz4: a copy is out of bounds');
  reserve(out, size);
  const { bytes } = out;
  for (let index = 0; index < size; index += 1, out.length += 1) {
    bytes[out.length] = bytes[out.length - back] as number;
  }
}
