import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '@callfold/adapters';
import { readConfig, startHttp } from '@callfold/adapters';
import { DEFAULT_SETTINGS } from '@callfold/core';
import { afterEach, describe, expect, test } from 'vitest';
import type { Context, Exit } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import { explainCommand } from '../src/commands/explain.ts';
import { addCommandRoutes } from '../src/site-commands.ts';
import { addSubjectRoutes } from '../src/subject-routes.ts';
import type { TestSite } from './explain-site.ts';
import { openTestSite } from './explain-site.ts';

/** `callfold dev`'s answers, and the command that asks for them: two processes of one machine, here one. */

type Nearby = { readonly log: TestSite; readonly url: string; ask(path: string, accept?: string): Promise<Response> };

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function openDev(): Promise<Nearby> {
  const log = await openTestSite();
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [],
    metrics: [],
    routes(app) {
      addSubjectRoutes(app, { site: log.site, settings: DEFAULT_SETTINGS });
      addCommandRoutes(app, { site: log.site, config: readConfig({}), services: [] });
    },
  });
  closing.push(() => http.close());
  return {
    log,
    url: http.url,
    ask: (path, accept = 'application/json') => fetch(`${http.url}${path}`, { headers: { accept } }),
  };
}

type Ran = { readonly exit: Exit; readonly out: string; readonly said: string };

async function run(
  url: string,
  id: string,
  options: { readonly tenant?: string; readonly at?: string; readonly archive?: string } = {},
  json = false,
): Promise<Ran> {
  const config: Config = readConfig({ CALLFOLD_HTTP_HOST: '127.0.0.1', CALLFOLD_HTTP_PORT: new URL(url).port });
  let out = '';
  let said = '';
  const context: Context = {
    config,
    out: (text) => void (out += text),
    say: (text) => void (said += `${text}\n`),
    json,
    stop: { requested: false, wanted: new Promise(() => undefined) },
  };
  const exit = await explainCommand('call', id, { tenant: 'default', ...options }, context);
  return { exit, out, said };
}

const tell = ({ log }: Nearby, callId = 'c-1'): void =>
  log.tell({ source: 'callcenter24', callId }, [
    [0, 'Registred in CallCenter24'],
    [1, 'Participant join (Contact)'],
    [9, 'Participant leave (Contact)'],
    [40, 'Record added', { attributes: { queue: 'sales' } }],
  ]);

