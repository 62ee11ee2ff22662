import { expect, test } from 'vitest';
import type { Source } from '@callfold/core';
import { createClock } from '../web/src/clock.ts';
import { barOf, daysOf } from '../web/src/agent-bar.ts';
import { lineOf } from '../web/src/past.ts';
import type { Told } from '../web/src/model.ts';
import { emptyModel, paused, seen, shownNow, staleMs, tell } from '../web/src/model.ts';
import { linkTo, readView } from '../web/src/view.ts';
import { isWord, sayIn, span } from '../web/src/words.ts';

const agent = (agentId: string, source: Source, tenantId = 'default', live = true): Told => ({
  kind: 'agent',
  tenantId,
  source,
  agentId,
  state: 'free',
  description: null,
  since: '2026-01-05T09:00:00.000Z',
  live,
});

test('data is old when the console was not heard, and when what it says is old', () => {
  let local = 0;
  // The clock of the server is another one altogether.
  const model = emptyModel(createClock(() => local));
  expect(staleMs(model)).toBeNull();
  const now = 5_000_000;
  model.clock.heard(now);
  Object.assign(model, { isThere: true, heardAt: now, asOf: now - 1_000 });
  expect(staleMs(model)).toBeNull();
  model.asOf = now - 12_000;
  expect(staleMs(model)).toBe(12_000);
  model.asOf = now;
  local += 11_000;
  expect(staleMs(model)).toBe(11_000);
});

test('what comes late is late, and no wrong clock; a clock that was set is followed when it is asked again', () => {
  let local = 0;
  const clock = createClock(() => local);
  const tell_ = (told: number, tookMs: number): number => {
    local += tookMs;
    clock.heard(told);
    return Math.round(clock.now());
  };
  expect(tell_(1_000_000, 40)).toBe(1_000_000);
  // The way takes half a minute for once, and less than ever before.
  expect(tell_(1_002_000, 32_000)).toBeGreaterThanOrEqual(1_031_990);
  expect(tell_(1_032_030, 10)).toBe(1_032_030);
  // The server's clock was set back by an hour.
  const asked = clock.ask();
  local += 100;
  clock.answered(1_032_080 - 3_600_000, asked);
  expect(Math.abs(clock.now() - (1_032_080 - 3_600_000))).toBeLessThanOrEqual(100);
  // Ours runs fast by a thirty-thousandth, for a day, on one connection.
  let told = 2_000_000;
  for (let beat = 0; beat < 43_200; beat += 1) {
    told += 2_000;
    local += 2_000 * (1 + 3e-5);
    clock.heard(told);
  }
  expect(clock.now() - told).toBeLessThan(10);
});

test('what is paused stays as it is, and grows old', () => {
  let local = 0;
  const model = emptyModel(createClock(() => local));
  model.clock.heard(1_000);
  Object.assign(model, { isThere: true, heardAt: 1_000, asOf: 1_000 });
  const held = paused(model);
  local += 60_000;
  tell(model, [agent('Ann', 'vonage')]);
  Object.assign(model, { heardAt: 61_000, asOf: 61_000 });
  expect([held.agents.size, shownNow(held), held.pausedAt, staleMs(held)]).toEqual([0, 1_000, 1_000, 60_000]);
  expect([model.agents.size, shownNow(model), staleMs(model)]).toEqual([1, 61_000, null]);
});

test('subjects of two tenants or sources with one id are two, and a view is of a source and of some agents', () => {
  const model = emptyModel();
  tell(model, [agent('Ann', 'callcenter24'), agent('Ann', 'callcenter24', 'acme'), agent('101', 'vonage')]);
  expect(model.agents.size).toBe(3);
  const shown = (source: Source | null, agents: string[]): string[] =>
    [...seen(model, { source, agents }).agents.keys()].sort();
  expect(shown('vonage', [])).toEqual(['vonage/default/101']);
  expect(shown(null, ['an'])).toEqual(['callcenter24/acme/Ann', 'callcenter24/default/Ann']);
  expect(shown('vonage', ['an'])).toEqual([]);
  tell(model, [agent('Ann', 'callcenter24', 'acme', false)]);
  expect([...model.agents.keys()]).toEqual(['callcenter24/default/Ann', 'vonage/default/101']);
});

