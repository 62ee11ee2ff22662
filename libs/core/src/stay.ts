import type { Fact } from './fact.ts';
import { compareFacts } from './fact.ts';
import { idOf } from './key.ts';

/** One report of an agent's stay in a state; a stay is reported when it begins, and again when its length is known. */

/** What a state is called in records: the upstream's name, of an unknown one its own words. */
export function agentState(fact: Fact): string {
  return fact.word === 'unknown' ? fact.status?.trim() || 'unknown' : fact.word;
}

/** A stay's own part of its record's id. */
export function stayName(fact: Fact): string {
  return idOf(new Date(fact.at).toISOString(), agentState(fact));
}

export const durationOf = (fact: Fact): number | null => fact.stay?.duration ?? null;

/** Of two reports of one stay the longer known duration counts, then the greater description, then the smaller fact. */
export function betterReport(a: Fact, b: Fact): Fact {
  const [x, y] = [durationOf(a) ?? -1, durationOf(b) ?? -1];
  if (x !== y) return x > y ? a : b;
  const [one, other] = [a.stay?.description ?? '', b.stay?.description ?? ''];
  if (one !== other) return one > other ? a : b;
  return compareFacts(a, b) <= 0 ? a : b;
}

export const isSameStay = (a: Fact, b: Fact): boolean => a.at === b.at && agentState(a) === agentState(b);

/** Every report of an agent's stays, each once. */
export function openReports() {
  const byStay = new Map<string, Fact[]>();
  const of = (fact: Fact): readonly Fact[] => byStay.get(stayName(fact)) ?? [];
  return {
    of,
    add(fact: Fact): void {
      if (fact.stay === null || of(fact).some((one) => compareFacts(one, fact) === 0)) return;
      byStay.set(stayName(fact), [...of(fact), fact]);
    },
  };
}
