import type { ReportFigures } from '@callfold/core';
import { DEFAULT_SETTINGS } from '@callfold/core';
import type { AgentInterval, AgentOffer, CallOutcome } from '@callfold/schemas';
import { afterEach, expect, test, vi } from 'vitest';
import { agentDays } from '../src/agent-days.ts';
import { startHistory } from '../src/history.ts';
import type { Standing } from '../src/lacks.ts';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import { createPicture } from '../src/picture.ts';
import type { Answer } from './console-harness.ts';
import type { TestConsole } from './consoles.ts';
import { ACME, ALL, KEYS, open } from './consoles.ts';

/** The board's last hour, and agents' days: of one tenant and source, and only what is known. */

type Values = { readonly waiting: number | null; readonly ready: number | null };

const JOIN = 'Participant join (Contact)';
const MINUTE = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

const samplesOf = ({ body }: Answer): readonly Values[] => (body['samples'] ?? []) as Values[];
async function lastSample(shown: TestConsole, path: string, headers: Record<string, string>): Promise<Values> {
  for (;;) {
    const last = samplesOf(await shown.get(path, headers)).at(-1);
    if (last !== undefined) return last;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what the board showed is noted by tenant and source, and answered to whoever may see it', async () => {
  const shown = await open(KEYS, { historyMs: 10 });
  await shown.say({ source: 'callcenter24', tenantId: 'acme', id: 'a', status: JOIN });
  await shown.say({ source: 'callcenter24', tenantId: 'globex', id: 'b', status: JOIN });
  await shown.say({ source: 'vonage', tenantId: 'acme', id: '101', status: 'Ready' });
  const both = (values: Values | undefined): boolean => values?.waiting === 2 && values.ready === 1;
  for (let isThere = false; !isThere; ) isThere = both(await lastSample(shown, '/v1/history', ALL));
  expect(await lastSample(shown, '/v1/history', ACME)).toMatchObject({ waiting: 1, ready: 1, levels: {} });
  expect(await lastSample(shown, '/v1/history?source=vonage', ACME)).toMatchObject({ waiting: null, ready: 1 });
  expect(await lastSample(shown, '/v1/history?tenant=globex', ALL)).toMatchObject({ waiting: 1, ready: 0 });
  expect(await shown.get('/v1/history?tenant=globex', ACME)).toMatchObject({ status: 403 });
  expect(await shown.get('/v1/history?source=teapot', ALL)).toMatchObject({ status: 400 });
});

test('nothing is noted while data is away, a part or old, and nothing is kept for longer than an hour', () => {
  vi.useFakeTimers();
  const well: Standing = { asOf: 0, isWell: true, lacks: [] };
  let stands: Partial<Standing> = {};
  const history = startHistory({
    picture: () => createPicture(DEFAULT_SETTINGS, 1),
    standing: () => ({ ...well, asOf: Date.now(), ...stands }),
    figures: { today: () => ({}) as ReportFigures, agentDays: () => ({ from: 0, agents: [] }) },
    now: () => Date.now(),
    limits: CONSOLE_LIMITS,
  });
  const count = (): number => history.of(null, null).length;
  vi.advanceTimersByTime(3 * MINUTE);
  expect(count()).toBe(3);
  for (const bad of [{ isWell: false }, { lacks: ['records-full'] as const }, { asOf: Date.now() }, { asOf: null }]) {
    stands = bad;
    // What is said to be as of now grows old while the minutes pass.
    vi.advanceTimersByTime(2 * MINUTE);
  }
  expect(count()).toBe(3);
  stands = {};
  vi.advanceTimersByTime(90 * MINUTE);
  expect(count()).toBeGreaterThan(55);
  expect(count()).toBeLessThanOrEqual(61);
  expect(history.of(null, 'atlas')[0]).toMatchObject({ waiting: null, answered: 0 });
  history.stop();
});

test('of more tenants than there is room for the first ones are noted, and all together', async () => {
  const shown = await open({}, { historyMs: 10, historyTenants: 1 });
  await shown.say({ source: 'callcenter24', tenantId: 'acme', id: 'a', status: JOIN });
  await lastSample(shown, '/v1/history?tenant=acme', {});
  await shown.say({ source: 'callcenter24', tenantId: 'globex', id: 'b', status: JOIN });
  await shown.until('/v1/history', (answer) => samplesOf(answer).at(-1)?.waiting === 2);
  expect(samplesOf(await shown.get('/v1/history?tenant=globex'))).toEqual([]);
});

