import type { Phrase, PhraseCode, Saying } from '@callfold/core';
import { CODES, PHRASES } from '@callfold/core';
import { expect, test } from 'vitest';
import type { Speech } from '../web/src/phrase-words.ts';
import { refusalText, spoken, spokenEach } from '../web/src/phrase-words.ts';
import { CODES_RU, FIELDS_RU, PHRASES_RU } from '../web/src/phrases-ru.ts';
import { sayIn } from '../web/src/words.ts';
import type { Row } from './explained.ts';
import { explained, isoAt } from './explained.ts';

/** What an explanation says, in both languages of the page. */

const clock = (text: string): string => text.slice(11, 19);
const EN: Speech = { say: sayIn('en'), language: 'en', clock };
const RU: Speech = { say: sayIn('ru'), language: 'ru', clock };

const placesOf = (text: string): string[] => (text.match(/\{[^}]*\}/g) ?? []).sort();

test('every text that an explanation can be made of has Russian words, with the same values in it', () => {
  const codes = Object.keys(PHRASES) as PhraseCode[];
  expect(Object.keys(PHRASES_RU).sort()).toEqual([...codes].sort());
  for (const code of codes) {
    expect(placesOf(PHRASES_RU[code]), code).toEqual(placesOf(PHRASES[code]));
    // Between names and numbers alone there is nothing to say.
    if (/[a-z]{2}/i.test(PHRASES[code].replaceAll(/\{[^}]*\}/g, ''))) expect(PHRASES_RU[code], code).toMatch(/[а-я]/);
  }
  expect(Object.keys(CODES_RU).sort()).toEqual(Object.keys(CODES).sort());
  for (const text of [...Object.values(CODES_RU), ...Object.values(FIELDS_RU)]) expect(text).toMatch(/[а-я]/);
});

const [JOIN, LEAVE] = ['Participant join (Contact)', 'Participant leave (Contact)'];
const CALL = { source: 'callcenter24', callId: 'c-1' };
const ATLAS = { source: 'atlas', callId: 'a-1' };
const CHAT = { source: 'chatterfy', chatId: 'x-1' };
const AGENT = { source: 'vonage', agentId: 'v-1' };
const DAY = 86_400;

const STORIES: readonly (readonly [
  what: string,
  subject: Readonly<Record<string, string>>,
  rows: readonly Row[],
  until: number,
])[] = [
  [
    'a call that rang at two and went to voicemail, with a repeat, and what came late and after all',
    CALL,
    [
      [0, 'Registred in CallCenter24'],
      [1, 'Registred in Bitrix'],
      [2, JOIN],
      [6, 'Sending a request to display the call screen - [Ann] (Available)'],
      [8, 'Show call screen - [Ann]'],
      [20, 'no-answer'],
      [25, 'Sending a request to display the call screen - [Bob] (Busy)'],
      [29, 'Show call screen - [Bob]'],
      [47, 'Redirect to voice mail'],
      [47, 'Redirect to voice mail', { logged: 48 }],
      [50, 'Participant join (Bob)'],
      [66, 'Record added'],
      [68, 'Call ended'],
      [30, 'Something new', { logged: 70 }],
    ],
    40 * DAY,
  ],
  [
    'an answered call that was transferred',
    CALL,
    [
      [0, JOIN],
      [9, 'Participant join (Ann)'],
      [60, 'Participant join (Bob)'],
      [80, 'Participant leave (Ann)'],
      [99, LEAVE],
      [99.2, 'Participant leave (Bob)'],
      [100, 'Call ended'],
    ],
    200,
  ],
  [
    'a missed call',
    CALL,
    [
      [0, JOIN],
      [5, 'Show call screen - [Ann]'],
      [20, 'no-answer'],
      [22, LEAVE],
      [23, 'Call ended'],
    ],
    200,
  ],
  [
    'an abandoned call, long after a no-answer',
    CALL,
    [
      [0, JOIN],
      [5, 'Show call screen - [Ann]'],
      [20, 'no-answer'],
      [62, LEAVE],
      [63, 'Call ended'],
    ],
    200,
  ],
  [
    'a call of which only the end was seen',
    CALL,
    [
      [0, 'Registred in CallCenter24'],
      [5, 'Call ended'],
    ],
    200,
  ],
  ['a call that goes on', CALL, [[0, JOIN]], 100],
  ['a call that fell silent', CALL, [[0, JOIN]], DAY],
  [
    'three records of one call',
    ATLAS,
    [
      [60, 'Line busy', { startedAt: isoAt(10), endedAt: isoAt(40), recordVersion: 1 }],
      [61, 'Agent ended call', { recordVersion: 2 }],
      [62, 'Something new', { recordVersion: 2 }],
      [63, null],
    ],
    200,
  ],
  [
    'a chat that ends, twice, and begins again',
    CHAT,
    [
      [0, 'Auto'],
      [60, 'Manual'],
      [120, 'Auto'],
      [130, 'Stopped'],
      [140, 'Finished'],
      [150, 'Blocked'],
      [200, 'Waiting'],
      [300, 'Odd'],
    ],
    300,
  ],
  [
    'a chat that stalls',
    CHAT,
    [
      [0, 'Auto'],
      [60, 'Waiting'],
    ],
    3 * DAY,
  ],
  ['a chat that falls silent', CHAT, [[0, 'Manual']], 30 * DAY],
  [
    'an agent with gaps, overlaps and an unknown state',
    AGENT,
    [
      [0, 'Ready', { duration: 30_000 }],
      [60, 'Busy', { duration: 90_000, description: 'Live' }],
      [60, 'Busy', { duration: 80_000, description: 'Live' }],
      [100, 'Odd'],
      [200, 'Away', { description: 'Lunch' }],
    ],
    30 * DAY,
  ],
];

