import { afterEach, expect, test, vi } from 'vitest';
import { createClock } from '../web/src/clock.ts';
import type { Model, Told } from '../web/src/model.ts';
import { emptyModel } from '../web/src/model.ts';
import { standingOf, whyText } from '../web/src/standing.ts';
import type { Following } from '../web/src/stream.ts';
import { followStream } from '../web/src/stream.ts';
import { sayIn } from '../web/src/words.ts';

const agent = (agentId: string): Told => ({
  kind: 'agent',
  tenantId: 'default',
  source: 'vonage',
  agentId,
  state: 'free',
  description: null,
  since: '2026-01-05T09:00:00.000Z',
  live: true,
});

const block = (event: string, data: object, id?: string): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
const at = (ms: number): string => new Date(ms).toISOString();
const timesAt = (now: number) => ({ now: at(now), asOf: at(now), isWell: true, lacks: [] as string[] });
const reset = block('reset', { why: 'begin' }, '');

type Given = { readonly blocks: readonly string[]; readonly isOpen?: boolean } | { readonly problem: object };

/** What the console answers, one after the other; after that nobody does. */
function answering(given: readonly Given[]) {
  const answers = [...given];
  const asked: (string | undefined)[] = [];
  const cut: (() => boolean)[] = [];
  vi.stubGlobal(
    'fetch',
    async (_url: string, { headers, signal }: RequestInit & { headers: Record<string, string> }) => {
      asked.push(headers['last-event-id']);
      cut.push(() => signal?.aborted === true);
      const next = answers.shift();
      if (next === undefined) return new Promise(() => undefined);
      if ('problem' in next) {
        const type = { 'content-type': 'application/problem+json' };
        return new Response(JSON.stringify(next.problem), { status: 503, headers: type });
      }
      const body = new ReadableStream({
        start(stream) {
          for (const text of next.blocks) stream.enqueue(new TextEncoder().encode(text));
          if (next.isOpen !== true) stream.close();
          signal?.addEventListener('abort', () => next.isOpen === true && stream.error(new Error('aborted')));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  );
  return { asked, cut };
}

const follow = (model: Model, changed = (): void => undefined): Following =>
  followStream({ url: () => '/v1/changes', model, key: () => null, changed });

afterEach(() => vi.unstubAllGlobals());

test('a snapshot that was cut is nothing to go on from, and until one is whole no beat makes what is shown fresh', async () => {
  const times = timesAt(1_000_000);
  const ann = block('change', { changes: [agent('Ann')] });
  const bob = block('change', { changes: [agent('Bob')] }, 'process.1');
  const { asked } = answering([
    { blocks: [reset, ann, bob, block('beat', times)] },
    { blocks: [reset, ann, bob, block('ready', times, 'process.2')] },
  ]);
  const model = emptyModel();
  const heard: number[] = [];
  follow(model, () => heard.push(model.heardAt));
  await vi.waitFor(() => expect(asked).toHaveLength(3), { timeout: 10_000 });
  expect(asked).toEqual([undefined, undefined, 'process.2']);
  expect([...new Set(heard)]).toEqual([0, Date.parse(times.now)]);
  expect([...model.agents.keys()]).toEqual(['vonage/default/Ann', 'vonage/default/Bob']);
});

test('a stream that begins anew in its middle is shown when it is whole again, and is not fresh before', async () => {
  const blocks = [reset, block('change', { changes: [agent('Ann')] }), block('ready', timesAt(1_000), 'process.1')];
  const again = [block('reset', { why: 'behind' }, ''), block('change', { changes: [agent('Bob')] })];
  answering([{ blocks: [...blocks, ...again, block('beat', timesAt(3_000))], isOpen: true }]);
  const model = emptyModel(createClock(() => 0));
  follow(model);
  await vi.waitFor(() => expect(model.clock.now()).toBe(3_000));
  expect([[...model.agents.keys()], model.heardAt]).toEqual([['vonage/default/Ann'], 1_000]);
});

test('what is lacking is told, and is not live', async () => {
  const lacks = ['subjects-full', 'records-reading'];
  answering([{ blocks: [reset, block('ready', { ...timesAt(1_000), lacks }, 'process.1')], isOpen: true }]);
  const model = emptyModel();
  follow(model);
  await vi.waitFor(() => expect(model.isThere).toBe(true));
  expect(standingOf(model, false)).toEqual({
    kind: 'part',
    ageMs: null,
    whys: ['why.subjects-full', 'why.records-reading'],
  });
  model.lacks = [];
  expect(standingOf(model, false).kind).toBe('live');
  expect(standingOf(model, true)).toMatchObject({ kind: 'part', whys: ['why.lists-old'] });
});

test('beats that something in between keeps back are given up, and it is asked again', async () => {
  let local = 0;
  const model = emptyModel(createClock(() => local));
  const { asked, cut } = answering([
    { blocks: [reset, block('ready', timesAt(1_000_000), 'process.1'), block('beat', timesAt(993_000))], isOpen: true },
  ]);
  follow(model);
  await vi.waitFor(() => expect(asked).toHaveLength(2), { timeout: 10_000 });
  expect([asked, cut[0]?.()]).toEqual([[undefined, 'process.1'], true]);
  local += 9_000;
  expect(standingOf(model, false)).toMatchObject({ kind: 'old' });
});

test('the true reason is told for each problem, with what helps, and what the console itself says', async () => {
  const say = sayIn('en');
  const reasons: Record<string, RegExp> = {
    starting: /is starting/,
    'too-many': /Too many pages/,
    'foreign-tenant': /another tenant than the key's/,
    'no-key': /key of your tenant/,
    'wrong-key': /Nobody has this key/,
    'bad-query': /cannot read the address/,
    'not-found': /refuses/,
  };
  for (const [code, words] of Object.entries(reasons)) {
    answering([{ problem: { code, detail: `detail of ${code}` } }]);
    const model = emptyModel();
    follow(model);
    await vi.waitFor(() => expect(model.problem).not.toBeNull());
    const standing = standingOf(model, false);
    expect(standing.kind).toBe('starting');
    expect(whyText(standing, model, say)).toMatch(words);
    expect(whyText(standing, model, say)).toMatch(new RegExp(`The console says: detail of ${code}$`));
  }
});

test('old data has the reason for which it is old', () => {
  let local = 0;
  const model = emptyModel(createClock(() => local));
  model.clock.heard(100_000);
  Object.assign(model, { isThere: true, heardAt: 100_000, asOf: 90_000 });
  expect(standingOf(model, false).whys).toEqual(['why.behind']);
  model.isWell = false;
  expect(standingOf(model, false).whys).toEqual(['why.data-away']);
  model.lacks = ['records-away'];
  expect(standingOf(model, false).whys).toEqual(['why.records-away']);
  Object.assign(model, { isWell: true, lacks: [] });
  local += 10_000;
  expect(standingOf(model, false).whys).toEqual(['why.no-answer']);
});
