import type { Fact } from './fact.ts';

/** One stay of an agent in a call. */
export type AgentStay = { readonly agent: string; readonly joined: Fact | null; readonly left: Fact | null };
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type OpenStay = Writable<AgentStay>;

/** Time in which the contact and at least one agent were in; `to` null: still open at the last fact. */
export type Talk = { readonly from: number; readonly to: number | null };

/**
 * Who is in a call, while its facts pass in order. Somebody whose first event is a leave was in from the beginning: the
 * join was never seen. But not where that leave stands after the redirect: what follows it tells nothing of before.
 */
export type Presence = {
  pass(fact: Fact): void;
  readonly contactIn: boolean;
  readonly agentsIn: number;
  /** The event at which contact and an agent were in together for the first time. */
  readonly answer: Fact | null;
  /** What says that both were in then: their joins, or the leaves of joins that were never seen. */
  readonly answerProof: readonly Fact[];
  readonly firstJoin: Fact | null;
  readonly lastLeave: Fact | null;
  /** The leave after which no agent was in; null while one is. */
  readonly lastAgentLeave: Fact | null;
  readonly redirect: Fact | null;
  readonly stays: readonly AgentStay[];
  readonly talks: readonly Talk[];
  /** Joined while the contact was in, after another agent had been with the contact. */
  readonly secondAgentJoined: boolean;
  readonly contactLeftWithoutJoin: boolean;
  readonly agentLeftWithoutJoin: boolean;
  readonly joinedAfterContactLeft: boolean;
  readonly joinedAfterRedirect: boolean;
  isIn(agent: string): boolean;
};

/** By agent the leave of a join that was never seen. */
function unseenJoins(facts: readonly Fact[]): Map<string, Fact> {
  const seen = new Set<string>();
  const leaves = new Map<string, Fact>();
  for (const fact of facts) {
    if (fact.word === 'redirected') break;
    if (fact.agent === null || seen.has(fact.agent)) continue;
    if (fact.word !== 'agent-joined' && fact.word !== 'agent-left') continue;
    seen.add(fact.agent);
    if (fact.word === 'agent-left') leaves.set(fact.agent, fact);
  }
  return leaves;
}

/** The contact's leave, where no join stands before it. */
function unseenContact(facts: readonly Fact[]): Fact | null {
  for (const fact of facts) {
    if (fact.word === 'contact-left') return fact;
    if (fact.word === 'contact-joined' || fact.word === 'redirected') return null;
  }
  return null;
}

/** @param facts all facts of the call, in order: what comes first tells which joins were never seen. */
export function openPresence(facts: readonly Fact[]): Presence {
  const contactLeave = unseenContact(facts);
  const fromStart = unseenJoins(facts);
  const stays: OpenStay[] = [];
  const active = new Map<string, OpenStay>();
  for (const agent of fromStart.keys()) {
    const stay = { agent, joined: null, left: null };
    stays.push(stay);
    active.set(agent, stay);
  }
  /** Joined after the redirect: noted, but they cannot be with the contact. */
  const barred = new Map<string, OpenStay>();
  const lastStay = new Map<string, OpenStay>(active);
  const withContact = new Set<string>();
  const talks: { from: number; to: number | null }[] = [];
  let contactProof = contactLeave;

  const presence: Writable<Presence> = {
    pass,
    isIn: (agent) => active.has(agent),
    contactIn: contactLeave !== null,
    agentsIn: active.size,
    answer: null,
    answerProof: [],
    firstJoin: null,
    lastLeave: null,
    lastAgentLeave: null,
    redirect: null,
    stays,
    talks,
    secondAgentJoined: false,
    contactLeftWithoutJoin: contactLeave !== null,
    agentLeftWithoutJoin: fromStart.size > 0,
    joinedAfterContactLeft: false,
    joinedAfterRedirect: false,
  };

  function join(agent: string, fact: Fact): void {
    if (active.has(agent) || barred.has(agent)) return;
    const stay: OpenStay = { agent, joined: fact, left: null };
    stays.push(stay);
    lastStay.set(agent, stay);
    if (presence.redirect) {
      presence.joinedAfterRedirect = true;
      barred.set(agent, stay);
      return;
    }
    if (!presence.contactIn && presence.lastLeave) presence.joinedAfterContactLeft = true;
    active.set(agent, stay);
    presence.lastAgentLeave = null;
    const others = withContact.size - (withContact.has(agent) ? 1 : 0);
    if (others > 0 && presence.contactIn) presence.secondAgentJoined = true;
  }

  function leave(agent: string, fact: Fact): void {
    const stay = active.get(agent) ?? barred.get(agent);
    if (stay) stay.left = fact;
    else noteStrayLeave(agent, fact);
    barred.delete(agent);
    if (active.delete(agent) && active.size === 0) presence.lastAgentLeave = fact;
  }

  /** A leave of somebody who was not in; the same one twice at one instant says nothing new. */
  function noteStrayLeave(agent: string, fact: Fact): void {
    const before = lastStay.get(agent);
    if (before?.left?.at === fact.at) return;
    presence.agentLeftWithoutJoin = true;
    if (before) return;
    const stay = { agent, joined: null, left: fact };
    stays.push(stay);
    lastStay.set(agent, stay);
  }

  function noteTogether(fact: Fact): void {
    const together = presence.contactIn && active.size > 0;
    const last = talks.at(-1);
    const talking = last !== undefined && last.to === null;
    if (together) {
      if (!presence.answer) {
        presence.answer = fact;
        presence.answerProof = proofOf();
      }
      for (const agent of active.keys()) withContact.add(agent);
    }
    if (together && !talking) talks.push({ from: fact.at, to: null });
    if (!together && talking) last.to = fact.at;
  }

  function proofOf(): Fact[] {
    const [agent, stay] = [...active][0] ?? [];
    const agentProof = stay?.joined ?? (agent === undefined ? undefined : fromStart.get(agent));
    return [contactProof, agentProof].filter((fact) => fact !== null && fact !== undefined);
  }

  function pass(fact: Fact): void {
    if (fact.word === 'contact-joined') {
      presence.firstJoin ??= fact;
      if (!presence.contactIn) contactProof = fact;
      presence.contactIn = true;
    } else if (fact.word === 'contact-left') {
      presence.lastLeave = fact;
      presence.contactIn = false;
    } else if (fact.word === 'redirected') presence.redirect ??= fact;
    else if (fact.word === 'agent-joined' && fact.agent !== null) join(fact.agent, fact);
    else if (fact.word === 'agent-left' && fact.agent !== null) leave(fact.agent, fact);
    presence.agentsIn = active.size;
    noteTogether(fact);
  }

  if (facts[0]) noteTogether(facts[0]);
  return presence;
}
