import { isoTime } from '@callfold/schemas';
import type { Interval } from './agent.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence, notesOf } from './explain-evidence.ts';
import { saying } from './explain-words.ts';
import { compareFacts } from './fact.ts';
import type { Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';

/** Why an agent's stay in a state begins and ends where it does: gaps, overlaps, cuts. */

const nextPhrase = (next: Interval | undefined): Phrase =>
  next ? phrase('stay.next', { state: next.state, when: isoTime(next.deciding.at) }) : phrase('stay.nothing');

function intervalPhrase({ deciding, durationFrom, end }: Interval, next: Interval | undefined): Phrase {
  const long = deciding.stay?.duration ?? null;
  if (durationFrom === 'open') return phrase('stay.open');
  if (durationFrom === 'reported') return phrase('stay.reported', { long: long ?? 0 });
  if (long === null) return phrase('stay.derived', { next: nextPhrase(next) });
  return phrase('stay.cut', { long, over: deciding.at + long - (end ?? 0), next: nextPhrase(next) });
}

function intervalNotes({ end, flags, state }: Interval, next: Interval | undefined): Phrase[] {
  const notes: Phrase[] = [];
  if (next && end !== null && flags.includes('gap-after'))
    notes.push(phrase('stay.gap', { long: next.deciding.at - end, next: nextPhrase(next) }));
  if (flags.includes('overlap')) notes.push(phrase('stay.overlap'));
  if (flags.includes('unknown-state')) notes.push(phrase('stay.unknown', { state }));
  return notes;
}

export function intervalDecision(intervals: readonly Interval[], at: number, of: Case): Decision {
  const interval = intervals[at] as Interval;
  const next = intervals[at + 1];
  const { deciding, durationFrom } = interval;
  const reports = of.reportsOf(deciding).filter((fact) => compareFacts(fact, deciding) !== 0);
  const endedByNext = durationFrom === 'derived' && next ? [next.deciding] : [];
  return {
    rule: durationFrom,
    ...saying(intervalPhrase(interval, next)),
    restsOn: [deciding, ...endedByNext].map((fact) => evidence(fact, of)),
    others: [],
    passedOver: reports.map((fact) => ({
      ...evidence(fact, of),
      ...saying(phrase(fact.stay?.duration === deciding.stay?.duration ? 'stay.same-length' : 'stay.shorter')),
    })),
    ...notesOf(intervalNotes(interval, next)),
  };
}
