import type { Fact } from './fact.ts';

/** One stay of an agent in a call. */
export type AgentStay = { readonly agent: string; readonly joined: Fact | null; readonly left: Fact | null };
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type OpenStay = Writable<AgentStay>;

/** Time in which the contact and at least one agent were in; `to` null: still open at the last fact. */
export type Talk = { readonly from: number; readonly to: number | null };

/** Who is in a call, while its facts pass in order. A join that was never seen counts as earliest. */
export type Presence = {
  pass(fact: Fact): void;
  readonly contactIn: boolean;
  readonly agentsIn: number;
  /** The event at which contact and an agent were in together for the first time. */
  readonly answer: Fact | null;
  readonly firstJoin: Fact | null;
  readonly lastLeave: Fact | null;
  /** The leave after which no agent was in; null while one is. */
  readonly lastAgentLeave: Fact | null;
  readonly redirect: Fact | null;
  readonly stays: readonly AgentStay[];
  readonly talks: readonly Talk[];
  /** Joined while the contact was in, and another agent had joined before. */
  readonly secondAgentJoined: boolean;
  readonly agentLeftWithoutJoin: boolean;
  readonly joinedAfterContactLeft: boolean;
  readonly joinedAfterRedirect: boolean;
  isIn(agent: string): boolean;
};

/** Agents whose first event is a leave: their join was never seen. */
function agentsInFromStart(facts: readonly Fact[]): string[] {
  const seen = new Set<string>();
  const inFromStart: string[] = [];
  for (const fact of facts) {
    if (fact.agent === null || seen.has(fact.agent)) continue;
    if (fact.word !== 'agent-joined' && fact.word !== 'agent-left') continue;
    seen.add(fact.agent);
    if (fact.word === 'agent-left') inFromStart.push(fact.agent);
  }
  return inFromStart;
}

/** @param facts all facts of the call, in order: what comes first tells which joins were never seen. */
export function openPresence(facts: readonly Fact[]): Presence {
  const firstOfContact = facts.find((fact) => fact.word === 'contact-joined' || fact.word === 'contact-left');
  const fromStart = agentsInFromStart(facts);
  const stays: OpenStay[] = fromStart.map((agent) => ({ agent, joined: null, left: null }));
  const active = new Map(stays.map((stay): [string, OpenStay] => [stay.agent, stay]));
  /** Joined after the redirect: noted, but they cannot be with the contact. */
  const barred = new Map<string, OpenStay>();
  const talks: { from: number; to: number | null }[] = [];
  let firstAgent = fromStart[0] ?? null;

  const presence: Writable<Presence> = {
    pass,
    isIn: (agent) => active.has(agent),
    contactIn: firstOfContact?.word !== 'contact-joined',
    agentsIn: active.size,
    answer: null,
    firstJoin: null,
    lastLeave: null,
    lastAgentLeave: null,
    redirect: null,
    stays,
    talks,
    secondAgentJoined: false,
    agentLeftWithoutJoin: fromStart.length > 0,
    joinedAfterContactLeft: false,
    joinedAfterRedirect: false,
  };

  function join(agent: string, fact: Fact): void {
    if (active.has(agent) || barred.has(agent)) return;
    const stay: OpenStay = { agent, joined: fact, left: null };
    stays.push(stay);
    if (presence.redirect) {
      presence.joinedAfterRedirect = true;
      barred.set(agent, stay);
      return;
    }
    if (!presence.contactIn && presence.lastLeave) presence.joinedAfterContactLeft = true;
    active.set(agent, stay);
    presence.lastAgentLeave = null;
    firstAgent ??= agent;
    if (agent !== firstAgent && presence.contactIn) presence.secondAgentJoined = true;
  }

  function leave(agent: string, fact: Fact): void {
    const stay = active.get(agent) ?? barred.get(agent);
    if (stay) stay.left = fact;
    barred.delete(agent);
    if (active.delete(agent) && active.size === 0) presence.lastAgentLeave = fact;
  }

  function noteTogether(fact: Fact): void {
    const together = presence.contactIn && active.size > 0;
    const last = talks.at(-1);
    const talking = last !== undefined && last.to === null;
    if (together) presence.answer ??= fact;
    if (together && !talking) talks.push({ from: fact.at, to: null });
    if (!together && talking) last.to = fact.at;
  }

  function pass(fact: Fact): void {
    if (fact.word === 'contact-joined') {
      presence.firstJoin ??= fact;
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
