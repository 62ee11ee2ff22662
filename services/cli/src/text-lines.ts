/** Lines of text for people: as wide as a page, and nothing in them that a terminal would take for a command. */

const WIDTH = 112;
/** In a narrower one lines would be all indent. */
const LEAST = 72;

/** A narrower terminal breaks lines within words. */
const pageWidth = (): number => Math.max(LEAST, Math.min(WIDTH, process.stdout.columns ?? WIDTH));

/** What would move the cursor, or end the line, of texts that came from elsewhere. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function indented(text: string, depth: number): string {
  return `${' '.repeat(depth)}${text}`;
}

/** Broken between its parts, of a text its words, where it is too long; what is longer than a line stands over. */
export function paragraph(text: string | readonly string[], depth: number, hang = depth + 2): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(depth);
  let isEmpty = true;
  const width = pageWidth();
  for (const word of typeof text === 'string' ? text.split(' ') : text) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(hang);
      isEmpty = true;
    }
    line = isEmpty ? `${line}${word}` : `${line} ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** So many of them, in the one or the other number. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Control characters as they are written in JSON. */
export function visible(line: string): string {
  return line.replaceAll(CONTROL, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
