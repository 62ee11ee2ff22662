import { Validator } from '@seriousme/openapi-schema-validator';
import { partitionOf } from '@callfold/core';
import { expect, test, vi } from 'vitest';
import { start } from '../src/index.ts';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import { subjectPage } from '../src/lists.ts';
import type { Shown } from '../src/picture.ts';
import { PROBLEMS } from '../src/problem.ts';
import type { Answer } from './console-harness.ts';
import { openStream } from './console-harness.ts';
import { ACME, ALL, as, GLOBEX, KEYS, openEmpty } from './consoles.ts';

const names = (list: unknown, field: string): unknown[] => (list as Record<string, unknown>[]).map((one) => one[field]);
const JOIN = 'Participant join (Contact)';
const waits = (id: string, tenantId = 'default') => ({ source: 'callcenter24', tenantId, id, status: JOIN }) as const;

test('answers from the start: a problem until its parts are there, and after that what is live', async () => {
  const shown = await openEmpty();
  expect(await shown.get('/v1/calls')).toMatchObject({ status: 503, body: { code: 'starting' } });
  await shown.say(waits('a'));
  await shown.say({ source: 'callcenter24', id: 'b', status: 'Redirect to voice mail' });
  await shown.say({ source: 'chatterfy', id: 'c', status: 'Manual' });
  await shown.say({ source: 'vonage', id: '101', status: 'Ready' });
  shown.begin();
  const { body } = await shown.until('/v1/calls', ({ status }) => status === 200);
  expect(body).toMatchObject({ next: null, isComplete: true });
  expect(names(body['calls'], 'callId')).toEqual(['a', 'b']);
  expect(names((await shown.get('/v1/calls?state=waiting')).body['calls'], 'callId')).toEqual(['a']);
  expect((await shown.get('/v1/chats?status=Manual')).body['chats']).toMatchObject([{ kind: 'chat', chatId: 'c' }]);
  expect((await shown.get('/v1/agents')).body['agents']).toMatchObject([{ agentId: '101', state: 'Ready' }]);
  expect((await shown.get('/v1/calls/a')).body).toMatchObject({ kind: 'call', callId: 'a', phase: 'waiting' });
  expect(await shown.get('/v1/calls/nobody')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  expect(await shown.get('/readyz')).toMatchObject({ status: 200 });
});

test('is as of the last record that was folded while a raw topic is another one than that', async () => {
  const shown = await openEmpty();
  await shown.say(waits('a'));
  shown.begin();
  const ageOf = ({ headers }: Answer): number => Date.now() - Date.parse(headers.get('callfold-as-of') ?? '');
  await shown.until('/v1/calls', (answer) => answer.status === 200 && ageOf(answer) < 1_000);
  shown.makeAnew('callcenter24');
  const old = await shown.until('/v1/calls', (answer) => ageOf(answer) > 2_000);
  expect(old.status).toBe(200);
});

test('follows: a call that is over leaves the list, and is answered by its id', async () => {
  const shown = await openEmpty();
  shown.begin();
  await shown.say(waits('a'));
  await shown.until('/v1/calls', ({ body }) => names(body['calls'] ?? [], 'callId').length === 1);
  await shown.say({ source: 'callcenter24', id: 'a', status: 'Participant join (Ann)' });
  const talking = await shown.until('/v1/agents', ({ body }) => names(body['agents'] ?? [], 'state')[0] === 'on-call');
  expect(talking.body['agents']).toMatchObject([{ agentId: 'Ann', source: 'callcenter24', calls: ['a'] }]);
  expect(names((await shown.get('/v1/calls?agent=Ann')).body['calls'], 'callId')).toEqual(['a']);
  expect((await shown.get('/v1/agents/Ann')).body).toMatchObject({ agentId: 'Ann', state: 'on-call' });
  await shown.say({ source: 'callcenter24', id: 'a', status: 'Call ended' });
  await shown.until('/v1/calls', ({ body }) => names(body['calls'] ?? [0], 'callId').length === 0);
  expect((await shown.get('/v1/calls/a')).body).toMatchObject({ phase: 'ended', outcome: 'answered' });
});

test('agents that calls name are merged over the partitions', async () => {
  const shown = await openEmpty();
  const at = Date.UTC(2026, 0, 5, 9);
  const says = (id: string, second: number, status: string) =>
    shown.say({ source: 'callcenter24', id, status, at: at + second * 1_000 });
  expect(partitionOf('default', 'c-1', 2)).not.toBe(partitionOf('default', 'c-4', 2));
  await says('c-1', 0, JOIN);
  await says('c-1', 3, 'Show call screen - [Anna]');
  await says('c-4', 0, JOIN);
  await says('c-4', 5, 'Participant join ([Anna])');
  shown.begin();
  const { body } = await shown.until('/v1/agents', ({ status }) => status === 200);
  const anna = { kind: 'agent', tenantId: 'default', source: 'callcenter24', agentId: 'Anna', description: null };
  const since = '2026-01-05T09:00:05.000Z';
  expect(body['agents']).toEqual([{ ...anna, state: 'on-call', since, calls: ['c-1', 'c-4'] }]);
});

test('answers pages whose items are neither told twice nor left out, and 304 to who has it', async () => {
  const shown = await openEmpty();
  const ids = Array.from({ length: 25 }, (_, n) => `call/${n}%`).sort();
  for (const id of ids) await shown.say(waits(id));
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);
  const seen: unknown[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await shown.get(`/v1/calls?limit=10${cursor}`);
    seen.push(...names(body['calls'], 'callId'));
    if (body['next'] === null) break;
    cursor = `&cursor=${body['next'] as string}`;
  }
  expect(seen).toHaveLength(25);
  expect(new Set(seen)).toEqual(new Set(ids));
  expect((await shown.get(`/v1/calls/${encodeURIComponent('call/7%')}`)).body).toMatchObject({ callId: 'call/7%' });
  const first = await shown.get('/v1/calls');
  const etag = first.headers.get('etag') ?? '';
  expect(await shown.get('/v1/calls', { 'if-none-match': `"x", W/${etag}` })).toMatchObject({ status: 304, body: {} });
  await shown.say(waits('new'));
  await shown.until('/v1/calls', ({ headers }) => headers.get('etag') !== etag);
  expect(await shown.get('/v1/calls?limit=0')).toMatchObject({ status: 400, body: { code: 'bad-query' } });
  expect(await shown.get('/v1/calls?cursor=!')).toMatchObject({ status: 400, body: { code: 'bad-query' } });
});

