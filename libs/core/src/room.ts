import type { SubjectKind } from './event.ts';
import type { Fact, Inserted } from './fact.ts';
import { insertFact } from './fact.ts';
import { LIMITS } from './limits.ts';

/**
 * Room for the facts of one subject. A full one keeps its smallest, so that what is kept does not depend on the order
 * in which events came.
 */

const MOST: Readonly<Record<SubjectKind, number>> = {
  call: LIMITS.callFacts,
  chat: LIMITS.chatFacts,
  agent: LIMITS.agentFacts,
};

/** A call that rings forty agents in turns says these hundreds of times before it is answered. */
const RINGING: ReadonlySet<string> = new Set(['agent-requested', 'screen-shown', 'no-answer', 'unknown']);

/** Who is in and how it ends has room of its own, so that no ringing, however long, can push it out. */
const hasOwnRoom = ({ word }: Fact): boolean => !RINGING.has(word);
const OWN_ROOM = LIMITS.callFacts - LIMITS.callRingingFacts;

function insertIntoCall(facts: readonly Fact[], fact: Fact): Inserted {
  const inserted = insertFact(facts, fact, Infinity);
  const own = hasOwnRoom(fact);
  const most = own ? OWN_ROOM : LIMITS.callRingingFacts;
  if (!inserted.added || inserted.facts.length <= most) return inserted;
  const alike = inserted.facts.reduce((count, one) => (hasOwnRoom(one) === own ? count + 1 : count), 0);
  if (alike <= most) return inserted;
  const greatest = inserted.facts.findLastIndex((one) => hasOwnRoom(one) === own);
  if (inserted.facts[greatest] === fact) return { facts, added: false, overflowed: true };
  return { facts: inserted.facts.toSpliced(greatest, 1), added: true, overflowed: true };
}

export function insertBounded(kind: SubjectKind, facts: readonly Fact[], fact: Fact): Inserted {
  const isTimeline = kind === 'call' && fact.word !== 'record';
  return isTimeline ? insertIntoCall(facts, fact) : insertFact(facts, fact, MOST[kind]);
}
