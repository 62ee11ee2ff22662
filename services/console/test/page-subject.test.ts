import { afterEach, expect, test, vi } from 'vitest';
import { createClock } from '../web/src/clock.ts';
import { createExplained, isSettled } from '../web/src/explained.ts';
import type { Explanation, Question } from '../web/src/explained.ts';
import { NOWHERE, subjectHref } from '../web/src/links.ts';
import { lostGroups, readLost } from '../web/src/lost.ts';
import type { Model } from '../web/src/model.ts';
import { emptyModel, tell } from '../web/src/model.ts';
import { namedCalls, namedLanes, NOTHING_NAMED } from '../web/src/named-calls.ts';
import type { NamedRecords } from '../web/src/named-calls.ts';
import type { Ended, EndedBy } from '../web/src/outcomes.ts';
import { NOTHING_ENDED } from '../web/src/outcomes.ts';
import { questionsOf } from '../web/src/questions.ts';
import { standingOf } from '../web/src/standing.ts';
import type { SubjectView } from '../web/src/times.ts';
import { checksOf } from '../web/src/truth.ts';
import { linkTo, readView } from '../web/src/view.ts';
import { sayIn } from '../web/src/words.ts';

const DAY = Date.UTC(2026, 0, 5);
const at = (seconds: number): string => new Date(DAY + seconds * 1_000).toISOString();
const NOW = DAY + 10_000_000;
const VIEW: SubjectView = { say: sayIn('en'), language: 'en', zone: 'UTC', now: NOW };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('the address of a subject holds all that leads to it, and is left without a trace', () => {
  const search = '?lang=ru&theme=dark&view=lists&tenant=acme';
  const href = subjectHref(search, { kind: 'call', id: 'c/1 %&Ю', tenantId: 'acme' });
  const view = readView(href, false, 'en');
  expect([view.page, view.subject.id, view.subject.of]).toEqual(['call', 'c/1 %&Ю', 'acme']);
  expect([view.language, view.theme, view.tenant]).toEqual(['ru', 'dark', 'acme']);
  expect(subjectHref('?', { kind: 'chat', id: 'k', tenantId: 'default' })).toBe('?view=chat&id=k');
  // From one agent's day to a call nothing of the day is left.
  const day = subjectHref('?view=agent&id=a&of=x&day=2026-01-05', { kind: 'call', id: 'c', tenantId: 'default' });
  expect(day).toBe('?view=call&id=c');
  expect(linkTo(href, NOWHERE)).toBe('?lang=ru&theme=dark&tenant=acme');
  expect(readView('?view=agent&id=101&day=2026-01-05&from=4711', false, 'en').subject).toEqual({
    id: '101',
    of: null,
    day: '2026-01-05',
    from: '4711',
  });
});

const ended = (callId: string, more: Partial<Ended> = {}): Ended => ({
  outcomeId: callId,
  callId,
  tenantId: 'default',
  source: 'callcenter24',
  outcome: 'abandoned',
  reason: 'customer-ended',
  stage: 'queue',
  voicemailLeft: null,
  fault: null,
  waitMs: 9_000,
  inferred: false,
  endedAt: at(9_000),
  occurredAt: at(9_000),
  ingestedAt: at(9_000),
  ...more,
});

/** Waiting for so long at that second. */
function modelOf(...waiting: readonly (readonly [callId: string, since: number])[]): Model {
  const model = emptyModel(createClock(() => 0));
  model.clock.heard(NOW);
  const shared = { kind: 'call', tenantId: 'default', source: 'callcenter24', phase: 'waiting', live: true } as const;
  tell(
    model,
    waiting.map(([callId, since]) => ({
      ...shared,
      callId,
      since: at(since),
      queuedAt: at(since),
      answeredAt: null,
      agents: [],
    })),
  );
  return model;
}

test("a supervisor's questions lead to their answers, and say where there is none", () => {
  const voicemail: EndedBy = { ...NOTHING_ENDED, voicemail: { ended: [ended('v-2'), ended('v-1')], isMore: false } };
  const asked = questionsOf(modelOf(['c-1', 50], ['c-2', 20], ['c-3', 90]), voicemail, '?lang=ru&view=agents');
  expect(asked.map(({ key, href }) => [key, href])).toEqual([
    ['longest', '?lang=ru&view=call&id=c-2'],
    ['help', '?lang=ru&view=help'],
    ['voicemail', '?lang=ru&view=call&id=v-2'],
    ['lost', '?lang=ru&view=lost'],
    ['true', '?lang=ru&view=truth'],
  ]);
  const none = questionsOf(modelOf(), NOTHING_ENDED, '?').filter(({ href }) => href === null);
  expect(none.map(({ key }) => key)).toEqual(['longest', 'voicemail']);
});

