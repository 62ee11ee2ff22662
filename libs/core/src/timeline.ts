import type { Fact } from './fact.ts';
import type { Offer } from './offers.ts';
import { openOfferBook } from './offers.ts';
import type { Presence } from './presence.ts';
import { openPresence } from './presence.ts';
import type { Settings } from './settings.ts';

export type Phase = 'registered' | 'waiting' | 'ringing' | 'talking' | 'voicemail' | 'ended';

/** What the facts of one call say, read once in their order. Nothing is judged here; `call.ts` does. */
export type Timeline = {
  readonly presence: Presence;
  readonly offers: readonly Offer[];
  readonly end: Fact | null;
  /** The first recording after the redirect. */
  readonly recording: Fact | null;
  readonly registered: boolean;
  readonly crmRegistered: boolean;
  readonly unknownWords: boolean;
  readonly contactJoinSeen: boolean;
  /** No-answers after which no agent was asked or shown the call again. */
  readonly finalNoAnswers: readonly Fact[];
  /** Agents asked or shown the call after the answer, not yet in: a transfer under way. */
  readonly transferPending: boolean;
  /** A screen was open when the contact last left, or when the call ended with the contact in. */
  readonly ringingAtExit: boolean;
  readonly phase: Phase;
  /** The event with which the phase began. */
  readonly since: Fact | null;
};

/** Over: an end, a redirect, or the contact gone. Cheap: asked for every event. */
export function isTimelineOver(facts: readonly Fact[]): boolean {
  let gone = false;
  for (const fact of facts) {
    if (fact.word === 'ended' || fact.word === 'redirected') return true;
    if (fact.word === 'contact-joined') gone = false;
    else if (fact.word === 'contact-left') gone = true;
  }
  return gone;
}

function phaseOf(presence: Presence, ended: boolean, ringing: boolean): Phase {
  if (ended || (presence.lastLeave && !presence.contactIn)) return 'ended';
  if (presence.redirect) return 'voicemail';
  if (presence.contactIn && presence.agentsIn > 0) return 'talking';
  if (ringing) return 'ringing';
  return presence.firstJoin ? 'waiting' : 'registered';
}

export function readTimeline(facts: readonly Fact[], settings: Settings): Timeline {
  const presence = openPresence(facts);
  const book = openOfferBook(settings.missedOfferMs);
  const pending = new Set<string>();
  let end: Fact | null = null;
  let recording: Fact | null = null;
  let finalNoAnswers: Fact[] = [];
  let ringingAtExit = false;
  let phase: Phase = 'registered';
  let since = facts[0] ?? null;

  for (const fact of facts) {
    const { word, agent } = fact;
    const exits = word === 'contact-left' || (word === 'ended' && presence.contactIn);
    if (exits) ringingAtExit = book.ringingAt(fact.at);
    const countsAsJoin = presence.redirect === null;
    presence.pass(fact);
    book.pass(fact, countsAsJoin);
    if (word === 'ended') end = fact;
    else if (word === 'no-answer') finalNoAnswers.push(fact);
    else if (word === 'recorded' && presence.redirect) recording ??= fact;
    else if (word === 'agent-joined' && agent !== null) pending.delete(agent);
    else if (word === 'agent-requested' || word === 'screen-shown') {
      finalNoAnswers = [];
      if (presence.answer && agent !== null && !presence.isIn(agent)) pending.add(agent);
    }
    const now = phaseOf(presence, end !== null, book.ringingAt(fact.at));
    if (now !== phase) {
      phase = now;
      since = fact;
    }
  }
  const has = (word: string): boolean => facts.some((fact) => fact.word === word);
  return {
    presence,
    offers: book.all(),
    end,
    recording,
    registered: has('registered'),
    crmRegistered: has('crm-registered'),
    unknownWords: has('unknown'),
    contactJoinSeen: has('contact-joined'),
    finalNoAnswers,
    transferPending: pending.size > 0,
    ringingAtExit,
    phase,
    since,
  };
}
