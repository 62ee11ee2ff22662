/** The text of a case: plain lines, so that a rule of the trade reads like one. README of the format: spec.ts. */

export type EventLine = {
  readonly what: 'event';
  /** ms after the case's beginning */
  readonly at: number;
  readonly loggedAt: number | null;
  readonly word: string;
  readonly name: string | null;
  readonly status: string | null | undefined;
  readonly options: ReadonlyMap<string, string>;
};
export type TickLine = { readonly what: 'tick'; readonly at: number };
export type RefusedLine = { readonly what: 'refused'; readonly code: string };
/** `said`: what was published at a log time; `last`: what stands in the end; `now`: the aggregate before the end. */
export type ExpectLine = {
  readonly what: 'said' | 'last' | 'now';
  readonly at: number | null;
  readonly subject: readonly string[];
  readonly fields: readonly (readonly [string, string])[];
  readonly text: string;
};
export type Line = EventLine | TickLine | RefusedLine | ExpectLine;

export type Case = {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly given: ReadonlyMap<string, string>;
  readonly lines: readonly Line[];
};

const TIME = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(\d+(?:\.\d{1,3})?)?$/;

/** `8.2`, `4h`, `1d2h3m4.5`: to ms; null when it is no time. */
export function timeIn(text: string): number | null {
  const found = TIME.exec(text);
  if (text === '' || !found) return null;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = found;
  return Math.round(((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000);
}

/** Words at blanks; quotes keep blanks inside and are kept, so that `"null"` is no null. */
function wordsIn(text: string): string[] {
  return text.match(/(?:[^\s"]+|"[^"]*")+/g) ?? [];
}

const unquoted = (word: string): string => word.replaceAll('"', '');

function timeOr(text: string, where: string): number {
  const at = timeIn(text);
  if (at === null) throw new Error(`${where}: ${text} is no time`);
  return at;
}

function pairs(words: readonly string[], where: string): [string, string][] {
  if (words.length % 2 !== 0) throw new Error(`${where}: fields and values do not pair up`);
  return words.flatMap((word, i) => (i % 2 === 0 ? [[word, unquoted(words[i + 1] ?? '')] as [string, string]] : []));
}

/** How many words name the record, by its first one. */
const SUBJECTS: Readonly<Record<string, number>> = { call: 1, offer: 3, episode: 2, handoff: 2, interval: 3 };

function expectLine(mark: string, words: readonly string[], where: string): ExpectLine {
  const text = words.join(' ');
  if (mark === '=') return { what: 'now', at: null, subject: [], fields: pairs(words, where), text };
  const at = mark === '!' ? timeOr(words[0] ?? '', where) : null;
  const rest = mark === '!' ? words.slice(1) : words;
  const size = SUBJECTS[rest[0] ?? ''];
  if (size === undefined) throw new Error(`${where}: ${rest[0]} is none of ${Object.keys(SUBJECTS).join(', ')}`);
  const subject = rest.slice(0, size).map(unquoted);
  return { what: at === null ? 'last' : 'said', at, subject, fields: pairs(rest.slice(size), where), text };
}

function eventLine(words: readonly string[], where: string): EventLine {
  const [time = '', word = '', ...rest] = words;
  const options = new Map<string, string>();
  let name: string | null = null;
  let status: string | null | undefined;
  for (const one of rest) {
    const [, key, value] = /^([a-z]\w*)=(.*)$/i.exec(one) ?? [];
    if (key !== undefined && value !== undefined) options.set(key, unquoted(value));
    else if (one.startsWith('"')) status = unquoted(one);
    else if (one === 'null') status = null;
    else name = one;
  }
  const logged = options.get('log');
  const loggedAt = logged === undefined ? null : timeOr(logged, where);
  return { what: 'event', at: timeOr(time, where), loggedAt, word, name, status, options };
}

function lineOf(text: string, where: string): Line {
  const [mark = '', ...rest] = wordsIn(text);
  if (mark === '--') return { what: 'tick', at: timeOr(rest[0] ?? '', where) };
  if (mark === 'x') return { what: 'refused', code: rest[0] ?? '' };
  if (mark === '=>' || mark === '!' || mark === '=') return expectLine(mark, rest, where);
  return eventLine([mark, ...rest], where);
}

export function casesIn(file: string, text: string): Case[] {
  const cases: (Case & { lines: Line[]; given: Map<string, string> })[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    const line = raw.trim();
    if (line === '' || line.startsWith('//')) continue;
    if (line.startsWith('# ')) {
      cases.push({ file, line: index + 1, name: line.slice(2), given: new Map(), lines: [] });
      continue;
    }
    const current = cases.at(-1);
    if (!current) throw new Error(`${where}: a case begins with "# its name"`);
    if (line.startsWith('given ')) {
      for (const word of wordsIn(line).slice(1)) current.given.set(word.split('=')[0] ?? '', word.split('=')[1] ?? '');
    } else current.lines.push(lineOf(line, where));
  }
  return cases;
}
