import type { Fact } from './fact.ts';

/** One offer of a call to one agent. */
export type Offer = {
  readonly agent: string;
  /** From 1, per agent and call, in time order. */
  readonly n: number;
  /** The display request; null when only screens were seen. */
  readonly request: Fact | null;
  readonly shown: Fact | null;
  readonly result: 'answered' | 'missed' | 'rescinded' | 'unknown';
  readonly closedAt: number | null;
  /** The event that gave the result; of an unknown one its latest. */
  readonly decidedBy: Fact;
  readonly rule: string;
};

type Open = { -readonly [K in keyof Offer]: Offer[K] };

/**
 * Follows the offers of one call while its facts pass in order. Every fact must be given to `pass` exactly once;
 * what is open *at* a fact must be asked before.
 */
export type OfferBook = {
  /** @param joinCounts false after the redirect: nobody can take the call any more */
  pass(fact: Fact, joinCounts: boolean): void;
  /** Screens open at an instant, those that were open too long left out. */
  ringingAt(at: number): boolean;
  all(): readonly Offer[];
};

export function openOfferBook(missedOfferMs: number): OfferBook {
  const offers: Open[] = [];
  const latest = new Map<string, Open>();
  /** Who has taken the call and not left. An offer that is told of only then was answered by that join. */
  const joined = new Map<string, Fact>();
  let redirected: Fact | null = null;

  function add(agent: string, fact: Fact, request: Fact | null): Open {
    const offer: Open = {
      agent,
      n: (latest.get(agent)?.n ?? 0) + 1,
      request,
      shown: null,
      result: 'unknown',
      closedAt: null,
      decidedBy: fact,
      rule: 'nothing-closed-it',
    };
    offers.push(offer);
    latest.set(agent, offer);
    const join = joined.get(agent);
    if (join) close(offer, 'answered', join.at, join, 'agent-joined');
    else if (redirected) close(offer, 'rescinded', fact.at, redirected, 'redirected');
    return offer;
  }

  function close(offer: Open, result: Offer['result'], at: number, fact: Fact, rule: string): void {
    offer.result = result;
    offer.closedAt = at;
    offer.decidedBy = fact;
    offer.rule = rule;
  }

  const isOpen = (offer: Open): boolean => offer.closedAt === null;
  const isRinging = (offer: Open): boolean => isOpen(offer) && offer.shown !== null;

  function expire(fact: Fact): void {
    for (const offer of offers) {
      if (!isRinging(offer)) continue;
      const until = (offer.shown as Fact).at + missedOfferMs;
      if (until <= fact.at) close(offer, 'missed', until, offer.shown as Fact, 'shown-too-long');
    }
  }

  function closeOpen(result: Offer['result'], fact: Fact, rule: string, only: (offer: Open) => boolean): void {
    for (const offer of offers) if (isOpen(offer) && only(offer)) close(offer, result, fact.at, fact, rule);
  }

  function request(agent: string, fact: Fact): void {
    const before = latest.get(agent);
    if (before && isRinging(before)) close(before, 'missed', fact.at, fact, 'requested-again');
    add(agent, fact, fact);
  }

  function show(agent: string, fact: Fact): void {
    const offer = latest.get(agent) ?? add(agent, fact, null);
    offer.shown ??= fact;
    if (isOpen(offer)) offer.decidedBy = fact;
  }

  /** The first join answers; a reconnect of the same agent changes nothing. */
  function join(agent: string, fact: Fact): void {
    if (!joined.has(agent)) joined.set(agent, fact);
    const offer = latest.get(agent);
    if (offer && offer.result !== 'answered') close(offer, 'answered', fact.at, fact, 'agent-joined');
    closeOpen('rescinded', fact, 'another-agent-joined', (one) => one.agent !== agent);
  }

  function noAnswer(fact: Fact): void {
    const ringing = offers.filter(isRinging);
    if (ringing.length === 1) close(ringing[0] as Open, 'missed', fact.at, fact, 'no-answer');
  }

  /** The call is over for the agents: it rang out where it rang, and whoever is asked later cannot take it. */
  function redirect(fact: Fact): void {
    redirected ??= fact;
    closeOpen('missed', fact, 'redirected', isRinging);
    closeOpen('rescinded', fact, 'redirected', () => true);
  }

  function pass(fact: Fact, joinCounts: boolean): void {
    expire(fact);
    const { word, agent } = fact;
    if (word === 'agent-requested' && agent !== null) request(agent, fact);
    else if (word === 'screen-shown' && agent !== null) show(agent, fact);
    else if (word === 'agent-joined' && agent !== null && joinCounts) join(agent, fact);
    else if (word === 'agent-left' && agent !== null) joined.delete(agent);
    else if (word === 'no-answer') noAnswer(fact);
    else if (word === 'redirected') redirect(fact);
    else if (word === 'contact-left') closeOpen('rescinded', fact, 'contact-left', () => true);
    else if (word === 'ended') closeOpen('rescinded', fact, 'call-ended', () => true);
  }

  return {
    pass,
    ringingAt: (at) => offers.some((offer) => isRinging(offer) && (offer.shown as Fact).at + missedOfferMs > at),
    all: () => [...offers].sort((a, b) => (a.agent === b.agent ? a.n - b.n : a.agent < b.agent ? -1 : 1)),
  };
}
