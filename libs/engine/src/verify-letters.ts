import { DEAD_LETTERS } from '@callfold/core';
import { isLetterOfBefore, isOfBefore } from './horizon.ts';
import { decodeLetter } from './letters.ts';
import type { Codec } from './ports.ts';
import type { Stood } from './read-back.ts';
import { hasValue, originOffset } from './read-back.ts';
import type { Finding } from './seq.ts';
import type { Expected, Report } from './verify.ts';

/** Of dead letters: each record that cannot be folded has one, and no other. */

/**
 * Offsets of raw records of which a dead letter says that their subject was erased: all that is known of an erasure
 * that is gone from the log. Schemas must have been prepared.
 */
export function refusedAsErased(stood: readonly Stood[], codec: Codec): ReadonlySet<number> {
  const letters = stood.filter((one) => hasValue(one)).filter(({ topic }) => topic === DEAD_LETTERS);
  return new Set(letters.filter((one) => decodeLetter(one.value, codec).code === 'erased').map(originOffset));
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
    else if (isBefore || isLetterOfBefore(horizon, code)) beforeHorizon += 1;
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