test('nothing of one tenant is in the answers, figures and streams of another', async () => {
  const shown = await openEmpty(KEYS);
  await shown.say(waits('a', 'acme'));
  await shown.say({ source: 'callcenter24', tenantId: 'acme', id: 'a', status: 'Participant join (Ann)' });
  await shown.say(waits('g', 'globex'));
  for (const tenantId of ['acme', 'globex'])
    shown.publish({ ...OUTCOME, tenantId, outcomeId: `${tenantId}/callcenter24/old`, callId: `old ${tenantId}` });
  shown.begin();
  const ready = async (): Promise<boolean> => (await shown.get('/v1/outcomes', ALL)).body['isComplete'] === true;
  while (!(await ready()) || (await shown.get('/v1/calls', ALL)).status !== 200);
  const all = await shown.get('/v1/calls', ALL);
  expect(names(all.body['calls'], 'callId')).toEqual(['a', 'g']);
  expect(names((await shown.get('/v1/calls?tenant=acme', ALL)).body['calls'], 'callId')).toEqual(['a']);
  for (const path of ['calls', 'chats', 'agents', 'outcomes', 'figures', 'calls/g', 'agents/Ann', 'calls?agent=Ann']) {
    const { body } = await shown.get(`/v1/${path}`, path === 'agents/Ann' || path.includes('?') ? GLOBEX : ACME);
    expect(JSON.stringify(body), path).not.toMatch(
      path === 'agents/Ann' || path.includes('?') ? /acme|"a"/ : /globex|"g"/,
    );
  }
  expect((await shown.get('/v1/figures', ACME)).body).toMatchObject({ records: 1, callcenter24: { calls: 1 } });
  expect((await shown.get('/v1/figures', ALL)).body).toMatchObject({ records: 2 });
  expect(await shown.get('/v1/calls?tenant=globex', ACME)).toMatchObject({
    status: 403,
    body: { code: 'foreign-tenant' },
  });
  expect(await shown.get('/v1/calls')).toMatchObject({ status: 401, body: { code: 'no-key' } });
  expect(await shown.get('/v1/calls', as('somebody-elses-key'))).toMatchObject({
    status: 401,
    body: { code: 'wrong-key' },
  });
  expect(await shown.get('/v1/changes')).toMatchObject({ status: 401 });

  const stream = await openStream(`${shown.url}/v1/changes`, GLOBEX);
  expect((await stream.next('change')).data).toMatchObject({ changes: [{ callId: 'g', live: true }] });
  await shown.say(waits('a2', 'acme'));
  await shown.say(waits('g2', 'globex'));
  expect((await stream.next('change')).data).toMatchObject({ changes: [{ callId: 'g2' }] });
  stream.close();
  expect(shown.logged()).not.toMatch(/acme-acme-acme-1/);
});

