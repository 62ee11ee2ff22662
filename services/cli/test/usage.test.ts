import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { callfold, checkBuilt, parseLines } from './built-command.ts';
import { ABANDONED, ndjson } from './sample-events.ts';

const COMMANDS = [
  'dev',
  'serve',
  'fold',
  'import',
  'explain',
  'report',
  'board',
  'rebuild',
  'diff',
  'switch',
  'drop',
  'offsets',
  'status',
  'verify',
  'topics',
] as const;

beforeAll(checkBuilt);

describe('the command line', { timeout: 60_000 }, () => {
  it('--help lists every command, on standard output', async () => {
    const { code, out, err } = await callfold(['--help']);
    expect([code, err]).toEqual([0, '']);
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(out).toContain('--json');
  });

  it('--version says which it is', async () => {
    const { code, out } = await callfold(['--version']);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('the help of each command tells its options, and that --json is one of them', async () => {
    for (const args of [...COMMANDS.map((name) => [name]), ['topics', 'apply'], ['topics', 'check']]) {
      const { code, out } = await callfold([...args, '--help']);
      expect(code, args.join(' ')).toBe(0);
      expect(out, args.join(' ')).toContain(`Usage: callfold ${args.join(' ')}`);
      expect(out, args.join(' ')).toContain('--json');
    }
  });

  it('the help of every command begins with examples, whose options it has', async () => {
    const words = async (...args: string[]): Promise<string[]> =>
      (await callfold(['completion', 'words', '--', ...args, ''])).out.split('\n').filter((word) => word !== '');
    const groups = ['topics', 'dlq', 'replay'];
    const single = (await words()).filter((name) => !groups.includes(name) && name !== 'completion');
    const below = await Promise.all(groups.map(async (group) => (await words(group)).map((name) => [group, name])));
    const commands = [[], ...single.map((name) => [name]), ...below.flat()];
    expect(commands.length).toBeGreaterThan(25);
    const ask = async (command: readonly string[]): Promise<void> => {
      const { out } = await callfold([...command, '--help']);
      const [first = '', examples = ''] = out.split(/^(?=Usage:|Examples:)/m);
      expect(first, command.join(' ')).toMatch(/^Examples:/);
      expect(first, command.join(' ')).toContain(`callfold ${command.join(' ')}`);
      expect(first, command.join(' ')).not.toMatch(/ -\w/);
      for (const [option] of first.matchAll(/--[a-z-]+/g)) expect(examples, command.join(' ')).toContain(option);
    };
    for (let at = 0; at < commands.length; at += 4) await Promise.all(commands.slice(at, at + 4).map(ask));
  });

  const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[], /Usage: callfold \[options\] \[command\]/],
    [['fodl'], /unknown command 'fodl'[^]*Did you mean fold\?/],
    [['fold', '--agregates'], /unknown option '--agregates'[^]*Did you mean --aggregates\?/],
    [['fold', '--rejects'], /option '--rejects <file>' argument missing/],
    [['serve'], /missing required argument 'role'/],
    [['serve', 'king'], /'king' is invalid[^]*projector, outcomes/],
    [['explain', 'call'], /missing required argument 'id'/],
    [['explain', 'teapot', '1'], /'teapot' is invalid[^]*call, chat, agent/],
    [['board', '--speed', '599'], /'599' is invalid[^]*1, 10, 60, 600/],
    [['board', '--day', '1999-02-30'], /'1999-02-30' is invalid. A day is written as 2026-01-05/],
    [['status', 'more'], /too many arguments for 'status'/],
    [['status', '--watch', '0'], /argument '0' is invalid. It must be 1 to 86400/],
    [['status', '--watch', '86401'], /argument '86401' is invalid. It must be 1 to 86400/],
    [['topics'], /Usage: callfold topics/],
    [['topics', 'make'], /unknown command 'make'/],
    [['dev', '--seed', 'x'], /'--seed <number>' argument 'x' is invalid. It must be a whole number/],
  ];
  it.each(WRONG)('%j exits 2, and says what is wrong and where help is', async (args, says) => {
    const { code, out, err } = await callfold(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(says);
    expect(err).toMatch(/callfold .*--help|Usage: callfold/);
    expect(err).not.toMatch(/\n {4}at /);
  });

  const HINTS: readonly (readonly [args: readonly string[], help: string])[] = [
    [['fodl'], 'callfold --help'],
    [['serve'], 'callfold serve --help'],
    [['dlq', 'shwo'], 'callfold dlq --help'],
    [['dlq', 'show'], 'callfold dlq show --help'],
    [['topics', 'grow', 'callfold.raw.atlas'], 'callfold topics grow --help'],
  ];
  it.each(HINTS)('%j is told of %s', async (args, help) => {
    expect((await callfold(args)).err).toContain(`(${help} shows`);
  });

  it.each(['dlq', 'topics'])('the help of the group %s begins with examples', async (group) => {
    expect((await callfold([group, '--help'])).out).toMatch(/^Examples:\n {2}callfold /);
  });

  it('takes --json before and after the name of a command', async () => {
    const input = ndjson(ABANDONED);
    const runs = await Promise.all([
      callfold(['--json', 'fold'], { input }),
      callfold(['fold', '--json'], { input }),
      callfold(['fold', '-', '--json'], { input }),
    ]);
    for (const { code, out } of runs) {
      expect(code).toBe(0);
      expect(parseLines(out)[0]).toMatchObject({ kind: 'call-outcome', outcome: 'abandoned' });
    }
    // Where nothing answers, the option must at least not be what is wrong.
    const env = { CALLFOLD_HTTP_PORT: '1' };
    for (const args of [
      ['--json', 'status'],
      ['status', '--json'],
      ['explain', '--json', 'call', '1'],
    ]) {
      expect((await callfold(args, { env })).code, args.join(' ')).toBe(4);
    }
  });

  it('prints no colours, whatever the terminal, with NO_COLOR or without', async () => {
    for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '3' }] as const) {
      const runs = await Promise.all([
        callfold(['--help'], { env }),
        callfold(['fodl'], { env }),
        callfold(['fold'], { env, input: ndjson(ABANDONED) }),
      ]);
      // oxlint-disable-next-line eslint/no-control-regex -- the escape character is what must not be there
      for (const { out, err } of runs) expect(out + err).not.toMatch(/\u001b/);
    }
  });
});

