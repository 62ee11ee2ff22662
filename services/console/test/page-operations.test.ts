import { CODES, rawTopic } from '@callfold/core';
import { afterEach, expect, test, vi } from 'vitest';
import type { LetterAnswer, LettersAnswer, StatusAnswer } from '../src/status-answer.ts';
import type { Told } from '../web/src/operations.ts';
import { createOperations, isOldNow, NOTHING_TOLD } from '../web/src/operations.ts';
import type { Speaking } from '../web/src/operations-rows.ts';
import {
  faultRows,
  findingItems,
  generationRows,
  hexLines,
  letterItems,
  lookedText,
  partitionRows,
  recoveryTexts,
} from '../web/src/operations-rows.ts';
import { CODES_RU } from '../web/src/operations-words.ts';
import type { Language } from '../web/src/words.ts';
import { sayIn } from '../web/src/words.ts';

const NOW = Date.UTC(2026, 0, 5, 9);
const TOPIC = rawTopic('atlas');

const ROW = {
  topic: TOPIC,
  partition: 0,
  role: 'projector',
  owner: 'host-a:17',
  epoch: 3,
  position: 6,
  end: 10,
  lag: 4,
  lagMs: 14_000,
  nextTimer: null,
  outbox: null,
  outboxMs: null,
  deadLetters: null,
  recovering: null,
  problem: null,
} as const;
const SAYS = '4 records are not folded, and nobody is at work: `callfold serve projector`';
const finding = (partition: number) =>
  ({
    code: 'nobody-works',
    says: SAYS,
    role: 'projector',
    topic: TOPIC,
    partition,
    generation: null,
    commands: ['callfold serve projector'],
  }) as const;
const STATUS: StatusAnswer = {
  generation: '1',
  at: NOW - 3_000,
  partitions: [ROW, { ...ROW, partition: 1, problem: SAYS }],
  generations: [
    {
      generation: '1',
      state: 'live',
      settings: '',
      asked: '',
      createdAt: 0,
      done: 1_000,
      all: 2_000,
      lag: 1_000,
      members: 0,
      problem: null,
    },
  ],
  findings: [finding(0), finding(1)],
  faults: [{ code: 'away', of: 'console', says: 'Redis is away', places: 1, from: NOW - 90_000, until: NOW - 30_000 }],
  faultsFrom: NOW - 100_000,
  trouble: null,
};
const LETTER: LetterAnswer = {
  partition: 1,
  offset: 12,
  originTopic: TOPIC,
  originPartition: 1,
  originOffset: 4711,
  originAppendedAt: new Date(NOW).toISOString(),
  code: 'not-avro',
  reason: 'the bytes do not decode as the Avro schema they name: too short',
  attempts: 2,
  value: btoa('{"not": "avro"}ABC'),
  valueBytes: 2_000,
};
const LETTERS: LettersAnswer = {
  letters: [LETTER],
  next: null,
  isComplete: true,
  counts: { 'not-avro': 1 },
  trouble: null,
};
const TOLD: Told = { status: STATUS, letters: LETTERS, problem: null, answeredAt: 0 };

const speaking = (language: Language = 'en'): Speaking => ({
  say: sayIn(language),
  language,
  clock: (at) => new Date(at).toISOString().slice(11, 19),
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a finding stands once with the command that helps, and partitions with owner and lag in seconds', () => {
  expect(findingItems(STATUS, speaking())).toEqual([
    {
      code: 'nobody-works',
      place: `projector ${TOPIC}/0`,
      text: SAYS,
      commands: ['callfold serve projector'],
      more: 1,
    },
  ]);
  const cells = ['projector', TOPIC, '0', 'host-a:17 (3)', '6', '10', '4', '14', '–', '–'];
  // What is wrong stands before what is not.
  expect(partitionRows(STATUS, speaking())).toMatchObject([{ level: 'bad' }, { level: '', cells }]);
});

test('a rebuild tells how far it is, a recovery where it goes, and a fault how long it took', () => {
  expect(generationRows(STATUS, speaking())[0]?.cells).toEqual([
    '1',
    'live: readers see it',
    '1,000 of 2,000 (50 %)',
    '1,000',
    '0',
  ]);
  const recovering = [
    { ...ROW, recovering: { until: 4_000 } },
    { ...ROW, partition: 1, recovering: { until: null } },
  ];
  expect(recoveryTexts({ ...STATUS, partitions: recovering }, speaking())).toEqual([
    `projector ${TOPIC}/0: a recovery folds up to 4,000`,
    `projector ${TOPIC}/1: a recovery waits for an owner`,
  ]);
  const cells = ['08:58:30', '08:59:30 (1:00)', 'console', '1', 'the console cannot read: Redis is away'];
  expect(faultRows(STATUS, speaking())).toMatchObject([{ level: '', cells }]);
});