test('a view stands in its address, and what makes no sense there is as if it were not there', () => {
  const view = readView('?view=agents&source=vonage&agents=Ann,Bo&zone=Europe/Berlin&big=1&lang=ru&slt=30', true, 'en');
  expect(view).toMatchObject({ page: 'agents', source: 'vonage', agents: ['Ann', 'Bo'], zone: 'Europe/Berlin' });
  expect(view).toMatchObject({ isBig: true, language: 'ru', theme: 'dark', target: { seconds: 30, level: 80 } });
  const odd = readView('?view=x&source=nobody&zone=Nowhere/Town&slt=7&sl=-3&theme=pink&lang=xx', false, 'ru-RU');
  expect(odd).toMatchObject({ page: 'board', source: null, zone: null, theme: 'light', language: 'en' });
  expect(odd.target).toEqual({ level: 80, seconds: 20, wait: 60, abandon: 5, waiting: 5, answered: null, ready: 1 });
  expect(linkTo('?tenant=a&big=1', { big: null, view: 'lists' })).toBe('?tenant=a&view=lists');
  expect(linkTo('?big=1', { big: null })).toBe('?');
});

test('a line has a stroke for each stretch that is known, and nothing where nothing is known', () => {
  const [MINUTE, now] = [60_000, 7_200_000];
  const ago = (minutes: number, value: number) => ({ at: now - minutes * MINUTE, value });
  const samples = [ago(61, 9), ago(30, 2), ago(29, 4), ago(28, 0), ago(1, 1)];
  expect(lineOf(samples, 3, now, MINUTE)).toEqual({
    strokes: [
      [
        [0.5, 0.5],
        [1 - 29 / 60, 1],
        [1 - 28 / 60, 0],
      ],
      [
        [1 - 1 / 60, 0.25],
        [1, 0.75],
      ],
    ],
    low: 0,
    high: 4,
    knownMs: 30 * MINUTE,
  });
  expect(lineOf([], null, now, MINUTE)).toBeNull();
  expect(lineOf(samples, null, now, MINUTE)?.strokes.at(-1)).toEqual([[1 - 1 / 60, 0.25]]);
});

test("an agent's day is what is over and what it is in now, and between calls it is free", () => {
  const [HOUR, now] = [3_600_000, Date.UTC(2026, 0, 5, 12)];
  const iso = (hours: number): string => new Date(now - hours * HOUR).toISOString();
  const inState = (source: Source, state: string, since: string) =>
    ({ kind: 'agent', tenantId: 'default', source, agentId: 'Ann', state, description: null, since }) as const;
  const days = daysOf({
    from: iso(12),
    isComplete: true,
    agents: [
      { tenantId: 'default', source: 'vonage', agentId: 'Ann', from: iso(9), timeMs: { Ready: HOUR, LoggedOut: HOUR } },
      {
        tenantId: 'default',
        source: 'callcenter24',
        agentId: 'Ann',
        from: iso(4),
        timeMs: { 'on-call': HOUR, ringing: 1_000 },
      },
    ],
  });
  const bar = (source: Source, state: string, since: string) =>
    barOf(`${source}/default/Ann`, inState(source, state, since), days, now);
  expect(bar('vonage', 'Busy', iso(2))).toEqual([
    { state: 'Busy', ms: 2 * HOUR },
    { state: 'Ready', ms: HOUR },
  ]);
  // What began yesterday counts from midnight on.
  expect(bar('vonage', 'Ready', iso(20))).toEqual([{ state: 'Ready', ms: 13 * HOUR }]);
  expect(bar('callcenter24', 'ringing', iso(1))).toEqual([
    { state: 'on-call', ms: HOUR },
    { state: 'ringing', ms: HOUR },
    { state: 'free', ms: 2 * HOUR - 10_000 },
  ]);
  expect(bar('callcenter24', 'free', iso(1))).toMatchObject([{}, {}, { state: 'free', ms: 3 * HOUR - 10_000 }]);
  expect(barOf('x', inState('vonage', 'Ready', iso(1)), null, now)).toEqual([]);
});

test('how long is long in a state stands in the address, over what is usual', () => {
  const { thresholds } = readView('?states=Busy:900,Lunch:60,Wrap:soon', false, 'en');
  expect(thresholds).toMatchObject({ Busy: 900, Lunch: 60, Wrap: 120, ringing: 20 });
});

test('both languages say everything, and spans never become a long row of minutes', () => {
  expect(sayIn('ru')('truncated', { N: 3 })).toBe('и ещё 3');
  expect(sayIn('en')('ofOffered', { T: 20 })).toContain('20 s');
  expect([isWord('board'), isWord('toString')]).toEqual([true, false]);
  expect([0, 59_999, 187_000, 7_509_000, 90_000_000].map((ms) => span(ms, sayIn('en')))).toEqual([
    '0:00',
    '0:59',
    '3:07',
    '2:05:09',
    '1 d 1 h',
  ]);
  expect(span(90_000_000, sayIn('ru'))).toBe('1 д 1 ч');
});
