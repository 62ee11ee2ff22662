/**
 * CRC-32C (Castagnoli), which every record batch carries: eight bytes a turn, as all that is sent goes through here.
 */

const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

const TABLE = makeTable();

/** Eight tables of 256 in one array: table k holds what a byte does to the sum k bytes later. */
function makeTable(): Int32Array {
  const table = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at += 1) {
    const crc = table[at - 256] as number;
    table[at] = (crc >>> 8) ^ (table[crc & 0xff] as number);
  }
  return table;
}

/** @returns the checksum of `bytes` from `start` to `end`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const t = TABLE as ArrayLike<number> as number[];
  const b = bytes as ArrayLike<number> as number[];
  let crc = -1;
  let at = start;
  for (const last = end - SLICES; at <= last; at += SLICES) {
    const low =
      crc ^
      ((b[at] as number) |
        ((b[at + 1] as number) << 8) |
        ((b[at + 2] as number) << 16) |
        ((b[at + 3] as number) << 24));
    crc =
      (t[1792 + (low & 0xff)] as number) ^
      (t[1536 + ((low >>> 8) & 0xff)] as number) ^
      (t[1280 + ((low >>> 16) & 0xff)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (b[at + 4] as number)] as number) ^
      (t[512 + (b[at + 5] as number)] as number) ^
      (t[256 + (b[at + 6] as number)] as number) ^
      (t[b[at + 7] as number] as number);
  }
  for (; at < end; at += 1) crc = (t[(crc ^ (b[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
