import {
  agentsInCall,
  aggregateJson,
  aggregateOf,
  DEFAULT_SETTINGS,
  encodeAgentInCall,
  isClosed,
  mergeAgents,
} from '@callfold/core';
import { array, assert, integer, property } from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import type { Change } from '../src/picture.ts';
import type { Playback } from '../src/playback.ts';
import { openPlayback } from '../src/playback.ts';
import type { Mark, Recording } from '../src/index.ts';
import { ACME, ALL, GLOBEX, KEYS } from './consoles.ts';
import { openStream, UTC } from './console-harness.ts';
import type { Logged } from './replay-harness.ts';
import { at, call, DAY, event, foldUpTo, iso, openReplayed, recordingOf } from './replay-harness.ts';

const YESTERDAY = DAY - 86_400_000;

/** Calls over two days, some of them late, an agent's states, a chat that goes on for days, and the voice AI. */
const LOGGED: readonly Logged[] = [
  event({
    source: 'vonage',
    agentId: 'vcc-1',
    state: 'Away',
    description: 'Lunch',
    start: iso(YESTERDAY),
    duration: null,
  }),
  event({ source: 'chatterfy', chatId: 'chat-1', occurredAt: iso(YESTERDAY + 1_000), status: 'Manual' }),
  ...call(
    'CA-0',
    YESTERDAY + 3_600_000,
    [0, 'Participant join (Contact)'],
    [9, 'Participant join (Anna)'],
    [60, 'Call ended'],
  ),
  ...call('CA-1', at(9, 2), [0, 'Participant join (Contact)'], [8, 'Participant join (Anna)'], [90, 'Call ended']),
  ...call(
    'CA-2',
    at(9, 10),
    [0, 'Participant join (Contact)'],
    [40, 'Participant leave (Contact)'],
    [41, 'Call ended'],
  ),
  event({
    source: 'vonage',
    agentId: 'vcc-1',
    state: 'Ready',
    description: 'Ready',
    start: iso(at(9, 20)),
    duration: null,
  }),
  event({ source: 'atlas', callId: 'atl-1', occurredAt: iso(at(9, 30)), status: 'No answer' }),
  ...call(
    'CA-3',
    at(10),
    [0, 'Participant join (Contact)'],
    [25, 'Show call screen - [Bob]'],
    [30, 'Participant join (Bob)'],
  ),
  ...call('CA-4', at(10, 1), [0, 'Participant join (Contact)']),
  // It was said ten minutes late that nobody had left.
  event(
    { source: 'callcenter24', callId: 'CA-2', occurredAt: iso(at(9, 10, 20)), status: 'Participant join (Bob)' },
    at(10, 5),
  ),
  ...call('CA-3', at(10), [900, 'Call ended']),
  event({ source: 'chatterfy', chatId: 'chat-1', occurredAt: iso(at(11)), status: 'Finished' }),
].toSorted((a, b) => a.loggedAt - b.loggedAt);

let recording: Recording;
beforeAll(async () => {
  recording = await recordingOf(LOGGED);
});

const parts = () => ({ recording, zone: UTC, limits: { ...CONSOLE_LIMITS, figuresMs: 0 } });
const open = (mark: Mark = recording.base): Playback => openPlayback(mark, parts());

/** All that is seen of it, in an order of its own. */
function seenIn(playback: Playback) {
  return {
    live: [...playback.picture.all()].map(({ text }) => text).sort(),
    records: [...playback.records()].map((record) => JSON.stringify(record)).sort(),
    figures: playback.figures.today(null),
  };
}

/** The same, of a fresh fold of what the log had by then. */
function shouldBe(moment: number) {
  const { figures, records, states } = foldUpTo(LOGGED, moment);
  const inCalls = new Map<string, string>();
  const live = states.flatMap((state) => {
    for (const [key, inCall] of agentsInCall(state, DEFAULT_SETTINGS)) inCalls.set(key, encodeAgentInCall(inCall));
    const aggregate = aggregateOf(state, DEFAULT_SETTINGS);
    const isOver =
      aggregate?.kind === 'call' ? aggregate.phase === 'ended' : aggregate?.kind === 'chat' && isClosed(state);
    return aggregate === null || isOver ? [] : [JSON.stringify(aggregateJson(aggregate))];
  });
  const agents = mergeAgents(inCalls).map((agent) => JSON.stringify(aggregateJson(agent)));
  return {
    live: [...live, ...agents].sort(),
    records: records.map((record) => JSON.stringify(record)).sort(),
    figures,
  };
}

