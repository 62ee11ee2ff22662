/** Partitions that stay with a member through a sharing out, and those that only seem to. */

import { describe, expect, it, vi } from 'vitest';
import type { Scene } from './kafka-scene.ts';
import { A, B, joined, scene, soon } from './kafka-scene.ts';

describe('a partition that stays', () => {
  /** The group shares out anew, and nothing is under way. */
  async function letGo(s: Scene): Promise<void> {
    await s.events().letGo(false);
  }

  it('is paused and read on from where it was, with its handler told that it stays', async () => {
    const s = scene();
    await joined(s, 7);
    await letGo(s);
    expect(s.log).toEqual(['assigned raw/0', 'paused raw/0']);
    expect(s.calls.slice(-1)).toEqual(['pause raw/0']);
    // What the client had fetched before is of no use: it comes again.
    await s.events().batch(s.incoming(A, 7, 1));
    s.join([A]);
    expect(s.calls.slice(-3)).toEqual(['pause raw/0', 'seek raw/0 7', 'resume raw/0']);
    expect(s.log).toEqual(['assigned raw/0', 'paused raw/0', 'resumed raw/0']);
    const taken = s.events().batch(s.incoming(A, 7, 2));
    await s.answer('batch raw/0', 9);
    await taken;
    expect(s.resolved).toEqual([9]);
  });

  it('lets its running batch end first, and hands no more of the fetch over', async () => {
    const s = scene({ batchRecords: 2, graceMs: 10_000 });
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 5));
    await s.logged('batch raw/0');
    const rested = letGo(s);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(s.log).not.toContain('paused raw/0');
    await s.answer('batch raw/0', 2);
    await Promise.all([taken, rested]);
    expect(s.batches).toHaveLength(1);
    s.join([A]);
    expect(s.calls.slice(-2)).toEqual(['seek raw/0 2', 'resume raw/0']);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0', 'paused raw/0', 'resumed raw/0']);
  });

  it('of several, only those that are assigned again: the others are revoked, new ones assigned', async () => {
    const s = scene();
    await joined(s, 7);
    await letGo(s);
    s.join([B]);
    await s.answer('assigned raw/1', 3);
    expect(s.log).toEqual(['assigned raw/0', 'paused raw/0', 'revoked raw/0', 'assigned raw/1']);
    expect(s.signals.get('assigned raw/0')?.aborted).toBe(true);
    await s.events().batch(s.incoming(A, 7, 1));
    expect(s.batches).toEqual([]);
  });

  it('is told of to its next owner, and those that are gained bring what was told of them', async () => {
    const s = scene();
    await joined(s, 7);
    expect(await s.events().letGo(false)).toEqual([{ ...A, next: 7, farewell: 'all of raw/0 is sent' }]);
    s.farewells.set('raw/1', 'all of raw/1 is sent');
    s.join([A, B]);
    await s.answer('assigned raw/1', 3);
    expect(s.log.slice(2)).toEqual(['resumed raw/0', 'told: all of raw/1 is sent', 'assigned raw/1']);
    await s.consumer.stop();
    expect(s.told.map(({ farewell, next }) => [farewell, next])).toEqual([
      ['all of raw/0 is sent', 7],
      ['all of raw/1 is sent', 3],
    ]);
  });

  it('is not told of when the group has dropped this member', async () => {
    const s = scene();
    await joined(s, 7);
    expect(await s.events().letGo(true)).toEqual([]);
  });

  it('may have had another owner when the group shared out without this member: assigned anew', async () => {
    const s = scene();
    await joined(s, 7);
    await letGo(s);
    s.join([A], 1);
    await s.logged('assigned raw/0', 2);
    expect(s.log).toEqual(['assigned raw/0', 'paused raw/0', 'revoked raw/0', 'assigned raw/0']);
    expect(s.calls.slice(-1)).toEqual(['pause raw/0']);
  });

  it('may have had another owner when the group had dropped this member: assigned anew', async () => {
    const s = scene();
    await joined(s, 7);
    await s.events().letGo(true);
    s.join([A]);
    await s.logged('assigned raw/0', 2);
    expect(s.log).toEqual(['assigned raw/0', 'revoked raw/0', 'assigned raw/0']);
  });

  it('that the group drops this member of in the middle of a join, is given up at once and not kept', async () => {
    const s = scene({ graceMs: 60_000, letGoMs: 60_000 });
    await vi.waitFor(() => expect(s.events()).not.toBeNull(), soon);
    s.join([A, B]);
    await s.answer('assigned raw/0', 0);
    await s.answer('assigned raw/1', 0);
    const taken = s.events().batch(s.incoming(B, 0, 1));
    await s.logged('batch raw/1');
    const resting = s.events().letGo(false);
    await s.logged('paused raw/0');
    const lost = s.events().letGo(true);
    expect(s.signals.get('batch raw/1')?.aborted).toBe(true);
    await s.logged('revoked raw/0');
    await s.answer('batch raw/1', 1);
    await Promise.all([taken, resting, lost]);
    expect(s.resolved).toEqual([]);
    // As if it followed: of a group that was made anew.
    s.join([A]);
    await s.logged('assigned raw/0', 2);
    expect(s.log.filter((one) => one.startsWith('resumed'))).toEqual([]);
  });

  it('is assigned anew when a call had to be told by its signal, or when it was left alone', async () => {
    const s = scene();
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 1));
    const rested = letGo(s);
    await vi.waitFor(() => expect(s.signals.get('batch raw/0')?.aborted).toBe(true), soon);
    await s.answer('batch raw/0', null);
    await Promise.all([taken, rested]);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0', 'revoked raw/0']);
    s.join([A]);
    await s.answer('assigned raw/0', null);
    await letGo(s);
    expect(s.log.slice(-2)).toEqual(['assigned raw/0', 'revoked raw/0']);
    s.join([A]);
    await s.logged('assigned raw/0', 3);
  });

  it('is placed where its handler moved it meanwhile', async () => {
    const s = scene();
    await joined(s, 7);
    await letGo(s);
    s.consumer.seek(A, 4);
    expect(s.calls.slice(-1)).toEqual(['pause raw/0']);
    s.join([A]);
    expect(s.calls.slice(-2)).toEqual(['seek raw/0 4', 'resume raw/0']);
  });

  it('does not hold the others up for longer than its limit, however long a call hangs', async () => {
    const s = scene({ letGoMs: 20 });
    await joined(s, 0);
    void s.events().batch(s.incoming(A, 0, 1));
    await s.logged('batch raw/0');
    await letGo(s);
    expect(s.signals.get('batch raw/0')?.aborted).toBe(true);
    // Assigned again, it waits for the call: nobody else may, and two at once may not be.
    s.join([A]);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0']);
    await s.answer('batch raw/0', 1);
    await s.logged('assigned raw/0', 2);
  });
});
