import { isRejection } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { expect, test } from 'vitest';
import type { TestConsole } from './consoles.ts';
import { ACME, ALL, GLOBEX, KEYS, open } from './consoles.ts';

/** `GET /v1/explain`: one subject, of one tenant, within limits. */

// What vitest answers with is of any type.
const containing = (text: string): unknown => expect.stringContaining(text);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

type Explanation = {
  readonly subjectId: string;
  readonly tenantId: string;
  readonly timeline: readonly { readonly what: string; readonly status?: string }[];
  readonly records: readonly {
    readonly record: Record<string, unknown>;
    readonly decision: { readonly rule: string };
  }[];
};

const JOIN = 'Participant join (Contact)';
const AT = Date.UTC(2026, 0, 5, 9);

/** A call that somebody gave up on. */
async function abandoned(shown: TestConsole, id: string, tenantId = 'default'): Promise<void> {
  const says = (second: number, status: string) =>
    shown.say({ source: 'callcenter24', tenantId, id, status, at: AT + second * 1_000 });
  await says(0, JOIN);
  await says(37, 'Participant leave (Contact)');
}

const found = ({ body }: { readonly body: Record<string, unknown> }): readonly Explanation[] =>
  body['explanations'] as readonly Explanation[];

test('tells the whole story of a call, and to whoever has it already nothing', async () => {
  const shown = await open();
  await abandoned(shown, 'c/1%');
  const path = `/v1/explain/call/${encodeURIComponent('c/1%')}`;
  const answer = await shown.get(path);
  expect(answer.status).toBe(200);
  expect(found(answer)).toMatchObject([
    {
      kind: 'call',
      subjectId: 'c/1%',
      standing: 'closed',
      timeline: [
        { what: 'event', status: JOIN, occurredAt: '2026-01-05T09:00:00.000Z' },
        { what: 'event', status: 'Participant leave (Contact)' },
      ],
      records: [
        {
          record: { outcome: 'abandoned', waitMs: 37_000 },
          decision: { rule: 'contact-left-unanswered', restsOn: [{ occurredAt: '2026-01-05T09:00:37.000Z' }, {}] },
        },
      ],
    },
  ]);
  const etag = answer.headers.get('etag') ?? '';
  expect(await shown.get(path, { 'if-none-match': etag })).toMatchObject({ status: 304, body: {} });
});