/** Every number in it, with where it stands. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => numbersIn(one, `${path}/${name}`));
}

describe('GET /v1/explain', () => {
  test('answers all of it as JSON, every time a text of ISO 8601', async () => {
    const dev = await openDev();
    tell(dev);
    const answer = await dev.ask('/v1/explain/call/c-1');
    expect(answer.status).toBe(200);
    const { explanations } = (await answer.json()) as { explanations: Record<string, unknown>[] };
    expect(explanations).toMatchObject([
      {
        kind: 'call',
        tenantId: 'default',
        source: 'callcenter24',
        subjectId: 'c-1',
        standing: 'closed',
        clock: '2026-01-05T09:00:40.100Z',
        place: { topic: 'callfold.raw.callcenter24', start: 0, upTo: 4 },
        next: { due: '2026-01-05T09:00:45.100Z', says: 'what is settled is published' },
        records: [
          {
            revision: 1,
            standing: 'changed',
            record: { outcome: 'abandoned', queuedAt: '2026-01-05T09:00:01.000Z', attributes: { queue: 'sales' } },
            decision: { rule: 'contact-left-unanswered', restsOn: [{ occurredAt: '2026-01-05T09:00:09.000Z' }, {}] },
          },
        ],
      },
    ]);
    expect(explanations[0]?.['timeline']).toMatchObject([
      { what: 'event', occurredAt: '2026-01-05T09:00:00.000Z', loggedAt: '2026-01-05T09:00:00.100Z' },
      { what: 'event' },
      {
        what: 'event',
        changes: expect.arrayContaining([
          {
            record: null,
            field: 'endedAt',
            from: null,
            to: '2026-01-05T09:00:09.000Z',
            says: 'ended 2026-01-05T09:00:09.000Z',
          },
        ]) as unknown,
      },
      {
        what: 'timer',
        due: '2026-01-05T09:00:14.100Z',
        why: ['settled'],
        published: [{ record: { revision: 1, ingestedAt: '2026-01-05T09:00:09.100Z' } }],
      },
      { what: 'event' },
    ]);
    const epochs = numbersIn(explanations).filter(([, number]) => number > 100_000_000);
    expect(epochs).toEqual([]);
  });

  test('answers as text where text is asked for', async () => {
    const dev = await openDev();
    tell(dev);
    const answer = await dev.ask('/v1/explain/call/c-1', 'text/plain');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toContain('call c-1 of tenant default, told by callcenter24: 4 events, closed');
  });

  test('takes ids as long as ids can be, with slashes and all', async () => {
    const dev = await openDev();
    const id = `${'long/'.repeat(50)}%2F?#`;
    tell(dev, id);
    const answer = await dev.ask(`/v1/explain/call/${encodeURIComponent(id)}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ explanations: [{ subjectId: id }] });
  });

  test('answers as of a time or an offset', async () => {
    const dev = await openDev();
    tell(dev);
    for (const at of ['2026-01-05T09:00:05Z', '1']) {
      const answer = await dev.ask(`/v1/explain/call/c-1?at=${encodeURIComponent(at)}`);
      expect(await answer.json()).toMatchObject({ explanations: [{ standing: 'open', timeline: [{}, {}] }] });
    }
  });

  test.each([
    ['/v1/explain/call/c-1?at=yesterday', 400, 'at: "yesterday" is neither. Expected an ISO 8601 time'],
    ['/v1/explain/person/c-1', 400, '"person" is none of call, chat, agent.'],
    ['/v1/explain/call/c-1?tenant=a/b', 400, 'The tenant "a/b" does not match'],
    ['/v1/explain/call/c-9', 404, 'No events of call c-9 of tenant default are in the log'],
  ])('%s is answered %i', async (path, code, message) => {
    const dev = await openDev();
    tell(dev);
    const asJson = await dev.ask(path);
    expect(asJson.status).toBe(code);
    expect(((await asJson.json()) as { error: string }).error).toContain(message);
    const asText = await dev.ask(path, 'text/plain');
    expect(asText.status).toBe(code);
    expect(await asText.text()).toContain(message);
  });
});

describe('callfold explain, of a dev nearby', () => {
  test('prints the text, or JSON, and exits with 0', async () => {
    const dev = await openDev();
    tell(dev);
    const text = await run(dev.url, 'c-1');
    expect(text).toMatchObject({ exit: EXIT.done, said: '' });
    expect(text.out).toMatch(/^call c-1 of tenant default/);
    const json = await run(dev.url, 'c-1', {}, true);
    expect(json).toMatchObject({ exit: EXIT.done, said: '' });
    expect(JSON.parse(json.out)).toMatchObject({ explanations: [{ subjectId: 'c-1' }] });
  });

  test('ends with what stands and what readers see there', async () => {
    const dev = await openDev();
    tell(dev);
    const { out } = await run(dev.url, 'c-1');
    expect(out).toContain('What stands in the derived topics:\n\n  nothing\n');
    expect(out).toContain('What readers see, by generation 1 (not folded yet): nothing\n');
    const json = await run(dev.url, 'c-1', {}, true);
    expect(JSON.parse(json.out)).toMatchObject({
      explanations: [
        {
          live: {
            asOf: null,
            standing: [],
            sights: [{ state: 'live' }, { values: { phase: 'ended', outcome: 'abandoned' } }],
          },
        },
      ],
    });
  });

  test('goes back to a moment', async () => {
    const dev = await openDev();
    tell(dev);
    const { out } = await run(dev.url, 'c-1', { at: '2026-01-05T11:00:05+02:00' });
    expect(out).toContain('2 events, still open');
    expect(out).toContain('What stood in the derived topics by then:');
  });

  test.each([false, true])('exits with 1 for what is not there, and says where it may be (JSON: %s)', async (json) => {
    const dev = await openDev();
    tell(dev);
    const ran = await run(dev.url, 'C-1', {}, json);
    expect(ran).toMatchObject({ exit: EXIT.failed, out: '' });
    expect(ran.said).toContain('No events of call C-1');
    expect(ran.said).toContain('callfold explain call c-1\n');
  });

  test('gives the command for a similar id as a shell takes it', async () => {
    const dev = await openDev();
    tell(dev, 'c-$(date)');
    expect((await run(dev.url, 'C-$(date)')).said).toContain("callfold explain call 'c-$(date)'\n");
  });

  test('exits with 2 for an archive where no Kafka is, and does not go on without it', async () => {
    const { exit, said } = await run('http://127.0.0.1:1', 'c-1', { archive: '/srv/archive' });
    expect(exit).toBe(EXIT.usage);
    expect(said).toContain('--archive: an archive is read beside the topics of Kafka');
  });

  test('exits with 2 for a moment that is none, without asking anybody', async () => {
    const { exit, said } = await run('http://127.0.0.1:1', 'c-1', { at: '2026-01-05 11:00' });
    expect(exit).toBe(EXIT.usage);
    expect(said).toContain('Expected an ISO 8601 time with a zone, as 2026-02-28T09:30:00Z, or the offset of a record');
    expect(await run('http://127.0.0.1:1', 'c-1', { tenant: 'a b' })).toMatchObject({ exit: EXIT.usage });
  });

  test('passes on what a dev that failed says', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(500, { server: 'callfold', 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ statusCode: 500, error: 'Internal Server Error', message: 'the disk is full' }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    await expect(run(`http://127.0.0.1:${port}`, 'c-1')).rejects.toThrow('the disk is full');
  });
});
