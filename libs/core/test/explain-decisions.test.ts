import { describe, expect, test } from 'vitest';
import type { CallWord, ChatWord, Explanation } from '../src/index.ts';
import { CALL_RULES } from '../src/index.ts';
import { at, call, chat, explained, record, seen, stay } from './explain-events.ts';

/** By outcome one call that has it. */
const CALLS: readonly (readonly [
  outcome: string,
  rule: string,
  words: readonly (readonly [number, CallWord, string?])[],
])[] = [
  [
    'answered',
    'contact-and-agent-in',
    [
      [0, 'contact-joined'],
      [3, 'agent-joined', 'Anna'],
      [9, 'contact-left'],
      [9, 'ended'],
    ],
  ],
  [
    'voicemail',
    'redirect-before-answer',
    [
      [0, 'contact-joined'],
      [3, 'redirected'],
      [9, 'ended'],
    ],
  ],
  [
    'missed',
    'no-answer-then-end',
    [
      [0, 'contact-joined'],
      [3, 'screen-shown', 'Anna'],
      [9, 'no-answer'],
      [9, 'contact-left'],
    ],
  ],
  [
    'abandoned',
    'contact-left-unanswered',
    [
      [0, 'contact-joined'],
      [9, 'contact-left'],
    ],
  ],
  [
    'abandoned',
    'ended-with-contact-in',
    [
      [0, 'contact-joined'],
      [9, 'ended'],
    ],
  ],
  [
    'left-before-queue',
    'contact-never-in',
    [
      [0, 'registered'],
      [9, 'ended'],
    ],
  ],
  [
    'unknown',
    'silent',
    [
      [0, 'registered'],
      [1, 'contact-joined'],
    ],
  ],
];

const ALL_CALL_OUTCOMES = [
  'answered',
  'voicemail',
  'missed',
  'abandoned',
  'left-before-queue',
  'not-connected',
  'failed',
  'cancelled',
  'unknown',
];

