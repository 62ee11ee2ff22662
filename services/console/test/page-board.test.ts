import { afterEach, expect, test, vi } from 'vitest';
import { waitingSince } from '../src/board-values.ts';
import { boardTiles, shownValues } from '../web/src/board-figures.ts';
import { createClock } from '../web/src/clock.ts';
import { countText, listsOf } from '../web/src/list-rows.ts';
import type { Call, Figures, Model } from '../web/src/model.ts';
import { emptyModel, seen, tell } from '../web/src/model.ts';
import type { Ended, EndedBy } from '../web/src/outcomes.ts';
import { createLists, NOTHING_ENDED, readEnded } from '../web/src/outcomes.ts';
import { readView } from '../web/src/view.ts';
import { sayIn } from '../web/src/words.ts';

const say = sayIn('en');
const DAY = Date.UTC(2026, 0, 5);
const at = (seconds: number): string => new Date(DAY + seconds * 1_000).toISOString();

const call = (callId: string, more: Partial<Call> = {}): Call => ({
  kind: 'call',
  tenantId: 'default',
  source: 'callcenter24',
  callId,
  phase: 'waiting',
  since: at(0),
  queuedAt: at(0),
  answeredAt: null,
  agents: [],
  ...more,
});

const FIGURES = {
  zone: 'UTC',
  from: at(0),
  callcenter24: {
    outcomes: { answered: 4 },
    report: { serviceLevelPercent: { 20: { ofOffered: 80 } }, abandonmentPercent: { ofOffered: 5 } },
  },
  atlas: { outcomes: { answered: 7 } },
} as unknown as Figures;

/** At a hundred seconds past midnight. */
function modelOf(...calls: readonly Call[]): Model {
  const model = emptyModel(createClock(() => 0));
  model.clock.heard(DAY + 100_000);
  Object.assign(model, { isThere: true, figures: FIGURES });
  tell(
    model,
    calls.map((one) => ({ ...one, live: true })),
  );
  return model;
}

const view = (search: string) => readView(search, false, 'en');
const valuesOf = (model: Model, search = '') => shownValues(seen(model, view(search)), view(search));

afterEach(() => vi.unstubAllGlobals());

test('a call that was answered and transferred waits since its last agent left, ringing or not', () => {
  const talked = [
    { agent: 'Ann', joinedAt: at(1), leftAt: at(70) },
    { agent: 'Bob', joinedAt: at(1), leftAt: at(90) },
    { agent: 'Cem', joinedAt: at(1), leftAt: null },
  ];
  const transferred = call('t', { answeredAt: at(10), agents: talked, phase: 'ringing', since: at(95) });
  expect(waitingSince(transferred)).toBe(DAY + 90_000);
  expect(valuesOf(modelOf(transferred))).toMatchObject({ waiting: 1, longest: 10 });
  // No leave was seen: all that is known is when its phase began.
  expect(waitingSince({ ...transferred, agents: [] })).toBe(DAY + 95_000);
  const rang = call('r', { phase: 'ringing', since: at(95) });
  expect(valuesOf(modelOf(transferred, rang))).toMatchObject({ waiting: 2, longest: 100 });
  expect(valuesOf(modelOf(call('x', { phase: 'talking' })))).toMatchObject({ waiting: 0, longest: null });
});

test('a view of one source has its figures, and none of another one', () => {
  const model = modelOf(call('a'));
  const all = { waiting: 1, longest: 100, levels: { 20: 80 }, abandoned: 5, answered: 4, ready: 0, agents: 0 };
  const none = {
    waiting: null,
    longest: null,
    levels: {},
    abandoned: null,
    answered: null,
    ready: null,
    agents: null,
  };
  expect(valuesOf(model)).toEqual(all);
  expect(valuesOf(model, '?source=callcenter24')).toEqual(all);
  expect(valuesOf(model, '?source=atlas')).toEqual({ ...none, answered: 7 });
  expect(valuesOf(model, '?source=chatterfy')).toEqual(none);
  expect(valuesOf(model, '?source=vonage')).toEqual({ ...none, ready: 0, agents: 0 });
  const listed = (search: string): string[] => listsOf(model, NOTHING_ENDED, view(search), say).map(({ id }) => id);
  expect(listed('')).toEqual(['waiting', 'abandoned', 'voicemail', 'failed', 'chats', 'manual']);
  expect(listed('?source=callcenter24')).toEqual(['waiting', 'abandoned', 'voicemail']);
  expect(listed('?source=atlas')).toEqual(['voicemail', 'failed']);
  expect(listed('?source=vonage')).toEqual([]);
});

test('what is a part is told as one, and not as a number that is wrong', () => {
  const model = modelOf(call('a'));
  const textOf = (id: string): string => {
    const tile = boardTiles(model, null, view(''), say).find((one) => one.id === id);
    return `${tile?.value} ${tile?.formula}`;
  };
  expect([textOf('waiting'), textOf('answered'), textOf('ready')]).toEqual(['1 ', '4 ', '0 of 0 ']);
  model.lacks = ['subjects-full', 'records-full'];
  expect([textOf('waiting'), textOf('longest'), textOf('answered')]).toEqual(['≥ 1 ', '≥ 1:40 ', '≥ 4 ']);
  expect(textOf('ready')).toBe('≥ 0 of ≥ 0 ');
  expect(textOf('level')).toMatch(/of a part of the records$/);
  expect([countText(50, false, say), countText(50, true, say)]).toEqual(['50', 'at least 50']);
});

