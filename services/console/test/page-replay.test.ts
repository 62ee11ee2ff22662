import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClock } from '../web/src/clock.ts';
import { createExplained } from '../web/src/explained.ts';
import { emptyModel, staleMs } from '../web/src/model.ts';
import { asOfMoment, createPoll } from '../web/src/poll.ts';
import { createReplaying } from '../web/src/replay.ts';
import { standingOf } from '../web/src/standing.ts';
import { followStream } from '../web/src/stream.ts';

const FROM = Date.UTC(1999, 1, 12, 9);
const TO = FROM + 3 * 3_600_000;
const MINUTE = 60_000;
const iso = (time: number): string => new Date(time).toISOString();

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A page at an address; its clocks are the test's. */
function page(address = '?') {
  const local = { now: 1_000 };
  const model = emptyModel(createClock(() => local.now));
  const seen = { address, opened: 0, arrived: 0 };
  const replaying = createReplaying({
    model,
    search: () => seen.address,
    replace: (link) => {
      seen.address = link;
    },
    again: () => {
      seen.opened += 1;
    },
    arrived: () => {
      seen.arrived += 1;
    },
    local: () => local.now,
  });
  return {
    local,
    model,
    seen,
    replaying,
    /** The stream says where it is. */
    told(now: number, speed: number): void {
      model.clock.stood(now);
      model.heardAt = now;
      model.asOf = now;
      model.isThere = true;
      model.replay = { from: FROM, to: TO, speed, usual: 60 };
      replaying.heard();
    },
  };
}

describe('where a replay is stands in the address', () => {
  it('a page without a moment plays from the beginning, as fast as is usual; the address follows', () => {
    const { replaying, told, seen, local } = page();
    expect(replaying.query()).toEqual({});
    told(FROM, 60);
    expect(new URLSearchParams(seen.address).get('at')).toBe(iso(FROM));
    told(FROM + MINUTE, 60);
    // Not with every beat.
    expect(new URLSearchParams(seen.address).get('at')).toBe(iso(FROM));
    local.now += 1_000;
    told(FROM + 2 * MINUTE, 60);
    expect(new URLSearchParams(seen.address).get('at')).toBe(iso(FROM + 2 * MINUTE));
    expect(new URLSearchParams(seen.address).get('speed')).toBeNull();
    // A stream that was lost goes on from there.
    expect(replaying.query()).toEqual({ at: iso(FROM + 2 * MINUTE), speed: '60' });
  });

  it('a page with a moment stands at it until it is to play, at the speed that it has', () => {
    const { replaying, told, seen } = page(`?view=lists&at=${iso(FROM + MINUTE)}&speed=600`);
    expect(replaying.query()).toEqual({ at: iso(FROM + MINUTE), speed: '0' });
    told(FROM + MINUTE, 0);
    expect([seen.arrived, seen.opened]).toEqual([1, 0]);
    replaying.toggle();
    expect([replaying.query(), seen.opened]).toEqual([{ at: iso(FROM + MINUTE), speed: '600' }, 1]);
    told(FROM + MINUTE, 600);
    told(FROM + 11 * MINUTE, 600);
    replaying.toggle();
    expect(replaying.query()).toEqual({ at: iso(FROM + 11 * MINUTE), speed: '0' });
    told(FROM + 11 * MINUTE, 0);
    expect(seen.address).toBe(`?view=lists&at=${encodeURIComponent(iso(FROM + 11 * MINUTE))}&speed=600`);
  });

  it('a moment that is sought is asked for until it is there; only then is anything else asked as of it', () => {
    const { replaying, told, seen } = page();
    told(FROM, 60);
    replaying.seek(FROM + 30 * MINUTE);
    expect(replaying.query()).toEqual({ at: iso(FROM + 30 * MINUTE), speed: '60' });
    // The last of the stream that is left.
    told(FROM + MINUTE, 60);
    expect([replaying.moment(), seen.arrived]).toEqual([iso(FROM + MINUTE), 0]);
    expect(replaying.query()).toEqual({ at: iso(FROM + 30 * MINUTE), speed: '60' });
    told(FROM + 30 * MINUTE, 60);
    expect([replaying.moment(), seen.arrived]).toEqual([iso(FROM + 30 * MINUTE), 1]);
  });

  it('at its end it stands, and plays again from the beginning; another speed goes on from where it is', () => {
    const { replaying, told } = page();
    told(TO, 0);
    replaying.seek(FROM + MINUTE);
    expect(replaying.query()).toEqual({ at: iso(FROM + MINUTE), speed: '0' });
    told(TO, 0);
    replaying.toggle();
    expect(replaying.query()).toEqual({ at: iso(FROM), speed: '60' });
    told(FROM, 60);
    replaying.setSpeed(10);
    expect(replaying.query()).toEqual({ at: iso(FROM), speed: '10' });
  });

  it('where it is now there is no moment, and the address stays as it is', () => {
    const { replaying, seen, model } = page('?view=lists');
    model.clock.heard(FROM);
    replaying.heard();
    replaying.toggle();
    expect([replaying.moment(), seen]).toEqual([null, { address: '?view=lists', opened: 0, arrived: 0 }]);
  });
});

