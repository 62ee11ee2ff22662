import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '@callfold/adapters';
import { readConfig, startHttp } from '@callfold/adapters';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Context, Exit } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import { explainCommand } from '../src/commands/explain.ts';
import { addCommandRoutes } from '../src/site-commands.ts';
import type { TestSite } from './explain-site.ts';
import { openTestSite } from './explain-site.ts';

/** `callfold dev`'s answers, and the command that asks for them: two processes of one machine, here one. */

type Nearby = { readonly log: TestSite; readonly url: string };

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
      addCommandRoutes(app, { site: log.site, config: readConfig({}), services: [] });
    },
  });
  closing.push(() => http.close());
  return {
    log,
    url: http.url,
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

  test('shows how far it is to whoever asks, and not on the terminal of dev', async () => {
    const dev = await openDev();
    tell(dev);
    const { isTTY } = process.stderr;
    const onTerminal = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
    try {
      process.stderr.isTTY = true;
      const { said } = await run(dev.url, 'c-1');
      expect(said).toMatch(/^4 of 4 records of callfold\.raw\.callcenter24\/\d, 100 %/m);
      expect(onTerminal).not.toHaveBeenCalled();
    } finally {
      process.stderr.isTTY = isTTY;
      clock.mockRestore();
      onTerminal.mockRestore();
    }
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