describe('why, and why not', () => {
  test.each(CALLS)('%s by %s', (outcome, rule, words) => {
    const rows = words.map(
      ([second, word, agent], index) => [call(`e${index}`, at(second), word, agent ?? null), second] as const,
    );
    const { record: said, decision } = explained(seen(...rows), at(5 * 3_600))
      .records[0] as Explanation['records'][number];
    expect(said).toMatchObject({ outcome, decidedBy: { rule } });
    expect(decision.rule).toBe(rule);
    expect(decision.restsOn[0]?.occurredAt).toBe(said.occurredAt);
    expect(decision.others.map((other) => other.outcome).sort()).toEqual(
      ALL_CALL_OUTCOMES.filter((one) => one !== outcome).sort(),
    );
  });

  test('every rule by which calls are judged has such a call', () => {
    expect(CALLS.map(([, rule]) => rule)).toEqual(CALL_RULES.map(({ rule }) => rule));
  });

  const others = (words: readonly (readonly [number, CallWord, string?])[]): Record<string, string> => {
    const rows = words.map(
      ([second, word, agent], index) => [call(`e${index}`, at(second), word, agent ?? null), second] as const,
    );
    const { decision } = explained(seen(...rows)).records[0] as Explanation['records'][number];
    return Object.fromEntries(decision.others.map(({ outcome, says }) => [outcome, says]));
  };

  test('what failed is told in words', () => {
    expect(
      others([
        [0, 'contact-joined'],
        [3, 'no-answer'],
        [9, 'contact-left'],
      ]),
    ).toMatchObject({
      answered: 'no agent joined',
      voicemail: 'the call was not redirected to voicemail',
      missed: 'the contact left 6 s after the no-answer, and only up to 5 s is its tear-down',
    });
    expect(
      others([
        [0, 'contact-joined'],
        [3, 'no-answer'],
        [4, 'agent-requested', 'Boris'],
        [9, 'contact-left'],
      ]),
    ).toMatchObject({
      missed: 'an agent was asked or shown the call again after the last no-answer',
    });
    expect(
      others([
        [0, 'contact-joined'],
        [3, 'redirected'],
        [4, 'agent-joined', 'Anna'],
      ]),
    ).toMatchObject({
      answered: 'agents joined only after the redirect to voicemail',
    });
    expect(
      others([
        [0, 'contact-joined'],
        [3, 'contact-left'],
        [4, 'agent-joined', 'Anna'],
      ]),
    ).toMatchObject({
      answered: 'no agent was in at an instant at which the contact was in',
    });
  });

  test('a rule that holds as well, and is asked for later, is told as such', () => {
    const words = [
      [0, 'contact-joined'],
      [3, 'agent-joined', 'Anna'],
      [9, 'contact-left'],
    ] as const;
    expect(others(words)['abandoned']).toBe('its rule holds as well, and answered is asked for before it');
  });

  test('of several records of one call, which counts and why not the others', () => {
    const rows = seen(
      [record('a', at(0), 'answered', 1), 0],
      [record('b', at(1), 'voicemail', 3), 1],
      [record('c', at(2), null, 2), 2],
      [record('d', at(3), 'answered', null), 3],
      [record('e', at(0), 'answered', 3), 4],
    );
    const { record: said, decision } = explained(rows).records[0] as Explanation['records'][number];
    expect(said).toMatchObject({ outcome: 'voicemail' });
    expect(decision.says).toContain('of 5 records of the call the one with version 3 counts alone');
    expect(decision.restsOn.map(({ eventId, offset }) => [eventId, offset])).toEqual([['b', 1]]);
    expect(Object.fromEntries(decision.passedOver.map(({ eventId, says }) => [eventId, says]))).toEqual({
      a: 'version 1 counts less than version 3',
      c: 'version 2 counts less than version 3',
      d: 'no version counts less than version 3',
      e: 'version 3, as the one that counts, and 1 s earlier',
    });
  });

  test('of one version and time a known label counts, then the greater text', () => {
    const known = seen([record('a', at(0), 'answered', 1), 0], [record('b', at(0), null, 1), 1]);
    expect(explained(known).records[0]?.decision.passedOver).toMatchObject([
      { eventId: 'b', says: 'of the same version and time, and its label is not known' },
    ]);
    const text = seen([record('a', at(0), 'answered', 1), 0], [record('b', at(0), 'voicemail', 1), 1]);
    expect(explained(text).records[0]?.decision.passedOver).toMatchObject([
      { eventId: 'a', says: 'of the same version and time, and its text is the smaller one' },
    ]);
  });

  test('why an episode ended as it did: the first Finished of a row, else the last ending', () => {
    const rows = (words: readonly ChatWord[]) =>
      seen(...words.map((word, n) => [chat(`e${n}`, at(n), word), n] as const));
    const finished = explained(rows(['auto', 'blocked', 'finished', 'stopped'])).records[0]?.decision;
    expect(finished?.says).toBe('it ended with Finished, and the first Finished of 3 endings in a row decides');
    expect(finished?.passedOver.map(({ status, says }) => [status, says])).toEqual([
      ['blocked', 'the first Finished of its row decides'],
      ['stopped', 'the first Finished of its row decides'],
    ]);
    const stopped = explained(rows(['auto', 'blocked', 'stopped'])).records[0]?.decision;
    expect(stopped?.says).toBe('there is no Finished, and Stopped is the last of 2 endings in a row');
    expect(stopped?.others).toMatchObject([
      { outcome: 'completed', says: 'no Finished came in it' },
      { outcome: 'blocked', says: 'Blocked came at 2024-02-29T10:00:01.000Z, and is not the last of its row' },
      { outcome: 'stalled', says: 'it ended by a status of its own' },
      { outcome: 'unknown', says: 'it ended by a status of its own' },
    ]);
  });

  test('why a stay ends where it does: gaps, overlaps and cuts', () => {
    const rows = seen(
      [stay('a', at(0), 'Ready', null), 0],
      [stay('b', at(10), 'Busy', 30_000), 10],
      [stay('c', at(30), 'Wrap', 5_000), 30],
      [stay('d', at(30), 'Wrap', null), 31],
      [stay('e', at(50), 'Away', null), 50],
    );
    const [ready, busy, wrap, away] = explained(rows).records.map(({ decision }) => decision);
    expect(ready?.says).toBe(
      'no length was reported: it ends where the next one begins, Busy at 2024-02-29T10:00:10.000Z',
    );
    expect(ready?.restsOn.map(({ eventId }) => eventId)).toEqual(['a', 'b']);
    expect(busy?.says).toEqual(
      expect.stringMatching(
        /^a length of 30 s was reported, 10 s past .* Wrap at 2024-02-29T10:00:30.000Z: it is cut there$/,
      ),
    );
    expect(busy?.notes).toEqual(['an overlap: what was reached past the next one is not counted twice']);
    expect(wrap?.notes).toEqual(['a gap: nothing is known for 15 s until Away at 2024-02-29T10:00:50.000Z']);
    expect(wrap?.passedOver).toMatchObject([
      { eventId: 'd', says: 'another report of the same stay, with no length or a shorter one' },
    ]);
    expect(away?.says).toBe('nothing came after it: the agent is in it');
  });
});
