import type { DeadLetter } from '@callfold/schemas';
import {
  ATTEMPTS_HEADER,
  DEAD_LETTERS,
  isRejection,
  MARK_HEADER,
  partitionOf,
  readSubjectKey,
  REDRIVE_HEADER,
  sourceOf,
  utf8Bytes,
  utf8Text,
} from '@callfold/core';
import { isErasure } from './inputs.ts';
import type { At, Codec, Header, Outgoing, Published } from './ports.ts';

/**
 * Dead letters after they were written: sent to the raw topic again, or put aside. What became of one is a record
 * without a value in the dead letters' topic, whose key names the letter: the letters themselves are never changed.
 */

/** A letter tried this often is not sent again unless it is asked for: what fails three times fails again. */
export const REDRIVE_ATTEMPTS_MAX = 3;
/** More is no count of ours. */
const ATTEMPTS_BELIEVED = 1_000_000;

export type Dealt = 'redriven' | 'discarded';

export type LetterRow = {
  /** Where the letter stands in the dead letters. */
  readonly partition: number;
  readonly offset: number;
  readonly letter: DeadLetter;
  /** Null: nobody has. */
  readonly dealt: Dealt | null;
};

/** `begin`: from this offset of the target on, records may have been sent again that bear no mark yet. */
export type Mark =
  | { readonly what: Dealt; readonly origin: string }
  | { readonly what: 'begin'; readonly target: string; readonly from: number }
  | { readonly what: 'end'; readonly target: string };

/** Schemas must have been prepared. */
export function decodeLetter(value: Uint8Array, codec: Codec): DeadLetter {
  return codec.decodeDerived(DEAD_LETTERS, value) as unknown as DeadLetter;
}

export const originText = ({ originTopic, originPartition, originOffset }: DeadLetter): string =>
  `${originTopic}/${originPartition}/${originOffset}`;

export const targetText = ({ topic, partition }: At): string => `${topic}/${partition}`;

function textOf(headers: readonly Header[], name: string): string | null {
  const found = headers.find((one) => one.name === name);
  return found ? utf8Text(found.value) : null;
}

/** How many times a raw record was tried with this one: 1, or what it says when it was sent again. */
export function attemptsOf(headers: readonly Header[]): number {
  const said = Number(textOf(headers, ATTEMPTS_HEADER) ?? 1);
  return Number.isInteger(said) && said >= 1 && said <= ATTEMPTS_BELIEVED ? said : 1;
}

export function redriveOf(record: Pick<Published, 'headers'>): string | null {
  return textOf(record.headers, REDRIVE_HEADER);
}

/** The bytes as they were, and headers that say for which letter, and which attempt it is. */
export function redriveRecord(letter: DeadLetter): Omit<Outgoing, 'topic'> {
  const own = new Set<string>([REDRIVE_HEADER, ATTEMPTS_HEADER]);
  return {
    key: letter.key,
    value: letter.value,
    headers: [
      ...letter.headers.filter(({ name }) => !own.has(name)),
      { name: REDRIVE_HEADER, value: utf8Bytes(originText(letter)) },
      { name: ATTEMPTS_HEADER, value: utf8Bytes(String(letter.attempts + 1)) },
    ],
  };
}

/** Whose it is, where its bytes say so; else null. */
export function subjectOfLetter(letter: DeadLetter, codec: Codec): { tenantId: string; subjectId: string } | null {
  const source = sourceOf(letter.originTopic);
  // An erasure has no bytes but its key.
  if (isErasure(letter) && letter.key !== null) return readSubjectKey(utf8Text(letter.key));
  if (source === null || letter.value === null) return null;
  const raw = codec.decode(source, letter.value);
  return isRejection(raw) ? null : { tenantId: raw.tenantId, subjectId: raw.subjectId };
}

/** Where its subject belongs, where its bytes say so; else where it stood. */
export function redriveTarget(letter: DeadLetter, codec: Codec, partitions: number): At {
  const subject = subjectOfLetter(letter, codec);
  const partition = subject
    ? partitionOf(subject.tenantId, subject.subjectId, partitions)
    : Math.min(letter.originPartition, partitions - 1);
  return { topic: letter.originTopic, partition };
}

/** Why a letter is not sent again; null: it may be. */
export function redriveRefusal(letter: DeadLetter, force: boolean): string | null {
  if (sourceOf(letter.originTopic) === null) return `${letter.originTopic} is none of the raw topics`;
  if (letter.value === null && letter.originAppendedAt === 0) return 'its bytes are gone';
  if (letter.code === 'erased') return 'its subject was erased';
  if (letter.attempts < REDRIVE_ATTEMPTS_MAX || force) return null;
  return `it was tried ${letter.attempts} times, ${REDRIVE_ATTEMPTS_MAX} is the limit (--force)`;
}

export function markRecord(mark: Mark): Outgoing {
  const key = 'origin' in mark ? mark.origin : mark.target;
  const text = mark.what === 'begin' ? `begin ${mark.from}` : mark.what;
  const headers = [{ name: MARK_HEADER, value: utf8Bytes(text) }];
  return { topic: DEAD_LETTERS, key: utf8Bytes(key), value: null, headers };
}

/** Null: it is a letter, or nothing of ours. */
export function markOf(record: Pick<Published, 'key' | 'value' | 'headers'>): Mark | null {
  const text = textOf(record.headers, MARK_HEADER);
  if (text === null || record.value !== null || record.key === null) return null;
  const key = utf8Text(record.key);
  if (text === 'redriven' || text === 'discarded') return { what: text, origin: key };
  if (text === 'end') return { what: 'end', target: key };
  const begin = /^begin (\d{1,15})$/.exec(text);
  return begin ? { what: 'begin', target: key, from: Number(begin[1]) } : null;
}

/**
 * From which offset on the target must be looked through; null: no run was cut short.
 * @param marks of one partition, in order
 */
export function doubtFrom(marks: readonly Mark[], target: At): number | null {
  let from: number | null = null;
  for (const mark of marks) {
    if (!('target' in mark) || mark.target !== targetText(target)) continue;
    if (mark.what === 'end') from = null;
    else from = Math.min(from ?? mark.from, mark.from);
  }
  return from;
}