test('what was lost in the last hour is told by why, the commonest first', async () => {
  const asked: string[] = [];
  const answers: Readonly<Record<string, { records: Ended[]; next: string | null }>> = {
    abandoned: {
      records: [ended('a-1'), ended('a-2', { endedAt: at(9_500) }), ended('old', { endedAt: at(6_000) })],
      next: null,
    },
    missed: { records: [ended('m-1', { outcome: 'missed', reason: 'no-answer', stage: null })], next: 'more' },
    voicemail: {
      records: [ended('v-1', { outcome: 'voicemail', reason: 'voicemail', stage: null, voicemailLeft: true })],
      next: null,
    },
    failed: {
      records: [
        ended('f-1', { source: 'atlas', outcome: 'failed', reason: 'no-audio', fault: 'customer', stage: null }),
      ],
      next: null,
    },
  };
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    const outcome = new URL(url, 'http://console').searchParams.get('outcome') ?? '';
    return Response.json(answers[outcome]);
  });
  const question = { tenant: 'acme', source: null, key: null, from: at(0) };
  const lost = await readLost(question, NOW, AbortSignal.timeout(1_000));
  expect(asked.every((url) => url.endsWith('&tenant=acme'))).toBe(true);
  expect([lost.ended.length, lost.isMore]).toEqual([5, true]);
  expect(lostGroups(lost.ended, VIEW).map(({ why, calls }) => [why, ...calls.map(({ callId }) => callId)])).toEqual([
    ['abandoned: customer ended, in the queue', 'a-2', 'a-1'],
    ['missed: no answer', 'm-1'],
    ['sent to voicemail: message left', 'v-1'],
    ['failed: no audio, customer', 'f-1'],
  ]);
  asked.splice(0);
  await readLost({ ...question, source: 'atlas' }, NOW, AbortSignal.timeout(1_000));
  expect(asked).toHaveLength(1);
  expect(await readLost({ ...question, source: 'vonage' }, NOW, AbortSignal.timeout(1_000))).toEqual({
    ended: [],
    isMore: false,
  });
});

test('an agent whom only calls name has a day of offers and calls, live ones too', () => {
  const call = {
    callId: 'c-1',
    tenantId: 'default',
    endedAt: at(90),
    agents: [{ agent: 'Ann', joinedAt: at(50), leftAt: null }],
  };
  const records = {
    offers: [
      {
        callId: 'c-1',
        tenantId: 'default',
        offeredAt: null,
        screenShownAt: at(40),
        ringMs: 10_000,
        result: 'answered',
      },
      { callId: 'c-0', tenantId: 'default', offeredAt: null, screenShownAt: at(-40), ringMs: 15_000, result: 'missed' },
    ],
    calls: [call],
  } as unknown as NamedRecords;
  const model = modelOf();
  const shared = { kind: 'call', tenantId: 'default', source: 'callcenter24', phase: 'talking', live: true } as const;
  const agents = [{ agent: 'Ann', joinedAt: at(150), leftAt: null }];
  tell(model, [{ ...shared, callId: 'c-2', since: at(150), queuedAt: at(140), answeredAt: at(150), agents }]);
  const named = namedCalls('Ann', 'default', records, model);
  const frame = { from: DAY, to: DAY + 200_000, isOpen: true };
  const lanes = namedLanes(named.of(frame), frame, DAY + 200_000).map(({ key, spans }) => [
    key,
    ...spans.map(({ what, label, from, to, isOpen, isInferred }) => {
      const marks = `${isOpen ? '>' : ''}${isInferred ? '?' : ''}`;
      return `${what} ${label} ${(from - DAY) / 1_000}-${(to - DAY) / 1_000}${marks}`;
    }),
  ]);
  expect(lanes).toEqual([
    ['lane.rang', 'rings c-1 40-50'],
    ['lane.onCall', 'in c-1 50-90?', 'in c-2 150-200>'],
  ]);
  expect(named.isKnown).toBe(true);
  // Of another tenant's calls nothing is told.
  expect(namedCalls('Ann', 'acme', NOTHING_NAMED, model).isKnown).toBe(false);
});

const QUESTION: Question = { kind: 'call', id: 'c/1', tenant: 'acme', from: null };
const explanation = (standing: 'open' | 'closed'): Explanation =>
  ({ kind: 'call', standing, records: [], timeline: [{ what: 'event', loggedAt: at(5) }] }) as unknown as Explanation;

