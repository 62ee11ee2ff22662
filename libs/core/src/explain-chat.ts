import type { ChatOutcome } from '@callfold/schemas';
import { isoTime } from '@callfold/schemas';
import type { ChatStay, Episode } from './chat.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence, evidenceOf, NOTHING_ELSE, notesOf } from './explain-evidence.ts';
import { saying } from './explain-words.ts';
import type { Fact } from './fact.ts';
import type { Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';
import type { DerivedDraft } from './record.ts';

/** Why a chat's episode ended as it did, and how long a person had it. */

const CHAT_OUTCOMES: Readonly<Record<ChatOutcome['outcome'], string | null>> = {
  completed: 'finished',
  blocked: 'blocked',
  undeliverable: 'stopped',
  stalled: null,
  unknown: null,
};

const CHAT_NAMES: Readonly<Record<string, string>> = { finished: 'Finished', blocked: 'Blocked', stopped: 'Stopped' };

const isEnding = ({ first }: ChatStay): boolean => first.word in CHAT_NAMES;

function whyNotEnding(word: string, { stays, ending: decided }: Episode): Phrase {
  const ending = CHAT_NAMES[word] ?? word;
  const stay = stays.findLast(({ first }) => first.word === word);
  if (!stay) return phrase('chat.did-not-come', { ending });
  const isFirst = decided?.first.word === 'finished';
  return phrase(isFirst ? 'chat.finished-decides' : 'chat.not-the-last', { ending, when: isoTime(stay.first.at) });
}

function whyNotChat(outcome: ChatOutcome['outcome'], episode: Episode): Phrase {
  const word = CHAT_OUTCOMES[outcome];
  if (word !== null) return whyNotEnding(word, episode);
  if (episode.ending) return phrase('chat.own-ending');
  const last = episode.stays.at(-1)?.status ?? phrase('chat.no-status');
  return outcome === 'stalled' ? phrase('chat.not-waiting', { last }) : phrase('chat.was-waiting');
}

function chatPhrase(rule: string, episode: Episode, { state, settings }: Case): Phrase {
  const n = episode.stays.filter(isEnding).length;
  if (rule === 'waiting-too-long')
    return phrase(state.silent ? 'chat.stalled' : 'chat.stalls', { silence: settings.chatStalledAfterMs });
  if (rule === 'silent')
    return phrase(state.silent ? 'chat.silent' : 'chat.falls-silent', { silence: settings.chatCloseAfterMs });
  const ending = CHAT_NAMES[rule] ?? rule;
  if (n <= 1) return phrase('chat.ended', { ending });
  return rule === 'finished' ? phrase('chat.ended-first', { n }) : phrase('chat.ended-last', { ending, n });
}

export function chatDecision(
  draft: Extract<DerivedDraft, { kind: 'chat-outcome' }>,
  episodes: readonly Episode[],
  of: Case,
): Decision {
  const { rule, eventIds } = draft.decidedBy;
  const episode = episodes.find(({ number }) => number === draft.episode);
  if (!episode)
    return { ...NOTHING_ELSE, rule, ...saying(phrase('rule', { rule })), restsOn: evidenceOf(eventIds, of) };
  const { ending, stays } = episode;
  const others = (Object.keys(CHAT_OUTCOMES) as ChatOutcome['outcome'][]).filter((other) => other !== draft.outcome);
  const beaten = stays.filter((stay) => isEnding(stay) && stay !== ending);
  return {
    rule,
    ...saying(chatPhrase(rule, episode, of)),
    restsOn: evidenceOf(eventIds, of),
    others: others.map((outcome) => ({ outcome, ...saying(whyNotChat(outcome, episode)) })),
    passedOver: beaten.map((stay) => ({
      ...evidence(stay.first, of),
      ...saying(phrase(ending?.first.word === 'finished' ? 'chat.passed-first' : 'chat.passed-later')),
    })),
    ...notesOf(draft.inferred && of.state.silent ? [phrase('chat.closed')] : []),
  };
}

type Handoff = Extract<DerivedDraft, { kind: 'chat-handoff' }>;

function handoffPhrase({ leftAt, returnedTo }: Handoff): Phrase {
  if (leftAt === null) return phrase('handoff.open');
  return returnedTo === null ? phrase('handoff.until-another') : phrase('handoff.until', { status: returnedTo });
}

export function handoffDecision(draft: Handoff, of: Case): Decision {
  const stay = (fact: Fact): boolean => fact.at === draft.enteredAt && fact.word === 'manual';
  const left = (fact: Fact): boolean => fact.at === draft.leftAt && fact.word !== 'manual';
  const first = of.state.facts.find(stay);
  const until = draft.leftAt === null ? undefined : of.state.facts.find(left);
  return {
    ...NOTHING_ELSE,
    rule: 'manual',
    ...saying(handoffPhrase(draft)),
    restsOn: [first, until].flatMap((fact) => (fact ? [evidence(fact, of)] : [])),
  };
}