describe('a day that is played', () => {
  it('begins and ends with the hours in which something happened, and has the day before behind it', () => {
    expect([iso(recording.from), iso(recording.to)]).toEqual([iso(at(9)), iso(at(12))]);
    const playback = open();
    playback.advance(recording.from);
    expect(seenIn(playback)).toEqual(shouldBe(recording.from));
    expect([...playback.picture.of('agent')].map(({ name }) => name).sort()).toEqual(['vonage/default/vcc-1']);
  });

  it('of a day that is not over yet it ends now', async () => {
    const { to } = await recordingOf(LOGGED, { until: at(11, 20) });
    expect(iso(to)).toBe(iso(at(11, 20)));
  });

  it('is at each moment what a fresh fold of the log up to then says, however it was come to', () => {
    const moments = array(integer({ min: recording.from, max: recording.to }), { minLength: 1, maxLength: 6 });
    assert(
      property(moments, (all) => {
        const [first = recording.from, ...more] = all;
        let playback = open();
        playback.advance(first);
        expect(seenIn(playback)).toEqual(shouldBe(first));
        let mark = playback.mark();
        for (const moment of more) {
          // Back is from a mark, if there is one that is early enough.
          if (moment < playback.now) playback = open(mark.now <= moment ? mark : recording.base);
          playback.advance(moment);
          expect(seenIn(playback)).toEqual(shouldBe(moment));
          mark = playback.mark();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('tells as changes what makes of the picture before the one after', () => {
    const playback = open();
    const told = new Map<string, string>();
    const take = (changes: readonly Change[]): void => {
      for (const { shown, live } of changes)
        if (live) told.set(shown.name, shown.text);
        else told.delete(shown.name);
    };
    for (const { name, text } of playback.picture.all()) told.set(name, text);
    for (let moment = recording.from; moment <= recording.to; moment += 7_000) {
      take(playback.advance(moment));
      expect([...told.values()].sort()).toEqual([...playback.picture.all()].map(({ text }) => text).sort());
    }
  });

  it('forgets who is erased from the moment of it on, and has them before', async () => {
    const [erased] = call('CA-1', at(10, 30), [0, 'x']);
    const other = await recordingOf(
      [...LOGGED, { ...(erased as Logged), isErased: true }].toSorted((a, b) => a.loggedAt - b.loggedAt),
    );
    const playback = openPlayback(other.base, { ...parts(), recording: other });
    const hasIt = (): boolean =>
      [...playback.records()].some((record) => record.kind === 'call-outcome' && record.callId === 'CA-1');
    playback.advance(at(10, 29));
    expect(hasIt()).toBe(true);
    playback.advance(at(10, 31));
    expect(hasIt()).toBe(false);
  });
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});
async function serve(...given: Parameters<typeof openReplayed>) {
  const made = await openReplayed(...given);
  opened.push(made);
  return made;
}
const ids = (body: Record<string, unknown>): string[] =>
  (body['calls'] as { callId: string }[]).map(({ callId }) => callId);

describe('every answer is as of the moment that is asked for', () => {
  it('live calls, one call, records, figures, agents, and the explanation, forwards and backwards', async () => {
    // Marks as near to one another as in a large day.
    const { get } = await serve(recording, { replayMarkEvents: 2 });
    for (const moment of [at(10, 2), at(9, 3), at(11, 59), at(9, 3), at(10, 16), at(10, 2)]) {
      const as = `at=${encodeURIComponent(iso(moment))}`;
      const should = foldUpTo(LOGGED, moment);
      const figures = await get(`/v1/figures?${as}`);
      expect(figures.body).toEqual(JSON.parse(JSON.stringify(should.figures)));
      expect(figures.headers.get('callfold-as-of')).toBe(iso(moment));
      const { records } = (await get(`/v1/outcomes?${as}&limit=1000`)).body as { records: unknown[] };
      expect(records).toHaveLength(should.records.length);
    }
    const of = (time: number): string => encodeURIComponent(iso(time));
    expect(ids((await get(`/v1/calls?at=${of(at(10, 2))}`)).body)).toEqual(['CA-3', 'CA-4']);
    expect(ids((await get(`/v1/calls?at=${of(at(9, 2, 30))}`)).body)).toEqual(['CA-1']);
    expect((await get(`/v1/calls/CA-3?at=${of(at(10, 0, 27))}`)).body).toMatchObject({ phase: 'ringing' });
    expect((await get(`/v1/calls/CA-3?at=${of(at(10, 14))}`)).body).toMatchObject({ phase: 'talking' });
    expect((await get(`/v1/calls/CA-3?at=${of(at(9, 59))}`)).status).toBe(404);
    expect((await get(`/v1/chats?at=${of(at(10))}`)).body['chats']).toMatchObject([
      { chatId: 'chat-1', status: 'Manual' },
    ]);
    expect((await get(`/v1/chats?at=${of(at(11, 1))}`)).body['chats']).toEqual([]);
    // Without a moment: the whole of it.
    expect((await get('/v1/figures')).headers.get('callfold-as-of')).toBe(iso(recording.to));
  });

  it('an explanation has the events and revisions up to then, and the time that had passed', async () => {
    const { get } = await serve(recording);
    type Told = {
      timeline: { what: string; published: { record: { revision: number; outcome?: string } }[] }[];
      clock: string;
    };
    const explain = async (time: number): Promise<Told | undefined> =>
      (
        (await get(`/v1/explain/call/CA-2?at=${encodeURIComponent(iso(time))}`)).body['explanations'] as
          | Told[]
          | undefined
      )?.[0];
    const published = (told: Told | undefined) =>
      told?.timeline.flatMap((one) =>
        one.published.flatMap(({ record: { outcome, revision } }) => `${outcome} ${revision}`),
      );
    expect(await explain(at(9, 9))).toBeUndefined();
    // Nothing else came in the partition since: the settle time has passed all the same, or not yet.
    expect(published(await explain(at(9, 10, 44)))).toEqual([]);
    const before = await explain(at(9, 15));
    expect([published(before), before?.clock]).toEqual([['abandoned 1'], iso(at(9, 15))]);
    for (const moment of [at(9, 15), at(10, 6)]) {
      const record = foldUpTo(LOGGED, moment).records.find(
        (one) => one.kind === 'call-outcome' && one.callId === 'CA-2',
      );
      const last = record && 'outcome' in record ? `${record.outcome} ${record.revision}` : null;
      expect(published(await explain(moment))?.at(-1)).toBe(last);
    }
    expect(published(await explain(at(10, 6)))?.at(-1)).toMatch(/^answered /);
  });

  it('the last hour has one value each minute, as the board had it then', async () => {
    const { get } = await serve(recording);
    const history = async (time: number) =>
      (await get(`/v1/history?at=${encodeURIComponent(iso(time))}`)).body['samples'] as {
        at: string;
        waiting: number;
        answered: number;
      }[];
    const samples = await history(at(10, 30));
    expect([samples[0]?.at, samples.at(-1)?.at, samples.length]).toEqual([iso(at(9, 30)), iso(at(10, 30)), 61]);
    expect(samples.find((one) => one.at === iso(at(10, 2)))).toMatchObject({ waiting: 1, answered: 1 });
    expect(samples.find((one) => one.at === iso(at(9, 50)))).toMatchObject({ waiting: 0, answered: 1 });
    expect(samples.at(-1)).toMatchObject({ waiting: 1, answered: 3 });
    // The same whoever asked before, and for what.
    expect((await history(at(9, 20))).map((one) => one.at).at(-1)).toBe(iso(at(9, 20)));
    expect(await history(at(10, 30))).toEqual(samples);
  });

  test.each([
    [
      '/v1/calls?at=1999-02-12T08:59:59Z',
      400,
      /at must be a time of the replay, 1999-02-12T09:00:00.000Z to 1999-02-12T12:00/,
    ],
    ['/v1/calls?at=4711', 400, /at must be a time/],
    ['/v1/figures?at=noon', 400, /at: "noon"/],
    ['/v1/changes?speed=601', 400, /speed must be a whole number from 0, which stands still, to 600/],
    ['/v1/changes?speed=-1', 400, /speed must be/],
    ['/v1/status', 404, /has no partitions/],
    ['/v1/dead-letters', 404, /has no partitions/],
  ])('%s is answered %i', async (path, status, detail) => {
    const { get } = await serve(recording);
    const answer = await get(path);
    expect([answer.status, answer.body['detail']]).toEqual([status, expect.stringMatching(detail)]);
  });

  it('has the tenant of the key alone', async () => {
    const tenants: Logged[] = ['acme', 'globex'].flatMap((tenantId) =>
      LOGGED.map(({ loggedAt, raw }) => ({
        loggedAt,
        raw: { ...raw, tenantId, subjectId: `${tenantId}-${raw.subjectId}` },
      })),
    );
    const both = await recordingOf(tenants.toSorted((a, b) => a.loggedAt - b.loggedAt));
    const { get, url } = await serve(both, {}, KEYS);
    const path = `/v1/calls?at=${encodeURIComponent(iso(at(10, 2)))}`;
    expect((await get(path)).status).toBe(401);
    expect(ids((await get(path, ACME)).body)).toEqual(['acme-CA-3', 'acme-CA-4']);
    expect(ids((await get(path, ALL)).body)).toHaveLength(4);
    const history = await get(`/v1/history?at=${encodeURIComponent(iso(at(10, 2)))}`, GLOBEX);
    expect((history.body['samples'] as { waiting: number }[]).at(-1)?.waiting).toBe(1);
    const stream = await openStream(`${url}/v1/changes?at=${encodeURIComponent(iso(at(10, 2)))}`, GLOBEX);
    const { data } = await stream.next('change');
    expect(JSON.stringify(data)).not.toContain('acme');
    stream.close();
  });
});

describe('a stream plays by itself', () => {
  const told = (data: Record<string, unknown>) => ({ now: data['now'], ...(data['replay'] as object) });

  it('stands still at a moment that is asked for, and another one beside it plays', async () => {
    const { url } = await serve(recording, { beatMs: 50, replayTickMs: 20 });
    const moment = iso(at(10, 2));
    const still = await openStream(`${url}/v1/changes?at=${encodeURIComponent(moment)}`);
    const plays = await openStream(`${url}/v1/changes?at=${encodeURIComponent(moment)}&speed=600`);
    const begun = await plays.next('ready');
    expect(told(begun.data)).toEqual({ now: moment, from: iso(at(9)), to: iso(at(12)), speed: 600, usual: 60 });
    const over = await (async () => {
      for (;;) {
        const { event: name, data } = await plays.read();
        if (name !== 'change') continue;
        const changes = data['changes'] as { callId?: string; live: boolean }[];
        const found = changes.find((one) => one.callId === 'CA-3' && !one.live);
        if (found) return found;
      }
    })();
    expect(over).toMatchObject({ phase: 'ended' });
    const beat = await plays.next('beat');
    expect(Date.parse(String(beat.data['now']))).toBeGreaterThanOrEqual(at(10, 15));
    for (let n = 0; n < 3; n += 1)
      expect(told((await still.next('beat')).data)).toMatchObject({ now: moment, speed: 0 });
    still.close();
    plays.close();
  });

  it('ends with the day, where it stands still', async () => {
    const { url } = await serve(recording, { beatMs: 50, replayTickMs: 20 });
    const stream = await openStream(`${url}/v1/changes?at=${encodeURIComponent(iso(at(11, 59, 30)))}&speed=600`);
    for (;;) {
      const { data } = await stream.next('beat');
      if (told(data).now === iso(recording.to)) {
        expect(told(data)).toMatchObject({ speed: 0 });
        break;
      }
    }
    stream.close();
  });

  it('without a moment it begins with the day, at the usual speed; and there are only so many of them', async () => {
    const { url, get } = await serve(recording, { replayStreams: 1 });
    const stream = await openStream(`${url}/v1/changes`);
    expect(told((await stream.next('ready')).data)).toMatchObject({ now: iso(recording.from), speed: 60 });
    const second = await get('/v1/changes');
    expect([second.status, second.body['code']]).toEqual([503, 'too-many']);
    stream.close();
    for (;;) {
      const third = await fetch(`${url}/v1/changes`);
      await third.body?.cancel();
      if (third.status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
