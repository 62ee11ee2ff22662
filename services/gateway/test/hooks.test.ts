/** POST /v1/hooks/{source}: who signs is believed, what is mapped is written, and what was received is kept. */

import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRejection } from '@callfold/core';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readHooks } from '../src/hook-settings.ts';
import { itemsOf, readMapped } from '../src/mapping.ts';
import { parseJson } from '../src/events-route.ts';
import { verify } from '../src/signatures.ts';
import { twilioSignatures } from '../src/twilio.ts';
import type { TestGateway } from './gateway-harness.ts';
import { json, NOON, openGateway } from './gateway-harness.ts';

const SECRET = 'a-secret-of-a-sender';
const NEXT = 'the-secret-after-it';
const NOW = Date.UTC(2026, 0, 5, 12);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const opened: TestGateway[] = [];
const dir = mkdtempSync(join(tmpdir(), 'callfold-hooks-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function open(hooks: readonly object[], now: () => number = () => NOW): Promise<TestGateway> {
  const gateway = await openGateway({ env: { CALLFOLD_GATEWAY_HOOKS: json(hooks) }, now });
  opened.push(gateway);
  return gateway;
}

const hook = (scheme: object, more: object = {}) => ({
  source: 'atlas',
  scheme,
  secrets: [SECRET, NEXT],
  adapter: 'voice-ai/3',
  fields: { callId: '/call/id', occurredAt: '/call/endedAt', status: ['/call/reason', '/reason'] },
  attributes: { queue: '/call/queue', attempt: '/call/attempt' },
  ...more,
});
const BODY = json({ call: { id: 'a-1', endedAt: NOON, reason: 'Line busy', queue: 'PS', attempt: 2 } });
const hmac = (text: string, secret = SECRET, algorithm = 'sha256', encoding: 'hex' | 'base64' = 'hex') =>
  createHmac(algorithm, secret).update(text).digest(encoding);
const PATH = '/v1/hooks/atlas';

describe('published vectors', () => {
  test('Twilio', () => {
    const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
    const form = new URLSearchParams({
      CallSid: 'CA1234567890ABCDE',
      Caller: '+14158675309',
      Digits: '1234',
      From: '+14158675309',
      To: '+18005551212',
    });
    expect(twilioSignatures('12345', url, form)).toContain('RSOYDt4T1cUTdK1PDd93/VVr8B8=');
    expect(twilioSignatures('12345', url.replace('.com/', '.com:443/'), form)).toContain(
      'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
    );
    expect(twilioSignatures('12346', url, form)).not.toContain('RSOYDt4T1cUTdK1PDd93/VVr8B8=');
  });

  test('Standard Webhooks', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,bm9uZSBvZiBpdA== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const signed = { headers, body: Buffer.from('{"test": 2432232314}'), path: '/' };
    const how = { secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], toleranceMs: 300_000, now: 1_614_265_330_000 };
    const scheme = { kind: 'standard-webhooks' } as const;
    expect(() => verify(scheme, signed, how)).not.toThrow();
    expect(() => verify(scheme, { ...signed, body: Buffer.from('{"test": 2432232315}') }, how)).toThrow(/fits none/);
    expect(() => verify(scheme, signed, { ...how, now: how.now + 300_001 })).toThrow(/300 s away/);
    expect(() => verify(scheme, signed, { ...how, now: how.now - 300_001 })).toThrow(/300 s away/);
  });
});

