import type { SubjectKind } from './event.ts';
import type { Fact, Inserted } from './fact.ts';
import { insertFact } from './fact.ts';
import { LIMITS } from './limits.ts';
import { betterReport, isSameStay } from './stay.ts';

/**
 * Room for the facts of one subject. A full one keeps its smallest, so that what is kept does not depend on the order
 * in which events came.
 */

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

/** Of the reports of one stay the better one is kept alone: the others say nothing more, whenever they come. */
function insertReport(facts: readonly Fact[], report: Fact): Inserted {
  let place = facts.length;
  while (place > 0 && (facts[place - 1] as Fact).at > report.at) place -= 1;
  for (let i = place - 1; i >= 0 && facts[i]?.at === report.at; i -= 1) {
    const known = facts[i] as Fact;
    if (!isSameStay(known, report)) continue;
    if (betterReport(known, report) === known) return { facts, added: false, overflowed: false };
    return insertFact(facts.toSpliced(i, 1), report, LIMITS.agentFacts);
  }
  return insertFact(facts, report, LIMITS.agentFacts);
}

export function insertBounded(kind: SubjectKind, facts: readonly Fact[], fact: Fact): Inserted {
  if (kind === 'agent') return insertReport(facts, fact);
  if (kind === 'chat') return insertFact(facts, fact, LIMITS.chatFacts);
  return fact.word === 'record' ? insertFact(facts, fact, LIMITS.callFacts) : insertIntoCall(facts, fact);
}