test('a dead letter has its reason, its origin, its bytes as far as they are shown, and the command for all of them', () => {
  const [letter] = letterItems(LETTERS, speaking());
  expect(letter).toMatchObject({
    cells: ['09:00:00', `${TOPIC}/1/4711`, 'not-avro', LETTER.reason, '2'],
    bytes: { all: 2_000, shown: 18 },
    command: `callfold dlq show ${TOPIC}/1/4711`,
  });
  expect(letter?.bytes?.lines[0]).toBe('0000  7b 22 6e 6f 74 22 3a 20 22 61 76 72 6f 22 7d 41  {"not": "avro"}A');
  expect(hexLines(btoa('a\u0001'))).toEqual([`0000  61 01${' '.repeat(43)} a.`]);
});

test('Russian has words of its own for what is wrong and why a record was refused', () => {
  const text = 'есть необработанные записи, и никто не работает';
  expect(findingItems(STATUS, speaking('ru'))).toMatchObject([{ text, commands: ['callfold serve projector'] }]);
  expect(faultRows(STATUS, speaking('ru'))[0]?.cells.at(-1)).toBe('консоль не может прочесть: Redis is away');
  const reason = `не читается по названной схеме Avro (${LETTER.reason})`;
  expect(letterItems(LETTERS, speaking('ru'))[0]?.cells).toContain(reason);
  expect(Object.keys(CODES_RU)).toEqual(Object.keys(CODES));
});

test('it says when it was looked, and why not since', () => {
  const looked = (told: Told) => lookedText(told, NOW, speaking());
  expect(looked(TOLD)).toEqual({ when: 'Looked at 08:59:57, 3 s ago.', why: null });
  expect(looked(NOTHING_TOLD)).toEqual({ when: 'It is being looked at.', why: null });
  const problem = { code: 'all-tenants-only', detail: '' };
  expect(looked({ ...NOTHING_TOLD, problem }).why).toContain('this page needs a key for all of them');
  const trouble = { ...TOLD, status: { ...STATUS, trouble: 'Redis is away' } };
  expect(looked(trouble).why).toBe('It could not be looked at again: Redis is away');
  expect([isOldNow(trouble), isOldNow(NOTHING_TOLD)]).toEqual([true, true]);
  expect(isOldNow({ ...TOLD, answeredAt: performance.now() })).toBe(false);
});

test('it is asked for while it is looked at, with the key, and no longer', async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  let isThere = true;
  vi.stubGlobal('fetch', async (path: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(`${path} ${headers['authorization']}`);
    if (!isThere) throw new Error('nobody is there');
    return new Response(JSON.stringify(path === '/v1/status' ? STATUS : LETTERS), {
      headers: { 'content-type': 'application/json' },
    });
  });
  const operations = createOperations(
    () => 'a-key',
    () => undefined,
  );
  operations.want();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(['/v1/status Bearer a-key', '/v1/dead-letters?limit=50 Bearer a-key']);
  expect(operations.told).toMatchObject({ status: { generation: '1' }, problem: null });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  isThere = false;
  operations.want();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(4);
  expect(operations.told).toMatchObject({ status: { generation: '1' }, problem: { code: 'no-answer' } });
});

test('dead letters that are still read do not keep the rest back', async () => {
  vi.stubGlobal('fetch', async (path: string) => {
    if (path === '/v1/status') return Response.json(STATUS);
    const body = { code: 'starting', detail: 'still being read: the dead letters' };
    return new Response(JSON.stringify(body), { status: 503, headers: { 'content-type': 'application/problem+json' } });
  });
  const operations = createOperations(
    () => null,
    () => undefined,
  );
  operations.want();
  const told = { status: { generation: '1' }, letters: null, problem: { code: 'starting' } };
  await vi.waitFor(() => expect(operations.told).toMatchObject(told));
  expect(lookedText(operations.told, NOW, speaking()).why).toContain('still being read: the dead letters');
});