describe('schemes over HTTP', () => {
  const seconds = String(NOW / 1_000);
  const twilioForm = new URLSearchParams({ CallSid: 'a-1', Timestamp: NOON, Status: 'Line busy' }).toString();
  const twilioUrl = 'https://gw.example.org/v1/hooks/atlas?tenant=default';
  const twilio = hook(
    { kind: 'twilio', publicUrl: 'https://gw.example.org' },
    { fields: { callId: '/CallSid', occurredAt: '/Timestamp', status: '/Status' }, attributes: {} },
  );
  const std = (secret: string) => {
    const key = Buffer.from(secret, 'base64');
    return `v1,${createHmac('sha256', key).update(`m-1.${seconds}.${BODY}`).digest('base64')}`;
  };

  type Sign = (secret: string) => Record<string, string>;
  const told: readonly (readonly [string, object, Sign, string?, string?])[] = [
    [
      'HMAC in hex with a prefix',
      hook({ kind: 'hmac', header: 'X-Hub-Signature-256', format: 'sha256={signature}' }),
      (secret) => ({ 'x-hub-signature-256': `sha256=${hmac(BODY, secret)}` }),
    ],
    [
      'HMAC-SHA512 in base64',
      hook({ kind: 'hmac', header: 'x-sig', algorithm: 'sha512', encoding: 'base64' }),
      (secret) => ({ 'x-sig': hmac(BODY, secret, 'sha512', 'base64') }),
    ],
    [
      'HMAC with a time in the same header',
      hook({
        kind: 'hmac',
        header: 'x-sig',
        format: 'v={timestamp},d={signature}',
        signed: '{body}{timestamp}',
        timestampUnit: 'ms',
      }),
      (secret) => ({ 'x-sig': `v=${NOW},d=${hmac(`${BODY}${NOW}`, secret)}` }),
    ],
    [
      'HMAC with a time in a header of its own',
      hook({ kind: 'hmac', header: 'x-sig', signed: '{timestamp}.{body}', timestampHeader: 'x-time' }),
      (secret) => ({ 'x-time': seconds, 'x-sig': hmac(`${seconds}.${BODY}`, secret) }),
    ],
    [
      'Standard Webhooks',
      hook({ kind: 'standard-webhooks' }),
      (secret) => ({ 'webhook-id': 'm-1', 'webhook-timestamp': seconds, 'webhook-signature': std(secret) }),
    ],
    ['a bearer token', hook({ kind: 'bearer' }), (secret) => ({ authorization: `Bearer ${secret}` })],
    [
      'a secret in a header',
      hook({ kind: 'header', header: 'X-Bot-Secret' }),
      (secret) => ({ 'x-bot-secret': secret }),
    ],
    [
      'Twilio, a form',
      twilio,
      (secret) => ({
        ...FORM,
        'x-twilio-signature': twilioSignatures(secret, twilioUrl, new URLSearchParams(twilioForm))[0] ?? '',
      }),
      twilioForm,
      `${PATH}?tenant=default`,
    ],
  ];

  const cases = told.map(([what, setting, sign, body = BODY, path = PATH]) => ({ what, setting, sign, body, path }));

  test.each(cases)('$what: each secret fits, nothing else does', async ({ setting, sign, body, path }) => {
    const gateway = await open([setting]);
    for (const secret of [SECRET, NEXT]) expect((await gateway.post(body, sign(secret), path)).status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([{ callId: 'a-1', status: 'Line busy' }, { callId: 'a-1' }]);
    const bad = await gateway.post(body, sign('another-secret-altogether'), path);
    expect([bad.status, bad.body.code]).toEqual([401, 'wrong-signature']);
    const plain = path === PATH ? {} : FORM;
    const none = await gateway.post(body, plain, path);
    expect([none.status, none.body.code]).toEqual([401, 'no-signature']);
    expect(gateway.records('atlas')).toHaveLength(2);
  });

  test.each(cases.filter(({ what }) => /HMAC|Standard|Twilio/.test(what)))(
    '$what: one byte changed',
    async ({ setting, sign, body, path }) => {
      const gateway = await open([setting]);
      const changed = await gateway.post(body.replace('busy', 'bust'), sign(SECRET), path);
      expect([changed.status, changed.body.code]).toEqual([401, 'wrong-signature']);
    },
  );

  test('Twilio, JSON by the hash in its URL', async () => {
    const gateway = await open([hook({ kind: 'twilio', publicUrl: 'https://gw.example.org' })]);
    const path = `${PATH}?bodySHA256=${createHash('sha256').update(BODY).digest('hex')}`;
    const signature = twilioSignatures(SECRET, `https://gw.example.org${path}`, null)[0] ?? '';
    expect((await gateway.post(BODY, { 'x-twilio-signature': signature }, path)).status).toBe(202);
    const other = await gateway.post(`${BODY} `, { 'x-twilio-signature': signature }, path);
    expect([other.status, other.body.code]).toEqual([401, 'wrong-signature']);
    expect((await gateway.post(BODY, { 'x-twilio-signature': signature }, PATH)).status).toBe(401);
  });

  test('a delivery that is played again later is refused, within the tolerance it changes nothing', async () => {
    let now = NOW;
    const gateway = await open([cases[4]?.setting ?? {}], () => now);
    const headers = cases[4]?.sign(SECRET) ?? {};
    for (const ms of [0, 299_000]) {
      now = NOW + ms;
      expect((await gateway.post(BODY, headers, PATH)).status).toBe(202);
    }
    // One id, so that the fold counts one: repeats are harmless.
    expect(new Set(gateway.records('atlas').map(({ eventId }) => eventId))).toEqual(new Set(['m-1']));
    now = NOW + 301_000;
    const late = await gateway.post(BODY, headers, PATH);
    expect([late.status, late.body.code]).toEqual([401, 'signature-time']);
  });

  test('several values of a signature\u2019s header are none', async () => {
    const gateway = await open([hook({ kind: 'header', header: 'x-bot-secret' })]);
    const answer = await gateway.post(BODY, { 'x-bot-secret': `${SECRET}, ${SECRET}` }, PATH);
    expect(answer.status).toBe(401);
  });
});

describe('mapping', () => {
  const KEY = { authorization: `Bearer ${SECRET}` };
  const bearer = { kind: 'bearer' };

  test('what was received is kept byte for byte, with the mapping\u2019s version', async () => {
    const gateway = await open([hook(bearer)]);
    const body = `${BODY}  \n`;
    expect((await gateway.post(body, KEY, PATH)).status).toBe(202);
    const [record] = gateway.records('atlas');
    expect(record).toMatchObject({ adapter: 'voice-ai/3', attributes: { queue: 'PS', attempt: '2' } });
    expect(Buffer.from(record?.['payload'] as Uint8Array).toString()).toBe(body);
  });

  test('a mended mapping reads the past again: from the payloads in the log', async () => {
    // This one took the wrong field for the status.
    const wrong = hook(bearer, { fields: { callId: '/call/id', occurredAt: '/call/endedAt', status: '/call/queue' } });
    const gateway = await open([wrong]);
    expect((await gateway.post(BODY, KEY, PATH)).status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([{ status: 'PS', adapter: 'voice-ai/3' }]);
    const [mended] = readHooks(json([hook(bearer, { adapter: 'voice-ai/4' })]));
    if (mended === undefined) throw new Error('there is a hook');
    for (const { payload } of gateway.records('atlas')) {
      const items = itemsOf(mended.mapping, parseJson(payload as Uint8Array));
      if (isRejection(items)) throw new Error(items.reason);
      expect(items.map((item) => readMapped(mended, item, null))).toMatchObject([
        { subjectId: 'a-1', status: 'Line busy' },
      ]);
    }
  });

  test('a list of items, of which only some are meant', async () => {
    const own = {
      items: '/events',
      only: [{ pointer: '/kind', values: ['ended', '7'] }],
      fields: { callId: '/id', occurredAt: '/at', status: '/why', eventId: '/n' },
      attributes: {},
      times: 'epoch-s',
    };
    const gateway = await open([hook(bearer, own)]);
    const events = [
      { kind: 'ended', id: 'a-1', at: NOW / 1_000, why: 'Line busy', n: 1 },
      { kind: 'started', id: 'a-1' },
      { kind: 7, id: 'a-2', at: String(NOW / 1_000), why: null },
      { kind: 'ended', id: '', at: NOW / 1_000 },
    ];
    const { status, body } = await gateway.post(json({ events }), KEY, PATH);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 2, ignored: 1, refused: 1 });
    expect(body['items']).toMatchObject([
      { status: 'accepted' },
      { status: 'ignored' },
      { status: 'accepted' },
      { code: 'missing-id', pointer: '/callId' },
    ]);
    const kept = gateway
      .records('atlas')
      .map(({ payload }) => JSON.parse(Buffer.from(payload as Uint8Array).toString()) as unknown);
    expect(kept).toEqual(expect.arrayContaining([events[0], events[2]]));
    expect((await gateway.post(json({ events: [events[1]] }), KEY, PATH)).body).toMatchObject({
      accepted: 0,
      ignored: 1,
    });
    expect((await gateway.post('{}', KEY, PATH)).body).toMatchObject({ status: 422, errors: [{ code: 'bad-field' }] });
  });

  test.each([
    ['rfc-2822', 'Mon, 05 Jan 2026 12:00:00 +0000', NOW],
    ['epoch-ms', String(NOW), NOW],
    ['epoch-s', NOW / 1_000 + 0.5, NOW + 500],
    ['iso', NOON, NOW],
    ['rfc-2822', NOON, NOW],
  ])('times as %s: %s', async (times, endedAt, at) => {
    const gateway = await open([hook(bearer, { times })]);
    expect((await gateway.post(json({ call: { id: 'a-1', endedAt } }), KEY, PATH)).status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([{ occurredAt: at }]);
  });

  test('without fields, the payload has the raw names; another tenant\u2019s is refused', async () => {
    const {
      fields: _fields,
      attributes: _attributes,
      ...plain
    } = hook(bearer, { tenantId: 'acme' }) as Record<string, unknown>;
    const gateway = await open([plain]);
    const path = `${PATH}?tenant=acme`;
    const raw = { callId: 'a-1', occurredAt: NOON, status: 'No answer' };
    expect((await gateway.post(json(raw), KEY, path)).status).toBe(202);
    expect(gateway.records('atlas')).toMatchObject([{ tenantId: 'acme', status: 'No answer' }]);
    const foreign = await gateway.post(json({ ...raw, tenantId: 'globex' }), KEY, path);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'foreign-tenant']);
    const unknown = await gateway.post(json(raw), KEY, PATH);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'no-such-hook']);
    expect((await gateway.post(json(raw), KEY, '/v1/hooks/teapot')).body.code).toBe('no-such-path');
  });

  test('a payload nested as deeply as its bytes allow harms nothing', async () => {
    const gateway = await open([hook(bearer, { items: '/events', fields: { callId: '/id', occurredAt: '/at' } })]);
    const deep = `{"events":[{"id":"a-1","at":"${NOON}","deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`;
    const answer = await gateway.post(deep, KEY, PATH);
    // How deep a text may go is for the JavaScript engine to say: later ones read all of it.
    const refused = [422, [{ code: 'not-json' }]];
    expect([answer.status, answer.body['errors']]).toMatchObject(answer.status === 202 ? [202, undefined] : refused);
    expect((await gateway.post(json({ events: [{ id: 'a-1', at: NOON }] }), KEY, PATH)).status).toBe(202);
  });
});

