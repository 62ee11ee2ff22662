import type { CallOutcome } from '@callfold/schemas';
import type { Fact } from './fact.ts';
import type { Settings } from './settings.ts';
import type { Timeline } from './timeline.ts';

/**
 * The rules that give a followed call its outcome, as data in the contract's order. `call.ts` judges by them, and
 * `explain` tells by the same ones why no other outcome was chosen, so that the two cannot drift apart.
 */

export type CallView = { readonly timeline: Timeline; readonly facts: readonly Fact[]; readonly settings: Settings };

/** Something that must be so for a rule to hold. */
export type CallNeed = {
  readonly name: string;
  holds(view: CallView): boolean;
  /** In words, what was so instead. Asked only when it does not hold. */
  unmet(view: CallView): string;
};

export type CallRule = {
  /** As `decidedBy` names it. */
  readonly rule: string;
  readonly outcome: CallOutcome['outcome'];
  /** In words, what is so when it holds and none before it did. */
  readonly says: string;
  readonly needs: readonly CallNeed[];
  /** The events it rests on, the deciding one first. Asked only when all needs hold, which gives the first of them. */
  basis(view: CallView): readonly (Fact | null)[];
};

export type Verdict = {
  readonly rule: string;
  readonly outcome: CallOutcome['outcome'];
  readonly deciding: Fact;
  /** Further events it rests on. */
  readonly alsoBy: readonly Fact[];
};

const SECOND_MS = 1_000;

const inSeconds = (ms: number): string => `${ms / SECOND_MS} s`;

function isBefore(a: Fact, b: Fact, facts: readonly Fact[]): boolean {
  return facts.indexOf(a) < facts.indexOf(b);
}

/** The no-answer that the contact's leave, or an end without one, followed at once. */
function missedBy({ timeline: t, settings }: CallView): Fact | null {
  const { lastLeave, contactIn } = t.presence;
  if (t.end && (!lastLeave || contactIn)) return t.finalNoAnswers.at(-1) ?? null;
  if (!lastLeave || contactIn) return null;
  const leftAfter = (fact: Fact): boolean => fact.at <= lastLeave.at && lastLeave.at - fact.at <= settings.teardownMs;
  return t.finalNoAnswers.findLast(leftAfter) ?? null;
}

function notMissed({ timeline: t, settings }: CallView): string {
  const { lastLeave, contactIn } = t.presence;
  if (!lastLeave) return "neither the contact's leave nor the call's end was seen";
  if (contactIn) return 'the contact had left and come back, and was in when the call was last heard of';
  const before = t.finalNoAnswers.findLast((fact) => fact.at <= lastLeave.at);
  if (!before) return 'the contact had left before the no-answer';
  const after = inSeconds(lastLeave.at - before.at);
  const most = inSeconds(settings.teardownMs);
  return `the contact left ${after} after the no-answer, and only up to ${most} is its tear-down`;
}

const TOGETHER: CallNeed = {
  name: 'agent-and-contact-in',
  holds: ({ timeline: { presence } }) => presence.answer !== null,
  unmet({
    timeline: {
      presence: { stays, redirect },
    },
    facts,
  }) {
    if (stays.length === 0) return 'no agent joined';
    const tooLate = stays.every(({ joined }) => joined && redirect && isBefore(redirect, joined, facts));
    if (tooLate) return 'agents joined only after the redirect to voicemail';
    return 'no agent was in at an instant at which the contact was in';
  },
};

const BEFORE_REDIRECT: CallNeed = {
  name: 'before-any-redirect',
  holds: ({ timeline: { presence: p }, facts }) => !p.redirect || !p.answer || isBefore(p.answer, p.redirect, facts),
  unmet: () => 'the redirect to voicemail came before agent and contact were in together',
};

const REDIRECTED: CallNeed = {
  name: 'redirected',
  holds: ({ timeline }) => timeline.presence.redirect !== null,
  unmet: () => 'the call was not redirected to voicemail',
};

const NO_ANSWER_LAST: CallNeed = {
  name: 'no-answer-last',
  holds: ({ timeline }) => timeline.finalNoAnswers.length > 0,
  unmet: ({ facts }) =>
    facts.some((fact) => fact.word === 'no-answer')
      ? 'an agent was asked or shown the call again after the last no-answer'
      : 'no no-answer came',
};

