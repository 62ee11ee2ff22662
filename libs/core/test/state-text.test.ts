import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PublishedRecord, Source, State } from '../src/index.ts';
import {
  addEvent,
  AGENT_WORDS,
  CALL_WORDS,
  CHAT_WORDS,
  currentText,
  decodeState,
  emptyState,
  encodeState,
  publishedEntries,
  publishedFrom,
} from '../src/index.ts';
import { agentEvent, BASE, callEvent, chatEvent, KEY, recordEvent } from './events.ts';

/** States stand in stores for years: what was written once is read for ever. */

const folder = new URL('golden/', import.meta.url);
/** Each line: the source, the subject's key, the text as it was stored, and what it says. Lines are only added. */
type Golden = {
  readonly name: string;
  readonly source: Source;
  readonly key: string;
  readonly text: string;
  readonly says: unknown;
};

/** As JSON has it; published things as a list. */
const plain = (state: State): unknown =>
  JSON.parse(JSON.stringify({ ...state, published: publishedEntries(state.published) }));

describe.each(readdirSync(folder).filter((file) => file.startsWith('state-')))('%s', (file) => {
  const goldens = readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Golden);

  test.each(goldens.map((golden) => [golden.name, golden] as const))('%s', (_, { source, key, text, says }) => {
    const state = decodeState(text, source, key);
    expect(plain(state)).toMatchObject(says as object);
    // As long as this version is the one that is written.
    if (file.endsWith('-v2.jsonl')) expect(encodeState({ ...state, factsText: null })).toBe(text);
    expect(currentText(text, source, key)).toBe(encodeState(state));
  });
});

test('every word has a place', () => {
  const events = [
    ...CALL_WORDS.map((word, i) => callEvent(`c${i}`, BASE + i, word, null)),
    recordEvent('r', BASE, null),
    ...CHAT_WORDS.map((word, i) => chatEvent(`h${i}`, BASE + i, word)),
    ...AGENT_WORDS.map((word, i) => agentEvent(`a${i}`, BASE + i, word, null)),
  ];
  for (const event of events) {
    const state = addEvent(emptyState(event.source, KEY), event, BASE);
    expect(decodeState(encodeState(state), event.source, KEY).facts[0]?.word).toBe(event.word);
  }
});

test('the text does not depend on the order in which things were published', () => {
  const state = addEvent(emptyState('callcenter24', KEY), callEvent('e', BASE, 'ended', null), BASE);
  const entries: [string, PublishedRecord][] = [
    ['call-outcome', { revision: 1, hash: 'h1', label: 'abandoned' }],
    ['agent-offer/Anna/1', { revision: 2, hash: 'h2', label: null }],
  ];
  const texts = [entries, entries.toReversed()].map((list) =>
    encodeState({ ...state, published: publishedFrom(list) }),
  );
  expect(texts[0]).toBe(texts[1]);
});

test.each([
  ['3', '3,0,'],
  ['12', '[12,0]'],
])('a text of the later version %s is refused with what to do', (version, text) => {
  expect(() => decodeState(text, 'callcenter24', KEY)).toThrow(
    new RegExp(`callcenter24 t/s-1 has format ${version}, .*run the newer one`),
  );
});

test('a fact that is said as usual does not repeat its words, and any other keeps them', () => {
  const said = ['Participant join (Anna)', 'Participant join ( Anna)', 'Participant join (Anna', ''];
  for (const status of said) {
    const event = { ...callEvent('e', BASE, 'agent-joined', 'Anna'), status };
    const text = encodeState(addEvent(emptyState('callcenter24', KEY), event, BASE));
    expect(decodeState(text, 'callcenter24', KEY).facts[0]?.status).toBe(status);
    expect(text.includes('Participant')).toBe(status !== said[0] && status !== '');
  }
});

/** Up to a long list, the last few of which are no part of what is repeated; out of order now and then. */
const PLACES = Array.from({ length: 45 }, (_, i) => (i % 7 === 3 ? i - 3.5 : i) * 10);

test('a text that repeats what it had of the facts is the one that is made of them all', () => {
  const events = PLACES.map((place) => callEvent(`e${place}`, BASE + place, 'agent-joined', `Agent ${place}`));
  let state = emptyState('callcenter24', KEY);
  for (const event of events) {
    state = addEvent(state, event, BASE);
    const text = encodeState(state);
    expect(encodeState({ ...state, factsText: null })).toBe(text);
    const decoded = decodeState(text, 'callcenter24', KEY);
    expect(encodeState({ ...decoded, factsText: null })).toBe(text);
    // Another fact in the same place, fewer of them, and none.
    const others = state.facts.map((fact) => ({ ...fact, id: 'other' }));
    const lastReplaced = [...state.facts.slice(0, -1), ...others.slice(-1)];
    for (const facts of [others, lastReplaced, state.facts.slice(1), state.facts.slice(0, -1), []]) {
      expect(encodeState({ ...state, facts })).toBe(encodeState({ ...state, facts, factsText: null }));
    }
    // As it goes on when it was read from the store.
    if (state.facts.length % 5 === 0) state = decoded;
  }
});
