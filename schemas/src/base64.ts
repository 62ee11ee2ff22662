/** Base64 (RFC 4648, with padding): this package has no platform to borrow it from. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(LETTERS, (letter, value) => [letter, value]));
/** String.fromCharCode takes its letters as arguments, of which there may not be arbitrarily many. */
const CHUNK = 8_192;

export function toBase64(bytes: Uint8Array): string {
  const letters: number[] = [];
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    letters.push(
      letter(bits >> 18),
      letter(bits >> 12),
      left > 1 ? letter(bits >> 6) : PAD,
      left > 2 ? letter(bits) : PAD,
    );
    if (letters.length >= CHUNK) parts.push(String.fromCharCode(...letters.splice(0)));
  }
  return parts.join('') + String.fromCharCode(...letters);
}

const PAD = '='.charCodeAt(0);

function letter(bits: number): number {
  return LETTERS.charCodeAt(bits & 63);
}

/** @returns null when the text is not base64. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  for (let i = 0; i < text.length; i += 1) {
    const value = i < text.length - padding ? VALUES.get(text[i] ?? '') : 0;
    if (value === undefined) return null;
    bits = (bits << 6) | value;
    if (i % 4 !== 3) continue;
    const at = (i >> 2) * 3;
    // What stands past the end, in the place of the padding, a typed array ignores.
    bytes[at] = bits >> 16;
    bytes[at + 1] = bits >> 8;
    bytes[at + 2] = bits;
    bits = 0;
  }
  return bytes;
}
