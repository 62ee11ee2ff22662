import type { Source } from '@callfold/core';
import { CODES, DEAD_LETTERS, rawTopic, utf8Text } from '@callfold/core';
import type { At, Dealt, LetterRow, Mark } from '@callfold/engine';
import { decodeLetter, markOf, originText, recordPages, redriveTarget, subjectOfLetter } from '@callfold/engine';
import type { DeadLetter } from '@callfold/schemas';
import { WrongArgument } from './command.ts';
import { readTime } from './points.ts';
import type { Site } from './site.ts';

/** The dead letters as they stand, with what became of each, and which of them are meant. */

/** Marks held in memory, some hundred bytes each. */
const MARKS_MAX = 1_000_000;

export type LetterOptions = {
  readonly topic?: string;
  readonly source?: Source;
  readonly code?: string;
  /** Of the dead letters' topic. */
  readonly partition?: number;
  readonly since?: string;
  readonly until?: string;
  readonly tenant?: string;
  readonly key?: string;
  /** Also those that were dealt with. */
  readonly all?: boolean;
};

function timeOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = readTime(text);
  if (typeof time === 'number') return time;
  throw new WrongArgument(`--${name}: ${time}`);
}

const keyText = (letter: DeadLetter): string | null => (letter.key === null ? null : utf8Text(letter.key));

/** Which letters are meant; those before `since` and from `until` on are not. */
export function letterFilter(site: Site, options: LetterOptions): (letter: DeadLetter) => boolean {
  const { topic, source, code, tenant, key } = options;
  if (code !== undefined && !Object.hasOwn(CODES, code)) {
    throw new WrongArgument(`--code: ${code} is none of ${Object.keys(CODES).join(', ')}.`);
  }
  const since = timeOf('since', options.since) ?? -Infinity;
  const until = timeOf('until', options.until) ?? Infinity;
  const isOfTenant = (letter: DeadLetter): boolean => {
    const told = subjectOfLetter(letter, site.codec)?.tenantId ?? keyText(letter)?.split('/')[0];
    return told === tenant;
  };
  const isOfKey = (letter: DeadLetter): boolean =>
    keyText(letter) === key || subjectOfLetter(letter, site.codec)?.subjectId === key;
  return (letter) =>
    (topic === undefined || letter.originTopic === topic) &&
    (source === undefined || letter.originTopic === rawTopic(source)) &&
    (code === undefined || letter.code === code) &&
    letter.originAppendedAt >= since &&
    letter.originAppendedAt < until &&
    (tenant === undefined || isOfTenant(letter)) &&
    (key === undefined || isOfKey(letter));
}

async function dealtOf(site: Site): Promise<Map<string, Dealt>> {
  const dealt = new Map<string, Dealt>();
  const take = (mark: Mark | null): void => {
    if (mark && 'origin' in mark) dealt.set(mark.origin, mark.what);
  };
  for (let partition = 0; partition < (await site.partitions(DEAD_LETTERS)); partition += 1) {
    for await (const { records } of recordPages(site.derived, { topic: DEAD_LETTERS, partition }))
      for (const record of records) take(markOf(record));
    if (dealt.size > MARKS_MAX) throw new Error(`More than ${MARKS_MAX} marks stand in ${DEAD_LETTERS}: too many.`);
  }
  return dealt;
}

/** The letters that are meant, partition by partition, in order. */
export async function* lettersOf(site: Site, options: LetterOptions): AsyncGenerator<LetterRow> {
  const isMeant = letterFilter(site, options);
  const dealt = await dealtOf(site);
  for (let partition = 0; partition < (await site.partitions(DEAD_LETTERS)); partition += 1) {
    if (options.partition !== undefined && options.partition !== partition) continue;
    for await (const { records } of recordPages(site.derived, { topic: DEAD_LETTERS, partition })) {
      await site.codec.prepare(records);
      for (const record of records) {
        if (record.value === null) continue;
        const letter = decodeLetter(record.value, site.codec);
        const became = dealt.get(originText(letter)) ?? null;
        if (became !== null && !options.all) continue;
        await prepareRaw(site, letter);
        if (isMeant(letter)) yield { partition, offset: record.offset, letter, dealt: became };
      }
    }
  }
}

/** An unknown schema is what some of them are here for; a registry that is away is not. */
async function prepareRaw(site: Site, letter: DeadLetter): Promise<void> {
  await site.codec.prepare([{ value: letter.value }]);
}

/** By the raw record's place `TOPIC/PARTITION/OFFSET`, or by the letter's own `PARTITION/OFFSET`. */
export async function findLetter(site: Site, place: string): Promise<LetterRow | null> {
  const found = /^(?:(.+)\/)?(\d{1,9})\/(\d{1,15})$/.exec(place);
  if (!found) throw new WrongArgument(`${place} is neither TOPIC/PARTITION/OFFSET nor PARTITION/OFFSET.`);
  const [, topic, partition, offset] = found;
  const isIt = (row: LetterRow): boolean =>
    topic === undefined ? row.offset === Number(offset) : originText(row.letter) === place;
  for await (const row of lettersOf(site, { partition: Number(partition), all: true })) if (isIt(row)) return row;
  return null;
}

export async function targetOf(site: Site, letter: DeadLetter): Promise<At> {
  return redriveTarget(letter, site.codec, await site.partitions(letter.originTopic));
}
