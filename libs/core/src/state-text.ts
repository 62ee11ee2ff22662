import type { Attribute } from './attributes.ts';
import type { Label, RecordDetail, Source } from './event.ts';
import type { PublishedRecord } from './published.ts';
import { publishedEntries, publishedFrom } from './published.ts';
import type { Fact } from './fact.ts';
import type { State } from './state.ts';
import { emptyState } from './state.ts';

/**
 * The text of a state as the store keeps it: one JSON array, small and fast to write and read. Times of facts are
 * relative to the first one, absent things are 0 or left out at the end. The same state gives the same text, so texts
 * can be compared.
 *
 *   [version, flags, changedAt, settleAt, timer, horizon, episodesBefore, handoffsBefore, markerUntil, base, facts,
 * attributes,
 *    published, unsaidFrom]
 */
const VERSION = 1;

/**
 * A word's place here stands in stored states, so this is a list of its own, not made of the words' other lists: it is
 * only ever added to, at the end.
 */
const WORDS: readonly Fact['word'][] = [
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
const PLACE: ReadonlyMap<string, number> = new Map(WORDS.map((word, index) => [word, index]));
const WAS = [null, 'available', 'busy'] as const;

const TRUNCATED = 1;
const SILENT = 2;
const ENDED_BEFORE = 4;

type RecordText = [number, number, number | null, 0 | [string, string, string, string | 0, 0 | 1, string | 0]];
type StayText = [number | null, string | null];
type FactText = [
  at: number,
  word: number,
  id: string,
  loggedAt: number,
  status?: string | 0,
  agent?: string | 0,
  was?: number,
  detail?: RecordText | StayText,
];
type StateText = [
  version: number,
  flags: number,
  changedAt: number,
  settleAt: number,
  timer: number,
  horizon: number | null,
  episodesBefore: number,
  handoffsBefore: number,
  markerUntil: number,
  base: number,
  facts: FactText[],
  attributes: [string, number, string][],
  published: [string, number, string, string | 0][],
  unsaidFrom?: number,
];

function recordText({ label, startedAt, endedAt, recordVersion }: RecordDetail): RecordText {
  const of = (l: Label): RecordText[3] => [
    l.outcome,
    l.reason,
    l.personReached,
    l.fault ?? 0,
    l.transferred ? 1 : 0,
    l.hungUpBy ?? 0,
  ];
  return [startedAt ?? 0, endedAt ?? 0, recordVersion, label ? of(label) : 0];
}

function recordOf([startedAt, endedAt, recordVersion, label]: RecordText): RecordDetail {
  if (label === 0) return { label: null, startedAt: startedAt || null, endedAt: endedAt || null, recordVersion };
  const [outcome, reason, personReached, fault, transferred, hungUpBy] = label;
  return {
    label: {
      outcome: outcome as Label['outcome'],
      reason,
      personReached: personReached as Label['personReached'],
      fault: fault === 0 ? null : (fault as Label['fault']),
      transferred: transferred === 1,
      hungUpBy: hungUpBy === 0 ? null : (hungUpBy as Label['hungUpBy']),
    },
    startedAt: startedAt || null,
    endedAt: endedAt || null,
    recordVersion,
  };
}

function factText(fact: Fact, base: number, changedAt: number): FactText {
  const text: FactText = [fact.at - base, PLACE.get(fact.word) ?? 0, fact.id, changedAt - fact.loggedAt];
  const detail = fact.record ? recordText(fact.record) : fact.stay ? stayText(fact.stay) : undefined;
  const was = WAS.indexOf(fact.agentWas);
  if (fact.status !== null || fact.agent !== null || was > 0 || detail) text.push(fact.status ?? 0);
  if (fact.agent !== null || was > 0 || detail) text.push(fact.agent ?? 0);
  if (was > 0 || detail) text.push(was);
  if (detail) text.push(detail);
  return text;
}

function stayText(stay: NonNullable<Fact['stay']>): StayText {
  return [stay.duration, stay.description];
}

function factOfText(text: FactText, base: number, changedAt: number, kind: State['kind']): Fact {
  const [at, place, id, loggedAgo, status, agent, was, detail] = text;
  const word = WORDS[place] ?? 'unknown';
  return {
    at: at + base,
    word,
    id,
    status: status === undefined || status === 0 ? null : status,
    loggedAt: changedAt - loggedAgo,
    agent: agent === undefined || agent === 0 ? null : agent,
    agentWas: WAS[was ?? 0] ?? null,
    record: word === 'record' && detail ? recordOf(detail as RecordText) : null,
    stay:
      kind === 'agent' && detail ? { duration: (detail as StayText)[0], description: (detail as StayText)[1] } : null,
  };
}

export function encodeState(state: State): string {
  const base = state.facts[0]?.at ?? 0;
  const { changedAt } = state;
  const flags =
    (state.truncated ? TRUNCATED : 0) | (state.silent ? SILENT : 0) | (state.endedBefore ? ENDED_BEFORE : 0);
  const text: StateText = [
    VERSION,
    flags,
    changedAt,
    state.settleAt ?? 0,
    state.timer ?? 0,
    state.horizon,
    state.episodesBefore,
    state.handoffsBefore,
    state.markerUntil ?? 0,
    base,
    state.facts.map((fact) => factText(fact, base, changedAt)),
    state.attributes.map(({ name, at, value }) => [name, at - base, value]),
    publishedEntries(state.published).map(([suffix, { revision, hash, label }]) => [
      suffix,
      revision,
      hash,
      label ?? 0,
    ]),
  ];
  if (state.unsaidFrom !== null) text.push(state.unsaidFrom);
  return JSON.stringify(text);
}

function attributeOf([name, at, value]: [string, number, string], base: number): Attribute {
  return { name, at: at + base, value };
}

/**
 * @param key the subject's key, which the text does not repeat
 * @throws Error when the text is of a later version than this code knows
 */
export function decodeState(text: string, source: Source, key: string): State {
  const parsed = JSON.parse(text) as StateText;
  if (parsed[0] !== VERSION) {
    throw new Error(
      `The state of ${source} ${key} has format ${parsed[0]}, this version reads ${VERSION}: run the newer one.`,
    );
  }
  const [, flags, changedAt, settleAt, timer, horizon, episodes, handoffs, marker, base, ...more] = parsed;
  const [facts, attributes, published, unsaidFrom = null] = more;
  const empty = emptyState(source, key);
  return {
    ...empty,
    facts: facts.map((fact) => factOfText(fact, base, changedAt, empty.kind)),
    attributes: attributes.map((attribute) => attributeOf(attribute, base)),
    truncated: (flags & TRUNCATED) !== 0,
    silent: (flags & SILENT) !== 0,
    endedBefore: (flags & ENDED_BEFORE) !== 0,
    changedAt,
    settleAt: settleAt || null,
    timer: timer || null,
    published: publishedFrom(
      published.map(([suffix, revision, hash, label]): [string, PublishedRecord] => [
        suffix,
        { revision, hash, label: label === 0 ? null : label },
      ]),
    ),
    unsaidFrom,
    horizon,
    episodesBefore: episodes,
    handoffsBefore: handoffs,
    markerUntil: marker || null,
  };
}