test('a reverse proxy names the tenant, and without it nothing is answered', async () => {
  const shown = await openEmpty({ CALLFOLD_CONSOLE_TENANT_HEADER: 'X-Tenant' });
  await shown.say(waits('a', 'acme'));
  await shown.say(waits('g', 'globex'));
  shown.begin();
  while ((await shown.get('/v1/calls', { 'x-tenant': 'acme' })).status !== 200);
  expect(names((await shown.get('/v1/calls', { 'x-tenant': 'acme' })).body['calls'], 'callId')).toEqual(['a']);
  expect(await shown.get('/v1/calls')).toMatchObject({ status: 401, body: { code: 'no-key' } });
  expect(await shown.get('/v1/calls', { 'x-tenant': '*' })).toMatchObject({ status: 401 });
});

test('a stream tells what is there and what changes, goes on behind an id, and begins anew where it cannot', async () => {
  const shown = await openEmpty();
  await shown.say(waits('a'));
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);
  const stream = await openStream(`${shown.url}/v1/changes`);
  expect(await stream.read()).toMatchObject({ event: 'reset', id: '', data: { why: 'begin' } });
  expect(await stream.read()).toMatchObject({ event: 'change', data: { changes: [{ callId: 'a', live: true }] } });
  const { id } = await stream.next('ready');
  await shown.say({ source: 'callcenter24', id: 'a', status: 'Call ended' });
  const change = await stream.next('change');
  expect(change.data).toMatchObject({ changes: [{ callId: 'a', live: false, phase: 'ended' }] });
  expect((await stream.next('beat')).data).toMatchObject({ isWell: true });
  stream.close();

  const resumed = await openStream(`${shown.url}/v1/changes`, { 'last-event-id': id ?? '' });
  expect(await resumed.read()).toEqual(change);
  expect(await resumed.read()).toMatchObject({ event: 'ready', id: change.id });
  resumed.close();
  const idle = await openStream(`${shown.url}/v1/changes`, { 'last-event-id': change.id ?? '' });
  expect(await idle.read()).toMatchObject({ event: 'ready', id: change.id });
  idle.close();
  const empty = await openStream(`${shown.url}/v1/changes`, { 'last-event-id': '' });
  expect(await empty.read()).toMatchObject({ event: 'reset', data: { why: 'begin' } });
  empty.close();
  for (const foreign of ['another.0', 'nonsense', `${(id ?? '').split('.')[0]}.999`]) {
    const anew = await openStream(`${shown.url}/v1/changes`, { 'last-event-id': foreign });
    expect(await anew.read(), foreign).toMatchObject({ event: 'reset', data: { why: 'unknown-id' } });
    anew.close();
  }
});

test('a snapshot larger than a reader may be behind goes out in parts, and nobody is closed for it', async () => {
  const shown = await openEmpty({}, { streamBytes: 60_000, eventChanges: 10 });
  for (let n = 0; n < 400; n += 1) await shown.say(waits(`call-${n}`));
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);
  const stream = await openStream(`${shown.url}/v1/changes`);
  const told = new Set<unknown>();
  for (;;) {
    const { event, data } = await stream.read();
    if (event === 'ready') break;
    if (event === 'change') for (const id of names(data['changes'], 'callId')) told.add(id);
  }
  expect(told.size).toBe(400);
  await shown.say(waits('behind'));
  expect((await stream.next('change')).data).toMatchObject({ changes: [{ callId: 'behind' }] });
  stream.close();
});

