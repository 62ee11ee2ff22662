import { BYTES_PER_UNIT, encodeUtf8 } from './partition.ts';

/** Text to bytes and back, for our own keys and headers; pure packages have no TextEncoder. */

/** Most texts are short, and a typed array costs more than what it holds. */
const SCRATCH_BYTES = 4_096;
const scratch = new Uint8Array(SCRATCH_BYTES);

export function utf8Bytes(text: string): Uint8Array {
  if (text.length * BYTES_PER_UNIT <= SCRATCH_BYTES) return scratch.slice(0, encodeUtf8(text, scratch, 0));
  const room = new Uint8Array(text.length * BYTES_PER_UNIT);
  return room.slice(0, encodeUtf8(text, room, 0));
}

/** Of bytes that `utf8Bytes` made; others give text that equals none of ours, and never throw. */
export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number;
    const more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let code = more === 0 ? lead : lead & (0x3f >> more);
    for (let next = 1; next <= more; next += 1) code = (code << 6) | ((bytes[at + next] ?? 0) & 0x3f);
    text += code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
    at += more + 1;
  }
  return text;
}
