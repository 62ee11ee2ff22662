import type { CallOutcome } from '@callfold/schemas';
import type { Fact } from './fact.ts';
import type { Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';
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
  /** What was so instead. Asked only when it does not hold. */
  unmet(view: CallView): Phrase;
};

export type CallRuleName =
  | 'contact-and-agent-in'
  | 'redirect-before-answer'
  | 'no-answer-then-end'
  | 'contact-left-unanswered'
  | 'ended-with-contact-in'
  | 'contact-never-in'
  | 'silent';

export type CallRule = {
  /** As `decidedBy` names it. */
  readonly rule: CallRuleName;
  readonly outcome: CallOutcome['outcome'];
  readonly needs: readonly CallNeed[];
  /** The events it rests on, the deciding one first. Asked only when all needs hold, which gives the first of them. */
  basis(view: CallView): readonly (Fact | null)[];
};

export type Verdict = {
  readonly rule: CallRuleName;
  readonly outcome: CallOutcome['outcome'];
  readonly deciding: Fact;
  /** Further events it rests on. */
  readonly alsoBy: readonly Fact[];
};

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

function notMissed({ timeline: t, settings }: CallView): Phrase {
  const { lastLeave, contactIn } = t.presence;
  if (!lastLeave) return phrase('unmet.no-leave-no-end');
  if (contactIn) return phrase('unmet.came-back');
  const before = t.finalNoAnswers.findLast((fact) => fact.at <= lastLeave.at);
  if (!before) return phrase('unmet.left-before');
  return phrase('unmet.left-later', { after: lastLeave.at - before.at, most: settings.teardownMs });
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
    if (stays.length === 0) return phrase('unmet.no-agent');
    const tooLate = stays.every(({ joined }) => joined && redirect && isBefore(redirect, joined, facts));
    if (tooLate) return phrase('unmet.only-after-redirect');
    return phrase('unmet.not-together');
  },
};

const BEFORE_REDIRECT: CallNeed = {
  name: 'before-any-redirect',
  holds: ({ timeline: { presence: p }, facts }) => !p.redirect || !p.answer || isBefore(p.answer, p.redirect, facts),
  unmet: () => phrase('unmet.redirected-before'),
};

const REDIRECTED: CallNeed = {
  name: 'redirected',
  holds: ({ timeline }) => timeline.presence.redirect !== null,
  unmet: () => phrase('unmet.not-redirected'),
};

const NO_ANSWER_LAST: CallNeed = {
  name: 'no-answer-last',
  holds: ({ timeline }) => timeline.finalNoAnswers.length > 0,
  unmet: ({ facts }) =>
    phrase(facts.some((fact) => fact.word === 'no-answer') ? 'unmet.asked-after' : 'unmet.no-no-answer'),
};

const GONE_AT_ONCE: CallNeed = {
  name: 'gone-right-after-no-answer',
  holds: (view) => missedBy(view) !== null,
  unmet: notMissed,
};

const CONTACT_JOINED: CallNeed = {
  name: 'contact-joined',
  holds: ({ timeline }) => timeline.contactJoinSeen,
  unmet: () => phrase('unmet.never-joined'),
};

const CONTACT_NEVER_JOINED: CallNeed = {
  name: 'contact-never-joined',
  holds: ({ timeline }) => !timeline.contactJoinSeen,
  unmet: () => phrase('unmet.in-queue'),
};

const CONTACT_GONE: CallNeed = {
  name: 'contact-gone',
  holds: ({ timeline: { presence } }) => presence.lastLeave !== null && !presence.contactIn,
  unmet: ({ timeline: { presence } }) => phrase(presence.lastLeave ? 'unmet.back-after-leave' : 'unmet.never-left'),
};

const ENDED: CallNeed = {
  name: 'call-ended',
  holds: ({ timeline }) => timeline.end !== null,
  unmet: () => phrase('unmet.no-end'),
};

const LEFT_OR_ENDED: CallNeed = {
  name: 'contact-left-or-call-ended',
  holds: ({ timeline }) => timeline.presence.lastLeave !== null || timeline.end !== null,
  unmet: () => phrase('unmet.no-leave-no-end'),
};

export const CALL_RULES: readonly CallRule[] = [
  {
    rule: 'contact-and-agent-in',
    outcome: 'answered',
    needs: [TOGETHER, BEFORE_REDIRECT],
    basis: ({ timeline: { presence } }) => [presence.answer, ...presence.answerProof],
  },
  {
    rule: 'redirect-before-answer',
    outcome: 'voicemail',
    needs: [REDIRECTED],
    basis: ({ timeline }) => [timeline.presence.redirect, timeline.recording],
  },
  {
    rule: 'no-answer-then-end',
    outcome: 'missed',
    needs: [NO_ANSWER_LAST, GONE_AT_ONCE],
    basis: (view) => [missedBy(view), view.timeline.presence.lastLeave ?? view.timeline.end],
  },
  {
    rule: 'contact-left-unanswered',
    outcome: 'abandoned',
    needs: [CONTACT_JOINED, CONTACT_GONE],
    basis: ({ timeline: { presence } }) => [presence.lastLeave, presence.firstJoin],
  },
  {
    rule: 'ended-with-contact-in',
    outcome: 'abandoned',
    needs: [CONTACT_JOINED, ENDED],
    basis: ({ timeline }) => [timeline.end, timeline.presence.firstJoin],
  },
  {
    rule: 'contact-never-in',
    outcome: 'left-before-queue',
    needs: [CONTACT_NEVER_JOINED, LEFT_OR_ENDED],
    basis: ({ timeline }) => [timeline.presence.lastLeave ?? timeline.end],
  },
  {
    rule: 'silent',
    outcome: 'unknown',
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
