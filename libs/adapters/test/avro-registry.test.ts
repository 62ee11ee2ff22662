/** What a registry's answers are taken for: data, away, or a reason to stop. The server says what it is told to. */

import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refused } from '@callfold/engine';
import { SCHEMAS } from '@callfold/schemas';
import { afterEach, describe, expect, test } from 'vitest';
import type { RegistryAuth } from '../src/index.ts';
import { createRegistry, registerAll } from '../src/index.ts';

const TOPIC = 'callfold.agent-intervals';
const SUBJECT = `${TOPIC}-value`;
const JSON_TEXT = JSON.stringify(SCHEMAS[TOPIC]);

type Reply = { readonly status: number; readonly body: unknown } | 'silence';
type Asked = { readonly what: string; readonly body: unknown; readonly authorization: string | undefined };

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? null : JSON.parse(text);
}

type Replies = Readonly<Record<string, Reply | readonly Reply[]>>;

/** @param replies by `METHOD /path`, of a list one after the other and then its last; anything else is no such page. */
async function serve(replies: Replies) {
  const asked: Asked[] = [];
  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const what = `${request.method} ${request.url?.replace(/\?.*/, '')}`;
    asked.push({ what, body: await bodyOf(request), authorization: request.headers.authorization });
    const reply = replies[what] ?? { status: 404, body: '<html>no such page</html>' };
    if (!Array.isArray(reply)) return reply as Reply;
    const before = asked.filter((one) => one.what === what).length - 1;
    return reply[Math.min(before, reply.length - 1)] as Reply;
  };
  const server = createServer((request, response) => {
    void answer(request).then((reply) => {
      if (reply === 'silence') return;
      response.writeHead(reply.status, { 'content-type': 'application/json' });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return { asked, port, url: `http://127.0.0.1:${port}/api` };
}

const apiError = (status: number, code: number): Reply => ({ status, body: { error_code: code, message: 'said so' } });

async function schemaAt(reply: Reply, id = 7) {
  const { url } = await serve({ [`GET /api/schemas/ids/${id}`]: reply });
  return createRegistry({ url, timeoutMs: 300 }).schema(id);
}

describe('a schema', () => {
  test('is what the registry has', async () => {
    expect(await schemaAt({ status: 200, body: { schema: JSON_TEXT } })).toEqual(SCHEMAS[TOPIC]);
    expect(await schemaAt({ status: 200, body: { schema: JSON_TEXT, schemaType: 'AVRO', references: [] } })).toEqual(
      SCHEMAS[TOPIC],
    );
  });

  test('does not exist only when the registry itself says so', async () => {
    expect(await schemaAt(apiError(404, 40_403))).toBeNull();
  });

  test.each<[string, Reply, RegExp]>([
    ['a proxy’s page for a wrong address', { status: 404, body: '<html>no such page</html>' }, /answered 404 <html>/],
    ['another 404', apiError(404, 40_401), /answered 404 with code 40401/],
    ['an error of the registry', apiError(500, 50_001), /answered 500/],
    ['an error without a body', { status: 502, body: '' }, /answered 502/],
    ['a refusal to whoever asks', apiError(401, 401), /answered 401/],
    ['a 200 that is no answer', { status: 200, body: '<html>log in</html>' }, /answered 200 <html>/],
    ['a 200 of some other service', { status: 200, body: { status: 'up' } }, /answered 200 without a schema/],
    ['a 200 that was cut', { status: 200, body: { schema: '{"type":' } }, /answered 200 without a schema/],
    ['silence', 'silence', /did not answer: .*timeout/],
  ])('is not to be had now: %s', async (_name, reply, message) => {
    const answer = schemaAt(reply);
    await expect(answer).rejects.toThrow(message);
    await expect(answer).rejects.toThrow('GET /schemas/ids/7');
    await expect(answer).rejects.not.toBeInstanceOf(Refused);
  });

  test('that it does not know is asked for again, when it does not know either what it gave out itself', async () => {
    const replies: Record<string, Reply> = {
      [`GET /api/config/${TOPIC}-value`]: { status: 200, body: { compatibilityLevel: 'FULL_TRANSITIVE' } },
      [`POST /api/subjects/${TOPIC}-value`]: { status: 200, body: { id: 3 } },
      'GET /api/schemas/ids/3': { status: 200, body: { schema: JSON_TEXT } },
      'GET /api/schemas/ids/7': apiError(404, 40_403),
    };
    const { url } = await serve(replies);
    const registry = createRegistry({ url });
    await registry.register(TOPIC);
    expect(await registry.schema(7)).toBeNull();
    replies['GET /api/schemas/ids/3'] = apiError(404, 40_403);
    await expect(registry.schema(7)).rejects.toThrow(/knows no schema 7, and not 3 any more.*another registry/);
  });

  test('is not to be had from a registry that is not there, and the message says what to check', async () => {
    const { port } = await serve({});
    for (const server of servers.splice(0)) server.close();
    const registry = createRegistry({ url: `http://user:secret@127.0.0.1:${port}` });
    const message = await registry.schema(1).then(() => '', String);
    expect(message).toMatch(/did not answer: .*ECONNREFUSED.* check the registry and CALLFOLD_REGISTRY_URL/);
    expect(message).not.toContain('secret');
  });

  test('that is none of Avro’s, or no record, is known and cannot be used', async () => {
    expect(await schemaAt({ status: 200, body: { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' } })).toEqual({
      unusable: 'it is of type PROTOBUF, not AVRO',
    });
    expect(await schemaAt({ status: 200, body: { schema: '"string"' } })).toEqual({ unusable: 'it is no record' });
  });

  test('that refers to others comes with them', async () => {
    const references = [{ name: 'a.Inner', subject: 'inner', version: 2 }];
    const outer = { type: 'record', name: 'Outer', namespace: 'a', fields: [{ name: 'inner', type: 'a.Inner' }] };
    const inner = { type: 'record', name: 'Inner', namespace: 'a', fields: [{ name: 'n', type: 'long' }] };
    const { url } = await serve({
      'GET /api/schemas/ids/7': { status: 200, body: { schema: JSON.stringify(outer), references } },
      'GET /api/subjects/inner/versions/2': { status: 200, body: { schema: JSON.stringify(inner), id: 6 } },
    });
    expect(await createRegistry({ url }).schema(7)).toMatchObject({
      name: 'a.Outer',
      fields: [{ name: 'inner', type: { name: 'a.Inner', fields: [{ name: 'n', type: 'long' }] } }],
    });
  });

  test.each<[string, RegistryAuth | null, string, string]>([
    ['of the address', null, 'us%40er:pa%3Ass@', `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`],
    ['given', { username: 'u', password: 'p' }, '', `Basic ${Buffer.from('u:p').toString('base64')}`],
    ['a token', { bearer: 'tok' }, '', 'Bearer tok'],
  ])('is asked for as the user: %s', async (_name, auth, inUrl, header) => {
    const { asked, port } = await serve({
      'GET /schemas/ids/7': { status: 200, body: { schema: JSON_TEXT } },
      [`POST /subjects/${SUBJECT}/versions`]: { status: 200, body: { id: 5 } },
      [`GET /config/${SUBJECT}`]: apiError(404, 40_408),
      [`POST /subjects/${SUBJECT}`]: apiError(404, 40_401),
      [`PUT /config/${SUBJECT}`]: { status: 200, body: {} },
    });
    const registry = createRegistry({ url: `http://${inUrl}127.0.0.1:${port}/`, ...(auth && { auth }) });
    await registry.schema(7);
    await registry.register(TOPIC);
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.map(({ authorization }) => authorization)).toEqual(asked.map(() => header));
  });
});

describe('registering', () => {
  const config = `GET /api/config/${SUBJECT}`;
  const lookUp = `POST /api/subjects/${SUBJECT}`;
  const add = `POST /api/subjects/${SUBJECT}/versions`;
  const setConfig = `PUT /api/config/${SUBJECT}`;
  const level = (compatibilityLevel: string): Reply => ({ status: 200, body: { compatibilityLevel } });
  const done: Reply = { status: 200, body: { id: 5 } };

  async function register(replies: Replies) {
    const { asked, url } = await serve(replies);
    const registry = createRegistry({ url, timeoutMs: 1_000 });
    const outcome = await registerAll(registry, [TOPIC]).then(
      (ids) => ids.get(TOPIC),
      (error: unknown) => error,
    );
    return { outcome, writes: asked.filter(({ what }) => what !== lookUp && !what.startsWith('GET ')), asked };
  }

  test('a new subject gets the schema with its words, then its compatibility', async () => {
    const { outcome, writes } = await register({
      [config]: apiError(404, 40_408),
      [lookUp]: apiError(404, 40_401),
      [add]: done,
      [setConfig]: done,
    });
    expect(outcome).toBe(5);
    expect(writes.map(({ what }) => what)).toEqual([add, setConfig]);
    expect(writes[0]?.body).toMatchObject({ schema: JSON_TEXT });
    expect(writes[1]?.body).toEqual({ compatibility: 'FULL_TRANSITIVE' });
  });

  test('what is right already is only looked at: a user who may read is enough', async () => {
    const { outcome, writes } = await register({ [config]: level('FULL_TRANSITIVE'), [lookUp]: done });
    expect(outcome).toBe(5);
    expect(writes).toEqual([]);
  });

  test('a compatibility that nobody chose is set, and was the crash between schema and compatibility', async () => {
    const { outcome, writes } = await register({
      [config]: level('NONE'),
      'GET /api/config': level('NONE'),
      [setConfig]: done,
      [lookUp]: done,
    });
    expect(outcome).toBe(5);
    expect(writes.map(({ what }) => what)).toEqual([setConfig]);
    const lost = await register({ [config]: apiError(404, 40_408), [lookUp]: done, [add]: done, [setConfig]: done });
    expect(lost.writes.map(({ what }) => what)).toEqual([add, setConfig]);
  });

  test('a conflict with a service that registers at the same time is looked at again', async () => {
    const { outcome, writes } = await register({
      [config]: [apiError(404, 40_408), level('FULL_TRANSITIVE')],
      [lookUp]: [apiError(404, 40_401), done],
      [add]: apiError(409, 409),
    });
    expect(outcome).toBe(5);
    expect(writes.map(({ what }) => what)).toEqual([add]);
  });

  test('one that somebody chose is not overruled', async () => {
    const { outcome, writes } = await register({ [config]: level('FORWARD'), 'GET /api/config': level('BACKWARD') });
    expect(outcome).toBeInstanceOf(Refused);
    expect(String(outcome)).toMatch(/has compatibility FORWARD, and FULL_TRANSITIVE is needed.*PUT http/);
    expect(writes).toEqual([]);
  });

  test.each<[string, Reply, RegExp]>([
    ['an incompatible schema', apiError(409, 409), /it breaks compatibility with an earlier version/],
    ['a user who may not', apiError(403, 403), /not allowed.*callfold topics apply/],
    ['an invalid schema', apiError(422, 42_201), /says the schema is invalid/],
  ])('stops at %s', async (_name, reply, message) => {
    const { outcome } = await register({
      [config]: level('FULL_TRANSITIVE'),
      [lookUp]: apiError(404, 40_403),
      [add]: reply,
    });
    expect(outcome).toBeInstanceOf(Refused);
    expect(String(outcome)).toMatch(message);
    expect(String(outcome)).toContain(SUBJECT);
  });

  test.each<[string, Reply]>([
    ['an error', apiError(500, 50_001)],
    ['silence', 'silence'],
  ])(
    'does not stop at %s: the registry is away',
    async (_name, reply) => {
      const { outcome } = await register({
        [config]: level('FULL_TRANSITIVE'),
        [lookUp]: apiError(404, 40_403),
        [add]: reply,
      });
      expect(outcome).toBeInstanceOf(Error);
      expect(outcome).not.toBeInstanceOf(Refused);
      expect(String(outcome)).toMatch(/RegistryAway: .*asked again/);
    },
    30_000,
  );

  test('tells what is registered and under which compatibility, changing nothing', async () => {
    const { url, asked } = await serve({ [config]: level('backward'), [lookUp]: apiError(404, 40_403) });
    const registry = createRegistry({ url });
    expect(await registry.compatibility(TOPIC)).toBe('BACKWARD');
    expect(await registry.registered(TOPIC)).toBeNull();
    expect(asked.map(({ what }) => what)).toEqual([config, lookUp]);
    await expect(registry.registered('callfold.nothing')).rejects.toThrow('no schema for topic callfold.nothing');
  });
});
