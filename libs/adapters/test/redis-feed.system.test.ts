/** The change feed in Redis, where a commit is more than one write. */

import { expect, it } from 'vitest';
import { feedKey } from '../src/index.ts';
import { change, freshToken, place, states } from './contract/store-harness.ts';
import { openRedis, SPACE } from './redis-server.ts';

it('an entry that a commit which was cut short has left is replaced by that of the commit when it is made again', async () => {
  const redis = await openRedis('redis-feed');
  const store = redis.store();
  const at = place();
  const { claim } = await store.claim(at, freshToken());
  const one = change({ expected: null, next: 1, tables: states({ a: '1' }), feed: true });
  expect(await store.commit(at, claim, one)).toEqual({ ok: true });
  // What is written last, number and position of the checkpoint, was not written any more.
  await redis.plain.call('xadd', [feedKey(SPACE, at), '2-0', 'commit', `2 ${claim.token}`, 'half', '']);
  const two = change({ expected: 1, next: 2, tables: states({ b: '1', half: '1' }), feed: true });
  expect(await store.commit(at, claim, two)).toEqual({ ok: true });
  const [entry, ...more] = await store.changes(at, 'last', 10);
  expect(more).toEqual([]);
  expect({ ...entry, subjects: [...(entry?.subjects ?? [])].sort() }).toEqual({
    number: 2,
    owner: claim.token,
    next: 2,
    subjects: ['b', 'half'],
  });
  await redis.close();
});
