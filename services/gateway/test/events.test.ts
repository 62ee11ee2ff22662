/** POST /v1/events: every shape of a body, and what is answered of each item. */

import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { isRejection } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { afterEach, describe, expect, test } from 'vitest';
import { pointerOf } from '../src/pointer-of.ts';
import type { HarnessOptions, TestGateway } from './gateway-harness.ts';
import { event, json, lines, NOON, openGateway } from './gateway-harness.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const opened: TestGateway[] = [];

async function open(options?: HarnessOptions): Promise<TestGateway> {
  const gateway = await openGateway(options);
  opened.push(gateway);
  return gateway;
}

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const run = (count: number, index = 0) => ({ index, count, status: 'accepted' });

describe('shapes', () => {
  test('one event, and a list of events', async () => {
    const gateway = await open();
    const one = await gateway.post(json(event('c-1')));
    expect([one.status, one.body]).toEqual([202, { accepted: 1, refused: 0, items: [run(1)] }]);
    const list = await gateway.post(json([event('c-2'), event('c-3'), event('c-4')]));
    expect([list.status, list.body]).toEqual([202, { accepted: 3, refused: 0, items: [run(3)] }]);
    const ids = gateway.records('callcenter24').map(({ callId }) => callId);
    expect([...ids].sort((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual(['c-1', 'c-2', 'c-3', 'c-4']);
  });

  test('all four sources, each in its topic, and an unknown status is kept', async () => {
    const gateway = await open();
    const { status } = await gateway.post(
      json([
        event('c-1', { status: 'a word that nobody taught us' }),
        { source: 'atlas', callId: 'a-1', occurredAt: NOON },
        { source: 'chatterfy', chatId: 'h-1', occurredAt: NOON, status: 'Manual' },
        { source: 'vonage', agentId: 101, start: NOON, duration: null, state: 'Lunch' },
      ]),
    );
    expect(status).toBe(202);
    expect(gateway.records('callcenter24')).toMatchObject([{ callId: 'c-1', status: 'a word that nobody taught us' }]);
    expect(gateway.records('atlas')).toMatchObject([{ callId: 'a-1', status: null }]);
    expect(gateway.records('chatterfy')).toMatchObject([{ chatId: 'h-1', status: 'Manual' }]);
    expect(gateway.records('vonage')).toMatchObject([{ agentId: '101', state: 'Lunch', payload: null, adapter: null }]);
  });

  test('NDJSON, also packed, with empty lines and without a last newline', async () => {
    const gateway = await open();
    const text = `${lines([event('c-1'), event('c-2')])}\r\n\n${json(event('c-3'))}`;
    expect((await gateway.post(text, NDJSON)).body).toEqual({ accepted: 3, refused: 0, items: [run(3)] });
    const packed = await gateway.post(gzipSync(text), { ...NDJSON, 'content-encoding': 'gzip' });
    expect(packed.body).toMatchObject({ accepted: 3 });
    expect(gateway.records('callcenter24')).toHaveLength(6);
  });

  test('more lines than a window holds', async () => {
    const gateway = await open({ limits: { windowRecords: 100 } });
    const many = Array.from({ length: 2_345 }, (_, n) => event(`c-${n % 50}`, { eventId: `e-${n}` }));
    expect((await gateway.post(lines(many), NDJSON)).body).toMatchObject({ accepted: 2_345, items: [run(2_345)] });
    const stood = gateway.records('callcenter24');
    expect(stood).toHaveLength(2_345);
    // Of one call, in the order in which they came.
    const ofOne = stood.filter(({ callId }) => callId === 'c-7').map(({ eventId }) => eventId);
    expect(ofOne).toEqual(
      many.filter(({ callId }) => callId === 'c-7').map((one) => (one as { eventId?: string }).eventId),
    );
  });
});

describe('CloudEvents', () => {
  const envelope = {
    specversion: '1.0',
    id: 'ce-1',
    source: '/pbx/7',
    type: 'callfold.raw.atlas',
    subject: 'a-1',
    time: NOON,
  };
  const CE = { 'content-type': 'application/cloudevents+json' };
  const kept = { callId: 'a-1', eventId: 'ce-1', occurredAt: Date.parse(NOON), status: 'Line busy' };

  test('structured: what the data leaves out, the envelope says', async () => {
    const gateway = await open();
    const answer = await gateway.post(json({ ...envelope, data: { status: 'Line busy' } }), CE);
    expect(answer.status).toBe(202);
    const packed = Buffer.from('{"status":"Line busy"}').toString('base64');
    expect((await gateway.post(json({ ...envelope, data_base64: packed }), CE)).status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([kept, kept]);
  });

  test('what the data says goes before the envelope, a hostile name in it harms nothing', async () => {
    const gateway = await open();
    const data = { ...event('c-9', { eventId: 'own' }), rejected: 'x', __proto__: null };
    expect((await gateway.post(json({ ...envelope, data }), CE)).status).toBe(202);
    expect(gateway.records('callcenter24')).toMatchObject([{ callId: 'c-9', eventId: 'own' }]);
  });

  test('binary, with percent-encoded headers', async () => {
    const gateway = await open();
    const headers = Object.fromEntries(Object.entries(envelope).map(([name, value]) => [`ce-${name}`, value]));
    const answer = await gateway.post('{"status":"Line busy"}', { ...headers, 'ce-subject': 'a%20%0d%0ax' });
    expect(answer.status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([{ ...kept, callId: 'a \r\nx' }]);
    expect([...answer.headers.keys()].join()).not.toContain('x:');
  });

  test('batch: a result for each', async () => {
    const gateway = await open();
    const batch = [
      { ...envelope, data: { status: 'Line busy' } },
      { ...envelope, specversion: '0.3', data: {} },
      { ...envelope, id: '' },
      { ...envelope, data: 'text' },
      17,
    ];
    const answer = await gateway.post(json(batch), { 'content-type': 'application/cloudevents-batch+json' });
    expect(answer.status).toBe(202);
    expect(answer.body['items']).toMatchObject([
      run(1),
      { code: 'bad-field', pointer: '/specversion' },
      { code: 'bad-field', pointer: '/id' },
      { code: 'not-an-object', pointer: '/data' },
      { code: 'not-an-object', pointer: '' },
    ]);
  });
});

describe('refusals', () => {
  test('a part is refused: 202, and each refused item says its code, its line, and the field', async () => {
    const gateway = await open();
    const bad = [event(''), event('c-1', { occurredAt: '2026-01-05T12:00:00' }), { source: 'teapot' }, event('c-2')];
    const answer = await gateway.post(`nope\n${lines(bad)}`, NDJSON);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ accepted: 1, refused: 4 });
    expect(answer.body['items']).toMatchObject([
      { index: 0, line: 1, status: 'refused', code: 'not-json', pointer: '' },
      { index: 1, line: 2, code: 'missing-id', pointer: '/callId' },
      { index: 2, line: 3, code: 'bad-time', pointer: '/occurredAt' },
      { index: 3, line: 4, code: 'unknown-source', pointer: '/source' },
      run(1, 4),
    ]);
  });

  test('all are refused: 422 as a problem, with pointers into the whole', async () => {
    const gateway = await open();
    const { status, headers, body } = await gateway.post(json([event(''), event('c-1', { attributes: { queue: 7 } })]));
    expect([status, headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
    expect(body).toMatchObject({
      type: 'urn:callfold:problem:all-refused',
      status: 422,
      errors: [
        { pointer: '/0/callId', code: 'missing-id' },
        { pointer: '/1/attributes/queue', code: 'bad-field' },
      ],
    });
    expect((await gateway.post(json(event('')))).body).toMatchObject({ errors: [{ pointer: '/callId' }] });
  });

  test.each([
    ['no JSON', '{', {}, 400, 'malformed'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400, 'malformed'],
    ['no batch', '{}', { 'content-type': 'application/cloudevents-batch+json' }, 400, 'malformed'],
    ['a form, as curl -d sends it', '{}', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'media-type'],
    ['no type at all', new Uint8Array([123, 125]), { 'content-type': '' }, 415, 'media-type'],
    ['another packing', '{}', { 'content-encoding': 'br' }, 415, 'encoding'],
    ['what is said to be gzip', '{}', { 'content-encoding': 'gzip' }, 400, 'malformed'],
  ] as const)('%s', async (_what, body, headers, status, code) => {
    const gateway = await open();
    const answer = await gateway.post(body, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).not.toBe('');
  });

  test('an event of next week, and a record that would be too large for the fold', async () => {
    const gateway = await open();
    const later = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const attributes = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`n${n}`, 'x'.repeat(16_000)]));
    const { body } = await gateway.post(json([event('c-1', { occurredAt: later }), event('c-2', { attributes })]));
    expect(body['items']).toMatchObject([{ code: 'time-out-of-range' }, { code: 'too-large' }]);
    expect(gateway.records('callcenter24')).toEqual([]);
  });

  test('too many refusals: nothing further is read, and it is said how far it was read', async () => {
    const gateway = await open({ limits: { refusals: 10 } });
    const many = [event('c-1'), ...Array.from({ length: 50 }, () => event('')), event('c-2')];
    const { status, body } = await gateway.post(lines(many), NDJSON);
    expect([status, body.code]).toEqual([422, 'too-many-refused']);
    expect(body).toMatchObject({ accepted: 1, refused: 10, decided: 11 });
    expect(gateway.records('callcenter24')).toMatchObject([{ callId: 'c-1' }]);
  });

  test('every refusal of the validator points to a field', () => {
    const cases = readFileSync(new URL('../../../libs/sources/test/cases/envelope.jsonl', import.meta.url), 'utf8');
    const seen = new Set<string>();
    for (const line of cases.split('\n').filter((text) => text !== '')) {
      const { case: name, raw } = JSON.parse(line) as { case: string; raw: unknown };
      const read = readEvent(raw);
      if (!isRejection(read) || read.rejected === 'not-an-object') continue;
      const pointer = pointerOf(read);
      seen.add(pointer.split('/')[1] ?? '');
      expect(pointer, `${name}: ${read.reason}`).toMatch(/^\/\w+/);
    }
    expect(seen.size).toBeGreaterThan(6);
  });
});

describe('keys and tenants', () => {
  const KEYS = {
    acme: ['acme-key-0123456789', 'acme-key-before-it'],
    globex: { keys: ['globex-key-0123456789'], eventsPerSecond: 10 },
    '*': ['of-the-platform-0123'],
  };
  const env = { CALLFOLD_GATEWAY_KEYS: json(KEYS) };
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  test('without a key, or with another, nothing is taken', async () => {
    const gateway = await open({ env });
    const none = await gateway.post(json(event('c-1')));
    expect([none.status, none.body.code, none.headers.get('www-authenticate')]).toEqual([401, 'no-key', 'Bearer']);
    const other = await gateway.post(json(event('c-1')), bearer('acme-key-012345678'));
    expect([other.status, other.body.code]).toEqual([401, 'wrong-key']);
    expect(gateway.records('callcenter24')).toEqual([]);
  });

  test('the tenant is the key\u2019s, the one before it too; who names another is refused', async () => {
    const gateway = await open({ env });
    for (const key of KEYS.acme) expect((await gateway.post(json(event('c-1')), bearer(key))).status).toBe(202);
    const mixed = await gateway.post(
      lines([event('c-1', { tenantId: 'acme' }), event('c-2', { tenantId: 'globex' })]),
      {
        ...NDJSON,
        ...bearer(KEYS.acme[0] ?? ''),
      },
    );
    expect(mixed.status).toBe(202);
    expect(mixed.body['items']).toMatchObject([run(1), { code: 'foreign-tenant', pointer: '/tenantId' }]);
    const foreign = await gateway.post(json(event('c-2', { tenantId: 'globex' })), bearer(KEYS.acme[0] ?? ''));
    expect([foreign.status, foreign.body.code]).toEqual([403, 'foreign-tenant']);
    expect(new Set(gateway.records('callcenter24').map(({ tenantId }) => tenantId))).toEqual(new Set(['acme']));
  });

  test('the key of all tenants speaks for any', async () => {
    const gateway = await open({ env });
    const both = [event('c-1', { tenantId: 'globex' }), event('c-1')];
    expect((await gateway.post(json(both), bearer(KEYS['*'][0] ?? ''))).status).toBe(202);
    expect(new Set(gateway.records('callcenter24').map(({ tenantId }) => tenantId))).toEqual(
      new Set(['default', 'globex']),
    );
  });

  test('a tenant past its rate is told when to come again, and others are not held up', async () => {
    const gateway = await open({ env });
    const many = Array.from({ length: 60 }, (_, n) => event(`c-${n}`));
    expect((await gateway.post(json(many), bearer('globex-key-0123456789'))).status).toBe(202);
    const again = await gateway.post(json(event('c-1')), bearer('globex-key-0123456789'));
    expect([again.status, again.body.code]).toEqual([429, 'rate']);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(2);
    expect((await gateway.post(json(event('c-1')), bearer(KEYS.acme[0] ?? ''))).status).toBe(202);
  });

  test.each([
    ['{', /CALLFOLD_GATEWAY_KEYS is no JSON/],
    ['{"acme":["short"]}', /KEYS.acme\[0\] must have at least 16/],
    ['{"a b":["0123456789abcdef"]}', /must be named by a tenant/],
    ['{"a":["0123456789abcdef"],"b":["0123456789abcdef"]}', /the key of another tenant too/],
    ['{"a":{"keys":[],"rate":1}}', /KEYS.a.rate is not known/],
  ])('a wrong setting stops the start and is named: %s', async (text, says) => {
    await expect(openGateway({ env: { CALLFOLD_GATEWAY_KEYS: text } })).rejects.toThrow(says);
  });

  test('open to the network without keys, it does not start', async () => {
    await expect(openGateway({ env: { CALLFOLD_HTTP_HOST: '0.0.0.0' } })).rejects.toThrow(/CALLFOLD_GATEWAY_KEYS/);
  });

  test('no key, id or name comes into logs, metrics or answers', async () => {
    const gateway = await open({ env });
    gateway.link(async () => {
      throw new Error('the log is away from +49 151 2345678');
    });
    const answers = [
      await gateway.post(json(event('secret-call')), bearer(KEYS.acme[0] ?? '')),
      await gateway.post(json(event('secret-call')), bearer('not-a-key-of-anybody')),
    ];
    const all = `${gateway.logged()}${await gateway.metrics.text()}${json(answers.map(({ body }) => body))}`;
    expect(gateway.logged()).toContain('log-away');
    for (const word of ['secret-call', '2345678', 'not-a-key-of', ...KEYS.acme]) expect(all).not.toContain(word);
  });
});
