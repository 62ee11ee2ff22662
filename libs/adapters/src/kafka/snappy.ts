/**
 * Snappy blocks, bare or in the frame that Java clients put around them (magic `\x82SNAPPY\0`, then blocks with an
 * int32 length).
 */

const FRAME = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** Magic, version and compatible version. */
const FRAME_HEADER = 16;

export function decompressSnappy(bytes: Buffer, limit: number): Buffer {
  if (!bytes.subarray(0, FRAME.length).equals(FRAME)) return block(bytes, limit);
  const blocks: Buffer[] = [];
  let room = limit;
  for (let at = FRAME_HEADER; at < bytes.length; ) {
    const size = bytes.readInt32BE(at);
    at += 4;
    const part = block(bytes.subarray(at, at + size), room);
    room -= part.length;
    blocks.push(part);
    at += size;
  }
  return Buffer.concat(blocks);
}

function block(bytes: Buffer, limit: number): Buffer {
  let at = 0;
  let size = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes.readUInt8(at++);
    size += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (size > limit) throw new RangeError(`snappy: ${size} bytes are more than ${limit}`);
  const out = Buffer.alloc(size);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      // Above 60 the length stands in the next one to four bytes.
      if (length > 60) {
        const extra = length - 60;
        length = bytes.readUIntLE(at, extra) + 1;
        at += extra;
      }
      if (at + length > bytes.length || to + length > size) throw new RangeError('snappy: a literal is cut off');
      to += bytes.copy(out, to, at, at + length);
      at += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const width = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const back = bytes.readUIntLE(at, width) + (kind === 1 ? (tag >>> 5) << 8 : 0);
    at += width;
    if (back === 0 || back > to || to + length > size) throw new RangeError('snappy: a copy is out of bounds');
    for (let index = 0; index < length; index += 1, to += 1) out[to] = out[to - back] as number;
  }
  if (to !== size) throw new RangeError(`snappy: ${to} bytes instead of ${size}`);
  return out;
}
