/** Senders that are slow, huge, or no HTTP at all: each is refused by name, and holds no memory. */

import { connect } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { HarnessOptions, TestGateway } from './gateway-harness.ts';
import { event, json, lines, openGateway } from './gateway-harness.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const MIB = 1_048_576;
const opened: TestGateway[] = [];
async function open(options?: HarnessOptions): Promise<TestGateway> {
  const gateway = await openGateway(options);
  opened.push(gateway);
  return gateway;
}
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** What a bare connection is answered, until it is closed. */
async function bare(url: string, texts: readonly string[], pauseMs = 0): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => (answer += String(text)));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  for (const text of texts) {
    socket.write(text);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await closed;
  return answer;
}

const post = (headers: string, path = '/v1/events') => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
const JSON_TYPE = 'content-type: application/json\r\n';

describe('slow senders', () => {
  test('headers that never end', async () => {
    const gateway = await open({ limits: { headersMs: 300 } });
    expect(await bare(gateway.url, ['POST /v1/events HTTP/1.1\r\nhost: x\r\n'])).toContain('HTTP/1.1 408');
    // Nothing at all is no request either.
    expect(await bare(gateway.url, [])).toContain('408');
    expect(await gateway.metrics.text()).toMatch(/refused_early_total\{[^}]*what="headers-too-slow"[^}]*\} 2/);
  });

  test('a body that stands still', async () => {
    const gateway = await open({ limits: { silentMs: 200, lingerMs: 100 } });
    const answer = await bare(gateway.url, [`${post(`${JSON_TYPE}content-length: 100\r\n`)}{"source"`]);
    expect(answer).toContain('HTTP/1.1 408');
    expect(answer).toContain('"code":"too-slow"');
  });

  test('a body that drips', async () => {
    const gateway = await open({ limits: { slowAfterMs: 200, lingerMs: 100 } });
    const drops = Array.from({ length: 12 }, () => ' ');
    const head = post('content-type: application/x-ndjson\r\ncontent-length: 1000\r\n');
    expect(await bare(gateway.url, [head, ...drops], 30)).toContain('"code":"too-slow"');
  });

  test('a sender that goes away in the middle leaves nothing', async () => {
    const gateway = await open({ limits: { silentMs: 5_000 } });
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const body = `${json(event('c-1'))}\n{"source":`;
    socket.write(`${post('content-type: application/x-ndjson\r\ncontent-length: 100000\r\n')}${body}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await gateway.gateway.stop();
    expect(await gateway.metrics.text()).toMatch(/callfold_gateway_held_bytes\{[^}]*\} 0\n/);
  });
});

describe('huge bodies', () => {
  const env = { CALLFOLD_GATEWAY_BODY_BYTES: '65536' };

  test('said beforehand, or found while it comes', async () => {
    const gateway = await open({ env, limits: { lingerMs: 100 } });
    const said = await bare(gateway.url, [post(`${JSON_TYPE}content-length: 99999999999\r\n`)]);
    expect(said).toContain('HTTP/1.1 413');
    const found = await gateway.post(`[${`${json(event('c-1'))},`.repeat(2_000)}1]`);
    expect([found.status, found.body.code]).toEqual([413, 'too-large']);
    const chunk = `1000\r\n${' '.repeat(4_096)}\r\n`;
    const chunked = await bare(gateway.url, [post(`${JSON_TYPE}transfer-encoding: chunked\r\n`), chunk.repeat(20)]);
    expect(chunked).toContain('"code":"too-large"');
    expect(gateway.records('callcenter24')).toEqual([]);
  });

  test('a hook takes what fits into a record', async () => {
    const hooks = [{ source: 'atlas', adapter: 'a/1', scheme: { kind: 'bearer' }, secrets: ['0123456789abcdef'] }];
    const gateway = await open({ env: { CALLFOLD_GATEWAY_HOOKS: json(hooks) } });
    const body = json({ callId: 'a', occurredAt: 0, note: 'x'.repeat(1_000_000) });
    const answer = await gateway.post(body, { authorization: 'Bearer 0123456789abcdef' }, '/v1/hooks/atlas');
    expect([answer.status, answer.body.code]).toEqual([413, 'too-large']);
  });

  test('one endless line of NDJSON is one refusal, and what follows it is taken', async () => {
    const gateway = await open();
    const body = `"${'x'.repeat(3 * MIB)}"\n${json(event('c-1'))}\n`;
    const { status, body: told } = await gateway.post(body, NDJSON);
    expect([status, told['items']]).toMatchObject([202, [{ code: 'too-large', line: 1 }, { status: 'accepted' }]]);
  });
});

describe('gzip bombs', () => {
  const zeros = gzipSync(Buffer.alloc(64 * MIB));

  test('of JSON', async () => {
    const gateway = await open();
    expect(zeros.length).toBeLessThan(MIB / 8);
    const answer = await gateway.post(zeros, { 'content-encoding': 'gzip' });
    // It unpacks past what a body may have before its packing alone tells.
    expect([answer.status, answer.body.code]).toEqual([413, 'too-large']);
  });

  test('of NDJSON, endless: memory stays where it was', { timeout: 60_000 }, async () => {
    const gateway = await open();
    const before = process.memoryUsage().rss;
    async function* endless() {
      for (;;) yield Buffer.alloc(MIB);
    }
    const body = Readable.from(endless()).pipe(createGzip());
    const headers = { ...NDJSON, 'content-encoding': 'gzip' };
    const init: RequestInit = { method: 'POST', headers, body: Readable.toWeb(body), duplex: 'half' };
    const answer = await fetch(`${gateway.url}/v1/events`, init);
    const told = (await answer.json()) as { code: string };
    body.destroy();
    expect([answer.status, told.code]).toEqual([413, 'unpacked-too-large']);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  });

  test('what is packed as much as events are is none', async () => {
    const gateway = await open();
    const many = Array.from({ length: 20_000 }, (_, n) => event(`c-${n}`));
    const text = lines(many);
    const answer = await gateway.post(gzipSync(text), { ...NDJSON, 'content-encoding': 'gzip' });
    expect([answer.status, answer.body['accepted']]).toEqual([202, 20_000]);
  });
});

describe('what is no HTTP', () => {
  test.each([
    ['a line break in a header', post(`${JSON_TYPE}x-a: b\n injected: 1\r\n\r\n`)],
    ['a bare return in a header', post(`x-a: b\rinjected: 1\r\n`)],
    ['a zero byte in a header', post('x-a: b\0c\r\n')],
    ['two lengths', post(`${JSON_TYPE}content-length: 2\r\ncontent-length: 3\r\n`)],
    [
      'a length and chunks, as smuggled requests have',
      post(`${JSON_TYPE}content-length: 2\r\ntransfer-encoding: chunked\r\n`),
    ],
    ['no HTTP at all', 'hello\r\n\r\n'],
  ])('%s', async (_what, text) => {
    const gateway = await open({ limits: { headersMs: 500 } });
    const answer = await bare(gateway.url, [text]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('application/problem+json');
    expect(answer.toLowerCase()).not.toContain('\ninjected');
  });

  test('headers without an end', async () => {
    const gateway = await open();
    const answer = await bare(gateway.url, [post(`x-a: ${'b'.repeat(40_000)}\r\n`)]);
    expect(answer).toContain('HTTP/1.1 431');
    expect(answer).toContain('application/problem+json');
  });

  test('a path of control characters, and a tenant of them, come into no header and no log line', async () => {
    const gateway = await open();
    const answer = await gateway.post('{}', {}, '/v1/hooks/atlas?tenant=%0d%0aset-cookie:%20a');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(gateway.logged()).not.toContain('set-cookie');
  });
});

test('nobody who publishes over HTTP can erase: no record lacks a value, and none has a header of theirs', async () => {
  const gateway = await open();
  const asked = '{"version":1,"records":[]}';
  const tried = [
    await gateway.post(json(event('a', { 'callfold-erase': asked })), { 'callfold-erase': asked }),
    await gateway.post(json(event('b', { headers: { 'callfold-erase': asked }, payload: null })), {}),
    await gateway.post('null', { 'callfold-erase': asked }),
    await gateway.post('', { 'callfold-erase': asked }),
    await gateway.post(lines([null, event('c')]), { ...NDJSON, 'callfold-erase': asked }),
  ];
  expect(tried.some(({ status }) => status === 202)).toBe(true);
  const stood = gateway.raw('callcenter24');
  expect(stood.length).toBeGreaterThan(0);
  for (const { value, headers } of stood) {
    expect(value).not.toBeNull();
    expect(headers.map(({ name }) => name)).not.toContain('callfold-erase');
  }
});
