import { isRejection, sourceOf } from '@callfold/core';
import type { Codec, LetterRow } from '@callfold/engine';
import { originText } from '@callfold/engine';
import { visible } from './text-lines.ts';

/** Dead letters for people: nothing of theirs moves a terminal's cursor. */

const HEX_WIDTH = 16;
/** Of a value, by default: the rest is in `--json`. */
const BYTES_SHOWN = 512;

const iso = (time: number): string => (time === 0 ? 'unknown' : new Date(time).toISOString());
const safe = (bytes: Uint8Array): string => visible(Buffer.from(bytes).toString());

/** One line of `list`. */
export function letterLine({ partition, offset, letter, dealt }: LetterRow): string {
  const tried = letter.attempts > 1 ? `, tried ${letter.attempts} times` : '';
  const became = dealt === null ? '' : ` [${dealt}]`;
  const { code, reason } = letter;
  const head = `${partition}/${offset}  ${originText(letter)}  ${iso(letter.originAppendedAt)}  ${code}${tried}${became}`;
  return `${head}\n    ${visible(reason)}\n`;
}

function hexLines(bytes: Uint8Array): string[] {
  const shown = Buffer.from(bytes.subarray(0, BYTES_SHOWN));
  const lines: string[] = [];
  for (let at = 0; at < shown.length; at += HEX_WIDTH) {
    const row = shown.subarray(at, at + HEX_WIDTH);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`    ${at.toString(16).padStart(6, '0')}  ${hex.padEnd(HEX_WIDTH * 3)} ${text}`);
  }
  if (bytes.length > shown.length) lines.push(`    … ${bytes.length - shown.length} more bytes (--json has them all)`);
  return lines;
}

function decodedLines({ letter }: LetterRow, codec: Codec): string[] {
  const source = sourceOf(letter.originTopic);
  if (source === null || letter.value === null) return [];
  const raw = codec.decode(source, letter.value);
  if (isRejection(raw)) return [`  decoded    no: ${visible(raw.reason)}`];
  return [
    '  decoded',
    ...Object.entries(raw).map(([name, value]) => `    ${name}: ${visible(JSON.stringify(value) ?? '')}`),
  ];
}

/** All of one, for `show`. */
export function letterText(row: LetterRow, codec: Codec): string {
  const { partition, offset, letter, dealt } = row;
  const lines = [
    `Dead letter ${partition}/${offset}, of ${originText(letter)}`,
    `  code       ${letter.code}`,
    `  reason     ${visible(letter.reason)}`,
    `  appended   ${iso(letter.originAppendedAt)}`,
    `  attempts   ${letter.attempts}`,
    `  dealt with ${dealt ?? 'no'}`,
    `  key        ${letter.key === null ? 'none' : safe(letter.key)}`,
    ...letter.headers.map(({ name, value }) => `  header     ${visible(name)}: ${safe(value)}`),
    ...decodedLines(row, codec),
    `  value      ${letter.value === null ? 'none' : `${letter.value.length} bytes`}`,
    ...(letter.value === null ? [] : hexLines(letter.value)),
  ];
  return `${lines.join('\n')}\n`;
}
