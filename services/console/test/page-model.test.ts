import { expect, test, vi } from 'vitest';
import { createHistory } from '../web/src/history.ts';
import type { Told } from '../web/src/model.ts';
import { emptyModel, seen, staleMs, tell } from '../web/src/model.ts';
import { followStream } from '../web/src/stream.ts';
import { linkTo, readView } from '../web/src/view.ts';
import { isWord, sayIn, span } from '../web/src/words.ts';

const agent = (agentId: string, source: string, tenantId = 'default', live = true): Told => ({
  kind: 'agent',
  tenantId,
  source,
  agentId,
  state: 'free',
  description: null,
  since: null,
  live,
});

test('data is old when the console was not heard, and when what it says is old', () => {
  const model = emptyModel();
  const now = Date.now();
  expect(staleMs(model)).toBeNull();
  // The clock of this machine is an hour ahead of the server's.
  Object.assign(model, { isThere: true, skewMs: 3_600_000, heardAt: now - 3_600_000, asOf: now - 3_601_000 });
  expect(staleMs(model)).toBeNull();
  model.asOf = now - 3_600_000 - 12_000;
  expect(staleMs(model)).toBeGreaterThanOrEqual(12_000);
  Object.assign(model, { heardAt: now - 3_600_000 - 11_000, asOf: now - 3_600_000 });
  expect(staleMs(model)).toBeGreaterThanOrEqual(11_000);
});

test('subjects of two tenants or sources with one id are two, and a view is of a source and of some agents', () => {
  const model = emptyModel();
  tell(model, [agent('Ann', 'callcenter24'), agent('Ann', 'callcenter24', 'acme'), agent('101', 'vonage')]);
  expect(model.agents.size).toBe(3);
  const shown = (source: string | null, agents: string[]): string[] =>
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
  const odd = readView('?view=x&zone=Nowhere/Town&slt=7&sl=-3&theme=pink&lang=xx', false, 'ru-RU');
  expect(odd).toMatchObject({ page: 'board', zone: null, theme: 'light', language: 'en' });
  expect(odd.target).toEqual({ level: 80, seconds: 20, wait: 60, abandon: 5 });
  expect(linkTo('?tenant=a&big=1', { big: null, view: 'lists' })).toBe('?tenant=a&view=lists');
  expect(linkTo('?big=1', { big: null })).toBe('?');
});

test('the last hour is kept, a sample in ten seconds, and no value is none', () => {
  const history = createHistory();
  for (let at = 0; at <= 7_200_000; at += 2_000) history.note('waiting', at, at === 7_100_000 ? null : at);
  const samples = history.of('waiting');
  expect(samples.length).toBe(360);
  expect([samples[0]?.at, samples.at(-1)?.at]).toEqual([3_600_000, 7_192_000]);
});

test('both languages say everything, and spans never become a long row of minutes', () => {
  expect(sayIn('ru')('truncated', { N: 3 })).toBe('и ещё 3');
  expect(sayIn('en')('ofOffered', { T: 20 })).toContain('20 s');
  expect([isWord('board'), isWord('toString')]).toEqual([true, false]);
  expect([0, 59_999, 187_000, 7_509_000, 90_000_000].map(span)).toEqual(['0:00', '0:59', '3:07', '2:05:09', '1 d 1 h']);
});

test('a snapshot that was cut is nothing to go on from, and until one is whole no beat makes what is shown fresh', async () => {
  const block = (event: string, data: object, id?: string): string =>
    `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
  const times = { now: new Date().toISOString(), asOf: new Date().toISOString(), isWell: true };
  const ann = block('change', { changes: [agent('Ann', 'vonage')] });
  const bob = block('change', { changes: [agent('Bob', 'vonage')] }, 'process.1');
  const answers = [
    [block('reset', { why: 'begin' }), ann, bob, block('beat', times)],
    [block('reset', { why: 'begin' }), ann, bob, block('ready', times, 'process.2')],
  ];
  const asked: (string | undefined)[] = [];
  const heard: number[] = [];
  const model = emptyModel();
  vi.stubGlobal('fetch', async (_url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(headers['last-event-id']);
    heard.push(model.heardAt);
    const blocks = answers.shift();
    // Nobody answers any more: the page waits on.
    if (blocks === undefined) return new Promise(() => undefined);
    return new Response(blocks.join(''), { headers: { 'content-type': 'text/event-stream' } });
  });
  const before = model.heardAt;
  followStream({ url: '/v1/changes', model, key: () => null, changed: () => undefined });
  await vi.waitFor(() => expect(asked).toHaveLength(3), { timeout: 10_000 });
  vi.unstubAllGlobals();
  expect(asked).toEqual([undefined, undefined, 'process.2']);
  expect(heard).toEqual([before, before, Date.parse(times.now)]);
  expect([...model.agents.keys()]).toEqual(['vonage/default/Ann', 'vonage/default/Bob']);
});
