/** Secrets of every kind, and every connection failing: whatever is said of it, no secret is in it, in no form. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callfold, checkBuilt, start, until } from './built-command.ts';

const TEST_MS = 120_000;
const PASSWORDS = {
  kafka: 'kafka/p@ss wörd+1',
  registry: 'registry&p@ss=wörd',
  token: 'registry-tök+en/2',
  redis: 'redis:p@ss/wörd#3',
  sentinel: 'sentinel?p@ss%4',
  pii: 'the key that hides people, and that nobody may read',
};

/** As logs, URLs, HTTP and JSON would have them. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    Buffer.from(`user:${secret}`).toString('base64').replace(/=+$/, ''),
  ];
}

function expectNoSecret(text: string): void {
  for (const [name, secret] of Object.entries(PASSWORDS)) {
    for (const form of formsOf(secret)) expect(text.includes(form), `${name} as ${form} in:\n${text}`).toBe(false);
  }
}

/** A registry behind a proxy that repeats what it was sent, as some error pages do. */
let echo!: Server;
let registry = '';
let dir = '';
beforeAll(async () => {
  checkBuilt();
  dir = mkdtempSync(join(tmpdir(), 'callfold-leak-'));
  echo = createServer((request, response) => {
    response.writeHead(503).end(`no backend for: ${JSON.stringify(request.headers)} ${request.url}`);
  });
  await new Promise<void>((resolve) => {
    echo.listen(0, '127.0.0.1', resolve);
  });
  registry = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
});
afterAll(() => {
  echo.close();
  rmSync(dir, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, `${text}\n`);
  return path;
}

const COMMON = {
  CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1',
  CALLFOLD_KAFKA_SASL_MECHANISM: 'plain',
  CALLFOLD_KAFKA_SASL_USERNAME: 'user',
  CALLFOLD_HTTP_PORT: '0',
  CALLFOLD_LOG_LEVEL: 'debug',
};

/** The same secrets, in each of the places where they can be given. */
const PLACES: Readonly<Record<string, () => Record<string, string>>> = {
  'in variables': () => ({
    ...COMMON,
    CALLFOLD_KAFKA_SASL_PASSWORD: PASSWORDS.kafka,
    CALLFOLD_REGISTRY_URL: `http://${registry}`,
    CALLFOLD_REGISTRY_USERNAME: 'user',
    CALLFOLD_REGISTRY_PASSWORD: PASSWORDS.registry,
    CALLFOLD_REDIS_URL: 'redis+sentinel://127.0.0.1:1/main',
    CALLFOLD_REDIS_PASSWORD: PASSWORDS.redis,
    CALLFOLD_REDIS_SENTINEL_PASSWORD: PASSWORDS.sentinel,
    CALLFOLD_PII_KEY: PASSWORDS.pii,
  }),
  'in files': () => ({
    ...COMMON,
    CALLFOLD_KAFKA_SASL_PASSWORD_FILE: file('kafka', PASSWORDS.kafka),
    CALLFOLD_REGISTRY_URL: `http://${registry}`,
    CALLFOLD_REGISTRY_TOKEN_FILE: file('token', PASSWORDS.token),
    CALLFOLD_REDIS_URL: 'redis://127.0.0.1:1',
    CALLFOLD_REDIS_PASSWORD_FILE: file('redis', PASSWORDS.redis),
    CALLFOLD_PII_KEY_FILE: file('pii', PASSWORDS.pii),
  }),
  'in URLs': () => ({
    ...COMMON,
    CALLFOLD_KAFKA_SASL_PASSWORD: PASSWORDS.kafka,
    CALLFOLD_REGISTRY_URL: `http://user:${encodeURIComponent(PASSWORDS.registry)}@${registry}`,
    CALLFOLD_REDIS_URL: `redis://user:${encodeURIComponent(PASSWORDS.redis)}@127.0.0.1:1`,
  }),
};

const COMMANDS = [
  ['status'],
  ['verify'],
  ['topics', 'check'],
  ['topics', 'apply'],
  ['explain', 'call', 'x'],
  ['report'],
];

describe.each(Object.keys(PLACES))('secrets %s', (name) => {
  it(
    'are in nothing that a service says while nothing answers, in logs, readiness and metrics',
    async () => {
      const env = PLACES[name]?.() ?? {};
      for (const role of ['projector', 'outcomes']) {
        const running = start(['serve', role], { env });
        const texts: string[] = [];
        await until(
          'it says where it listens and that something is away',
          () => /http:\/\/127\.0\.0\.1:\d+/.test(running.err()) && /registry/.test(running.err()),
          {
            mostMs: TEST_MS,
            running,
          },
        );
        const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(running.err().replaceAll(`http://${registry}`, '')) ?? [];
        for (const path of ['/readyz', '/readyz?verbose', '/metrics', '/livez', '/nowhere']) {
          const answer = await fetch(url + path);
          texts.push(await answer.text());
        }
        running.child.kill('SIGTERM');
        const { out, err } = await running.ended;
        expectNoSecret([out, err, ...texts].join('\n'));
        expect(err).toMatch(/registry/);
      }
    },
    TEST_MS,
  );

  it(
    'are in no error of a command, and in no help',
    async () => {
      const env = PLACES[name]?.() ?? {};
      const ended = await Promise.all([
        ...COMMANDS.map((args) => callfold(args, { env })),
        callfold(['serve', '--help'], { env }),
        callfold(['--help'], { env }),
        callfold(['status'], { env: { ...env, CALLFOLD_NO_SUCH: 'x' } }),
        callfold(['status'], { env: { ...env, CALLFOLD_PARTITIONS: 'x' } }),
      ]);
      for (const { out, err } of ended) expectNoSecret(`${out}\n${err}`);
      expect(ended[0]?.code).not.toBe(0);
      expect(ended[0]?.err).toContain('registry');
    },
    TEST_MS,
  );
});
