import type { Attribute } from './attributes.ts';
import type { Cursor } from './compact-text.ts';
import {
  numberText,
  readNumber,
  readOptionalText,
  readOptionalTime,
  readText,
  readTime,
  textText,
  timeText,
} from './compact-text.ts';
import type { Source } from './event.ts';
import type { Fact } from './fact.ts';
import { factText, readFact } from './fact-text.ts';
import type { Published, PublishedRecord } from './published.ts';
import { NOTHING_PUBLISHED, publishedEntries, publishedFrom } from './published.ts';
import type { FactsText, State } from './state.ts';
import { emptyState } from './state.ts';
import { decodeState1 } from './state-text-1.ts';

/**
 * The text of a state as the store keeps it, small and fast to write and read. The same state gives the same text, so
 * texts can be compared. Facts stand last and each by itself, so that one more is one more text behind.
 *
 *   version, flags, changedAt, settleAt, timer, horizon, episodesBefore, handoffsBefore, markerUntil, unsaidFrom,
 *   attributes, published and facts, each behind their number
 */
const VERSION = '2,';
/** How a text of the first version begins. */
const VERSION_1 = '[1,';

const TRUNCATED = 1;
const SILENT = 2;
const ENDED_BEFORE = 4;

function attributesText(attributes: readonly Attribute[]): string {
  let text = numberText(attributes.length);
  for (const { name, at, value } of attributes) text += textText(name) + timeText(at) + textText(value);
  return text;
}

function publishedText(published: Published): string {
  if (published.size === 0) return '0,';
  const entries = publishedEntries(published);
  let text = numberText(entries.length);
  for (const [suffix, { revision, hash, label }] of entries) {
    text += textText(suffix) + numberText(revision) + textText(hash) + textText(label);
  }
  return text;
}

/** Of a long list the last facts may be replaced yet, as an agent's second report of a stay does with the first. */
const LONG = 32;
const LAST = 4;

/** How many of so many facts are likely to stand first in the next text as well. */
const settled = (count: number): number => (count > LONG ? count - LAST : count);

const NO_TEXT: FactsText = { facts: [], size: 0, text: '' };

/** What a state's text had of its facts, where those still stand first, the very same ones. */
function knownText({ facts, factsText }: State): FactsText {
  if (factsText === null || factsText.size > facts.length) return NO_TEXT;
  for (let i = 0; i < factsText.size; i += 1) if (factsText.facts[i] !== facts[i]) return NO_TEXT;
  return factsText;
}

/** The facts' part is kept with the state, for the text that is made when there is more to say. */
export function encodeState(state: State): string {
  const flags =
    (state.truncated ? TRUNCATED : 0) | (state.silent ? SILENT : 0) | (state.endedBefore ? ENDED_BEFORE : 0);
  const { facts, subjectId } = state;
  const parts = [
    VERSION,
    numberText(flags),
    timeText(state.changedAt),
    timeText(state.settleAt),
    timeText(state.timer),
    timeText(state.horizon),
    numberText(state.episodesBefore),
    numberText(state.handoffsBefore),
    timeText(state.markerUntil),
    timeText(state.unsaidFrom),
    attributesText(state.attributes),
    publishedText(state.published),
    numberText(facts.length),
  ];
  const head = parts.length;
  const known = knownText(state);
  parts.push(known.text);
  for (let i = known.size; i < facts.length; i += 1) parts.push(factText(facts[i] as Fact, subjectId));
  // One piece of memory, as whoever stores it needs it, and what is kept of it is a part of that.
  const text = parts.join('');
  let from = 0;
  for (let i = 0; i < head; i += 1) from += (parts[i] as string).length;
  const size = Math.max(known.size, settled(facts.length));
  let to = text.length;
  for (let i = parts.length - (facts.length - size); i < parts.length; i += 1) to -= (parts[i] as string).length;
  state.factsText = { facts, size, text: text.slice(from, to) };
  return text;
}

function readPublished(cursor: Cursor): Published {
  const count = readNumber(cursor);
  if (count === 0) return NOTHING_PUBLISHED;
  const entries: [string, PublishedRecord][] = [];
  for (let read = 0; read < count; read += 1) {
    const suffix = readText(cursor);
    const revision = readNumber(cursor);
    entries.push([suffix, { revision, hash: readText(cursor), label: readOptionalText(cursor) }]);
  }
  return publishedFrom(entries);
}

function readAttributes(cursor: Cursor): Attribute[] {
  const attributes: Attribute[] = [];
  for (let left = readNumber(cursor); left > 0; left -= 1) {
    const name = readText(cursor);
    attributes.push({ name, at: readTime(cursor), value: readText(cursor) });
  }
  return attributes;
}

function readFacts(cursor: Cursor, subjectId: string): FactsText {
  const facts: Fact[] = [];
  const count = readNumber(cursor);
  const size = settled(count);
  const from = cursor.at;
  while (facts.length < size) facts.push(readFact(cursor, subjectId));
  const text = cursor.text.slice(from, cursor.at);
  while (facts.length < count) facts.push(readFact(cursor, subjectId));
  return { facts, size, text };
}

/**
 * @param key the subject's key, which the text does not repeat
 * @throws Error when the text is of a later version than this code knows
 */
export function decodeState(text: string, source: Source, key: string): State {
  if (text.startsWith(VERSION_1)) return decodeState1(text, source, key);
  if (!text.startsWith(VERSION)) {
    const version = /^\[?(\w+),/.exec(text)?.[1] ?? text.slice(0, 1);
    throw new Error(
      `The state of ${source} ${key} has format ${version}, this version reads 1 and 2: run the newer one.`,
    );
  }
  const empty = emptyState(source, key);
  const cursor: Cursor = { text, at: VERSION.length };
  const flags = readNumber(cursor);
  const changedAt = readTime(cursor);
  const settleAt = readOptionalTime(cursor);
  const timer = readOptionalTime(cursor);
  const horizon = readOptionalTime(cursor);
  const episodesBefore = readNumber(cursor);
  const handoffsBefore = readNumber(cursor);
  const markerUntil = readOptionalTime(cursor);
  const unsaidFrom = readOptionalTime(cursor);
  const attributes = readAttributes(cursor);
  const published = readPublished(cursor);
  const factsText = readFacts(cursor, empty.subjectId);
  return {
    kind: empty.kind,
    source,
    tenantId: empty.tenantId,
    subjectId: empty.subjectId,
    facts: factsText.facts,
    attributes,
    truncated: (flags & TRUNCATED) !== 0,
    silent: (flags & SILENT) !== 0,
    changedAt,
    settleAt,
    timer,
    published,
    unsaidFrom,
    horizon,
    episodesBefore,
    handoffsBefore,
    endedBefore: (flags & ENDED_BEFORE) !== 0,
    markerUntil,
    factsText,
  };
}

/** The text as this version writes the same state: texts of two versions are compared by it. */
export function currentText(text: string, source: Source, key: string): string {
  return text.startsWith(VERSION) ? text : encodeState(decodeState(text, source, key));
}