const named = { tenantId: 'acme', revision: 1, correctionOf: null, ingestedAt: 0, occurredAt: 0 } as const;
const stay = (start: number, end: number | null, state: string): AgentInterval => ({
  ...named,
  kind: 'agent-interval',
  outcomeId: `${start}`,
  source: 'vonage',
  agentId: '101',
  state,
  description: null,
  start: start * MINUTE,
  end: end === null ? null : end * MINUTE,
  durationMs: null,
  durationFrom: 'reported',
  flags: [],
});
const offer = (shownAt: number | null, ringMs: number | null): AgentOffer => ({
  ...named,
  kind: 'agent-offer',
  outcomeId: `offer ${shownAt}`,
  source: 'callcenter24',
  callId: 'c',
  agent: 'Ann',
  n: 1,
  offeredAt: null,
  agentWas: null,
  screenShownAt: shownAt === null ? null : shownAt * MINUTE,
  result: 'answered',
  ringMs,
  decidedBy: { rule: 'joined', eventIds: [] },
});
const talked = (from: number, to: number | null, endedAt: number | null = null): CallOutcome =>
  ({
    ...named,
    kind: 'call-outcome',
    outcomeId: `call ${from}`,
    source: 'callcenter24',
    endedAt: endedAt === null ? null : endedAt * MINUTE,
    agents: [{ agent: 'Ann', joinedAt: from * MINUTE, leftAt: to === null ? null : to * MINUTE }],
  }) as unknown as CallOutcome;

test("agents' days are of today and of what is over; what overlaps counts once, and a ring during a call is a call", () => {
  const records = [
    // From yesterday into today, over two stays that overlap, and one that goes on.
    stay(50, 70, 'Ready'),
    stay(70, 100, 'Busy'),
    stay(90, 110, 'Busy'),
    stay(110, null, 'Ready'),
    offer(100, 2 * MINUTE),
    talked(102, 110),
    offer(105, 8 * MINUTE),
    offer(null, null),
    // No leave was seen, and of one not even the end.
    talked(120, null, 121),
    talked(130, null),
  ];
  expect(agentDays(records, 60 * MINUTE, 200 * MINUTE, null)).toEqual([
    {
      tenantId: 'acme',
      source: 'vonage',
      agentId: '101',
      from: 60 * MINUTE,
      timeMs: { Ready: 10 * MINUTE, Busy: 40 * MINUTE },
    },
    {
      tenantId: 'acme',
      source: 'callcenter24',
      agentId: 'Ann',
      from: 100 * MINUTE,
      timeMs: { 'on-call': 9 * MINUTE, ringing: 5 * MINUTE },
    },
  ]);
  expect(agentDays(records, 60 * MINUTE, 200 * MINUTE, 'globex')).toEqual([]);
});

test("agents' days are answered of a tenant and a source, with when today began", async () => {
  const shown = await open(KEYS);
  const start = Math.floor(Date.now() / 86_400_000) * 1_440;
  for (const tenantId of ['acme', 'globex'])
    shown.publish({ ...stay(start, start + 0.001, 'Ready'), outcomeId: tenantId, ingestedAt: Date.now(), tenantId });
  const agentsOf = ({ body }: Answer): readonly object[] => (body['agents'] ?? []) as object[];
  for (let isThere = false; !isThere; ) isThere = agentsOf(await shown.get('/v1/agent-days', ALL)).length === 2;
  const from = new Date(start * MINUTE).toISOString();
  expect(await shown.get('/v1/agent-days', ACME)).toMatchObject({
    body: { from, isComplete: true, agents: [{ tenantId: 'acme', agentId: '101', from, timeMs: { Ready: 60 } }] },
  });
  expect(agentsOf(await shown.get('/v1/agent-days?source=callcenter24', ALL))).toEqual([]);
  expect(await shown.get('/v1/agent-days?tenant=globex', ACME)).toMatchObject({ status: 403 });
});
