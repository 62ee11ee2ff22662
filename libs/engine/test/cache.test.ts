import { describe, expect, test } from 'vitest';
import type { State, StatusEvent } from '@callfold/core';
import { addEvent, changed, emptyState } from '@callfold/core';
import { createCaches } from '../src/cache.ts';

const EVENT: StatusEvent = {
  kind: 'call',
  source: 'callcenter24',
  tenantId: 't',
  subjectId: 's',
  eventId: 'e',
  at: 1,
  word: 'registered',
  status: null,
  agent: null,
  agentWas: null,
  attributes: null,
};

const LIVE = addEvent(emptyState('callcenter24', 't/s'), EVENT, 1);
const ENDED = addEvent(LIVE, { ...EVENT, eventId: 'f', at: 2, word: 'ended' }, 2);
const kept = (state: State | null) => ({ state, shows: null });
const keys = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `k${from + i}`);

describe('caches', () => {
  test('know what was put in, each of its own partition alone', () => {
    const caches = createCaches(100);
    const [one, other] = [caches.open(), caches.open()];
    one.set('a', kept(LIVE));
    other.set('a', kept(null));
    expect(one.get('a')).toEqual(kept(LIVE));
    expect(other.get('a')).toEqual(kept(null));
    expect(caches.open().get('a')).toBeUndefined();
  });

  test('have no more together than they may, over however many partitions', () => {
    const caches = createCaches(100);
    const open = Array.from({ length: 40 }, () => caches.open());
    for (const cache of open) for (const key of keys(30)) cache.set(key, kept(LIVE));
    const there = open.flatMap((cache) => keys(30).filter((key) => cache.get(key) !== undefined));
    expect(there.length).toBeLessThanOrEqual(100);
    expect(there.length).toBeGreaterThanOrEqual(50);
  });

  test('one partition has room for half of them at least, whatever others had before', () => {
    const caches = createCaches(100);
    const [one, other] = [caches.open(), caches.open()];
    for (const key of keys(1_000)) other.set(key, kept(LIVE));
    for (const key of keys(50)) one.set(key, kept(LIVE));
    expect(keys(50).filter((key) => one.get(key) !== undefined)).toHaveLength(50);
  });

  test('what is asked for stays, what is not goes', () => {
    const cache = createCaches(100).open();
    cache.set('asked', kept(LIVE));
    cache.set('not', kept(LIVE));
    for (const key of keys(200)) {
      cache.set(key, kept(LIVE));
      cache.get('asked');
    }
    expect(cache.get('asked')).toEqual(kept(LIVE));
    expect(cache.get('not')).toBeUndefined();
  });

  test('who is done with is let go, and takes no room', () => {
    const caches = createCaches(100);
    const cache = caches.open();
    cache.set('first', kept(LIVE));
    for (const key of keys(1_000)) {
      cache.set(key, kept(LIVE));
      cache.put(key, kept(ENDED));
    }
    expect(cache.get('first')).toEqual(kept(LIVE));
    expect(keys(1_000).filter((key) => cache.get(key) !== undefined)).toEqual([]);
    // Ended and yet to be published: something is still to come of it.
    const settling = changed(ENDED, { settleAt: 3 });
    cache.put('settling', kept(settling));
    expect(cache.get('settling')).toEqual(kept(settling));
  });
});