describe('how true a replay is', () => {
  it('is told by when the console was heard, and never called live', () => {
    const { model, told, local } = page();
    told(FROM, 600);
    expect(standingOf(model, false)).toMatchObject({ kind: 'replay', whys: [] });
    // Its clock goes by what is told: no time passes between.
    local.now += 5_000;
    expect([model.clock.now(), staleMs(model)]).toEqual([FROM, null]);
    told(FROM + 50 * MINUTE, 600);
    expect(standingOf(model, false).kind).toBe('replay');
    local.now += 9_000;
    expect(standingOf(model, false)).toMatchObject({ kind: 'old', ageMs: 9_000, whys: ['why.no-answer'] });
    told(FROM + MINUTE, 0);
    expect(standingOf(model, true)).toMatchObject({ kind: 'part', whys: ['why.lists-old'] });
  });
});

describe('what is asked for beside the stream', () => {
  it('names the moment', () => {
    expect(asOfMoment('/v1/history', iso(FROM))).toBe('/v1/history?at=1999-02-12T09%3A00%3A00.000Z');
    expect(asOfMoment('/v1/history?tenant=acme', iso(FROM))).toMatch(/^\/v1\/history\?tenant=acme&at=1999/);
    expect(asOfMoment('/v1/history', null)).toBe('/v1/history');
  });

  it('is asked again at once where the moment is another one', async () => {
    const asked: string[] = [];
    const poll = createPoll<string>(
      async (question) => `${asked.push(question)}`,
      () => 3_600_000,
      () => undefined,
    );
    poll.want('a');
    await vi.waitFor(() => expect(poll.told.value).toBe('1'));
    poll.again();
    await vi.waitFor(() => expect(poll.told.value).toBe('2'));
  });

  it('an explanation of before it began takes away the one of after', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(decodeURIComponent(path));
      const isBefore = path.includes(encodeURIComponent(iso(FROM)));
      const problem = { code: 'not-found', detail: '' };
      const found = { explanations: [{ kind: 'call', standing: 'ended', timeline: [], records: [] }] };
      return new Response(JSON.stringify(isBefore ? problem : found), {
        status: isBefore ? 404 : 200,
        headers: { 'content-type': isBefore ? 'application/problem+json' : 'application/json' },
      });
    });
    let moment = FROM + MINUTE;
    const explained = createExplained(
      () => null,
      () => undefined,
      () => iso(moment),
    );
    const look = () => explained.look({ kind: 'call', id: 'CA-1', tenant: null, from: null }, '', false);
    look();
    await vi.waitFor(() => expect(look().explanations).toHaveLength(1));
    moment = FROM;
    explained.again();
    await vi.waitFor(() => expect(look()).toMatchObject({ explanations: null, problem: { code: 'not-found' } }));
    moment = FROM + MINUTE;
    explained.again();
    await vi.waitFor(() => expect(look().explanations).toHaveLength(1));
    expect(asked[0]).toBe(`/v1/explain/call/CA-1?at=${iso(FROM + MINUTE)}`);
  });
});

describe('the stream of a replay', () => {
  it('is opened again at another address at once, and shows what it had until all is told', async () => {
    const opened: { url: string; tell: (text: string) => void }[] = [];
    vi.stubGlobal('fetch', async (url: string, { signal }: RequestInit) => {
      const body = new ReadableStream({
        start(stream) {
          opened.push({ url, tell: (text) => stream.enqueue(new TextEncoder().encode(text)) });
          signal?.addEventListener('abort', () => stream.error(new Error('aborted')));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    const model = emptyModel();
    let url = '/v1/changes?n=1';
    const following = followStream({ url: () => url, model, key: () => null, changed: () => undefined });
    const replay = { from: iso(FROM), to: iso(TO), speed: 60, usual: 60 };
    const agent = { kind: 'agent', tenantId: 'default', source: 'vonage', agentId: 'a', state: 'Ready', live: true };
    const tell = (name: string, data: object): void =>
      opened.at(-1)?.tell(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    const times = (now: number) => ({ now: iso(now), asOf: iso(now), isWell: true, lacks: [], replay });
    await vi.waitFor(() => expect(opened).toHaveLength(1));
    tell('reset', {});
    tell('change', { changes: [agent] });
    tell('ready', times(FROM + MINUTE));
    await vi.waitFor(() => expect(model.agents.size).toBe(1));
    expect(model.replay).toEqual({ ...replay, from: FROM, to: TO });
    url = '/v1/changes?n=2';
    following.again();
    await vi.waitFor(() => expect(opened.map((one) => one.url)).toEqual(['/v1/changes?n=1', url]));
    expect([model.problem, model.agents.size, model.clock.now()]).toEqual([null, 1, FROM + MINUTE]);
    tell('reset', {});
    tell('ready', times(FROM));
    await vi.waitFor(() => expect([model.agents.size, model.clock.now()]).toEqual([0, FROM]));
  });
});
