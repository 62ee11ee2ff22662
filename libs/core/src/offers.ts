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
  pass(fact: Fact, joinCounts: boolean): void;
  /** Screens open at an instant, those that were open too long left out. */
  ringingAt(at: number): boolean;
  all(): readonly Offer[];
};

export function openOfferBook(missedOfferMs: number): OfferBook {
  const offers: Open[] = [];
  const latest = new Map<string, Open>();
  const first = new Map<string, Open>();

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
    if (!first.has(agent)) first.set(agent, offer);
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

  function join(agent: string, fact: Fact): void {
    const offer = latest.get(agent);
    if (offer) close(offer, 'answered', fact.at, fact, 'agent-joined');
    closeOpen('rescinded', fact, 'another-agent-joined', (one) => one.agent !== agent);
  }

  function pass(fact: Fact, joinCounts: boolean): void {
    expire(fact);
    if (fact.word === 'agent-requested' && fact.agent !== null) request(fact.agent, fact);
    else if (fact.word === 'screen-shown' && fact.agent !== null) show(fact.agent, fact);
    else if (fact.word === 'agent-joined' && fact.agent !== null && joinCounts) {
      if (!latest.has(fact.agent)) early.set(fact.agent, fact);
      join(fact.agent, fact);
    } else if (fact.word === 'no-answer') {
      const ringing = offers.filter(isRinging);
      if (ringing.length === 1) close(ringing[0] as Open, 'missed', fact.at, fact, 'no-answer');
    } else if (fact.word === 'redirected') closeOpen('missed', fact, 'redirected', isRinging);
    else if (fact.word === 'contact-left') closeOpen('rescinded', fact, 'contact-left', () => true);
    else if (fact.word === 'ended') closeOpen('rescinded', fact, 'call-ended', () => true);
  }

  /** Joins seen before the agent's first offer: clocks differ by a little, and the join answers that offer. */
  const early = new Map<string, Fact>();

  return {
    pass,
    ringingAt: (at) => offers.some((offer) => isRinging(offer) && (offer.shown as Fact).at + missedOfferMs > at),
    all() {
      for (const [agent, fact] of early) {
        const offer = first.get(agent);
        if (offer && offer.result !== 'answered') close(offer, 'answered', fact.at, fact, 'agent-joined');
      }
      return [...offers].sort((a, b) => (a.agent === b.agent ? a.n - b.n : a.agent < b.agent ? -1 : 1));
    },
  };
}
