import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, change, freshToken, sight } from './contract/store-harness.ts';
import type { TestRedis } from './redis-server.ts';
import { createRedisGenerations } from '../src/index.ts';
import { openRedis, SPACE } from './redis-server.ts';

/** docs/redis.md, held to what is so: its commands are run, its users are made. */
const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
const AT = { topic: 'callfold.raw.callcenter24', partition: 3 };
const lines = page.split('\n');

/** Words of a line as a shell has them: quotes off, `$P` put in. */
function wordsOf(line: string, prefix: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').replace('$P', prefix),
  );
}

/** The page's own words for the prefix of a partition's keys. */
const PREFIX = /^P='(.*)'$/m.exec(page)?.[1] ?? '';

let redis!: TestRedis;
beforeAll(async () => {
  redis = await openRedis('redis-page');
});
afterAll(async () => redis?.close());

async function makeUser(name: string): Promise<string> {
  const line = lines.find((one) => one.startsWith(`ACL SETUSER ${name} `)) ?? '';
  const [, , ...rights] = wordsOf(line, '');
  await redis.plain.call('acl', ['setuser', ...rights]);
  return redis.url.replace('redis://', `redis://${name}:PASSWORD@`);
}

const everything = change({
  expected: null,
  next: 9,
  tables: new Map([
    [
      'states',
      new Map<string, string | null>([
        ['default/CA-17', 'one'],
        ['default/CA-18', 'two'],
        ['gone', null],
      ]),
    ],
    [
      'agents',
      new Map<string, string | null>([
        ['default/Ann/CA-17', 'ringing 1'],
        ['gone', null],
      ]),
    ],
  ]),
  timers: new Map<string, number | null>([
    ['default/CA-17', 5],
    ['gone', null],
  ]),
  outbox: [bytes('a'), bytes('b')],
  outboxTrim: 1,
  feed: true,
});

describe('docs/redis.md', () => {
  it('gives the services all the rights they need, and the commands to read what they wrote', async () => {
    const url = await makeUser('callfold');
    const store = redis.store({ url, group: 'projector' });
    await store.check();
    const { claim } = await store.claim(AT, freshToken());
    expect(await store.commit(AT, claim, everything)).toEqual({ ok: true });
    expect(await sight(store, AT)).toMatchObject({ next: 9, timers: [{ key: 'default/CA-17', due: 5 }] });

    const services = redis.client(url);
    const book = createRedisGenerations({ ...SPACE, group: 'projector', client: services });
    expect(await book.write(0, 'text')).toBe(true);
    const other = redis.store({ url, group: 'projector', generation: '1.2' });
    const held = await other.claim(AT, freshToken());
    await other.commit(AT, held.claim, everything);
    let gone = 0;
    for await (const some of book.drop('1.2', AT)) gone += some;
    expect(gone).toBe(5);

    const reader = redis.client(await makeUser('reader'));
    const prefix = PREFIX.replace('CLUSTER', 'cluster');
    const commands = lines
      .filter((line) => line.startsWith('redis-cli '))
      .map((line) => wordsOf(line, prefix).slice(1));
    const answers = new Map<string, unknown>();
    for (const [command = '', ...args] of commands) {
      answers.set([command, ...args].join(' ').replace(prefix, 'P'), await reader.call(command, args));
    }
    expect(Object.fromEntries(answers)).toEqual({
      'HGET P:states default/CA-17': 'one',
      'HMGET P:states default/CA-17 default/CA-18': ['one', 'two'],
      'HSCAN P:states 0 COUNT 1000': ['0', ['default/CA-17', 'one', 'default/CA-18', 'two']],
      'HLEN P:states': 2,
      'HSCAN P:agents 0 MATCH default/*': ['0', ['default/Ann/CA-17', 'ringing 1']],
      'ZRANGEBYSCORE P:timers -inf +inf WITHSCORES LIMIT 0 10': ['default/CA-17', '5'],
      'HMGET P:checkpoint next epoch meta': ['9', '1', 'meta of 9'],
      'HLEN P:outbox': 1,
      'XREVRANGE P:feed + - COUNT 5': [
        ['1-0', ['commit', `9 ${claim.token}`, 'default/CA-17', '', 'default/CA-18', '', 'gone', '']],
      ],
    });
  });

  it('gives a reader no right to write', async () => {
    const reader = redis.client(await makeUser('reader'));
    const key = `${PREFIX}:states`;
    await expect(reader.call('hset', [key, 'a', 'b'])).rejects.toThrow(/NOPERM/);
    await expect(reader.call('del', [key])).rejects.toThrow(/NOPERM/);
    await expect(reader.call('hget', ['other', 'a'])).rejects.toThrow(/NOPERM/);
  });

  it('names every field of a checkpoint', async () => {
    const fields = (await redis.plain.call('hkeys', [
      `${PREFIX.replace('CLUSTER', 'cluster')}:checkpoint`,
    ])) as string[];
    expect(fields.length).toBeGreaterThan(0);
    for (const field of fields) expect(page).toContain(`\`${field}\``);
  });
});
