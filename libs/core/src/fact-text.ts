import type { Cursor } from './compact-text.ts';
import {
  numberText,
  readNumber,
  readOptionalNumber,
  readOptionalText,
  readOptionalTime,
  readText,
  readTime,
  textText,
  timeText,
} from './compact-text.ts';
import type { Label, RecordDetail, StayDetail } from './event.ts';
import type { Fact } from './fact.ts';

/**
 * A fact's part of a state's text. It depends on the fact and its subject alone, so that a state which has the same
 * facts as before can repeat what it had of them.
 *
 *   word, shape, at, loggedAt - at, id [, status] [, agent] [, detail]
 */

/**
 * A word's place here stands in stored states, so this is a list of its own, not made of the words' other lists: it is
 * only ever added to, at the end, and with a new version of the text: who does not know the word would read it as
 * unknown, and write that.
 */
export const FACT_WORDS: readonly Fact['word'][] = [
  'record',
  'registered',
  'crm-registered',
  'contact-joined',
  'agent-requested',
  'screen-shown',
  'redirected',
  'agent-joined',
  'no-answer',
  'agent-left',
  'contact-left',
  'ended',
  'recorded',
  'unknown',
  'auto',
  'manual',
  'waiting',
  'finished',
  'blocked',
  'stopped',
  'Ready',
  'ReadyRFO',
  'Away',
  'ExtendedAway',
  'LoggedOut',
  'Busy',
  'Wrap',
  'Unexpected',
  'Failed',
];
const PLACE: ReadonlyMap<string, number> = new Map(FACT_WORDS.map((word, index) => [word, index]));
const WAS = [null, 'available', 'busy'] as const;

type Usual = ReadonlyMap<string, readonly [before: string, after: string]>;

/**
 * How a word is usually said, and how when the agent is known to be available or busy: a fact that says it so need not
 * repeat it. These texts stand for what is stored: they never change, and one may be added only for a word without any.
 * By what the agent was, then by word: a key made of both would cost more to make than all that is done with it.
 */
const USUAL: Readonly<Record<'unsaid' | 'available' | 'busy', Usual>> = {
  unsaid: new Map([
    ['registered', ['Registred in CallCenter24', '']],
    ['crm-registered', ['Registred in Bitrix', '']],
    ['contact-joined', ['Participant join (Contact)', '']],
    ['screen-shown', ['Show call screen - ', '']],
    ['redirected', ['Redirect to voice mail', '']],
    ['agent-joined', ['Participant join (', ')']],
    ['no-answer', ['no-answer', '']],
    ['agent-left', ['Participant leave (', ')']],
    ['contact-left', ['Participant leave (Contact)', '']],
    ['ended', ['Call ended', '']],
    ['recorded', ['Record added', '']],
    ['auto', ['Auto', '']],
    ['manual', ['Manual', '']],
    ['waiting', ['Waiting', '']],
    ['finished', ['Finished', '']],
    ['blocked', ['Blocked', '']],
    ['stopped', ['Stopped', '']],
  ]),
  available: new Map([['agent-requested', ['Sending a request to display the call screen - ', ' (Available)']]]),
  busy: new Map([['agent-requested', ['Sending a request to display the call screen - ', ' (Busy)']]]),
};
/** Agents' states are words of their own. */
const SAYS_ITSELF: ReadonlySet<string> = new Set(FACT_WORDS.slice(FACT_WORDS.indexOf('Ready')));

function usualStatus(word: string, agent: string | null, was: Fact['agentWas']): string | null {
  if (SAYS_ITSELF.has(word)) return word;
  const usual = USUAL[was ?? 'unsaid'].get(word);
  return usual === undefined ? null : usual[0] + (agent ?? '') + usual[1];
}

/** Whether a status is just the usual one: without making that, which would be thrown away again. */
function isUsual(status: string, word: string, agent: string | null, was: Fact['agentWas']): boolean {
  if (SAYS_ITSELF.has(word)) return status === word;
  const usual = USUAL[was ?? 'unsaid'].get(word);
  if (usual === undefined) return false;
  const [before, after] = usual;
  const name = agent ?? '';
  return (
    status.length === before.length + name.length + after.length &&
    status.startsWith(before) &&
    status.startsWith(name, before.length) &&
    status.endsWith(after)
  );
}

