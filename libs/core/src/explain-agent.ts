import { isoTime } from '@callfold/schemas';
import type { Interval } from './agent.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence } from './explain-evidence.ts';
import { spanText } from './explain-words.ts';
import { compareFacts } from './fact.ts';

/** Why an agent's stay in a state begins and ends where it does: gaps, overlaps, cuts. */

function intervalSays({ deciding, durationFrom, end }: Interval, next: Interval | undefined): string {
  const reported = deciding.stay?.duration ?? null;
  const until = next ? `${next.state} at ${isoTime(next.deciding.at)}` : 'nothing';
  if (durationFrom === 'open') return 'nothing came after it: the agent is in it';
  if (durationFrom === 'reported') return `a length of ${spanText(reported ?? 0)} was reported`;
  if (reported === null) return `no length was reported: it ends where the next one begins, ${until}`;
  const over = spanText(deciding.at + reported - (end ?? 0));
  const length = `a length of ${spanText(reported)} was reported`;
  return `${length}, ${over} past the beginning of the next one, ${until}: it is cut there`;
}

function intervalNotes({ end, flags, state }: Interval, next: Interval | undefined): string[] {
  const notes: string[] = [];
  if (next && end !== null && flags.includes('gap-after')) {
    const until = next.deciding.at;
    notes.push(`a gap: nothing is known for ${spanText(until - end)} until ${next.state} at ${isoTime(until)}`);
  }
  if (flags.includes('overlap')) notes.push('an overlap: what was reached past the next one is not counted twice');
  if (flags.includes('unknown-state'))
    notes.push(`"${state}" is not a state that callfold knows: kept under its own name`);
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
    says: intervalSays(interval, next),
    restsOn: [deciding, ...endedByNext].map((fact) => evidence(fact, of)),
    others: [],
    passedOver: reports.map((fact) => ({
      ...evidence(fact, of),
      says:
        fact.stay?.duration === deciding.stay?.duration
          ? 'another report of the same stay, of the same length'
          : 'another report of the same stay, with no length or a shorter one',
    })),
    notes: intervalNotes(interval, next),
  };
}