/** Every number in it, with where it stands. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => numbersIn(one, `${path}/${name}`));
}

test('every time in it is a text of ISO 8601', async () => {
  const shown = await open();
  await abandoned(shown, 'c-1');
  const numbers = numbersIn(found(await shown.get('/v1/explain/call/c-1')));
  expect(numbers.filter(([, number]) => number > 100_000_000)).toEqual([]);
  expect(numbers).toContainEqual(['/0/records/0/record/waitMs', 37_000]);
});

test('tells of each source that knows the id', async () => {
  const shown = await open();
  await abandoned(shown, 'c-1');
  await shown.say({ source: 'atlas', id: 'c-1', status: 'Line busy' });
  expect(found(await shown.get('/v1/explain/call/c-1'))).toMatchObject([
    { source: 'callcenter24' },
    { source: 'atlas' },
  ]);
  await shown.say({ source: 'chatterfy', id: 'c-1', status: 'Manual' });
  expect(found(await shown.get('/v1/explain/chat/c-1'))).toMatchObject([{ kind: 'chat', records: [{}, {}] }]);
  await shown.say({ source: 'vonage', id: '101', status: 'Ready' });
  expect(found(await shown.get('/v1/explain/agent/101'))).toMatchObject([
    { records: [{ record: { state: 'Ready' } }] },
  ]);
});

test('goes back to a moment, and reads on from one', async () => {
  const shown = await open();
  await abandoned(shown, 'c-1');
  const [whole] = found(await shown.get('/v1/explain/call/c-1'));
  expect(found(await shown.get('/v1/explain/call/c-1?at=0'))).toMatchObject([{ standing: 'open', timeline: [{}] }]);
  expect(found(await shown.get('/v1/explain/call/c-1?from=0'))).toEqual([whole]);
  const [rest] = found(await shown.get('/v1/explain/call/c-1?from=1'));
  expect(rest?.timeline.map(({ status }) => status)).toEqual(['Participant leave (Contact)']);
  const later = new Date(Date.now() + 60_000).toISOString();
  const none = await shown.get(`/v1/explain/call/c-1?from=${encodeURIComponent(later)}`);
  expect(none).toMatchObject({ status: 404, body: { detail: containing('in what was asked for of it') } });
});

test("a tenant's key explains nothing of another tenant, whatever it asks for", async () => {
  const shown = await open(KEYS);
  await abandoned(shown, 'c-1', 'acme');
  await abandoned(shown, 'c-2', 'globex');
  expect(found(await shown.get('/v1/explain/call/c-1', ACME))).toMatchObject([{ tenantId: 'acme' }]);
  for (const path of ['c-2', 'c-2?tenant=acme']) {
    const answer = await shown.get(`/v1/explain/call/${path}`, ACME);
    expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(JSON.stringify(answer.body)).not.toContain('globex');
  }
  const foreign = await shown.get('/v1/explain/call/c-2?tenant=globex', ACME);
  expect(foreign).toMatchObject({ status: 403, body: { code: 'foreign-tenant' } });
  expect(await shown.get('/v1/explain/call/c-2')).toMatchObject({ status: 401, body: { code: 'no-key' } });
  expect(found(await shown.get('/v1/explain/call/c-2', GLOBEX))).toMatchObject([{ tenantId: 'globex' }]);
  expect(found(await shown.get('/v1/explain/call/c-2?tenant=globex', ALL))).toMatchObject([{ tenantId: 'globex' }]);
  expect(await shown.get('/v1/explain/call/c-2', ALL)).toMatchObject({ status: 404 });
});

test('of what was erased it tells nothing, from wherever it is to read', async () => {
  const shown = await open();
  await abandoned(shown, 'c-1');
  await shown.erase('callcenter24', 'c-1');
  const erased = [{ standing: 'erased', timeline: [], records: [] }];
  expect(found(await shown.get('/v1/explain/call/c-1'))).toMatchObject(erased);
  const late = readEvent({ source: 'callcenter24', callId: 'c-1', status: JOIN, occurredAt: AT });
  if (isRejection(late)) throw new Error(late.reason);
  shown.log(late, late);
  expect(found(await shown.get('/v1/explain/call/c-1?from=3'))).toMatchObject(erased);
});

test.each([
  ['/v1/explain/person/c-1', 400, 'bad-query', 'must be one of call, chat, agent'],
  ['/v1/explain/call/c-1?at=yesterday', 400, 'bad-query', 'at: "yesterday" is neither. Expected an ISO 8601 time'],
  ['/v1/explain/call/c-1?from=2026-01-05T09:00:00', 400, 'bad-query', 'from: "2026-01-05T09:00:00" has no zone'],
  ['/v1/explain/call/c-9', 404, 'not-found', '`callfold explain` names similar ones'],
  ['/v1/explain/call/', 404, 'not-found', 'ids are taken as they are written'],
])('%s is answered %i %s', async (path, status, code, words) => {
  const shown = await open();
  await abandoned(shown, 'c-1');
  expect(await shown.get(path)).toMatchObject({ status, body: { code, detail: containing(words) } });
});

test('more than can be read in time, or than anybody reads, is refused with what helps', async () => {
  const long = await open({}, { explainMs: -1 });
  await abandoned(long, 'c-1');
  const detail = matching(/^2 of 2 records of its partition were read .* from= a time .* `callfold explain`/);
  expect(await long.get('/v1/explain/call/c-1')).toMatchObject({ status: 422, body: { code: 'too-long', detail } });
  const many = await open({}, { explainEvents: 1 });
  await abandoned(many, 'c-1');
  const tooMany = { code: 'too-long', detail: containing('more than 1 events') };
  expect(await many.get('/v1/explain/call/c-1')).toMatchObject({ status: 422, body: tooMany });
  expect(await many.get('/v1/explain/call/c-1?from=1')).toMatchObject({ status: 200 });
});

test('so many at once and no more; a log that is away is said to be', async () => {
  const none = await open({}, { explanations: 0 });
  const busy = await none.get('/v1/explain/call/c-1');
  expect(busy).toMatchObject({ status: 503, body: { code: 'busy' } });
  expect(busy.headers.get('retry-after')).toBe('5');
  const away = await open();
  away.away.add('callfold.raw.callcenter24');
  const answer = await away.get('/v1/explain/call/c-1');
  expect(answer).toMatchObject({ status: 503, body: { code: 'away' } });
  const silent = await open({}, { explainMs: 0, explainSilentMs: 20 });
  await abandoned(silent, 'c-1');
  silent.silence.add('callfold.raw.callcenter24');
  const detail = containing('the log does not answer');
  expect(await silent.get('/v1/explain/call/c-1')).toMatchObject({ status: 503, body: { code: 'away', detail } });
});

test('derived records may be asked for by the agent that they name', async () => {
  const shown = await open();
  const record = {
    kind: 'agent-offer',
    revision: 1,
    correctionOf: null,
    tenantId: 'default',
    source: 'callcenter24',
    occurredAt: AT,
    ingestedAt: Date.now(),
    callId: 'c-1',
    n: 1,
    offeredAt: AT,
    agentWas: null,
    screenShownAt: AT,
    result: 'missed',
    ringMs: 15_000,
    decidedBy: { rule: 'shown-too-long', eventIds: [] },
  } as const;
  shown.publish({ ...record, outcomeId: 'default/callcenter24/c-1/Ann/1', agent: 'Ann' });
  shown.publish({ ...record, outcomeId: 'default/callcenter24/c-1/Bo/1', agent: 'Bo' });
  const { body } = await shown.until('/v1/outcomes?agent=Ann', ({ body: { records } }) => (records as []).length > 0);
  expect(body['records']).toMatchObject([{ agent: 'Ann', result: 'missed' }]);
});
