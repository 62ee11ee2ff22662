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
  /** When the last agent left another one was being asked, or was asked later, who never came: a transfer under way. */
  readonly transferPending: boolean;
  /** A screen was open when the contact left for good, or when the call ended with the contact in. */
  readonly ringingAtExit: boolean;
};

/** Where a live call stands. */
export type Standing = {
  readonly phase: Phase;
  /** The event with which the phase began. */
  readonly since: Fact | null;
};

/** Who was in, and whom it rang. */
export type Parties = { readonly presence: Presence; readonly offers: readonly Offer[] };

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

function isTransferPending({ answer, lastAgentLeave, redirect }: Presence, offers: readonly Offer[]): boolean {
  if (!answer || !lastAgentLeave || redirect) return false;
  return offers.some(({ request, shown, result, closedAt }) => {
    const asked = request ?? shown;
    const wasOpen = closedAt === null || closedAt > lastAgentLeave.at;
    return asked !== null && asked.at >= answer.at && result !== 'answered' && wasOpen;
  });
}

/** The facts in their order: what is open *at* one must be asked before `pass` hands it on. */
function openBooks(facts: readonly Fact[], settings: Settings) {
  const presence = openPresence(facts);
  const book = openOfferBook(settings.missedOfferMs);
  const pass = (fact: Fact): void => {
    const countsAsJoin = presence.redirect === null;
    presence.pass(fact);
    book.pass(fact, countsAsJoin);
  };
  return { presence, book, pass };
}

export function readParties(facts: readonly Fact[], settings: Settings): Parties {
  const { presence, book, pass } = openBooks(facts, settings);
  for (const fact of facts) pass(fact);
  return { presence, offers: book.all() };
}

export function readStanding(facts: readonly Fact[], settings: Settings): Standing {
  const { presence, book, pass } = openBooks(facts, settings);
  let phase: Phase = 'registered';
  let since = facts[0] ?? null;
  let ended = false;
  for (const fact of facts) {
    pass(fact);
    if (fact.word === 'ended') ended = true;
    const now = phaseOf(presence, ended, book.ringingAt(fact.at));
    if (now === phase) continue;
    phase = now;
    since = fact;
  }
  return { phase, since };
}

export function readTimeline(facts: readonly Fact[], settings: Settings): Timeline {
  const { presence, book, pass } = openBooks(facts, settings);
  let end: Fact | null = null;
  let recording: Fact | null = null;
  let finalNoAnswers: Fact[] = [];
  let ringingAtExit: boolean | null = null;
  const words = new Set<string>();

  for (const fact of facts) {
    const { word } = fact;
    const exits = word === 'contact-left' || (word === 'ended' && presence.contactIn);
    // The first of several counts: it closes what rang, and clocks may put an end before the leave that caused it.
    if (exits) ringingAtExit ??= book.ringingAt(fact.at);
    else if (word === 'contact-joined') ringingAtExit = null;
    words.add(word);
    pass(fact);
    if (word === 'ended') end = fact;
    else if (word === 'no-answer') finalNoAnswers.push(fact);
    else if (word === 'recorded' && presence.redirect) recording ??= fact;
    else if (word === 'agent-requested' || word === 'screen-shown') finalNoAnswers = [];
  }
  const offers = book.all();
  return {
    presence,
    offers,
    end,
    recording,
    registered: words.has('registered'),
    crmRegistered: words.has('crm-registered'),
    unknownWords: words.has('unknown'),
    contactJoinSeen: words.has('contact-joined'),
    finalNoAnswers,
    transferPending: isTransferPending(presence, offers),
    ringingAtExit: ringingAtExit ?? false,
  };
}
