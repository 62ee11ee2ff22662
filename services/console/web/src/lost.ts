import { HOUR_MS } from './past.ts';
import type { Ended, EndedList, Question } from './outcomes.ts';
import { endOf, listOf } from './outcomes.ts';
import { faultText, reasonText } from './reasons.ts';
import type { SubjectView } from './times.ts';
import { wordOr } from './words.ts';

/** What was lost in the last hour, and why: offered calls that nobody answered, and voice-AI calls that failed. */

const OFFERED_AND_LOST = ['abandoned', 'missed', 'voicemail'];
const MOST = 1_000;

/** Of the last hour, the latest first; by the report's own words for what was offered and not answered. */
export async function readLost(question: Question, now: number, signal: AbortSignal): Promise<EndedList> {
  const isOf = (source: string): boolean => question.source === null || question.source === source;
  const queries = [
    ...(isOf('callcenter24') ? OFFERED_AND_LOST.map((outcome) => `outcome=${outcome}&source=callcenter24`) : []),
    ...(isOf('atlas') ? ['outcome=failed&source=atlas'] : []),
  ];
  const lists = await Promise.all(queries.map((query) => listOf(`${query}&limit=${MOST}`, question, signal)));
  const from = new Date(now - HOUR_MS).toISOString();
  return {
    ended: lists.flatMap(({ ended }) => ended.filter((one) => endOf(one) >= from)),
    // What the log took last comes first: when the last one was taken before the hour, so was the rest.
    isMore: lists.some(({ ended, isMore }) => isMore && (ended.at(-1)?.ingestedAt ?? from) >= from),
  };
}

export type LostGroup = { readonly key: string; readonly why: string; readonly calls: readonly Ended[] };

/** What became of it, and what is known of why. */
function whyOf(one: Ended, { say, language }: SubjectView): string {
  const outcome = wordOr(`outcome.${one.outcome}`, one.outcome, say);
  if (one.source === 'atlas')
    return `${outcome}: ${reasonText(one.reason, language)}, ${faultText(one.fault, language)}`;
  if (one.outcome === 'voicemail')
    return `${outcome}: ${say('message')} ${say(one.voicemailLeft ? 'left' : 'notSeen')}`;
  const stage = one.stage === null ? '' : `, ${say(one.stage === 'ring' ? 'ring' : 'queue')}`;
  return `${outcome}: ${reasonText(one.reason, language)}${stage}${one.inferred ? ` (${say('inferred')})` : ''}`;
}

/** The commonest why first. */
export function lostGroups(lost: readonly Ended[], view: SubjectView): LostGroup[] {
  const groups = new Map<string, Ended[]>();
  for (const one of lost) {
    const why = whyOf(one, view);
    groups.set(why, [...(groups.get(why) ?? []), one]);
  }
  return [...groups]
    .map(([why, calls]) => ({ key: why, why, calls: [...calls].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1)) }))
    .sort((a, b) => b.calls.length - a.calls.length);
}