/** Bits of a fact's shape: what of it is written, and what follows from the rest. */
const HAS_AGENT = 1;
/** The subject's id begins the event's: only the rest is written. */
const ID_OF_SUBJECT = 2;
const HAS_STATUS = 4;
const IS_USUAL = 8;
const WAS_SHIFT = 4;
const HAS_DETAIL = 64;

function labelText(label: Label): string {
  const { outcome, reason, personReached, fault, transferred, hungUpBy } = label;
  const texts = textText(outcome) + textText(reason) + textText(personReached) + textText(fault) + textText(hungUpBy);
  return texts + numberText(transferred ? 1 : 0);
}

function readLabel(cursor: Cursor): Label {
  const outcome = readText(cursor) as Label['outcome'];
  const reason = readText(cursor);
  const personReached = readText(cursor) as Label['personReached'];
  const fault = readOptionalText(cursor) as Label['fault'];
  const hungUpBy = readOptionalText(cursor) as Label['hungUpBy'];
  return { outcome, reason, personReached, fault, transferred: readNumber(cursor) === 1, hungUpBy };
}

function recordText({ label, startedAt, endedAt, recordVersion }: RecordDetail): string {
  const times = timeText(startedAt) + timeText(endedAt) + numberText(recordVersion);
  return label === null ? `${times}0,` : `${times}1,${labelText(label)}`;
}

function readRecord(cursor: Cursor): RecordDetail {
  const startedAt = readOptionalTime(cursor);
  const endedAt = readOptionalTime(cursor);
  const recordVersion = readOptionalNumber(cursor);
  return { label: readNumber(cursor) === 1 ? readLabel(cursor) : null, startedAt, endedAt, recordVersion };
}

function stayText({ duration, description }: StayDetail): string {
  return numberText(duration) + textText(description);
}

/** @param subjectId of the state that the fact is of */
export function factText(fact: Fact, subjectId: string): string {
  const { word, id, status, agent, agentWas, at } = fact;
  const ofSubject = id.startsWith(subjectId);
  const usual = status !== null && isUsual(status, word, agent, agentWas);
  const detail = fact.record ? recordText(fact.record) : fact.stay ? stayText(fact.stay) : null;
  const shape =
    (agent === null ? 0 : HAS_AGENT) |
    (ofSubject ? ID_OF_SUBJECT : 0) |
    (status === null ? 0 : usual ? IS_USUAL : HAS_STATUS) |
    (WAS.indexOf(agentWas) << WAS_SHIFT) |
    (detail === null ? 0 : HAS_DETAIL);
  const parts = [
    headText(PLACE.get(word) ?? 0, shape),
    timeText(at),
    numberText(fact.loggedAt - at),
    textText(ofSubject ? id.slice(subjectId.length) : id),
  ];
  if (status !== null && !usual) parts.push(textText(status));
  if (agent !== null) parts.push(`${agent.length}:`, agent);
  if (detail !== null) parts.push(detail);
  return parts.join('');
}

const SHAPES = 128;
const heads: (string | undefined)[] = Array.from({ length: FACT_WORDS.length * SHAPES }, () => undefined);

function headText(place: number, shape: number): string {
  return (heads[place * SHAPES + shape] ??= numberText(place) + numberText(shape));
}

export function readFact(cursor: Cursor, subjectId: string): Fact {
  const word = FACT_WORDS[readNumber(cursor)] ?? 'unknown';
  const shape = readNumber(cursor);
  const at = readTime(cursor);
  const loggedAt = at + readNumber(cursor);
  const id = (shape & ID_OF_SUBJECT ? subjectId : '') + readText(cursor);
  const given = shape & HAS_STATUS ? readText(cursor) : null;
  const agent = shape & HAS_AGENT ? readText(cursor) : null;
  const agentWas = WAS[(shape >> WAS_SHIFT) & 3] ?? null;
  const status = shape & IS_USUAL ? usualStatus(word, agent, agentWas) : given;
  const hasDetail = (shape & HAS_DETAIL) !== 0;
  const record = hasDetail && word === 'record' ? readRecord(cursor) : null;
  const stay =
    hasDetail && word !== 'record'
      ? { duration: readOptionalNumber(cursor), description: readOptionalText(cursor) }
      : null;
  return { at, word, id, status, loggedAt, agent, agentWas, record, stay };
}
