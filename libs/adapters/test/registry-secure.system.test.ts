/** A registry over TLS that lets in whoever shows a certificate and says who it is, by password or by token. */

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDir } from '../../../infra/parts/index.mjs';
import { createRegistry } from '../src/avro/registry.ts';
import { readConfig } from '../src/ops/config.ts';
import type { Authority, KeyPair } from './tls-keys.ts';
import { makeAuthority } from './tls-keys.ts';

const TOPIC = 'callfold.raw.atlas';
const ALLOWED: ReadonlySet<string> = new Set([
  'Bearer a-token',
  `Basic ${Buffer.from('callfold:p@ss').toString('base64')}`,
]);
const ID = 7;

let keys!: Authority;
let client!: KeyPair;
let url = '';
/** What was asked, by whoever was let in. */
const asked: string[] = [];
let close = async (): Promise<void> => undefined;

beforeAll(async () => {
  keys = makeAuthority(join(testDir('registry-secure'), 'keys'));
  client = keys.issue('client', 'DNS:callfold');
  const { cert, key } = keys.issue('server', 'DNS:registry.example');
  const server = createServer(
    { cert, key, ca: keys.ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const isAllowed = ALLOWED.has(request.headers.authorization ?? '');
      if (isAllowed) asked.push(`${request.method} ${request.url}`);
      request.resume().once('end', () => {
        const isConfig = request.url?.startsWith('/config') ?? false;
        const answer = isConfig ? { compatibilityLevel: 'BACKWARD' } : { id: ID, schema: '"string"' };
        response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify(isAllowed ? answer : { error_code: 401, message: 'Unauthorized' }));
      });
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
afterAll(() => close());

/** By the way of the services: settings to a registry. */
function open(environment: Record<string, string>) {
  const { registry } = readConfig({
    CALLFOLD_REGISTRY_URL: url,
    CALLFOLD_REGISTRY_TLS_CA_FILE: keys.caFile,
    CALLFOLD_REGISTRY_TLS_CERT_FILE: client.certFile,
    CALLFOLD_REGISTRY_TLS_KEY_FILE: client.keyFile,
    CALLFOLD_REGISTRY_TLS_SERVERNAME: 'registry.example',
    ...environment,
  });
  if (!registry) throw new Error('no registry is configured');
  const { token, username, password = '', tls } = registry;
  const auth = token ? { bearer: token } : username ? { username, password } : null;
  return createRegistry({ url: registry.url, ...(tls && { tls }), ...(auth && { auth }) });
}

const withUser = (): string => url.replace('https://', 'https://callfold:p%40ss@');

describe('a registry with TLS', () => {
  it.each([
    ['a token', () => ({ CALLFOLD_REGISTRY_TOKEN: 'a-token' })],
    ['a user', () => ({ CALLFOLD_REGISTRY_USERNAME: 'callfold', CALLFOLD_REGISTRY_PASSWORD: 'p@ss' })],
    ['a user in the URL', () => ({ CALLFOLD_REGISTRY_URL: withUser() })],
  ])('lets in %s, to ask and to register', async (_name, environment) => {
    asked.length = 0;
    const registry = open(environment());
    expect(await registry.schema(ID)).not.toBeNull();
    expect(await registry.register(TOPIC)).toBe(ID);
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });

  it('refuses whoever says nothing, or something wrong, and the error says so without the secret', async () => {
    for (const environment of [{}, { CALLFOLD_REGISTRY_TOKEN: 'guessed-wrongly' }]) {
      const registry = open(environment);
      await expect(registry.schema(ID)).rejects.toThrow(/answered 401/);
      await expect(registry.register(TOPIC)).rejects.toThrow(/not allowed/);
      await expect(registry.register(TOPIC)).rejects.not.toThrow(/guessed-wrongly/);
    }
  });

  it('is not spoken to by a wrong authority or name, nor without a certificate', async () => {
    const other = makeAuthority(join(testDir('registry-secure-other'), 'keys'));
    const token = { CALLFOLD_REGISTRY_TOKEN: 'a-token' };
    await expect(open({ ...token, CALLFOLD_REGISTRY_TLS_CA_FILE: other.caFile }).schema(ID)).rejects.toThrow(
      /certificate/,
    );
    const renamed = open({ ...token, CALLFOLD_REGISTRY_TLS_SERVERNAME: 'another.example' });
    await expect(renamed.schema(ID)).rejects.toThrow(/another\.example|altnames/);
    const bare = { CALLFOLD_REGISTRY_TLS_CERT_FILE: '', CALLFOLD_REGISTRY_TLS_KEY_FILE: '' };
    await expect(open({ ...token, ...bare }).schema(ID)).rejects.toThrow(/did not answer/);
  });
});