const GONE_AT_ONCE: CallNeed = {
  name: 'gone-right-after-no-answer',
  holds: (view) => missedBy(view) !== null,
  unmet: notMissed,
};

const CONTACT_JOINED: CallNeed = {
  name: 'contact-joined',
  holds: ({ timeline }) => timeline.contactJoinSeen,
  unmet: () => 'the contact was never seen to join',
};

const CONTACT_NEVER_JOINED: CallNeed = {
  name: 'contact-never-joined',
  holds: ({ timeline }) => !timeline.contactJoinSeen,
  unmet: () => 'the contact joined, and so was in the queue',
};

const CONTACT_GONE: CallNeed = {
  name: 'contact-gone',
  holds: ({ timeline: { presence } }) => presence.lastLeave !== null && !presence.contactIn,
  unmet: ({ timeline: { presence } }) =>
    presence.lastLeave ? 'the contact came back after leaving' : 'the contact was never seen to leave',
};

const ENDED: CallNeed = {
  name: 'call-ended',
  holds: ({ timeline }) => timeline.end !== null,
  unmet: () => 'no end of the call was seen',
};

const LEFT_OR_ENDED: CallNeed = {
  name: 'contact-left-or-call-ended',
  holds: ({ timeline }) => timeline.presence.lastLeave !== null || timeline.end !== null,
  unmet: () => "neither the contact's leave nor the call's end was seen",
};

export const CALL_RULES: readonly CallRule[] = [
  {
    rule: 'contact-and-agent-in',
    outcome: 'answered',
    says: 'an agent and the contact were in the call at one instant, before any redirect',
    needs: [TOGETHER, BEFORE_REDIRECT],
    basis: ({ timeline: { presence } }) => [presence.answer, ...presence.answerProof],
  },
  {
    rule: 'redirect-before-answer',
    outcome: 'voicemail',
    says: 'the call was redirected to voicemail before an agent and the contact were in together',
    needs: [REDIRECTED],
    basis: ({ timeline }) => [timeline.presence.redirect, timeline.recording],
  },
  {
    rule: 'no-answer-then-end',
    outcome: 'missed',
    says: 'a no-answer came with no request or screen after it, and the call was over right after it',
    needs: [NO_ANSWER_LAST, GONE_AT_ONCE],
    basis: (view) => [missedBy(view), view.timeline.presence.lastLeave ?? view.timeline.end],
  },
  {
    rule: 'contact-left-unanswered',
    outcome: 'abandoned',
    says: 'the contact was in and left, and nobody had answered',
    needs: [CONTACT_JOINED, CONTACT_GONE],
    basis: ({ timeline: { presence } }) => [presence.lastLeave, presence.firstJoin],
  },
  {
    rule: 'ended-with-contact-in',
    outcome: 'abandoned',
    says: 'the call ended while the contact was in, and nobody had answered',
    needs: [CONTACT_JOINED, ENDED],
    basis: ({ timeline }) => [timeline.end, timeline.presence.firstJoin],
  },
  {
    rule: 'contact-never-in',
    outcome: 'left-before-queue',
    says: 'the call was over and the contact was never seen to join',
    needs: [CONTACT_NEVER_JOINED, LEFT_OR_ENDED],
    basis: ({ timeline }) => [timeline.presence.lastLeave ?? timeline.end],
  },
  {
    rule: 'silent',
    outcome: 'unknown',
    says: 'nothing said that the call was over, and nobody had answered',
    needs: [],
    basis: ({ facts }) => [facts.at(-1) ?? null],
  },
];

/** The first rule that holds decides; the last one always does. @param view of a call with at least one fact */
export function judge(view: CallView): Verdict {
  const held = CALL_RULES.find(({ needs }) => needs.every((need) => need.holds(view))) as CallRule;
  const [deciding, ...alsoBy] = held.basis(view).filter((fact) => fact !== null);
  return { rule: held.rule, outcome: held.outcome, deciding: deciding as Fact, alsoBy };
}