test('says that it holds a part only for as long as it does: what was left out comes when there is room', async () => {
  const shown = await openEmpty({}, { subjects: 2, records: 2, forgetMs: 50 });
  for (const id of ['a', 'b', 'c']) await shown.say(waits(id));
  for (const revision of [1, 2, 3]) shown.publish({ ...OUTCOME, outcomeId: 'default/callcenter24/x', revision });
  shown.begin();
  await shown.until('/v1/calls', ({ body }) => body['isComplete'] === false);
  await shown.until('/v1/outcomes', ({ body }) => names(body['records'] ?? [], 'revision')[0] === 3);
  expect((await shown.get('/v1/outcomes')).body).toMatchObject({ isComplete: true });
  const { body } = await shown.get('/v1/calls');
  const [first] = names(body['calls'], 'callId') as string[];
  await shown.say({ source: 'callcenter24', id: first as string, status: 'Call ended' });
  const all = await shown.until('/v1/calls', (answer) => answer.body['isComplete'] === true);
  expect(names(all.body['calls'], 'callId')).toEqual(['a', 'b', 'c'].filter((id) => id !== first));
});

test('a stream says what is lacking in what it tells, and for how long', async () => {
  const shown = await openEmpty({}, { subjects: 2, records: 2, forgetMs: 50 });
  for (const id of ['a', 'b', 'c']) await shown.say(waits(id));
  for (const id of ['x', 'y', 'z']) shown.publish({ ...OUTCOME, outcomeId: `default/callcenter24/${id}` });
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);
  const stream = await openStream(`${shown.url}/v1/changes`);
  const lacks = async (): Promise<unknown> => (await stream.next('beat')).data['lacks'];
  await vi.waitFor(async () => expect(await lacks()).toEqual(['subjects-full', 'records-full']));
  shown.rowsAre('the broker does not answer');
  let beat = await stream.next('beat');
  while (beat.data['isWell'] !== false) beat = await stream.next('beat');
  expect(beat.data['lacks']).toEqual(['subjects-full', 'records-away']);
  // Calls are read on; what the page shows is no younger than its oldest part: the records, once calls are past them.
  let { asOf } = beat.data;
  for (let same = 0; same === 0; ) {
    const { data } = await stream.next('beat');
    if (data['asOf'] === asOf) same += 1;
    ({ asOf } = data);
  }
  for (let n = 0; n < 5; n += 1) {
    expect((await stream.next('beat')).data).toMatchObject({ isWell: false, asOf });
  }
  shown.rowsAre(null);
  await vi.waitFor(async () => expect(await lacks()).toEqual(['subjects-full', 'records-full']));
  stream.close();
});

test('what a look saw before it failed is told, also when the picture is made anew after it', async () => {
  const shown = await openEmpty({}, { subjects: 2, confirmMs: 0 });
  for (const id of ['a', 'b', 'c']) await shown.say(waits(id));
  shown.begin();
  const { body } = await shown.until('/v1/calls', ({ body: now }) => now['isComplete'] === false);
  const [first] = names(body['calls'], 'callId') as [string];
  const stream = await openStream(`${shown.url}/v1/changes`);
  await stream.next('ready');
  shown.away.add('callfold.raw.vonage');
  await shown.until('/readyz', ({ status }) => status === 503);
  await shown.say({ source: 'callcenter24', id: first, status: 'Call ended' });
  await shown.until('/v1/calls', ({ body: now }) => !names(now['calls'] ?? [], 'callId').includes(first));
  shown.away.clear();
  const told = await stream.next('change');
  expect(told.data).toMatchObject({ changes: [{ callId: first, live: false }] });
  stream.close();
});