describe('settings', () => {
  test('secrets from files', async () => {
    const file = join(dir, 'secret');
    writeFileSync(file, `${SECRET}\n`);
    const { secrets: _secrets, ...rest } = hook({ kind: 'bearer' });
    const gateway = await open([{ ...rest, secretFiles: [file] }]);
    expect((await gateway.post(BODY, { authorization: `Bearer ${SECRET}` }, PATH)).status).toBe(202);
  });

  test.each([
    ['another source', [hook({ kind: 'bearer' }, { source: 'teapot' })], /HOOKS\[0\]\.source must be one of/],
    ['no secret', [hook({ kind: 'bearer' }, { secrets: [] })], /HOOKS\[0\] must have secrets/],
    ['another scheme', [hook({ kind: 'magic' })], /scheme\.kind must be one of hmac, twilio/],
    [
      'a field that no event has',
      [hook({ kind: 'bearer' }, { fields: { colour: '/x' } })],
      /fields\.colour is not known/,
    ],
    ['no pointer', [hook({ kind: 'bearer' }, { fields: { callId: 'id' } })], /fields\.callId must be a text like/],
    [
      'a time that is not signed',
      [hook({ kind: 'hmac', header: 'x', format: '{timestamp}{signature}' })],
      /must have \{timestamp\} in signed/,
    ],
    [
      'a public address with a path',
      [hook({ kind: 'twilio', publicUrl: 'https://x/y' })],
      /publicUrl must be a text like/,
    ],
    [
      'two for one tenant',
      [hook({ kind: 'bearer' }), hook({ kind: 'bearer' })],
      /two hooks for atlas of tenant default/,
    ],
    ['no file', [hook({ kind: 'bearer' }, { secretFiles: ['/nowhere/at/all'] })], /secretFiles\[0\] cannot be read/],
    ['no version', [hook({ kind: 'bearer' }, { adapter: 'voice' })], /adapter must be a text like/],
  ])('%s stops the start, is named, and no secret is said', async (_what, hooks, says) => {
    expect(() => readHooks(json(hooks))).toThrow(says);
    try {
      readHooks(json(hooks));
    } catch (error) {
      expect(String(error)).not.toContain(SECRET);
    }
  });
});
