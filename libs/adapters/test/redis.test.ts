import { describe, expect, it } from 'vitest';
import { Refused } from '@callfold/engine';
import {
  checkpointKey,
  describeTarget,
  outboxKey,
  parseRedisUrl,
  partitionTag,
  tableKey,
  timersKey,
} from '../src/index.ts';

describe('a Redis URL', () => {
  const plain = { tls: false, username: null, password: null };

  it.each([
    ['redis://localhost', { ...plain, kind: 'server', nodes: [{ host: 'localhost', port: 6379 }], database: 0 }],
    ['redis://10.0.0.1:6380/3', { ...plain, kind: 'server', nodes: [{ host: '10.0.0.1', port: 6380 }], database: 3 }],
    ['redis://[::1]:6380/', { ...plain, kind: 'server', nodes: [{ host: '::1', port: 6380 }], database: 0 }],
    [
      'rediss://app:p%40ss%3Aword@cache.example:6390',
      {
        kind: 'server',
        nodes: [{ host: 'cache.example', port: 6390 }],
        tls: true,
        username: 'app',
        password: 'p@ss:word',
        database: 0,
      },
    ],
    [
      'redis://:only-a-password@h',
      { ...plain, kind: 'server', nodes: [{ host: 'h', port: 6379 }], password: 'only-a-password', database: 0 },
    ],
    [
      'redis+cluster://a:1,b:2,c',
      {
        ...plain,
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: 'c', port: 6379 },
        ],
      },
    ],
    [
      'rediss+sentinel://u:p@s1,s2:7/main%2Fone/2?sentinelUsername=w&sentinelPassword=x%26y',
      {
        kind: 'sentinel',
        nodes: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 7 },
        ],
        tls: true,
        username: 'u',
        password: 'p',
        master: 'main/one',
        database: 2,
        sentinelUsername: 'w',
        sentinelPassword: 'x&y',
      },
    ],
  ])('%s is read', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  it.each([
    '',
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis://host:0',
    'redis://host:99999',
    'redis://a:1,b:2',
    'redis://host/x',
    'redis://host/1/2',
    'redis://host?db=1',
    'redis+cluster://host/1',
    'redis+sentinel://host',
    'redis+sentinel://host/name?password=x',
    'redis://us%er:secret@host',
    'redis://u:secret@host:port',
  ])('%s is refused by the setting’s name, and no password is said', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(Refused);
    expect(() => parseRedisUrl(url)).toThrow(/CALLFOLD_REDIS_URL/);
    expect(() => parseRedisUrl(url)).not.toThrow(/secret/);
  });

  it('is described without its password', () => {
    expect(describeTarget(parseRedisUrl('redis://u:secret@[::1]:1'))).toBe('Redis [::1]:1');
    expect(describeTarget(parseRedisUrl('redis+sentinel://u:secret@a,b:2/m'))).toBe(
      'Redis master m of the sentinels a:26379,b:2',
    );
    expect(describeTarget(parseRedisUrl('redis+cluster://u:secret@a'))).toBe('Redis Cluster a:6379');
  });
});

describe('keys', () => {
  const space = { clusterId: 'Mk3OEYBSD34', group: 'projector', generation: '1' };
  const at = { topic: 'callfold.raw.atlas', partition: 3 };

  it('of one partition share one hash tag', () => {
    const tag = '{Mk3OEYBSD34/projector/1/callfold.raw.atlas/3}';
    expect(partitionTag(space, at)).toBe(tag);
    expect([checkpointKey(space, at), timersKey(space, at), outboxKey(space, at)]).toEqual([
      `callfold:${tag}:checkpoint`,
      `callfold:${tag}:timers`,
      `callfold:${tag}:outbox`,
    ]);
    expect([tableKey(space, at, 'states'), tableKey(space, at, 'agents')]).toEqual([
      `callfold:${tag}:states`,
      `callfold:${tag}:agents`,
    ]);
  });

  it('differ when any part differs, wherever a part ends, and no part can end the tag', () => {
    const spaces = [
      space,
      { ...space, clusterId: 'other' },
      { ...space, group: 'outcomes' },
      { ...space, generation: '2' },
      { ...space, clusterId: 'Mk3OEYBSD34/projector', group: '1', generation: 'x' },
      { ...space, group: 'projector/1' },
      { ...space, group: 'projector%2F1' },
      { ...space, group: 'a}b{c' },
    ];
    const keys = spaces.map((one) => checkpointKey(one, at));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key.match(/[{}]/g)).toEqual(['{', '}']);
    expect(checkpointKey(space, { topic: 't/1', partition: 2 })).not.toBe(
      checkpointKey(space, { topic: 't', partition: 12 }),
    );
  });
});