test('an agent that two sources know is asked for by its source', async () => {
  const shown = await openEmpty();
  await shown.say(waits('a'));
  await shown.say({ source: 'callcenter24', id: 'a', status: 'Participant join (Ann)' });
  await shown.say({ source: 'vonage', id: 'Ann', status: 'Ready' });
  await shown.say({ source: 'vonage', id: 'Bob', status: 'Ready' });
  shown.begin();
  await shown.until('/v1/agents', ({ status }) => status === 200);
  expect(await shown.get('/v1/agents/Ann')).toMatchObject({ status: 409, body: { code: 'ambiguous' } });
  expect((await shown.get('/v1/agents/Ann?source=callcenter24')).body).toMatchObject({ state: 'on-call' });
  expect((await shown.get('/v1/agents/Ann?source=vonage')).body).toMatchObject({ state: 'Ready' });
  expect((await shown.get('/v1/agents/Bob')).body).toMatchObject({ state: 'Ready' });
  expect(await shown.get('/v1/agents/Bob?source=callcenter24')).toMatchObject({ status: 404 });
});

test('the first page of many is found without sorting each in by itself', () => {
  const many = Array.from({ length: 200_000 }, (_, n) => ({ name: String(999_999 - n) }) as Shown);
  const began = process.cpuUsage();
  const { items } = subjectPage(many, () => true, { limit: '1000' }, CONSOLE_LIMITS);
  const { user } = process.cpuUsage(began);
  expect([items.length, items[0]?.name, items[999]?.name]).toEqual([1_000, '800000', '800999']);
  expect(user / 1_000).toBeLessThan(1_000);
});

test('refuses more streams than it may have, and to be reached from outside without a key', async () => {
  const shown = await openEmpty({}, { streams: 1 });
  shown.begin();
  await shown.until('/v1/calls', ({ status }) => status === 200);
  const stream = await openStream(`${shown.url}/v1/changes`);
  await stream.next('ready');
  expect(await shown.get('/v1/changes')).toMatchObject({ status: 503, body: { code: 'too-many' } });
  stream.close();
  const console = { keys: null, tenantHeader: null, zone: 'UTC' };
  expect(() => start({ console, httpHost: '0.0.0.0' }, {} as never)).toThrow(/CALLFOLD_CONSOLE_KEYS/);
});

test('what is served is valid OpenAPI 3.1, and says every answer that there is', async () => {
  const shown = await openEmpty();
  const { body } = await shown.get('/v1/console/openapi.json');
  const { valid, errors } = await new Validator().validate(body);
  expect([valid, errors]).toEqual([true, undefined]);
  const paths = body['paths'] as Record<string, { get: { responses: Record<string, unknown> } }>;
  const statuses = new Set(Object.values(paths).flatMap(({ get }) => Object.keys(get.responses)));
  for (const [status] of Object.values(PROBLEMS)) expect(statuses).toContain(String(status));
  shown.begin();
  for (const path of Object.keys(paths).filter((one) => one !== '/v1/changes')) {
    const answer = await shown.until(
      path.replace('{kind}', 'call').replace('{id}', 'x'),
      ({ status }) => status !== 503,
    );
    expect([200, 404], path).toContain(answer.status);
    expect(answer.body['code'] ?? 'not-found', path).toBe('not-found');
  }
});

const OUTCOME = {
  kind: 'call-outcome',
  outcomeId: '',
  revision: 1,
  correctionOf: null,
  tenantId: 'default',
  source: 'callcenter24',
  occurredAt: Date.now(),
  ingestedAt: Date.now(),
  callId: '',
  outcome: 'answered',
  reason: 'customer-ended',
  rawStatus: 'Call ended',
  stage: null,
  short: null,
  voicemailLeft: null,
  transferred: false,
  abandonedInTransfer: false,
  hungUpBy: 'contact',
  personReached: 'yes',
  fault: null,
  inferred: false,
  startedAt: Date.now(),
  queuedAt: Date.now(),
  answeredAt: Date.now(),
  endedAt: Date.now(),
  waitMs: 0,
  talkMs: 0,
  agents: [],
  offers: 0,
  missedOffers: 0,
  anomalies: [],
  decidedBy: { rule: 'answered', eventIds: [] },
  attributes: {},
} as const;