test('each figure has its target and how it stands to it, as the address says', () => {
  const tileOf = (id: string, search = '') =>
    boardTiles(modelOf(call('a')), null, view(search), say).find((one) => one.id === id);
  expect(tileOf('waiting')).toMatchObject({ target: '≤ 5', level: 'good' });
  expect(tileOf('waiting', '?waiting=0')).toMatchObject({ target: '≤ 0', level: 'bad' });
  expect(tileOf('ready', '?ready=3')).toMatchObject({ target: '≥ 3', level: 'none' });
  expect(tileOf('answered')).toMatchObject({ target: null, level: null });
  expect(tileOf('answered', '?answered=4')).toMatchObject({ target: '≥ 4', level: 'good' });
  expect(tileOf('answered', '?answered=5')).toMatchObject({ target: '≥ 5', level: null });
});

test('the last hour is what the console noted, and as it is now; of other agents than those noted there is none', () => {
  const now = DAY + 100_000;
  const values = { ...shownValues(modelOf(), view('')), waiting: 0, longest: null, ready: 2 };
  const past = { everyMs: 60_000, samples: [{ ...values, at: new Date(now - 60_000).toISOString() }] };
  const lineOfTile = (id: string, search = '') =>
    boardTiles(modelOf(call('a')), past, view(search), say).find((one) => one.id === id)?.line;
  expect(lineOfTile('waiting')).toMatchObject({ low: 0, high: 1, knownMs: 60_000 });
  // Nobody waited: nobody waited long.
  expect(lineOfTile('longest')).toMatchObject({ low: 0, high: 100 });
  expect(lineOfTile('ready')).toMatchObject({ low: 0, high: 2 });
  expect(lineOfTile('ready', '?agents=Ann')).toBeNull();
});

test('the lists are asked for with the source, and say when there are more, but not for those of before today', async () => {
  const asked: string[] = [];
  const ended = (seconds: number) => ({
    outcomeId: 'x',
    endedAt: at(seconds),
    occurredAt: at(seconds),
    ingestedAt: at(seconds),
  });
  let failed = [ended(10), ended(5)];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    const records = url.includes('outcome=failed') ? failed : [ended(10)];
    return Response.json({ records, next: url.includes('outcome=voicemail') ? null : 'more' });
  });
  const read = (source: 'vonage' | 'callcenter24' | null): Promise<EndedBy> =>
    readEnded({ tenant: 'acme', source, key: null, from: at(0) }, AbortSignal.timeout(1_000));
  const all = await read(null);
  expect([all.abandoned.isMore, all.voicemail.isMore, all.failed.isMore]).toEqual([true, false, true]);
  expect(all.failed.ended).toHaveLength(3);
  failed = [ended(10), ended(-5)];
  const later = await read(null);
  expect([later.failed.ended.length, later.failed.isMore]).toEqual([2, true]);
  asked.splice(0);
  expect((await read('callcenter24')).failed).toEqual({ ended: [], isMore: false });
  expect(asked.map((url) => url.replace(/.*outcome=/, ''))).toEqual([
    'abandoned&limit=50&source=callcenter24&tenant=acme',
    'voicemail&limit=50&source=callcenter24&tenant=acme',
  ]);
});

test('lists are read one at a time, given up in time, and asked for again; what was shown stays', async () => {
  vi.useFakeTimers();
  let reads = 0;
  let open = 0;
  let most = 0;
  let answer: (ended: EndedBy) => void = () => undefined;
  const lists = createLists(
    (signal) => {
      reads += 1;
      most = Math.max(most, (open += 1));
      return new Promise<EndedBy>((resolve, reject) => {
        answer = resolve;
        signal.addEventListener('abort', () => reject(new Error('too late')));
      }).finally(() => (open -= 1));
    },
    () => undefined,
  );
  for (let n = 0; n < 5; n += 1) lists.want();
  const some: EndedBy = { ...NOTHING_ENDED, abandoned: { ended: [{ callId: 'a' } as Ended], isMore: false } };
  answer(some);
  await vi.waitFor(() => expect(reads).toBe(2));
  expect([lists.ended, lists.isOld, most]).toEqual([some, false, 1]);
  vi.useRealTimers();
  // Nobody answers the second one.
  await vi.waitFor(() => expect(lists.isOld).toBe(true), { timeout: 8_000 });
  expect(lists.ended).toBe(some);
  await vi.waitFor(() => expect(reads).toBe(3), { timeout: 4_000 });
  answer(NOTHING_ENDED);
  await vi.waitFor(() => expect([lists.ended, lists.isOld, most]).toEqual([NOTHING_ENDED, false, 1]));
}, 15_000);
