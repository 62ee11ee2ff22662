import type { Model } from './model.ts';
import { silentMs, STALE_MS, staleMs } from './model.ts';
import type { Say, Word } from './words.ts';
import { isWord } from './words.ts';

/** How true what the page shows is, and why. */

export type Standing = {
  /**
   * `starting`: nothing was told yet. `old`: it may be as old as is said. `part`: it is not all that there is, or what
   * it comes from has just gone. `live`: it is as good as new, and whole. `replay`: it is whole, and of a past moment.
   */
  readonly kind: 'starting' | 'old' | 'part' | 'live' | 'replay';
  /** Of what is old. */
  readonly ageMs: number | null;
  readonly whys: readonly Word[];
};

const whyOf = (code: string): Word => {
  const word = `why.${code}`;
  return isWord(word) ? word : 'why.other';
};

/** What the stream is about: the first that holds. */
function streamWhy(model: Model, isOld: boolean): readonly Word[] {
  const { problem, isThere, isWell, lacks } = model;
  if (problem !== null) return [whyOf(problem.code)];
  if (!isThere) return [];
  if (silentMs(model) > STALE_MS) return ['why.no-answer'];
  if (!isWell) return lacks.includes('records-away') ? [] : ['why.data-away'];
  return isOld ? ['why.behind'] : [];
}

/** @param isListsOld the lists could not be read again */
export function standingOf(model: Model, isListsOld: boolean): Standing {
  const age = staleMs(model);
  const lists = isListsOld ? (['why.lists-old'] as const) : [];
  const whys: readonly Word[] = [...streamWhy(model, age !== null), ...model.lacks.map(whyOf), ...lists];
  if (!model.isThere) return { kind: 'starting', ageMs: null, whys };
  if (age !== null) return { kind: 'old', ageMs: age, whys };
  return { kind: whys.length > 0 ? 'part' : model.replay === null ? 'live' : 'replay', ageMs: null, whys };
}

/** Nothing is lacking. */
export const isWhole = ({ kind }: Standing): boolean => kind === 'live' || kind === 'replay';

/** Its sentences; what the console itself says of a problem stays in its own words. */
export function whyText({ whys }: Standing, { problem }: Model, say: Say): string {
  const own = problem?.detail ? [`${say('consoleSays')}: ${problem.detail}`] : [];
  return [...whys.map((word) => say(word)), ...own].join(' ');
}