describe('without anything nearby', { timeout: 60_000 }, () => {
  const env = { CALLFOLD_HTTP_PORT: '1' };
  const EMBEDDED: readonly (readonly string[])[] = [['import', '-'], ['explain', 'call', 'x'], ['offsets'], ['status']];

  it.each(EMBEDDED)('%s %s exits 4 and says what to start', async (...args) => {
    const { code, out, err } = await callfold(args, { env, input: ndjson(ABANDONED) });
    expect(code).toBe(4);
    expect(out).toBe('');
    expect(err).toContain('Nothing answers at http://127.0.0.1:1/');
    expect(err).toContain('`callfold dev`');
    expect(err).toContain('CALLFOLD_HTTP_PORT');
    expect(err).toContain('CALLFOLD_KAFKA_BROKERS');
  });

  it('poll exits 4 and names what is to be set: the API, then Kafka', async () => {
    const none = await callfold(['poll', 'vonage'], { env });
    expect([none.code, none.err]).toEqual([4, expect.stringContaining('set CALLFOLD_VONAGE_URL')]);
    const vonage = {
      CALLFOLD_VONAGE_URL: 'http://127.0.0.1:1',
      CALLFOLD_VONAGE_TOKEN_URL: 'http://127.0.0.1:1',
      CALLFOLD_VONAGE_CLIENT_ID: 'me',
      CALLFOLD_VONAGE_CLIENT_SECRET: 'a-secret',
    };
    const embedded = await callfold(['poll', 'vonage'], { env: { ...env, ...vonage } });
    expect([embedded.code, embedded.err]).toEqual([4, expect.stringContaining('`callfold dev` polls')]);
  });

  it('says of another program on the port that it is another one', async () => {
    const server = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await callfold(['status'], { env: { CALLFOLD_HTTP_PORT: String(port) } });
    server.close();
    expect(code).toBe(4);
    expect(err).toContain(`What answers at http://127.0.0.1:${port}/v1/commands/status is no callfold (status 200)`);
  });

  it.each([
    ['serve', 'projector'],
    ['serve', 'outcomes'],
    ['serve', 'gateway'],
    ['verify'],
    ['topics', 'check'],
    ['topics', 'apply'],
  ])('%s %s exits 4 and names the settings of Kafka', async (...args) => {
    const { code, out, err } = await callfold(
      args.filter((one) => one !== undefined),
      { env },
    );
    expect([code, out]).toEqual([4, '']);
    expect(err).toContain('CALLFOLD_KAFKA_BROKERS');
  });

  const kafka = { ...env, CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1', CALLFOLD_REGISTRY_URL: 'http://127.0.0.1:1' };

  it('what needs Redis beside Kafka says so', async () => {
    const { code, err } = await callfold(['verify'], { env: kafka });
    expect(code).toBe(4);
    expect(err).toContain('CALLFOLD_REDIS_URL is needed beside it');
  });

  it('the gateway does not listen to the network without keys', async () => {
    const { code, err } = await callfold(['serve', 'gateway'], { env: { ...kafka, CALLFOLD_HTTP_HOST: '0.0.0.0' } });
    expect(code).toBe(4);
    expect(err).toContain('CALLFOLD_GATEWAY_KEYS');
  });
});
