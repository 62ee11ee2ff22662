import { DEAD_LETTERS } from '@callfold/core';
import type { Codec, DerivedReader, LetterRow } from '@callfold/engine';
import { decodeLetter, markOf, originText, recordPages } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';

/** The dead letters that nobody has dealt with: read once, and then what came since. */

export type OpenLetter = LetterRow & {
  /** Of the whole value; the letter's own is cut. Null: it has none. */
  readonly valueBytes: number | null;
};

export type OpenLetters = {
  readonly letters: readonly OpenLetter[];
  /** False: there may be more than are held. */
  readonly isComplete: boolean;
};

export type LetterSource = {
  readonly partitions: () => Promise<number>;
  readonly reader: DerivedReader;
  readonly codec: Codec;
};

/** As much of it as is shown: so that a large one is not held. */
function cut(row: LetterRow, { letterBytes }: ConsoleLimits): OpenLetter {
  const { letter } = row;
  const { key, value, reason } = letter;
  return {
    ...row,
    letter: {
      ...letter,
      reason: reason.slice(0, letterBytes),
      key: key && key.slice(0, letterBytes),
      value: value && value.slice(0, letterBytes),
      headers: [],
    },
    valueBytes: value?.length ?? null,
  };
}

/** @returns reads what came since the last call, and tells what is open */
export function followLetters(source: LetterSource, limits: ConsoleLimits): () => Promise<OpenLetters> {
  const open = new Map<string, OpenLetter>();
  /** Marks may stand in another partition than their letter, and be read before it. */
  const marked = new Set<string>();
  const positions = new Map<number, number>();
  let isComplete = true;

  function letGo(kept: Map<string, unknown> | Set<string>): void {
    const [oldest] = kept.keys();
    if (oldest === undefined) return;
    kept.delete(oldest);
    isComplete = false;
  }

  function close(origin: string): void {
    if (!open.delete(origin)) marked.add(origin);
    if (marked.size > limits.letterMarks) letGo(marked);
  }

  function take(row: LetterRow): void {
    const origin = originText(row.letter);
    if (marked.delete(origin)) return;
    open.set(origin, cut(row, limits));
    if (open.size > limits.letters) letGo(open);
  }

  async function readOn(partition: number): Promise<void> {
    const { start, end } = await source.reader.bounds(DEAD_LETTERS, partition);
    const before = positions.get(partition) ?? start;
    // Retention took the first ones; or the topic was made anew.
    const isAnew = end < before;
    for (const [origin, one] of open)
      if (one.partition === partition && (isAnew || one.offset < start)) open.delete(origin);
    const at = { topic: DEAD_LETTERS, partition };
    for await (const { records, next } of recordPages(source.reader, at, isAnew ? start : before)) {
      await source.codec.prepare(records);
      for (const record of records) {
        const mark = markOf(record);
        if (mark && 'origin' in mark) close(mark.origin);
        if (record.value === null) continue;
        take({ partition, offset: record.offset, letter: decodeLetter(record.value, source.codec), dealt: null });
      }
      positions.set(partition, next);
    }
  }

  return async () => {
    const partitions = await source.partitions();
    for (let partition = 0; partition < partitions; partition += 1) await readOn(partition);
    return { letters: [...open.values()], isComplete };
  };
}
