import { DEAD_LETTERS } from '@callfold/core';
import { isLetterOfBefore, isOfBefore } from './horizon.ts';
import { decodeLetter } from './letters.ts';
import type { Codec } from './ports.ts';
import type { Stood } from './read-back.ts';
import { hasValue, originOffset } from './read-back.ts';
import type { Finding } from './seq.ts';
import type { Expected, Report } from './verify.ts';

/** Of dead letters: each record that cannot be folded has one, and no other. */

/** A raw record of one log: of a topic made anew the offsets come again. */
export const refusedName = (offset: number, appendedAt: number): string => `${offset} ${appendedAt}`;

/**
 * Raw records of which a dead letter says that their subject was erased: all that is known of an erasure that is gone
 * from the log. Schemas must have been prepared.
 */
export function refusedAsErased(stood: readonly Stood[], codec: Codec): ReadonlySet<string> {
  const names = new Set<string>();
  for (const one of stood) {
    if (one.topic !== DEAD_LETTERS || !hasValue(one)) continue;
    const { code, originAppendedAt } = decodeLetter(one.value, codec);
    if (code === 'erased') names.add(refusedName(originOffset(one), originAppendedAt));
  }
  return names;
}

/** Of dead letters of which retention took the first: those of raw records below this offset have expired. */
export function lettersFrom(stood: readonly Stood[], { horizon }: Pick<Expected, 'horizon'>, codec: Codec): number {
  const first = stood.filter(hasValue).find(({ topic }) => topic === DEAD_LETTERS);
  if (first === undefined) return Infinity;
  const offset = originOffset(first);
  const { originAppendedAt } = decodeLetter(first.value, codec);
  // Where one of before the horizon stands, so do all that came after it.
  return horizon && originAppendedAt > 0 && isOfBefore(horizon, offset, originAppendedAt) ? 0 : offset;
}

export function compareLetters(stood: readonly Stood[], { letters, horizon }: Expected, codec: Codec): Report {
  const findings: Finding[] = [];
  const left = new Set(letters);
  let same = 0;
  let beforeHorizon = 0;
  for (const record of stood) {
    if (record.topic !== DEAD_LETTERS || !hasValue(record)) continue;
    const offset = originOffset(record);
    const { code, originAppendedAt } = decodeLetter(record.value, codec);
    // Of a topic made anew the offsets come again.
    const isBefore = horizon !== null && isOfBefore(horizon, offset, originAppendedAt);
    if (!isBefore && left.delete(offset)) same += 1;
    else if (isBefore || isLetterOfBefore(horizon, code, offset)) beforeHorizon += 1;
    else
      findings.push({
        fault: 'surplus',
        where: `dead letter of ${record.origin}`,
        detail: 'the record folds, or it is there twice',
      });
  }
  for (const offset of left)
    findings.push({ fault: 'lost', where: `dead letter of offset ${offset}`, detail: 'it cannot be folded' });
  return { same, beforeHorizon, findings };
}
