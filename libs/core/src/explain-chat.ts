import type { ChatOutcome } from '@callfold/schemas';
import { isoTime } from '@callfold/schemas';
import type { ChatStay, Episode } from './chat.ts';
import type { Case, Decision } from './explain-evidence.ts';
import { evidence, evidenceOf, NOTHING_ELSE } from './explain-evidence.ts';
import { spanText } from './explain-words.ts';
import type { Fact } from './fact.ts';
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

function whyNotEnding(word: string, { stays, ending }: Episode): string {
  const stay = stays.findLast(({ first }) => first.word === word);
  if (!stay) return `no ${CHAT_NAMES[word] ?? word} came in it`;
  const when = `${CHAT_NAMES[word] ?? word} came at ${isoTime(stay.first.at)}`;
  return ending?.first.word === 'finished'
    ? `${when}, and a Finished in the same row decides`
    : `${when}, and is not the last of its row`;
}

function whyNotChat(outcome: ChatOutcome['outcome'], episode: Episode): string {
  const word = CHAT_OUTCOMES[outcome];
  if (word !== null) return whyNotEnding(word, episode);
  if (episode.ending) return 'it ended by a status of its own';
  const last = episode.stays.at(-1)?.status ?? 'no status';
  return outcome === 'stalled'
    ? `it was not Waiting when it fell silent, but ${last}`
    : 'it was Waiting when it fell silent';
}

function chatSays(rule: string, episode: Episode, { state, settings }: Case): string {
  const endings = episode.stays.filter(isEnding).length;
  const row = endings > 1 ? ` of ${endings} endings in a row` : '';
  if (rule === 'finished') return `it ended with Finished${row === '' ? '' : `, and the first Finished${row} decides`}`;
  const stalled = rule === 'waiting-too-long';
  if (stalled || rule === 'silent') {
    const silence = spanText(stalled ? settings.chatStalledAfterMs : settings.chatCloseAfterMs);
    const open = stalled ? 'it is Waiting' : 'it has no ending';
    return state.silent
      ? `${open}, and nothing more came for ${silence}`
      : `${open}, and so it is said if nothing more comes for ${silence}`;
  }
  const name = CHAT_NAMES[rule] ?? rule;
  return row === '' ? `it ended with ${name}` : `there is no Finished, and ${name} is the last${row}`;
}

export function chatDecision(
  draft: Extract<DerivedDraft, { kind: 'chat-outcome' }>,
  episodes: readonly Episode[],
  of: Case,
): Decision {
  const { rule, eventIds } = draft.decidedBy;
  const episode = episodes.find(({ number }) => number === draft.episode);
  if (!episode) return { ...NOTHING_ELSE, rule, says: rule, restsOn: evidenceOf(eventIds, of) };
  const { ending, stays } = episode;
  const others = (Object.keys(CHAT_OUTCOMES) as ChatOutcome['outcome'][]).filter((other) => other !== draft.outcome);
  const beaten = stays.filter((stay) => isEnding(stay) && stay !== ending);
  return {
    rule,
    says: chatSays(rule, episode, of),
    restsOn: evidenceOf(eventIds, of),
    others: others.map((outcome) => ({ outcome, says: whyNotChat(outcome, episode) })),
    passedOver: beaten.map((stay) => ({
      ...evidence(stay.first, of),
      says:
        ending?.first.word === 'finished'
          ? 'the first Finished of its row decides'
          : 'a later ending of its row decides',
    })),
    notes:
      draft.inferred && of.state.silent ? ['closed because nothing more came; it is corrected when it goes on'] : [],
  };
}

export function handoffDecision(draft: Extract<DerivedDraft, { kind: 'chat-handoff' }>, of: Case): Decision {
  const stay = (fact: Fact): boolean => fact.at === draft.enteredAt && fact.word === 'manual';
  const left = (fact: Fact): boolean => fact.at === draft.leftAt && fact.word !== 'manual';
  const first = of.state.facts.find(stay);
  const until = draft.leftAt === null ? undefined : of.state.facts.find(left);
  const says =
    draft.leftAt === null
      ? 'Manual, and no other status came yet'
      : `Manual until ${draft.returnedTo ?? 'another status'} came`;
  return {
    ...NOTHING_ELSE,
    rule: 'manual',
    says,
    restsOn: [first, until].flatMap((fact) => (fact ? [evidence(fact, of)] : [])),
  };
}