const WORDS = 'CRM|callfold|no-answer|Auto|Manual|Waiting|Finished|Blocked|Stopped|Ready|Busy|Away|unknown';
const TOLD = 'Ann|Bob|Live|Odd|Lunch|Line busy|Agent ended call|Something new';
/** What is called by one name in every language, and what a story's people and words are. */
const NAMES = new RegExp(`\\b(?:${WORDS}|${TOLD})\\b`, 'g');

/** Everything in it that is said. */
function sayingsOf(value: unknown): Saying[] {
  if (typeof value !== 'object' || value === null) return [];
  const { says, said, notes, noted, record, named } = value as Record<string, unknown>;
  const one = typeof says === 'string' ? [{ says, said: said as Phrase[] }] : [];
  const each = (texts: unknown, phrases: unknown): Saying[] =>
    Array.isArray(texts) && Array.isArray(phrases)
      ? texts.map((text, n) => ({ says: String(text), said: phrases.slice(n, n + 1) as Phrase[] }))
      : [];
  const name = typeof record === 'string' ? [{ says: record, said: [named as Phrase] }] : [];
  const inner = Object.values(value).flatMap(sayingsOf);
  return [...one, ...each(says, said), ...each(notes, noted), ...name, ...inner];
}

test.each(STORIES)('all of it is said in both languages: %s', (_what, subject, rows, until) => {
  const sayings = sayingsOf(explained(subject, rows, until));
  expect(sayings.length).toBeGreaterThan(rows.length);
  for (const one of sayings) {
    expect(one.said, one.says).not.toEqual([]);
    expect(spoken(one, EN)).not.toMatch(/\{|undefined/);
    expect(spoken(one, RU), one.says).not.toMatch(/\{|undefined|T\d\d:/);
    expect(spoken(one, RU).replaceAll(NAMES, ''), one.says).not.toMatch(/[a-z]{2}/i);
  }
});

test('as it is read', () => {
  const [story] = STORIES;
  const told = explained(CALL, story?.[2] ?? [], 100);
  const ru = told.timeline.flatMap((moment) => [
    ...(moment.what === 'event' ? [spoken(moment, RU)] : spokenEach(moment.says, moment.said, RU)),
    ...moment.changes.map((one) => spoken(one, RU)),
  ]);
  expect(ru).toEqual(
    expect.arrayContaining(['принять звонок просят: Ann, отмечен как свободен', 'сейчас: ждёт в очереди']),
  );
  const refused = { rejected: 'too-late', reason: `${CODES['too-late']}: c-1` } as const;
  expect(refusalText(refused, RU)).toBe(`too-late: ${CODES_RU['too-late']}: c-1`);
  expect(refusalText(refused, EN)).toBe(`too-late: ${refused.reason}`);
});
