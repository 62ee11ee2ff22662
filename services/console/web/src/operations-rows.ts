import type { StatusFinding, StatusRow } from '@callfold/engine';
import type { LetterAnswer, LettersAnswer, StatusAnswer } from '../../src/status-answer.ts';
import type { Told } from './operations.ts';
import { CODES_RU, FINDINGS_RU } from './operations-words.ts';
import type { Language, Say } from './words.ts';
import { span, wordOr } from './words.ts';

/** What the page for operators says, line by line: what is wrong before what is not. */

export type Speaking = {
  readonly say: Say;
  readonly language: Language;
  /** A day and a time in the zone of the view. */
  readonly clock: (at: number) => string;
};

export type OperationsRow = { readonly key: string; readonly level: '' | 'bad'; readonly cells: readonly string[] };

const HEX_WIDTH = 16;

const isFinding = (code: string): code is keyof typeof FINDINGS_RU => Object.hasOwn(FINDINGS_RU, code);
const isCode = (code: string): code is keyof typeof CODES_RU => Object.hasOwn(CODES_RU, code);

/** Commands in it are between backticks. */
function findingText(code: string, says: string, { language, say }: Speaking): string {
  if (code === 'away') return `${say('finding.away')}: ${says}`;
  if (language !== 'ru' || !isFinding(code)) return says;
  return code === 'at-work' ? `${FINDINGS_RU[code]}: ${says}` : FINDINGS_RU[code];
}

export type FindingItem = {
  readonly code: string;
  readonly place: string;
  readonly text: string;
  readonly commands: readonly string[];
  /** Further partitions that have the same. */
  readonly more: number;
};

const placeOf = ({ role, topic, partition, generation }: StatusFinding): string =>
  generation === null ? `${role} ${topic}/${partition}` : `generation ${generation}`;

/** Each once, for all partitions that have it. */
export function findingItems({ findings }: StatusAnswer, speaking: Speaking): FindingItem[] {
  const items = new Map<string, FindingItem>();
  for (const one of findings) {
    const { code, role, generation, says, commands } = one;
    const key = `${code} ${role} ${generation}`;
    const before = items.get(key);
    const text = findingText(code, says, speaking);
    items.set(
      key,
      before ? { ...before, more: before.more + 1 } : { code, place: placeOf(one), text, commands, more: 0 },
    );
  }
  return [...items.values()];
}

export function generationRows({ generations }: StatusAnswer, { say, language }: Speaking): OperationsRow[] {
  const number = (value: number): string => value.toLocaleString(language);
  return generations.map(({ generation, state, done, all, lag, members, problem }) => ({
    key: generation,
    level: problem === null ? '' : 'bad',
    cells: [
      generation,
      say(`generation.${state}`),
      `${number(done)} ${say('ofTotal')} ${number(all)} (${all === 0 ? 100 : Math.floor((done * 100) / all)} %)`,
      number(lag),
      String(members),
    ],
  }));
}

export function recoveryTexts({ partitions }: StatusAnswer, { say, language }: Speaking): string[] {
  return partitions.flatMap(({ role, topic, partition, recovering }) => {
    if (recovering === null) return [];
    const { until } = recovering;
    const goal = until === null ? say('recoveryWaits') : say('recovering', { N: until.toLocaleString(language) });
    return [`${role} ${topic}/${partition}: ${goal}`];
  });
}

const isBad = ({ problem }: StatusRow): number => (problem === null ? 0 : 1);

export function partitionRows({ partitions }: StatusAnswer, { language }: Speaking): OperationsRow[] {
  const number = (value: number | null): string => (value === null ? '–' : value.toLocaleString(language));
  return partitions
    .toSorted((a, b) => isBad(b) - isBad(a) || b.lagMs - a.lagMs)
    .map((row) => ({
      key: `${row.role} ${row.topic} ${row.partition}`,
      level: row.problem === null ? '' : 'bad',
      cells: [
        row.role,
        row.topic,
        String(row.partition),
        row.owner === null ? '–' : `${row.owner} (${row.epoch})`,
        number(row.position),
        number(row.end),
        number(row.lag),
        number(Math.round(row.lagMs / 1_000)),
        number(row.outbox),
        number(row.deadLetters),
      ],
    }));
}

export function faultRows({ faults }: StatusAnswer, speaking: Speaking): OperationsRow[] {
  const { say, clock } = speaking;
  return faults.map(({ code, of, says, places, from, until }) => ({
    key: `${code} ${of} ${from}`,
    level: until === null ? 'bad' : '',
    cells: [
      clock(from),
      until === null ? say('still') : `${clock(until)} (${span(until - from, say)})`,
      of,
      String(places),
      findingText(code, says, speaking),
    ],
  }));
}

/** As `callfold dlq show` has them: offset, bytes, and what of it is plain text. */
export function hexLines(base64: string): string[] {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_WIDTH) {
    const row = [...bytes.subarray(at, at + HEX_WIDTH)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(HEX_WIDTH * 3)} ${text}`);
  }
  return lines;
}

export type LetterItem = {
  readonly origin: string;
  readonly cells: readonly string[];
  /** Null: it has no value. */
  readonly bytes: { readonly all: number; readonly shown: number; readonly lines: readonly string[] } | null;
  /** Shows all of it. */
  readonly command: string;
};

function reasonOf({ code, reason }: LetterAnswer, language: Language): string {
  return language === 'ru' && isCode(code) ? `${CODES_RU[code]} (${reason})` : reason;
}

export function letterItems({ letters }: LettersAnswer, { language, clock }: Speaking): LetterItem[] {
  return letters.map((letter) => {
    const { originTopic, originPartition, originOffset, originAppendedAt, value, valueBytes } = letter;
    const origin = `${originTopic}/${originPartition}/${originOffset}`;
    const when = originAppendedAt === null ? '–' : clock(Date.parse(originAppendedAt));
    return {
      origin,
      cells: [when, origin, letter.code, reasonOf(letter, language), String(letter.attempts)],
      bytes:
        value === null || valueBytes === null
          ? null
          : { all: valueBytes, shown: atob(value).length, lines: hexLines(value) },
      command: `callfold dlq show ${origin}`,
    };
  });
}

/** When it was looked at, and why not since; also where there is nothing to show yet. */
export function lookedText(
  { status, problem, letters }: Told,
  now: number,
  { say, clock }: Speaking,
): { readonly when: string; readonly why: string | null } {
  const own = problem && `${wordOr(`why.${problem.code}`, say('why.other'), say)} ${problem.detail}`;
  const why = own ?? status?.trouble ?? letters?.trouble ?? null;
  const seconds = status === null ? 0 : Math.max(0, Math.round((now - status.at) / 1_000));
  const when = status && say('lookedAt', { T: clock(status.at), S: seconds });
  return { when: when ?? (why === null ? say('looking') : ''), why: why && say('notLooked', { why }) };
}
