import { DEAD_LETTERS, KIND_OF_TOPIC, subjectOfId } from '@callfold/core';
import type { DerivedTopic } from '@callfold/core';
import { mayHaveBegunBefore } from './horizon.ts';
import type { StoodRecord } from './order.ts';
import type { Stood } from './read-back.ts';
import { originOffset } from './read-back.ts';
import type { Finding } from './seq.ts';
import type { Expected, Report } from './verify.ts';

/**
 * Of erasures: nothing may stand behind what they took. The tombstones themselves go with compaction, and with them
 * what they took; then nothing stands, which is as good.
 */

/** As `nameOf` names the record that it took. */
export function erasedName(topic: string, outcomeId: string): string {
  return `${KIND_OF_TOPIC[topic as DerivedTopic] ?? topic} ${outcomeId}`;
}

/** What a tombstone is called in findings. */
export const erasedWhere = (name: string, origin: number): string => `${name} erased at offset ${origin}`;

type Erased = Pick<Expected, 'tombstones' | 'horizon' | 'begun' | 'erasedMet'>;

/** It was given by what the log does not have: an erasure of before, or what the state knew of its subject by then. */
function isTombOfBefore(stood: Stood, { horizon, begun, erasedMet }: Erased): boolean {
  if (horizon === null) return false;
  const { topic, seq, key } = stood;
  if (originOffset(stood) < horizon.start) return true;
  if (begun !== undefined && (begun.seqs === undefined || seq < (begun.seqs[topic] ?? 0))) return true;
  const met = erasedMet.get(subjectOfId(key));
  return met !== undefined && mayHaveBegunBefore(horizon, met);
}

export function compareErasures(records: readonly StoodRecord[], expected: Erased): Report {
  const { tombstones } = expected;
  const due = new Map(
    tombstones.map(({ topic, outcomeId, origin }) => [`${erasedName(topic, outcomeId)} ${origin}`, origin]),
  );
  const ids = new Set(tombstones.map(({ topic, outcomeId }) => erasedName(topic, outcomeId)));
  const alive = new Set<string>();
  const findings: Finding[] = [];
  let same = 0;
  let beforeHorizon = 0;
  for (const { stood } of records) {
    if (stood.topic === DEAD_LETTERS) continue;
    const name = erasedName(stood.topic, stood.key);
    if (stood.value !== null) {
      if (ids.has(name)) alive.add(name);
      continue;
    }
    alive.delete(name);
    const origin = originOffset(stood);
    if (due.delete(`${name} ${origin}`)) same += 1;
    else if (isTombOfBefore(stood, expected)) beforeHorizon += 1;
    else
      findings.push({ fault: 'surplus', where: erasedWhere(name, origin), detail: 'no erasure of the log gives it' });
  }
  for (const { topic, outcomeId, origin } of tombstones) {
    const name = erasedName(topic, outcomeId);
    if (!alive.delete(name)) continue;
    findings.push({ fault: 'lost', where: erasedWhere(name, origin), detail: 'it was erased, and stands' });
  }
  return { same, beforeHorizon, findings };
}
