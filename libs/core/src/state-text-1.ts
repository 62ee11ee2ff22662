import type { Attribute } from './attributes.ts';
import type { Label, RecordDetail, Source } from './event.ts';
import type { PublishedRecord } from './published.ts';
import { publishedFrom } from './published.ts';
import type { Fact } from './fact.ts';
import { FACT_WORDS } from './fact-text.ts';
import type { State } from './state.ts';
import { emptyState } from './state.ts';

/**
 * The first text of a state, which is read for ever and written no more: one JSON array. Times of facts are relative to
 * the first one, absent things are 0 or left out at the end.
 *
 *   [version, flags, changedAt, settleAt, timer, horizon, episodesBefore, handoffsBefore, markerUntil, base, facts,
 * attributes,
 *    published, unsaidFrom]
 */
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

function factOfText(text: FactText, base: number, changedAt: number, kind: State['kind']): Fact {
  const [at, place, id, loggedAgo, status, agent, was, detail] = text;
  const word = FACT_WORDS[place] ?? 'unknown';
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

function attributeOf([name, at, value]: [string, number, string], base: number): Attribute {
  return { name, at: at + base, value };
}

/** @param key the subject's key, which the text does not repeat */
export function decodeState1(text: string, source: Source, key: string): State {
  const parsed = JSON.parse(text) as StateText;
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