/** Answers what it is told to, and notes what it was asked. */
function stubConsole(answer: () => Response): { readonly asked: string[]; readonly headers: unknown[] } {
  const [asked, headers]: [string[], unknown[]] = [[], []];
  vi.stubGlobal('fetch', async (url: string, given: { headers: unknown }) => {
    asked.push(url);
    headers.push(given.headers);
    return answer();
  });
  return { asked, headers };
}
/** As the console has it: a problem is of a type of its own. */
function json(body: unknown, status = 200): Response {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': `${type}; charset=utf-8` } });
}

test('a subject is asked for once, again as it changes, and then only from where it begins in the log', async () => {
  vi.useFakeTimers();
  const { asked, headers } = stubConsole(() => json({ explanations: [explanation('closed')] }));
  let changes = 0;
  const explained = createExplained(
    () => 'a-key',
    () => void (changes += 1),
  );
  expect(explained.look(QUESTION, 'v1', false)).toEqual({ question: QUESTION, explanations: null, problem: null });
  await vi.advanceTimersByTimeAsync(0);
  expect([asked, headers, changes]).toEqual([
    ['/v1/explain/call/c%2F1?tenant=acme'],
    [{ authorization: 'Bearer a-key' }],
    1,
  ]);
  expect(explained.look(QUESTION, 'v1', false).explanations).toHaveLength(1);
  // What is over and published does not change by itself.
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  explained.look(QUESTION, 'v2', false);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked[1]).toBe(`/v1/explain/call/c%2F1?tenant=acme&from=${encodeURIComponent(at(5))}`);
  // While it is held it stays as it is, and is made good when it goes on.
  explained.look(QUESTION, 'v3', true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  explained.look(QUESTION, 'v3', false);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(3);
  // Another one begins with nothing of the one before.
  expect(explained.look({ ...QUESTION, id: 'c-2' }, 'v3', false).explanations).toBeNull();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked[3]).toBe('/v1/explain/call/c-2?tenant=acme');
});

test('what goes on is asked for until it is settled; what is away again and again, what is not there once', async () => {
  vi.useFakeTimers();
  let answer = (): Response => json({ explanations: [explanation('open')] });
  const { asked } = stubConsole(() => answer());
  const explained = createExplained(
    () => null,
    () => undefined,
  );
  const look = () => explained.look(QUESTION, 'v1', false);
  look();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(asked).toHaveLength(2);
  answer = () => json({ code: 'away', detail: 'the log cannot be read' }, 503);
  await vi.advanceTimersByTimeAsync(3_000);
  // What was told stays beside what is wrong.
  expect(look()).toMatchObject({ explanations: [{ standing: 'open' }], problem: { code: 'away' } });
  answer = () => new Response('<h1>502</h1>', { status: 502, headers: { 'content-type': 'text/html' } });
  await vi.advanceTimersByTimeAsync(3_000);
  expect(look().problem).toEqual({ code: 'foreign-answer', detail: '' });
  answer = () => json({ code: 'not-found', detail: 'no such call' }, 404);
  await vi.advanceTimersByTimeAsync(3_000);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([look().problem?.code, asked.length]).toEqual(['not-found', before]);
});

test('a subject is settled when all that is said of it is published', () => {
  const with_ = (standing: string, record: string): Explanation =>
    ({ ...explanation('closed'), standing, records: [{ standing: record }] }) as unknown as Explanation;
  expect(isSettled([with_('closed', 'published'), with_('dropped', 'kept')])).toBe(true);
  for (const one of [with_('open', 'published'), with_('closed', 'changed'), with_('silent', 'unpublished')])
    expect(isSettled([with_('closed', 'published'), one])).toBe(false);
  expect(isSettled([{ ...with_('open', 'published'), kind: 'agent' }])).toBe(true);
});

test('what is seen is true when it is heard, new and whole; what is not is named', () => {
  const model = modelOf();
  const levels = (isListsOld = false, local = NOW): Record<string, string> =>
    Object.fromEntries(
      checksOf(model, standingOf(model, isListsOld), isListsOld, local, VIEW).map(({ key, level }) => [key, level]),
    );
  Object.assign(model, { isThere: true, heardAt: NOW - 1_000, asOf: NOW - 2_000 });
  const good = { console: 'good', data: 'good', whole: 'good', clock: 'good' };
  expect(levels()).toEqual(good);
  expect(levels(true)).toEqual({ ...good, whole: 'bad' });
  expect(levels(false, NOW + 60_000)).toEqual({ ...good, clock: 'warn' });
  Object.assign(model, { asOf: NOW - 60_000 });
  expect(levels()).toEqual({ ...good, data: 'bad' });
  Object.assign(model, { asOf: NOW, lacks: ['records-away'], isWell: false });
  expect(levels()).toEqual({ ...good, whole: 'bad' });
  Object.assign(model, { lacks: [], isWell: true, problem: { code: 'no-answer', detail: '' } });
  expect(levels()['console']).toBe('bad');
});
